package handlers

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"antechamber/api"
	"antechamber/store"
)

// query is the query string of a request. Like body, it notes what is wrong
// and says so at the end. Parameters that nobody asks for are ignored: the
// SDKs' beta client puts beta=true on every path.
type query struct {
	values url.Values
	faults []string
}

func queryOf(c *call) *query { return &query{values: parseQuery(c.Request().URL.RawQuery)} }

// parseQuery reads a query string and leaves nothing out, as net/url does with
// what is badly escaped: a cursor that is dropped would give page one again.
func parseQuery(raw string) url.Values {
	values := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		values.Add(unescape(name), unescape(value))
	}
	return values
}

// unescape leaves as it is what is badly escaped.
func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

func (q *query) end() error {
	if len(q.faults) > 0 {
		return badRequest(strings.Join(q.faults, "; "))
	}
	return nil
}

func (q *query) fault(name, what string) { q.faults = append(q.faults, name+": "+what) }

// last returns the value of a parameter that can be given once; given more
// often, the last one counts.
func (q *query) last(name string) (string, bool) {
	all := q.values[name]
	if len(all) == 0 {
		return "", false
	}
	return all[len(all)-1], true
}

// list reads which page is wanted.
func (q *query) list() store.List {
	l := store.List{Limit: q.limit()}
	l.BeforeID, _ = q.last("before_id")
	l.AfterID, _ = q.last("after_id")
	if l.BeforeID != "" && l.AfterID != "" {
		q.faults = append(q.faults, "at most one of before_id and after_id is allowed")
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
		q.fault("limit", "Input should be a valid integer")
	case n < 1: // Atoi gives the nearest integer for one that is out of range
		q.fault("limit", "Input should be greater than or equal to 1")
	case n > store.MaxLimit:
		q.fault("limit", fmt.Sprintf("Input should be less than or equal to %d", store.MaxLimit))
	}
	return n
}

// id reads a filter by id.
func (q *query) id(name string) string {
	s, ok := q.last(name)
	if ok && s == "" {
		q.fault(name, "String should have at least 1 character")
	}
	return s
}

func (q *query) email() string {
	s, ok := q.last("email")
	if ok && !api.ValidEmail(s) {
		q.fault("email", "value is not a valid email address")
	}
	return s
}

// flag reads a boolean, in the words that production's framework knows.
func (q *query) flag(name string) bool {
	s, ok := q.last(name)
	switch strings.ToLower(s) {
	case "true", "1", "yes", "y", "on", "t":
		return true
	case "false", "0", "no", "n", "off", "f":
		return false
	}
	if ok {
		q.fault(name, "Input should be a valid boolean, unable to interpret input")
	}
	return false
}

// names are the ways to write a parameter that may be repeated: production's
// with brackets, and without.
func names(name string) [2]string { return [2]string{name + "[]", name} }

// oneOf reads a filter of one value.
func oneOf[T ~string](q *query, name string, values []T) T {
	s, ok := q.last(name)
	if ok && !api.OneOf(T(s), values) {
		q.fault(name, shouldBe(values))
	}
	return T(s)
}

// anyOf reads a filter that may be repeated.
func anyOf[T ~string](q *query, name string, values []T) (wanted []T) {
	for _, name := range names(name) {
		given := q.values[name]
		if slices.ContainsFunc(given, func(s string) bool { return !api.OneOf(T(s), values) }) {
			q.fault(name, shouldBe(values))
		}
		for _, s := range given {
			wanted = append(wanted, T(s))
		}
	}
	return wanted
}

// ids reads a filter by ids, of which there may be MaxIDs.
func (q *query) ids() (wanted []string) {
	for _, name := range names("ids") {
		if slices.Contains(q.values[name], "") {
			q.fault(name, "String should have at least 1 character")
		}
		wanted = append(wanted, q.values[name]...)
		if n := len(wanted); n > store.MaxIDs {
			q.fault(name, fmt.Sprintf("List should have at most %d items after validation, not %d", store.MaxIDs, n))
			break
		}
	}
	return wanted
}
