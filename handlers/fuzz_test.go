package handlers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// No request to any route returns a 5xx or a body that is not JSON, and no 4xx
// changes the state.
func FuzzRequests(f *testing.F) {
	for _, all := range failures {
		for _, c := range all {
			if len(c.body) < 10_000 && len(c.path) < 200 {
				f.Add(c.method, strings.TrimPrefix(c.path, "~"), c.body)
			}
		}
	}
	for _, op := range operations {
		f.Add(op.Method, base+op.Path, `{"name":"A","role":"user","email":"a@b.c","user_id":"user_code","workspace_role":"workspace_user","status":"archived"}`)
	}
	f.Add("GET", users+"?limit=1&after_id=user_dev&roles[]=user&%zz", "")
	f.Add("POST", live, "{\"tags\":{\"\\ud800\":\"\\udfff\"}}")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		srv := serve(t, acme)
		before := srv.contents()
		r := httptest.NewRequest("GET", "http://127.0.0.1:4020/", strings.NewReader(body))
		r.Method = method
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		if strings.HasPrefix(path, "/organizations") {
			path = base + path
		}
		// Parsed as net/http parses a request line.
		u, err := url.ParseRequestURI(path)
		if err != nil || method == "" || method == "CONNECT" {
			t.Skip()
		}
		r.URL = u
		r.Header.Set("x-api-key", testKey)
		r.Header.Set("anthropic-version", "2023-06-01")
		w := httptest.NewRecorder()
		srv.handler.ServeHTTP(w, r)
		probe := u.Path == "/livez" || u.Path == "/readyz" || u.Path == "/openapi.yaml"
		switch {
		case w.Code >= 500:
			t.Fatalf("%s %q %q: %d %s\n%s", method, path, body, w.Code, w.Body, srv.log)
		case !(probe && w.Code == http.StatusOK) && !json.Valid(w.Body.Bytes()):
			t.Fatalf("%s %q %q: %d %q is not JSON", method, path, body, w.Code, w.Body)
		case bytes.Contains(w.Body.Bytes(), []byte{0}):
			t.Fatalf("%s %q %q: %q", method, path, body, w.Body)
		case w.Code >= 400 && !reflect.DeepEqual(before, srv.contents()):
			t.Fatalf("%s %q %q: %d %s changed the organization", method, path, body, w.Code, w.Body)
		}
		if strings.HasPrefix(u.Path, base) {
			conforms(srv.t, srv.errors, method, strings.TrimPrefix(u.Path, base), "2023-06-01", result{w.Code, w.Header(), w.Body.String()})
		}
	})
}
