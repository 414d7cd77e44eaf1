package handlers

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"antechamber/api"
	"antechamber/internal/email"
	"antechamber/store"
)

// query is the query string of a request. Like body, it collects problems, which
// err returns. Unknown parameters are ignored: the SDKs' beta client adds beta=true
// to every path.
type query struct {
	values   url.Values
	problems []string
}

func queryOf(c *call) *query { return &query{values: parseQuery(c.Request().URL.RawQuery)} }

// parseQuery parses a query string. Unlike net/url, it keeps parameters that are
// not escaped correctly: without its cursor, a request would return page one again.
func parseQuery(raw string) url.Values {
	values := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		values.Add(unescape(name), unescape(value))
	}
	return values
}

// unescape returns s unescaped, or unchanged if the escaping is invalid.
func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// err returns the problems with the query, or nil.
func (q *query) err() error {
	return problemsErr(q.problems)
}

func (q *query) problem(name, what string) { q.problems = append(q.problems, name+": "+what) }

// last returns the value of a parameter. If it is repeated, the last one wins.
func (q *query) last(name string) (string, bool) {
	all := q.values[name]
	if len(all) == 0 {
		return "", false
	}
	return all[len(all)-1], true
}

// list reads the pagination parameters.
func (q *query) list() store.List {
	l := store.List{Limit: q.limit()}
	l.BeforeID, _ = q.last("before_id")
	l.AfterID, _ = q.last("after_id")
	if l.BeforeID != "" && l.AfterID != "" {
		q.problems = append(q.problems, "at most one of before_id and after_id is allowed")
	}
	return l
}

func (q *query) limit() int {
	s, ok := q.last("limit")
	if !ok {
		return store.DefaultLimit
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		q.problem("limit", "Input should be a valid integer")
	case n < 1: // if out of range, Atoi returns the nearest integer
		q.problem("limit", "Input should be greater than or equal to 1")
	case n > store.MaxLimit:
		q.problem("limit", fmt.Sprintf("Input should be less than or equal to %d", store.MaxLimit))
	}
	return n
}

// id reads a filter by id, which must not be empty.
func (q *query) id(name string) string {
	s, ok := q.last(name)
	if ok && s == "" {
		q.problem(name, "String should have at least 1 character")
	}
	return s
}

func (q *query) email() string {
	s, ok := q.last("email")
	if ok && !email.Valid(s) {
		q.problem("email", "value is not a valid email address")
	}
	return s
}

// boolean reads a boolean in any spelling that production's framework accepts.
func (q *query) boolean(name string) bool {
	s, ok := q.last(name)
	switch strings.ToLower(s) {
	case "true", "1", "yes", "y", "on", "t":
		return true
	case "false", "0", "no", "n", "off", "f":
		return false
	}
	if ok {
		q.problem(name, "Input should be a valid boolean, unable to interpret input")
	}
	return false
}

// spellings returns the two names of a repeatable parameter: with brackets, as in
// production, and without.
func spellings(name string) [2]string { return [2]string{name + "[]", name} }

// oneOf reads a filter with one value.
func oneOf[T ~string](q *query, name string, values []T) T {
	s, ok := q.last(name)
	if ok && !api.OneOf(T(s), values) {
		q.problem(name, shouldBe(values))
	}
	return T(s)
}

// anyOf reads a filter that may be repeated to allow several values.
func anyOf[T ~string](q *query, name string, values []T) (all []T) {
	for _, name := range spellings(name) {
		found := q.values[name]
		if slices.ContainsFunc(found, func(s string) bool { return !api.OneOf(T(s), values) }) {
			q.problem(name, shouldBe(values))
		}
		for _, s := range found {
			all = append(all, T(s))
		}
	}
	return all
}

// ids reads a filter by at most store.MaxIDs ids.
func (q *query) ids() (all []string) {
	for _, name := range spellings("ids") {
		if slices.Contains(q.values[name], "") {
			q.problem(name, "String should have at least 1 character")
		}
		all = append(all, q.values[name]...)
		if n := len(all); n > store.MaxIDs {
			q.problem(name, fmt.Sprintf("List should have at most %d items after validation, not %d", store.MaxIDs, n))
			break
		}
	}
	return all
}
