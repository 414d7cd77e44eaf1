package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, h http.HandlerFunc) *http.Client {
	transport := New(h, "here.test", "this server is closed")
	t.Cleanup(transport.Close)
	return &http.Client{Transport: transport}
}

// outcome is what a client sees of a request.
type outcome struct {
	Status string
	Proto  string
	Header http.Header
	Length int64
	Body   string
	Failed string // error before the response
	Broken string // error while reading its body
}

func kind(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.Is(err, io.EOF):
		return "EOF"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return err.Error()
}

func send(c *http.Client, r *http.Request) outcome {
	res, err := c.Do(r)
	if err != nil {
		return outcome{Failed: kind(err)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	res.Header.Del("Date")
	return outcome{res.Status, res.Proto, res.Header, res.ContentLength, string(body), "", kind(err)}
}

// reset reads the request and resets the connection, as a fault does.
func reset(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(interface{ SetLinger(int) error }).SetLinger(0)
	_ = conn.Close()
	panic(http.ErrAbortHandler)
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

func TestClientSeesTheSameAsOverTCP(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"nothing":                func(http.ResponseWriter, *http.Request) {},
		"a body":                 func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"a":1}`) },
		"a status":               func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		"two statuses":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); w.WriteHeader(200) },
		"no content":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"an unregistered status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(529) },
		"headers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("x-one", "1")
			w.Header().Add("x-one", "2")
			w.WriteHeader(200)
			w.Header().Set("x-late", "1")
		},
		"a length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-length", "2")
			w.Header().Set("content-type", "application/json")
			_, _ = io.WriteString(w, "{}")
		},
		"less than its length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-length", "5")
			_, _ = io.WriteString(w, "{}")
		},
		"a stream": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "one ")
			flush(w)
			_, _ = io.WriteString(w, "two")
		},
		"an echo": func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			r.Header.Del("Accept-Encoding") // the transport over TCP decompresses
			fmt.Fprintf(w, "%s %s %s %q %s %d %v %q %v", r.Method, r.URL, r.RequestURI, r.URL.RawQuery, r.Proto, r.ContentLength, r.TransferEncoding, body, err)
			for _, name := range slices.Sorted(mapKeys(r.Header)) {
				fmt.Fprintf(w, "\n%s: %q", name, r.Header[name])
			}
		},
		"aborted immediately": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"aborted after a write": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			panic(http.ErrAbortHandler)
		},
		"aborted after a flush": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			flush(w)
			panic(http.ErrAbortHandler)
		},
		"aborted after the header": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			flush(w)
			panic(http.ErrAbortHandler)
		},
		"reset": reset,
		"aborted before its length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-length", "9")
			_, _ = io.WriteString(w, "a")
			flush(w)
			panic(http.ErrAbortHandler)
		},
		"a large body": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 3<<20)) },
	} {
		for _, sent := range []struct {
			name, method, body string
			reader             io.Reader
		}{
			{"GET", "GET", "", nil},
			{"HEAD", "HEAD", "", nil},
			{"POST", "POST", `{"b":2}`, nil},
			{"POST of unknown length", "POST", "", io.MultiReader(strings.NewReader("a"), strings.NewReader("b"))},
		} {
			t.Run(name+"/"+sent.name, func(t *testing.T) {
				over := httptest.NewUnstartedServer(handler)
				over.Config.ErrorLog = log.New(io.Discard, "", 0)
				over.Start()
				defer over.Close()
				request := func(base string) *http.Request {
					body := sent.reader
					if body == nil && sent.body != "" {
						body = strings.NewReader(sent.body)
					}
					if sent.reader != nil {
						body = io.MultiReader(strings.NewReader("a"), strings.NewReader("b"))
					}
					r, err := http.NewRequestWithContext(context.Background(), sent.method, base+"/a%2Fb/c?x[]=1&y=%20", body)
					if err != nil {
						t.Fatal(err)
					}
					r.Header["x-api-key"] = []string{"sk-ant-admin01-a"} // not in canonical form
					return r
				}
				want := send(over.Client(), request(over.URL))
				got := send(client(t, handler), request("http://here.test"))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-over TCP +in process)\n%s", diff)
				}
			})
		}
	}
}

func mapKeys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func newGet(t *testing.T, ctx context.Context, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOtherHostsAreRejected(t *testing.T) {
	c := client(t, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	for _, at := range []string{"http://api.example.com/", "https://here.test/", "http://here.test:80/"} {
		if _, err := c.Do(newGet(t, context.Background(), at)); err == nil || !strings.Contains(err.Error(), "only connects to http://here.test, not to ") {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// Requests that net/http refuses to send fail with the same error.
func TestInvalidRequestsFailAsOverTCP(t *testing.T) {
	over := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) }))
	defer over.Close()
	for name, spoil := range map[string]func(*http.Request){
		"a line break in a header":   func(r *http.Request) { r.Header.Set("x-api-key", "a\nb") },
		"a control character":        func(r *http.Request) { r.Header.Set("x-api-key", "a\x01b") },
		"a DEL character":            func(r *http.Request) { r.Header.Set("x-api-key", "a\x7fb") },
		"a space in a header's name": func(r *http.Request) { r.Header["x bad"] = []string{"a"} },
		"a body that fails":          func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errors.New("disk on fire"))) },
		"less than its length":       func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("a")), 2 },
		"more than its length":       func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("abc")), 2 },
	} {
		t.Run(name, func(t *testing.T) {
			errorOf := func(c *http.Client, at string) string {
				r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, at, nil)
				if err != nil {
					t.Fatal(err)
				}
				spoil(r)
				res, err := c.Do(r)
				if err == nil {
					res.Body.Close()
					return res.Status
				}
				wrapped, _ := errors.AsType[*url.Error](err)
				return strings.TrimPrefix(wrapped.Err.Error(), "http: ")
			}
			want := errorOf(over.Client(), over.URL)
			got := errorOf(client(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) }), "http://here.test")
			if !strings.Contains(want, strings.TrimPrefix(got, "net/http: ")) {
				t.Errorf("in process %q, over TCP %q", got, want)
			}
		})
	}
}

// A URL can have contradictory Path and RawPath.
func TestPathIsTheSameAsOverTCP(t *testing.T) {
	over := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path+" "+r.URL.EscapedPath())
	}))
	defer over.Close()
	for _, change := range []func(*url.URL){
		func(u *url.URL) { u.Path, u.RawPath = "/me", "/users" },
		func(u *url.URL) { u.Path, u.RawPath = "/a/b", "/a%2Fb" },
		func(u *url.URL) { u.Path = "/ä b" },
	} {
		get := func(c *http.Client, base string) outcome {
			r := newGet(t, context.Background(), base)
			change(r.URL)
			return send(c, r)
		}
		want := get(over.Client(), over.URL)
		if diff := cmp.Diff(want, get(client(t, over.Config.Handler.ServeHTTP), "http://here.test")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCloseFailsCurrentAndLaterRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		go func() {
			synctest.Wait()
			c.Transport.(*Transport).Close()
		}()
		for range 2 {
			if _, err := c.Do(newGet(t, t.Context(), "http://here.test/")); err == nil || !strings.Contains(err.Error(), "this server is closed") {
				t.Error(err)
			}
		}
	})
}

// The handler notices, whatever it and the client are doing.
func TestClientDisconnects(t *testing.T) {
	for name, step := range map[string]struct {
		handler func(http.ResponseWriter, *http.Request)
		client  func(ctx context.Context, cancel func(), c *http.Client, r *http.Request) error
		want    error
	}{
		"before the response": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			func(_ context.Context, cancel func(), c *http.Client, r *http.Request) error {
				go cancel()
				_, err := c.Do(r)
				return err
			},
			context.Canceled,
		},
		"before the request": {
			func(http.ResponseWriter, *http.Request) {},
			func(_ context.Context, cancel func(), c *http.Client, r *http.Request) error {
				cancel()
				_, err := c.Do(r)
				return err
			},
			context.Canceled,
		},
		"during the response": {
			func(w http.ResponseWriter, r *http.Request) { flush(w); <-r.Context().Done() },
			func(_ context.Context, cancel func(), c *http.Client, r *http.Request) error {
				res, err := c.Do(r)
				if err != nil {
					return err
				}
				defer res.Body.Close()
				go cancel()
				_, err = io.ReadAll(res.Body)
				return err
			},
			context.Canceled,
		},
		"with an unread response": {
			func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "complete") },
			func(ctx context.Context, cancel func(), c *http.Client, r *http.Request) error {
				res, err := c.Do(r)
				if err != nil {
					return err
				}
				defer res.Body.Close()
				cancel()
				synctest.Wait()
				_, err = io.ReadAll(res.Body)
				return err
			},
			nil, // net/http has buffered it, as over TCP
		},
		"with a request body the handler has not read": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			func(_ context.Context, cancel func(), c *http.Client, r *http.Request) error {
				r.Method, r.Body = http.MethodPost, io.NopCloser(bytes.NewReader(large))
				go cancel()
				_, err := c.Do(r)
				return err
			},
			context.Canceled,
		},
		"without reading all of the response": {
			func(w http.ResponseWriter, _ *http.Request) {
				for {
					if _, err := w.Write(make([]byte, 1<<20)); err != nil {
						return // otherwise, it would block forever
					}
				}
			},
			func(_ context.Context, _ func(), c *http.Client, r *http.Request) error {
				res, err := c.Do(r)
				if err != nil {
					return err
				}
				return res.Body.Close()
			},
			nil,
		},
		"after a timeout": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			func(_ context.Context, _ func(), c *http.Client, r *http.Request) error {
				c.Timeout = time.Hour
				_, err := c.Do(r)
				return err
			},
			context.DeadlineExceeded,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // ends once every goroutine has
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				err := step.client(ctx, cancel, client(t, step.handler), newGet(t, ctx, "http://here.test/"))
				if !errors.Is(err, step.want) {
					t.Errorf("%v, want %v", err, step.want)
				}
			})
		})
	}
}

func TestReadAfterCloseFails(t *testing.T) {
	res, err := client(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a") }).Do(newGet(t, context.Background(), "http://here.test/"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("no error")
	}
}

func TestHandlerPanicIsTheClientsError(t *testing.T) {
	_, err := client(t, func(http.ResponseWriter, *http.Request) { panic("broken handler") }).Do(newGet(t, context.Background(), "http://here.test/"))
	if err == nil || !strings.Contains(err.Error(), "the handler panicked: broken handler") || !strings.Contains(err.Error(), "transport_test.go") {
		t.Error(err)
	}
}

// closeCounter is a body that counts calls of Close.
type closeCounter struct {
	io.Reader
	mu sync.Mutex
	n  int
}

func (c *closeCounter) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return nil
}

func TestRequestBodyIsClosed(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"read":     func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) },
		"not read": func(http.ResponseWriter, *http.Request) {},
		"closed":   func(_ http.ResponseWriter, r *http.Request) { _ = r.Body.Close() },
		"aborted":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		for _, at := range []string{"http://here.test/", "http://elsewhere.test/"} {
			body := &closeCounter{Reader: strings.NewReader("a")}
			r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, at, body)
			if err != nil {
				t.Fatal(err)
			}
			if res, err := client(t, handler).Do(r); err == nil {
				res.Body.Close()
			}
			body.mu.Lock()
			if body.n == 0 {
				t.Errorf("%s, %s: the body is still open", name, at)
			}
			body.mu.Unlock()
		}
	}
}

// The client can read flushed data before the handler returns.
func TestFlushedDataArrivesImmediately(t *testing.T) {
	resume := make(chan struct{})
	res, err := client(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "one")
		flush(w)
		<-resume
		_, _ = io.WriteString(w, "two")
	}).Do(newGet(t, context.Background(), "http://here.test/"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 3)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "one" {
		t.Fatal(string(first), err)
	}
	close(resume)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "two" {
		t.Error(string(rest), err)
	}
}

func TestResetIsAnOpError(t *testing.T) {
	_, err := client(t, reset).Do(newGet(t, context.Background(), "http://here.test/"))
	if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "read" {
		t.Errorf("%#v", err)
	}
}

// large is more than net/http ever buffers or reads ahead.
var large = bytes.Repeat([]byte("x"), 2<<20)

// A client gets a response before it has sent its entire request.
func TestEarlyResponse(t *testing.T) {
	tooLarge := func(w http.ResponseWriter) { http.Error(w, "too large", http.StatusRequestEntityTooLarge) }
	for name, handler := range map[string]http.HandlerFunc{
		"nothing read": func(w http.ResponseWriter, _ *http.Request) { tooLarge(w) },
		"closed":       func(w http.ResponseWriter, r *http.Request) { _ = r.Body.Close(); tooLarge(w) },
		"up to a limit": func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20)); err == nil {
				t.Error("the limit was not reached")
			}
			tooLarge(w)
		},
		"flushed": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = w.Write([]byte("too large\n"))
			flush(w)
			<-r.Context().Done() // until the client disconnects
		},
	} {
		for _, length := range []int64{int64(len(large)), -1} {
			for _, expect := range []string{"", "100-continue"} {
				t.Run(fmt.Sprintf("%s/%d/%s", name, length, expect), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := newGet(t, t.Context(), "http://here.test/")
						r.Method, r.ContentLength = http.MethodPost, length
						read := int64(0)
						r.Body = io.NopCloser(io.TeeReader(bytes.NewReader(large), counter{&read}))
						if expect != "" {
							r.Header.Set("Expect", expect)
						}
						res, err := client(t, handler).Do(r)
						if err != nil {
							t.Fatal(err)
						}
						got := make([]byte, len("too large"))
						if _, err := io.ReadFull(res.Body, got); err != nil || res.StatusCode != 413 || string(got) != "too large" {
							t.Errorf("%s %q %v", res.Status, got, err)
						}
						res.Body.Close()
						synctest.Wait()
						if expect != "" && name == "nothing read" && read > 0 {
							t.Errorf("%d bytes were sent without 100 Continue", read)
						}
					})
				})
			}
		}
	}
}

type counter struct{ n *int64 }

func (c counter) Write(b []byte) (int, error) {
	*c.n += int64(len(b))
	return len(b), nil
}

func TestExpectContinue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://here.test/", bytes.NewReader(large))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Expect", "100-continue")
		began := time.Now()
		got := send(client(t, func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n, err)
		}), r)
		if want := fmt.Sprint(len(large), nil); got.Body != want || time.Since(began) > 0 {
			t.Errorf("%+v after %s, want %s immediately", got, time.Since(began), want)
		}
	})
}

// A handler can set deadlines for reading and writing.
func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		after := func(d time.Duration, err error) {
			if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != d {
				t.Errorf("%v after %s, want a timeout after %s", err, time.Since(began), d)
			}
		}
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			flow := http.NewResponseController(w)
			if err := errors.Join(flow.SetReadDeadline(began.Add(time.Minute)), flow.SetWriteDeadline(began.Add(time.Hour))); err != nil {
				t.Error(err)
			}
			_, err := io.ReadAll(r.Body)
			after(time.Minute, err)
			for err = nil; err == nil; {
				_, err = w.Write(large)
			}
			after(time.Hour, err)
		})
		body, stop := io.Pipe()
		defer stop.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://here.test/", body)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		time.Sleep(2 * time.Hour)
		if _, err := io.ReadAll(res.Body); kind(err) != "unexpected EOF" {
			t.Error(err)
		}
	})
}

// Over TCP, net/http would retry the request on a reused connection.
func TestDroppedRequestIsNotRetried(t *testing.T) {
	n := 0
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n > 1 {
			reset(w, r)
		}
	})
	for _, want := range []string{"", "reset"} {
		if got := send(c, newGet(t, t.Context(), "http://here.test/")).Failed; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestCloseWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		returned := false
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			flush(w)
			<-r.Context().Done()
			time.Sleep(time.Hour)
			returned = true
		})
		res, err := c.Do(newGet(t, t.Context(), "http://here.test/"))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		c.Transport.(*Transport).Close()
		if !returned {
			t.Error("a handler is still running")
		}
		if _, err := io.ReadAll(res.Body); err == nil || !strings.Contains(err.Error(), "this server is closed") {
			t.Error(err)
		}
	})
}

// A goroutine left behind would keep the synctest bubble, and so the test, from
// ending.
func TestCloseLeavesNoGoroutines(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a response":        func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "complete") },
		"a large response":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(large) },
		"an early response": func(w http.ResponseWriter, r *http.Request) { _ = r.Body.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newGet(t, t.Context(), "http://here.test/")
				r.Method, r.Body = http.MethodPost, io.NopCloser(bytes.NewReader(large))
				c := client(t, handler)
				res, err := c.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				c.Transport.(*Transport).Close()
				if _, err := io.ReadAll(res.Body); res.Body != http.NoBody && (err == nil || !strings.Contains(err.Error(), "this server is closed")) {
					t.Error(err)
				}
			})
		})
	}
}
