package faults

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"antechamber/api"
	"antechamber/internal/pattern"
)

// base is the path that the contract leaves out of its routes.
const base = api.BasePath

// Request is what faults look at.
type Request struct {
	Operation string        // the contract's operationId
	Method    string        // of the request
	Path      string        // as sent, with base and without query: URL.EscapedPath
	Route     string        // the operation's path as the contract writes it
	Body      func() []byte // called at most once, and only if a fault asks for the body; may be nil
}

// matcher is a Match made ready, with what the action asks for besides.
type matcher struct {
	operation string
	method    string
	path      []string
	body      any
	hasBody   bool
	reads     bool
}

func newMatcher(f Fault) matcher {
	m := matcher{
		operation: f.Match.Operation,
		method:    f.Match.Method,
		reads:     f.Action.Type == StaleRead,
	}
	if f.Match.Path != "" {
		m.path = segments(f.Match.Path)
	}
	if f.Match.Body != nil {
		m.hasBody = json.Unmarshal(f.Match.Body, &m.body) == nil
	}
	return m
}

// matches reports whether the request is one that the fault is about; body gives
// the request's body as JSON, or nil.
func (m matcher) matches(r Request, body func() any) bool {
	switch {
	case m.operation != "" && m.operation != r.Operation,
		m.method != "" && m.method != r.Method,
		m.reads && r.Method != http.MethodGet,
		m.path != nil && !covers(m.path, segments(r.Path), segments(r.Route)):
		return false
	}
	return !m.hasBody || contains(body(), m.body)
}

// bodyOf reads a request's body when it is first asked for.
func bodyOf(r Request) func() any {
	var (
		read bool
		body any
	)
	return func() any {
		if !read && r.Body != nil {
			_ = json.Unmarshal(r.Body(), &body) // what is no JSON matches nothing
		}
		read = true
		return body
	}
}

// contains reports whether all of part is in whole: an object may have more
// fields, everything else is the same.
func contains(whole, part any) bool {
	switch part := part.(type) {
	case map[string]any:
		object, ok := whole.(map[string]any)
		for name, value := range part {
			has, there := object[name]
			ok = ok && there && contains(has, value)
		}
		return ok
	case []any:
		list, ok := whole.([]any)
		ok = ok && len(list) == len(part)
		for i := 0; ok && i < len(part); i++ {
			ok = contains(list[i], part[i])
		}
		return ok
	}
	return reflect.DeepEqual(whole, part)
}

// segments splits a path below base.
func segments(path string) []string {
	if below, ok := strings.CutPrefix(path, base+"/"); ok {
		path = "/" + below
	}
	all := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range all {
		if plain, err := url.PathUnescape(s); err == nil {
			all[i] = plain
		}
	}
	return all
}

// covers reports whether a pattern covers a path that was routed.
func covers(want, path, route []string) bool {
	if len(want) != len(path) {
		return false
	}
	for i, p := range want {
		named := pattern.IsParameter(p) && len(route) == len(path) && route[i] == p
		if !named && !pattern.Glob(p, path[i]) {
			return false
		}
	}
	return true
}

// could reports whether a pattern could cover a path of the route.
func could(want []string, route string) bool {
	parts := segments(route)
	if len(want) != len(parts) {
		return false
	}
	for i, p := range want {
		switch {
		case p == "":
			return false
		case pattern.IsParameter(p) || !pattern.IsParameter(parts[i]):
			if p != parts[i] && !pattern.Glob(p, parts[i]) {
				return false
			}
		}
	}
	return true
}
