package faults

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/pattern"
)

// base is the prefix that the contract's paths leave out.
const base = api.BasePath

// Request is what faults match against.
type Request struct {
	Operation string        // the contract's operationId
	Method    string        // of the request
	Path      string        // URL.EscapedPath, with base
	Route     string        // the operation's path in the contract
	Body      func() []byte // called at most once, and only if a fault matches the body; may be nil
}

// matcher is a Match prepared for comparison, with the requirements of the action.
type matcher struct {
	operation string
	method    string
	path      []string
	body      any
	hasBody   bool
	reads     bool     // only matches reads
	documents []string // only matches these operations; nil for all
}

func newMatcher(f Fault) matcher {
	m := matcher{
		operation: f.Match.Operation,
		method:    f.Match.Method,
		reads:     f.Action.Type == StaleRead,
	}
	if coded, ok := api.Coded(f.Action.ErrorCode); ok {
		m.documents = coded.Operations
	}
	if f.Match.Path != "" {
		m.path = segments(f.Match.Path)
	}
	if f.Match.Body != nil {
		m.hasBody = json.Unmarshal(f.Match.Body, &m.body) == nil
	}
	return m
}

// matches reports whether a fault matches the request. body returns the request's
// body as decoded JSON, or nil.
func (m matcher) matches(r Request, body func() any) bool {
	switch {
	case m.operation != "" && m.operation != r.Operation,
		m.method != "" && m.method != r.Method,
		m.reads && r.Method != http.MethodGet,
		m.documents != nil && !slices.Contains(m.documents, r.Operation),
		m.path != nil && !matchPath(m.path, segments(r.Path), segments(r.Route)):
		return false
	}
	return !m.hasBody || contains(body(), m.body)
}

// bodyOf returns a function that decodes a request's body when first called.
func bodyOf(r Request) func() any {
	var (
		read bool
		body any
	)
	return func() any {
		if !read && r.Body != nil {
			_ = json.Unmarshal(r.Body(), &body) // invalid JSON matches nothing
		}
		read = true
		return body
	}
}

// contains reports whether whole contains part: an object may have more fields,
// everything else must be equal.
func contains(whole, part any) bool {
	switch part := part.(type) {
	case map[string]any:
		object, ok := whole.(map[string]any)
		for name, value := range part {
			v, found := object[name]
			ok = ok && found && contains(v, value)
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

// segments splits a path, without base, into its unescaped segments.
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

// matchPath reports whether a pattern matches the path of a request. {name} only
// matches the parameter of that name in the request's route.
func matchPath(want, path, route []string) bool {
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

// couldMatch reports whether a pattern could match a path of the route.
func couldMatch(want []string, route string) bool {
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
