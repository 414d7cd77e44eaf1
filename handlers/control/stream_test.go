package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"antechamber/internal/journal"
	"antechamber/internal/server"
)

// event is a server-sent event.
type event struct{ ID, Kind, Data string }

// reader is a client of the stream over TCP.
type reader struct {
	t     *testing.T
	body  *bufio.Reader
	close func()
}

// listen serves the control plane over TCP. Its readers are closed before the test
// ends.
func (s *testServer) listen(t *testing.T) *httptest.Server {
	t.Helper()
	ts := httptest.NewUnstartedServer(s.handler)
	ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10) // so that little is buffered for a slow reader
		return ctx
	}
	ts.Start()
	t.Cleanup(ts.Close) // waits until every stream has ended
	return ts
}

// watch opens the stream. When it returns, the stream is subscribed to the journal.
func watch(t *testing.T, ts *httptest.Server, query, lastEventID string) *reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, ts.URL+Base+"/requests/stream"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			if err == nil {
				_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
			}
			return c, err
		},
	}
	res, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "status", 200, res.StatusCode)
	same(t, "type", "text/event-stream", res.Header.Get("Content-Type"))
	same(t, "cache", "no-store", res.Header.Get("Cache-Control"))
	out := &reader{t, bufio.NewReader(res.Body), func() {
		cancel()
		_ = res.Body.Close()
		transport.CloseIdleConnections()
	}}
	t.Cleanup(out.close)
	return out
}

// next reads an event. ok is false at the end of the stream.
func (r *reader) next() (e event, ok bool) {
	for {
		line, err := r.body.ReadString('\n')
		if err != nil {
			return event{}, false
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			e.ID = value
		case "event":
			e.Kind = value
		case "data":
			e.Data = value
		case "":
			return e, true
		default:
			r.t.Errorf("unexpected line %q", line)
		}
	}
}

// ends waits for the end of the stream, and fails if there is an event before it.
func (r *reader) ends() {
	r.t.Helper()
	if e, ok := r.next(); ok {
		r.t.Errorf("unexpected event: %+v", e)
	}
}

// request reads the event of a request and returns its number.
func (r *reader) request() uint64 {
	r.t.Helper()
	e, ok := r.next()
	var entry journal.Entry
	if err := json.Unmarshal([]byte(e.Data), &entry); !ok || err != nil {
		r.t.Fatalf("not the event of a request: %+v, %v", e, err)
	}
	same(r.t, "event", event{fmt.Sprint(entry.Seq), "request", e.Data}, e)
	return entry.Seq
}

func (s *testServer) journal() *journal.Journal { return s.options.ToolsOf(s.store.First()).Journal }

func TestStream(t *testing.T) {
	srv := serve(t, acme)
	srv.record(threeRequests[2])
	ts := srv.listen(t)
	one, another := watch(t, ts, "", ""), watch(t, ts, "?organization="+secondID, "")
	srv.record(threeRequests[:2]...)
	srv.options.ToolsOf(srv.store.Organization(secondID)).Journal.Add(threeRequests[2])

	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	json200 := http.Header{"Content-Type": {"application/json"}}
	for _, entry := range srv.journal().Entries(journal.Filter{Since: 1}) {
		e, _ := one.next()
		same(t, "id", fmt.Sprint(entry.Seq), e.ID)
		same(t, "kind", "request", e.Kind)
		listed := srv.do("GET", "/requests?since="+fmt.Sprint(entry.Seq-1), "")
		if !strings.Contains(listed.body, e.Data) {
			t.Errorf("not in the list: %s\n%s", e.Data, listed.body)
		}
		if err := doc.CheckResponse("GET", Base+"/requests", 200, json200, []byte(`{"data":[`+e.Data+`]}`)); err != nil {
			t.Error(err)
		}
		if strings.Contains(e.Data, firstKey) {
			t.Errorf("a key in %s", e.Data)
		}
	}
	same(t, "of the other organization", 1, another.request())
}

func TestStreamResumes(t *testing.T) {
	srv := serve(t, acme)
	srv.record(threeRequests...)
	ts := srv.listen(t)
	for last, want := range map[string]uint64{"1": 2, "2": 3, "0": 1, "3": 4, "99": 1 /* from before a reset */, "nonsense": 4} {
		r := watch(t, ts, "", last)
		if want == 4 {
			srv.journal().Reset()
			srv.record(threeRequests...)
			same(t, "after a reset", 1, r.request())
			r.close()
			continue
		}
		same(t, "after "+last, want, r.request())
		r.close()
	}
}

// A slow reader doesn't block the server. It skips events and is sent their number.
func TestSlowReaderMissesEvents(t *testing.T) {
	const total, kept = 5_000, 10
	srv := serve(t, acme, func(o *server.Options) { o.JournalEntries = kept })
	ts := srv.listen(t)
	slow := watch(t, ts, "", "")
	large := threeRequests[0]
	large.ResponseBody = journal.BodyOf(`"` + strings.Repeat("x", journal.MaxBody-2) + `"`)
	for range total { // 20 MB, more than the buffers hold
		srv.journal().Add(large)
	}
	last, missed := 0, 0
	for last < total {
		e, ok := slow.next()
		if !ok {
			t.Fatalf("the stream ended after %d", last)
		}
		if e.Kind == "missed" {
			var data struct{ Missed int }
			if err := json.Unmarshal([]byte(e.Data), &data); err != nil || data.Missed == 0 || e.ID != "" {
				t.Fatalf("%+v, %v", e, err)
			}
			last, missed = last+data.Missed, missed+data.Missed
			continue
		}
		last++
		same(t, "id", fmt.Sprint(last), e.ID)
	}
	if missed == 0 {
		t.Error("missed no events")
	}
}

func TestStreamEnds(t *testing.T) {
	for name, end := range map[string]func(srv *testServer, stop func()){
		"with the server":       func(_ *testServer, stop func()) { stop() },
		"with the organization": func(srv *testServer, _ func()) { srv.journal().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ending, stop := context.WithCancel(t.Context())
			defer stop()
			srv := serve(t, acme, func(o *server.Options) { o.Ending = ending })
			ts := srv.listen(t)
			idle, late := watch(t, ts, "", ""), (*reader)(nil)
			end(srv, stop)
			idle.ends()
			late = watch(t, ts, "", "") // gets a response that ends immediately
			late.ends()
		})
	}
}

// The server doesn't wait for a reader that has stopped reading.
func TestStreamEndsDespiteASlowReader(t *testing.T) {
	ending, stop := context.WithCancel(t.Context())
	defer stop()
	srv := serve(t, acme, func(o *server.Options) {
		o.Ending = ending
		o.JournalEntries = 5_000
	})
	ended := make(chan struct{})
	inner := srv.handler
	srv.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		inner.ServeHTTP(w, r)
	})
	ts := srv.listen(t)
	watch(t, ts, "", "")
	large := threeRequests[0]
	large.ResponseBody = journal.BodyOf(strings.Repeat("x", journal.MaxBody))
	for range 5_000 {
		srv.journal().Add(large)
	}
	stop()
	<-ended // while the reader is still connected
}

// The stream ends when its client disconnects.
func TestStreamEndsWithTheClient(t *testing.T) {
	srv := serve(t, acme)
	ended := make(chan struct{})
	inner := srv.handler
	srv.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		inner.ServeHTTP(w, r)
	})
	ts := srv.listen(t)
	r := watch(t, ts, "", "")
	srv.record(threeRequests[0])
	same(t, "an event", 1, r.request())
	r.close()
	<-ended
}

func TestStreamSendsCommentsWhenIdle(t *testing.T) {
	srv := serve(t, acme)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*keepAlive+time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		srv.handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "http://localhost"+Base+"/requests/stream", nil))
		same(t, "events", strings.Repeat(": nothing new\n\n", 2), w.Body.String())
	})
}
