package journal

import (
	"encoding/json"
	"strings"

	"antechamber/api"
	"antechamber/internal/pattern"
	"antechamber/internal/redact"
)

// Entry is a request as the control plane returns it: with keys redacted.
type Entry struct {
	Seq        uint64   `json:"seq"` // from 1, per organization
	Time       api.Time `json:"time"`
	Operation  string   `json:"operation"` // empty for an unknown path
	Method     string   `json:"method"`
	Path       string   `json:"path"`
	Query      string   `json:"query"`
	Status     int      `json:"status"` // 0 when the connection was dropped
	ErrorType  string   `json:"error_type"`
	RequestID  string   `json:"request_id"`
	Fault      string   `json:"fault"`
	Hint       string   `json:"hint"` // why the request failed, if the response does not say
	RetryCount int      `json:"retry_count"`
	// RetryOf is the first attempt of the same call, if this is a later one.
	RetryOf      uint64          `json:"retry_of,omitempty"`
	DurationMS   float64         `json:"duration_ms"`
	RequestBody  json.RawMessage `json:"request_body"`           // JSON, a string, a cutBody or null
	ResponseBody json.RawMessage `json:"response_body"`          // the same
	Effects      []Effect        `json:"effects"`                // the first MaxEffects
	MoreEffects  int             `json:"more_effects,omitempty"` // the number of further ones
	Key          string          `json:"key"`                    // its last four characters
}

func (k *kept) entry() Entry {
	return Entry{
		Seq: k.seq, Time: k.Time, Operation: k.Operation, Method: k.Method,
		Path: redact.Text(k.Path), Query: redact.Query(k.Query),
		Status: k.Status, ErrorType: k.ErrorType, RequestID: k.RequestID, Fault: k.Fault, Hint: k.Hint,
		RetryCount: k.RetryCount, RetryOf: k.retryOf, DurationMS: float64(k.Duration) / 1e6,
		RequestBody: k.RequestBody.encode(), ResponseBody: k.ResponseBody.encode(),
		Effects: append([]Effect{}, k.Effects...), MoreEffects: max(0, k.moreEffects), Key: redact.Key(k.Key),
	}
}

// event returns the record as an event of a stream.
func (k *kept) event() Event {
	k.encoded.once.Do(func() { k.encoded.json = api.Encode(k.entry()) })
	return Event{k.seq, k.encoded.json}
}

func entriesOf(records []kept) []Entry {
	out := make([]Entry, len(records))
	for i := range records {
		out[i] = records[i].entry()
	}
	return out
}

// Filter selects entries. Its zero value selects all of them.
type Filter struct {
	Since     uint64 // only entries after this one
	Operation string
	Method    string
	Path      string // as MatchPath takes it
	Status    *int
	Limit     int // only the newest ones; 0 for all
}

func (f Filter) matches(k *kept) bool {
	return (f.Operation == "" || f.Operation == k.Operation) &&
		(f.Method == "" || strings.EqualFold(f.Method, k.Method)) &&
		(f.Path == "" || MatchPath(f.Path, k.Path)) &&
		(f.Status == nil || *f.Status == k.Status)
}

// Entries returns the entries that a filter selects, newest last.
func (j *Journal) Entries(f Filter) []Entry {
	var found []kept
	j.mu.Lock()
	newest := j.last
	j.mu.Unlock()
	// In batches, so as not to block requests for long. Entries after newest, of
	// requests in the meantime, are left out.
	for after := f.Since; after < newest; {
		j.mu.Lock()
		records := j.read(after, batch)
		j.mu.Unlock()
		if len(records) == 0 {
			break
		}
		for i := range records {
			if k := &records[i]; k.seq <= newest && f.matches(k) {
				found = append(found, *k)
			}
		}
		after = records[len(records)-1].seq
	}
	if f.Limit > 0 {
		found = found[max(0, len(found)-f.Limit):]
	}
	return entriesOf(found)
}

// MatchPath reports whether a path matches a pattern, segment by segment: {name}
// matches any segment, * any part of one. Both may leave out /v1.
func MatchPath(wanted, actual string) bool {
	return matchSegments(segments(wanted), segments(actual))
}

func matchSegments(want, got []string) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !matchSegment(want[i], got[i]) {
			return false
		}
	}
	return true
}

func segments(whole string) []string {
	if rest, ok := strings.CutPrefix(whole, api.BasePath+"/"); ok {
		whole = "/" + rest
	}
	return strings.Split(whole, "/")
}

func matchSegment(want, segment string) bool {
	if pattern.IsParameter(want) {
		return segment != ""
	}
	return pattern.Glob(want, segment)
}
