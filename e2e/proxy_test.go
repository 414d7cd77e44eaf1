package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"antechamber/api"
	"antechamber/internal/conform"
	"antechamber/internal/vendordoc"
)

// document is our OpenAPI document. vendorDocuments are the vendor's, by the version of
// the API.
var (
	document        = sync.OnceValues(func() (*conform.Document, error) { return conform.Load(api.OpenAPI) })
	vendorDocuments = sync.OnceValues(func() (map[string]*conform.Document, error) {
		all := map[string]*conform.Document{}
		for _, version := range []string{vendordoc.Newest, vendordoc.Older} {
			doc, err := conform.LoadVendor(version)
			if err != nil {
				return nil, err
			}
			all[version] = doc
		}
		return all, nil
	})
)

// vendorDocument returns the vendor's document for an anthropic-version. Requests with
// another version, or none, are held against that of the older one.
func vendorDocument(t *testing.T, version string) *conform.Document {
	t.Helper()
	all, err := vendorDocuments()
	noError(t, "the vendor's OpenAPI documents", err)
	if doc := all[version]; doc != nil {
		return doc
	}
	return all[vendordoc.Older]
}

// asProduction returns the error of our default format in production's: without the
// contract's fields, which repeat the type and the message of the error object.
func asProduction(t *testing.T, body []byte) []byte {
	t.Helper()
	var both struct {
		Type, Message string
		Error         json.RawMessage `json:"error"`
		RequestID     string          `json:"request_id"`
	}
	var inner struct{ Type, Message string }
	decode(t, string(body), &both)
	decode(t, string(both.Error), &inner)
	if inner.Type != both.Type || inner.Message != both.Message {
		t.Errorf("the two formats of the error differ: %s", body)
	}
	production, err := json.Marshal(map[string]any{"type": "error", "error": both.Error, "request_id": both.RequestID})
	noError(t, "error", err)
	return production
}

// headerPlan is the header with which a test instructs the proxy. Its steps,
// separated by spaces, apply to the attempts of one call; further attempts pass. A
// step is one of
//
//	429;retry-after-ms=5   respond with this status and these headers
//	drop                   close the connection without forwarding the request
//	drop-after-commit      forward the request and close the connection
//
// The SDKs number their attempts in headerRetries, so the proxy has no state that
// tests would share.
const (
	headerPlan    = "e2e-plan"
	headerRetries = "x-stainless-retry-count"
)

// proxy is between a client and the binary. It records requests and responses, and
// checks every response and every accepted request against our OpenAPI document
// and against the vendor's for the request's anthropic-version.
type proxy struct {
	URL string
	t   *testing.T

	doc              *conform.Document
	productionErrors bool

	mu         sync.Mutex
	exchanges  []exchange
	requestIDs map[string]bool
}

// exchange is a request and its response.
type exchange struct {
	Operation string // empty if the document has no such operation
	Method    string
	Path      string
	Query     url.Values
	Header    http.Header
	Status    int    // 0 if the proxy closed the connection
	Body      string // of the response, even if the proxy dropped it
}

// newProxy starts a proxy for s, which runs until the test ends.
func newProxy(t *testing.T, s *server) *proxy {
	t.Helper()
	doc, err := document()
	noError(t, "OpenAPI document", err)
	target, err := url.Parse(s.URL)
	noError(t, "URL", err)
	p := &proxy{t: t, doc: doc, productionErrors: s.productionErrors, requestIDs: map[string]bool{}}
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: newHTTPClient(t).Transport,
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, forward) }))
	t.Cleanup(front.Close)
	p.URL = front.URL
	return p
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	step := stepOf(r.Header)
	r.Header.Del(headerPlan)
	request, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(request))
	e := exchange{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone()}

	got := httptest.NewRecorder()
	switch status, headers, _ := strings.Cut(step, ";"); step {
	case "drop":
		p.record(e)
		panic(http.ErrAbortHandler)
	case "", "drop-after-commit":
		forward.ServeHTTP(got, r)
		p.check(&e, request, got)
		e.Body = got.Body.String()
	default:
		p.fail(got, status, headers)
	}
	if step == "drop-after-commit" {
		p.record(e)
		panic(http.ErrAbortHandler)
	}
	e.Status = got.Code
	p.record(e)
	maps.Copy(w.Header(), got.Header())
	w.WriteHeader(got.Code)
	w.Write(got.Body.Bytes())
}

// stepOf returns the step of the plan for this attempt.
func stepOf(h http.Header) string {
	steps := strings.Fields(h.Get(headerPlan))
	attempt, _ := strconv.Atoi(h.Get(headerRetries))
	if attempt >= len(steps) {
		return ""
	}
	return steps[attempt]
}

// fail writes the error response that a plan asks for.
func (p *proxy) fail(w http.ResponseWriter, status, headers string) {
	code, err := strconv.Atoi(status)
	if err != nil {
		p.t.Errorf("plan: %v", err)
		code = http.StatusTeapot
	}
	for _, header := range strings.Split(headers, ";") {
		name, value, _ := strings.Cut(header, "=")
		w.Header().Set(name, value)
	}
	w.Header().Set("request-id", "req_planned")
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"type":"error","error":{"type":%q,"message":"as planned"},"request_id":"req_planned"}`, api.ErrorTypeOf(code))
}

// check checks the response of an operation, and an accepted request, against the
// documents.
func (p *proxy) check(e *exchange, request []byte, got *httptest.ResponseRecorder) {
	id := got.Header().Get("request-id")
	p.mu.Lock()
	if id == "" || p.requestIDs[id] {
		p.t.Errorf("%s %s: request id %q is missing or repeated", e.Method, e.Path, id)
	}
	p.requestIDs[id] = true
	p.mu.Unlock()

	op, ok := p.operation(e.Method, e.Path)
	if !ok {
		return
	}
	e.Operation = op.ID
	body := got.Body.Bytes()
	p.checkAgainst("our document", p.doc, op, request, got.Code, got.Header(), body)
	// The vendor's document does not have the contract's form of errors.
	if got.Code != http.StatusOK && !p.productionErrors {
		body = asProduction(p.t, body)
	}
	version := e.Header.Get("anthropic-version")
	p.checkAgainst("the vendor's document for "+version, vendorDocument(p.t, version), op, request, got.Code, got.Header(), body)
}

func (p *proxy) checkAgainst(name string, doc *conform.Document, op conform.Operation, request []byte, status int, header http.Header, body []byte) {
	if err := doc.CheckResponse(op.Method, op.Path, status, header, body); err != nil {
		p.t.Errorf("%s: response %d does not match %s: %v\n%s", op.ID, status, name, err, body)
	}
	if status != http.StatusOK {
		return
	}
	if err := doc.CheckRequest(op.Method, op.Path, request); err != nil {
		p.t.Errorf("%s: accepted request does not match %s: %v\n%s", op.ID, name, err, request)
	}
}

// operation returns the operation of a request.
func (p *proxy) operation(method, path string) (conform.Operation, bool) {
	segments := strings.Split(strings.TrimPrefix(path, "/v1"), "/")
	for _, op := range p.doc.Operations() {
		if op.Method == method && slices.EqualFunc(strings.Split(op.Path, "/"), segments, func(want, got string) bool {
			return want == got || strings.HasPrefix(want, "{")
		}) {
			return op, true
		}
	}
	return conform.Operation{}, false
}

func (p *proxy) record(e exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exchanges = append(p.exchanges, e)
}

// seen returns the exchanges so far.
func (p *proxy) seen() []exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.exchanges)
}

// wantEveryOperation fails the test unless each operation of the document has
// succeeded.
func (p *proxy) wantEveryOperation(t *testing.T) {
	t.Helper()
	called := map[string]bool{}
	for _, e := range p.seen() {
		if e.Status == http.StatusOK && e.Operation != "" {
			called[e.Operation] = true
		}
	}
	var want []string
	for _, op := range p.doc.Operations() {
		want = append(want, op.ID)
	}
	slices.Sort(want)
	equal(t, "operations that succeeded", want, slices.Sorted(maps.Keys(called)))
}

// exchangesOf returns the exchanges with the method and the path.
func (p *proxy) exchangesOf(method, path string) []exchange {
	return slices.DeleteFunc(p.seen(), func(e exchange) bool { return e.Method != method || e.Path != path })
}

// attempts returns the statuses of those exchanges, in order.
func (p *proxy) attempts(method, path string) []int {
	var statuses []int
	for _, e := range p.exchangesOf(method, path) {
		statuses = append(statuses, e.Status)
	}
	return statuses
}
