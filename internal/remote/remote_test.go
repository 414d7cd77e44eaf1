package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/internal/remedy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server with a handler and returns its control plane.
func serve(t *testing.T, handler http.HandlerFunc) *Plane {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return &Plane{URL: s.URL, HTTP: s.Client()}
}

// respond returns a handler that sends the same response to every request.
func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestParse(t *testing.T) {
	for _, good := range []string{"http://127.0.0.1:4020", "https://antechamber", "http://a/base/", "http://me:secret@a:1"} {
		if _, err := Parse(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "127.0.0.1:4020", "localhost:4020", "http://", "ftp://a", "http://a b", "http://[::1", "http://a/v1", "http://a/v1/", "http://a?x", "http://a#x"} {
		if u, err := Parse(bad); err == nil {
			t.Errorf("%q is %s", bad, u)
		}
	}
}

func TestDoSendsTheRequest(t *testing.T) {
	var got []string
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = []string{r.Method, r.RequestURI, string(body), r.Header.Get("Content-Type"), r.Header.Get("X-Api-Key"), r.Header.Get("Authorization")}
		io.WriteString(w, "response\n")
	})
	check := func(path, body string, want ...string) {
		t.Helper()
		response, err := p.Do(t.Context(), http.MethodPost, path, []byte(body))
		if err != nil || string(response) != "response\n" {
			t.Fatalf("%s, %v", response, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	check("", "", "POST", "/_emulate", "", "", "", "")
	p.URL += "/base/"
	p.AdminKey, p.Token, p.Organization = "sk-ant-admin01-a", "secret", "a b&c"
	check("/clock", "{}", "POST", "/base/_emulate/clock?organization=a+b%26c", "{}", "application/json", "sk-ant-admin01-a", "Bearer secret")
	check("/requests?limit=1", "", "POST", "/base/_emulate/requests?limit=1&organization=a+b%26c", "", "", "sk-ant-admin01-a", "Bearer secret")
	check("/snapshots/a%2Fb", "", "POST", "/base/_emulate/snapshots/a%2Fb?organization=a+b%26c", "", "", "sk-ant-admin01-a", "Bearer secret")
}

func TestCall(t *testing.T) {
	p := serve(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	var got struct{ A int }
	if err := p.Call(t.Context(), http.MethodPost, "/x", map[string]int{"a": 1}, &got); err != nil || got.A != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if err := p.Call(t.Context(), http.MethodPost, "/x", nil, nil); err != nil {
		t.Error(err)
	}
	err := p.Call(t.Context(), http.MethodPost, "/x", []int{1}, &got)
	if _, ok := errors.AsType[*Unreachable](err); !ok {
		t.Errorf("another type of response: %v", err)
	}
}

func TestRefusal(t *testing.T) {
	const body = `{"error":{"code":"invalid_seed","message":"Wrong.","field":"name","hint":"Mend it.","remedy":{"type":"use_one_of","values":["a"]},"problems":[{"type":"invalid","field":"name","message":"want a"},{"type":"unknown","field":"b.c","allowed":["d"],"remedy":{"type":"did_you_mean","value":"d"}}],"more":2,"faults":[{"line":1,"column":2,"pointer":"/a","message":"m"}],"unmet":[1],"unexpected":[2]}}`
	p := serve(t, respond(http.StatusBadRequest, body))
	_, err := p.Do(t.Context(), http.MethodGet, "/state", nil)
	got, ok := errors.AsType[*Error](err)
	if !ok || err.Error() != "Wrong. (Mend it.)" || string(got.Body) != body {
		t.Fatalf("it is %v", err)
	}
	got.Body = nil
	want := &Error{
		Status: 400, Code: "invalid_seed", Message: "Wrong.",
		Hint: "Mend it.", Remedy: &remedy.Remedy{Type: remedy.UseOneOf, Values: []string{"a"}},
		Problems: []remedy.Problem{
			{Type: remedy.Invalid, Field: "name", Message: "want a"},
			{Type: remedy.Unknown, Field: "b.c", Allowed: []string{"d"}, Remedy: remedy.Meant("d")},
		}, More: 2,
		Faults: []Fault{{1, 2, "/a", "m"}}, Unmet: []byte("[1]"), Unexpected: []byte("[2]"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	describe := func(p remedy.Problem) string { return p.Say("--" + p.Field) }
	hint := func(r *remedy.Remedy, otherwise string) string {
		if r != nil && r.Type == remedy.UseOneOf {
			return "pick one"
		}
		return otherwise
	}
	if diff := cmp.Diff([]string{"invalid --name: want a", `unknown --b.c (allowed: d) (did you mean "d"?)`, "and 2 more"}, got.Lines(describe, hint)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for want, e := range map[string]*Error{
		"Wrong.":            {Message: "Wrong."},
		"Wrong. (Mend it.)": {Message: "Wrong.", Hint: "Mend it."},
		"Wrong. (pick one)": {Message: "Wrong.", Hint: "Mend it.", Remedy: &remedy.Remedy{Type: remedy.UseOneOf}},
	} { // of a server that lists no problems
		if diff := cmp.Diff([]string{want}, e.Lines(describe, hint)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestUnreachable(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	at := strings.TrimPrefix(gone.URL, "http://")
	for url, want := range map[string]string{
		gone.URL:                  "no server answers at http://" + at + ": dial tcp " + at + ": connect: connection refused",
		"http://me:secret@" + at:  "no server answers at http://me:xxxxx@" + at + ": dial tcp " + at + ": connect: connection refused",
		"http://" + at + "/v1/":   `invalid URL "http://` + at + `/v1/": want the base URL of a server, such as http://127.0.0.1:4020`,
		"http://" + at + "/base/": "no server answers at http://" + at + "/base/: dial tcp " + at + ": connect: connection refused",
	} {
		_, err := (&Plane{URL: url}).Do(t.Context(), http.MethodGet, "", nil)
		if err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestNotAControlPlane(t *testing.T) {
	requests := 0
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { requests++ })
	for name, handler := range map[string]http.HandlerFunc{
		"a page":          respond(http.StatusNotFound, "<html>"),
		"another API":     respond(http.StatusNotFound, `{"type":"error","error":{"type":"not_found_error"}}`),
		"another success": respond(http.StatusCreated, ""),
		"a redirect":      http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect).ServeHTTP,
	} {
		p := serve(t, handler)
		p.Token = "secret"
		_, err := p.Do(t.Context(), http.MethodPost, "/reset", nil)
		if gone, ok := errors.AsType[*Unreachable](err); !ok || gone.URL != p.URL {
			t.Errorf("%s: %v", name, err)
		}
	}
	if requests > 0 {
		t.Error("the token was sent to another server")
	}
}

// endless is a response without an end.
func endless(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		for {
			if _, err := io.WriteString(w, `{"error":{"code":"`); err != nil {
				return
			}
		}
	}
}

func TestResponsesAreBounded(t *testing.T) {
	response, refusal := maxResponse, maxRefusal
	t.Cleanup(func() { maxResponse, maxRefusal = response, refusal })
	maxResponse, maxRefusal = 1000, 1000
	for size, want := range map[int]string{1000: "", 1001: "the response has more than 1000 bytes"} {
		p := serve(t, respond(http.StatusOK, strings.Repeat(" ", size)))
		got, err := p.Do(t.Context(), http.MethodGet, "/state", nil)
		if want == "" && (err != nil || len(got) != size) || want != "" && (err == nil || !strings.HasSuffix(err.Error(), ": "+want)) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
	for status, want := range map[int]string{http.StatusOK: "the response has more than 1000 bytes", http.StatusBadRequest: "400 Bad Request"} {
		_, err := serve(t, endless(status)).Do(t.Context(), http.MethodGet, "/state", nil)
		if err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("endless %d: %v", status, err)
		}
	}
}

func TestEventsAreBounded(t *testing.T) {
	last := errors.New("no event")
	for _, err := range serve(t, endless(http.StatusOK)).Stream(t.Context(), "") {
		last = err
	}
	if last == nil || last.Error() != "an event has more than 16777216 bytes" {
		t.Errorf("ended with %v", last)
	}
}

func TestAcceptInvite(t *testing.T) {
	var path, sent string
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_emulate/outbox" {
			io.WriteString(w, `{"data":[{"to":"a@b.c","invite_id":"invite_3"},{"to":"d@e.f","invite_id":"invite_2"},{"to":"g@exämple.com","invite_id":"invite_0"},{"to":"A@b.c","invite_id":"invite_1"}]}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		path, sent = r.RequestURI, string(body)
	})
	for _, test := range []struct{ invite, name, path, sent string }{
		{"invite/9", "", "/_emulate/invites/invite%2F9/accept", "{}"},
		{"A@B.C", `A "B"`, "/_emulate/invites/invite_3/accept", `{"name":"A \"B\""}`},
		{"d@e.f", "", "/_emulate/invites/invite_2/accept", "{}"},
		{"G@xn--exmple-cua.com", "", "/_emulate/invites/invite_0/accept", "{}"},
	} {
		if _, err := p.AcceptInvite(t.Context(), test.invite, test.name); err != nil || path != test.path || sent != test.sent {
			t.Errorf("%s: %v, sent %s to %s", test.invite, err, sent, path)
		}
	}
	_, err := p.AcceptInvite(t.Context(), "x@y.z", "")
	if refusal, ok := errors.AsType[*Error](err); !ok || refusal.Status != http.StatusNotFound || refusal.Remedy.Type != remedy.ListOutbox {
		t.Errorf("an email without an invite: %v", err)
	}
}

func TestStream(t *testing.T) {
	var last []string
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		last = r.Header["Last-Event-Id"]
		fmt.Fprint(w, ": nothing new\n\nevent: missed\ndata: {\"missed\":2}\n\nid: 7\nevent: request\ndata: {\"seq\": 7}\n\nid: 8\nevent: requ")
	})
	for _, from := range []string{"", "5"} {
		var got []Event
		var end error
		for e, err := range p.Stream(t.Context(), from) {
			if end = err; err == nil {
				got = append(got, e)
			}
		}
		want := []Event{{Type: "missed", Data: `{"missed":2}`}, {ID: "7", Type: "request", Data: `{"seq": 7}`}}
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(end, io.ErrUnexpectedEOF) || strings.Join(last, ",") != from {
			t.Errorf("from %q ended with %v, asked for %v (-want +got):\n%s", from, end, last, diff)
		}
	}
}

func TestUnreadStream(t *testing.T) {
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "data: 1\n\ndata: 2\n\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	for range p.Stream(t.Context(), "") {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	for _, err := range p.Stream(ctx, "") {
		if n++; n == 2 {
			cancel()
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if n != 3 {
		t.Errorf("%d events and errors, want 3", n)
	}
	cancel()
	for _, err := range p.Stream(ctx, "") {
		if _, ok := errors.AsType[*Unreachable](err); !ok {
			t.Error(err)
		}
	}
}
