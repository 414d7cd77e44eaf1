package control

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"antechamber/api"
)

// MaxBody is how many bytes a body may have, and MaxState how many a state.
const (
	MaxBody  = 1 << 20
	MaxState = 64 << 20
)

// readBody reads the body of a request.
func readBody(w http.ResponseWriter, r *http.Request, to route) ([]byte, error) {
	most := int64(MaxBody)
	if to.ID == "replaceState" {
		most = MaxState
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, refuse(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("The body is larger than the %d bytes that are allowed.", most), nil)
	}
	if err != nil {
		return nil, invalidBody("The body could not be read: " + err.Error())
	}
	return body, nil
}

func invalidBody(message string) error {
	return refuse(http.StatusBadRequest, codeInvalidBody, message, nil)
}

// fields are those of a JSON object. Its methods read one field each and note
// what is wrong with it; refused gives all of that at once. null counts as
// absent. No value is repeated in a message: it may be a key.
type fields struct {
	at     string // what precedes their names in messages
	values map[string]json.RawMessage
	faults []string
}

// fieldsOf reads the body of a route that takes fields. No body is an object
// without any.
func fieldsOf(body []byte, to route) (*fields, error) {
	f := &fields{values: map[string]json.RawMessage{}}
	if to.seed || len(body) == 0 {
		return f, nil
	}
	if !utf8.Valid(body) {
		return nil, invalidBody("The body is not UTF-8.")
	}
	// Unmarshal would take a field that is there twice, and not say where it
	// lost its way.
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, invalidBody("The body is not a JSON object.")
	}
	for d.More() {
		if err := f.read(d, to.fields); err != nil {
			return nil, invalidBody(fmt.Sprintf("The body is not valid JSON: %v (byte %d).", err, d.InputOffset()))
		}
	}
	_, err := d.Token()
	_, end := d.Token()
	if err != nil || end != io.EOF {
		return nil, invalidBody(fmt.Sprintf("The body is not one JSON object: it goes on, or breaks off, at byte %d.", d.InputOffset()))
	}
	return f, f.refused()
}

// read reads one field, which has to be a known one.
func (f *fields) read(d *json.Decoder, known []string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return err
	}
	name, _ := token.(string) // a field has a name
	switch _, twice := f.values[name]; {
	case twice:
		f.fault(name, "once")
	case len(known) == 0:
		f.fault(name, "no field at all")
	case !slices.Contains(known, name):
		f.fault(name, "no such field, there are "+strings.Join(known, ", "))
	}
	f.values[name] = value
	return nil
}

// refused gives what is wrong with the fields, or nil.
func (f *fields) refused() error {
	if len(f.faults) == 0 {
		return nil
	}
	return invalidBody(strings.Join(f.faults, "; "))
}

func (f *fields) fault(name, expected string) {
	f.faults = append(f.faults, f.at+name+": expected "+expected)
}

func (f *fields) given(name string) bool {
	value, ok := f.values[name]
	return ok && string(value) != "null"
}

// form is what a text has to look like.
type form struct {
	is    string
	valid func(string) bool
}

// text reads a text that may be left out.
func (f *fields) text(name string, form form) (s string) {
	if !f.given(name) {
		return ""
	}
	if json.Unmarshal(f.values[name], &s) != nil || !form.valid(s) {
		f.fault(name, form.is)
	}
	return s
}

// need reads a text.
func (f *fields) need(name string, form form) string {
	if !f.given(name) {
		f.fault(name, form.is)
	}
	return f.text(name, form)
}

// value reads a field of any kind.
func value[T any](f *fields, name, is string) (v T) {
	if f.given(name) && json.Unmarshal(f.values[name], &v) != nil {
		f.fault(name, is)
	}
	return v
}

// set reads what can only be true.
func (f *fields) set(name string) bool {
	if f.given(name) && string(f.values[name]) != "true" {
		f.fault(name, "true")
	}
	return f.given(name)
}

func (f *fields) duration(name string) time.Duration {
	s := f.text(name, form{"a duration such as 504h, 90s, 21d or 3w", func(s string) bool {
		_, ok := parseDuration(s)
		return ok
	}})
	d, _ := parseDuration(s)
	return d
}

// inDays are durations that begin with a number of weeks or days, of fewer than
// time.Duration can hold.
var inDays = regexp.MustCompile(`^([+-]?)(?:([0-9]{1,4})w)?(?:([0-9]{1,5})d)?([0-9].*)?$`)

// parseDuration reads a duration as Go writes it, and one with weeks and days
// before it, as seeds do.
func parseDuration(s string) (time.Duration, bool) {
	parts := inDays.FindStringSubmatch(s)
	if parts == nil || parts[2]+parts[3] == "" {
		d, err := time.ParseDuration(s)
		return d, err == nil
	}
	weeks, _ := strconv.Atoi(cmp.Or(parts[2], "0")) // digits
	days, _ := strconv.Atoi(cmp.Or(parts[3], "0"))
	rest, err := time.ParseDuration(cmp.Or(parts[4], "0s"))
	d := time.Duration(7*weeks+days)*24*time.Hour + rest
	if err != nil || d < rest { // the sum runs over
		return 0, false
	}
	if parts[1] == "-" {
		d = -d
	}
	return d, true
}

func (f *fields) time(name string) api.Time {
	s := f.text(name, form{"an RFC 3339 time from 1970 to 9999, such as 2026-01-01T00:00:00Z", func(s string) bool {
		_, ok := parseTime(s)
		return ok
	}})
	t, _ := parseTime(s)
	return t
}

func parseTime(s string) (api.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if year := t.UTC().Year(); err != nil || year < 1970 || year > 9999 {
		return api.Time{}, false
	}
	return api.At(t), true
}

func characters(least, most int) func(string) bool {
	return func(s string) bool {
		n := utf8.RuneCountInString(s)
		return least <= n && n <= most
	}
}

// The forms of texts.
var (
	aText = form{"a text that is not empty", func(s string) bool { return s != "" }}
	aName = form{"a name of 1 to 255 characters", characters(1, 255)}
	anID  = form{"an id", characters(1, 128)}
)
