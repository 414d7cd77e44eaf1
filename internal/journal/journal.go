// Package journal records the requests of an organization: a bounded ring, a live
// stream of it, and Verify, which compares it with expectations. It knows
// nothing about HTTP: the server passes a Record of each request.
package journal

import (
	"slices"
	"sync"
	"time"
	"unsafe"

	"antechamber/api"
	"antechamber/store"
)

// Effect is something that a write changed.
type Effect = store.Effect

// Record is a request and its response. The journal keeps references to its
// contents, and redacts keys when it is read.
type Record struct {
	Time         api.Time // of the organization
	Operation    string   // the contract's operationId, empty for none
	Method       string
	Path         string
	Query        string // as it was sent
	Status       int    // 0 when the connection was dropped
	ErrorType    string
	RequestID    string
	Fault        string // the id of the fault that fired
	Hint         string // why the request failed, if the response does not say
	RetryCount   int    // from the header x-stainless-retry-count
	Duration     time.Duration
	RequestBody  Body
	ResponseBody Body
	Effects      []Effect // must not be modified afterwards
	Key          string   // not redacted
}

// kept is a record in the ring.
type kept struct {
	Record
	seq     uint64
	retryOf uint64   // the first attempt, 0 for none
	retried bool     // a later record is its retry
	encoded *encoded // nil until a reader of the stream takes the record

	moreEffects int // if positive, the number of effects that are not recorded
}

// encoded is the JSON of a record, which all readers of the stream share.
type encoded struct {
	once sync.Once
	json string
}

// cost returns approximately how many bytes of memory the record takes.
func (k *kept) cost() int {
	n := int(unsafe.Sizeof(*k)) + len(k.Operation) + len(k.Method) + len(k.Path) + len(k.Query) + len(k.ErrorType) +
		len(k.RequestID) + len(k.Fault) + len(k.Hint) + len(k.RequestBody.text) + len(k.ResponseBody.text) + len(k.Key)
	for i := range k.Effects {
		e := &k.Effects[i]
		n += int(unsafe.Sizeof(*e)) + len(e.Type) + len(e.ID) + len(e.WorkspaceID)
	}
	return n
}

// maxRetries is more than any client retries a call.
const maxRetries = 1000

// MaxEffects is the maximum number of effects that are recorded for a request.
const MaxEffects = 1000

// Journal is the journal of one organization. Its methods are safe for concurrent
// use, and never wait for a reader of its stream.
type Journal struct {
	maxEntries, maxBytes int

	mu            sync.Mutex
	ring          []kept // grows as it fills, up to maxEntries
	head, n       int    // the index of the oldest record, and the number of records
	bytes         int    // their total cost
	last          uint64 // the newest record's number, kept or not; the ring has no gaps
	closed        bool
	subscriptions map[*Subscription]struct{}
}

// New returns an empty journal that drops its oldest entries beyond either bound.
// It allocates nothing until the first record.
func New(maxEntries, maxBytes int) *Journal {
	return &Journal{maxEntries: maxEntries, maxBytes: maxBytes}
}

// Add records a request and returns its number. A record larger than maxBytes gets
// a number but isn't kept.
func (j *Journal) Add(r Record) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	k := kept{Record: r, seq: j.last}
	if k.RetryCount < 0 || k.RetryCount > maxRetries {
		k.RetryCount = 0 // no client's
	}
	if k.moreEffects = len(r.Effects) - MaxEffects; k.moreEffects > 0 {
		k.Effects = slices.Clone(r.Effects[:MaxEffects]) // not a reference to all of them
	}
	j.push(k)
	for s := range j.subscriptions {
		s.wake()
	}
	return j.last
}

func (j *Journal) push(k kept) {
	cost := k.cost()
	// Before older records are dropped: the first attempt may be one of them.
	if k.RetryCount > 0 {
		k.retryOf = j.firstAttempt(&k)
	}
	for j.n > 0 && (j.n >= j.maxEntries || j.bytes+cost > j.maxBytes) {
		j.dropOldest()
	}
	if j.maxEntries < 1 || cost > j.maxBytes {
		return
	}
	if j.n == len(j.ring) {
		j.grow()
	}
	j.n++
	j.bytes += cost
	*j.at(j.n - 1) = k
}

// firstAttempt finds the attempt that k retries, marks it as retried, and returns
// the number of the call's first attempt, or 0.
func (j *Journal) firstAttempt(k *kept) uint64 {
	for i := j.n - 1; i >= 0; i-- {
		before := j.at(i)
		if before.RetryCount != k.RetryCount-1 || before.retried || !sameCall(&before.Record, &k.Record) {
			continue
		}
		before.retried = true
		if before.retryOf != 0 {
			return before.retryOf
		}
		return before.seq
	}
	return 0
}

func sameCall(a, b *Record) bool {
	return a.Method == b.Method && a.Path == b.Path && a.Query == b.Query && a.RequestBody == b.RequestBody && a.Key == b.Key
}

// at returns the i-th oldest record.
func (j *Journal) at(i int) *kept { return &j.ring[(j.head+i)%len(j.ring)] }

func (j *Journal) dropOldest() {
	oldest := j.at(0)
	j.bytes -= oldest.cost()
	*oldest = kept{} // free its strings
	j.head = (j.head + 1) % len(j.ring)
	j.n--
}

func (j *Journal) grow() {
	larger := make([]kept, min(max(4, 2*len(j.ring)), j.maxEntries))
	for i := range j.n {
		larger[i] = *j.at(i)
	}
	j.ring, j.head = larger, 0
}

// Clear removes all entries. Numbering continues.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.empty()
	for s := range j.subscriptions {
		s.wake()
	}
}

// Reset removes all entries and restarts numbering at 1.
func (j *Journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.empty()
	for s := range j.subscriptions {
		s.missed += j.last - (s.next - 1)
		s.next = 1
		s.wake()
	}
	j.last = 0
}

func (j *Journal) empty() { j.ring, j.head, j.n, j.bytes = nil, 0, 0, 0 }

// Close ends the streams, when the organization is deleted.
func (j *Journal) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	for s := range j.subscriptions {
		s.wake()
	}
}

// batch is how many records Entries copies at a time, while it holds the lock.
// streamBatch is that of a stream, whose reader may take long to send them: the
// journal can't forget what it still has to send.
const (
	batch       = 256
	streamBatch = 16
)

// read returns copies of the records after a number, at most as many as given. The
// caller must hold the lock.
func (j *Journal) read(after uint64, most int) []kept {
	oldest := j.last - uint64(j.n)
	skip := 0
	if after > oldest {
		skip = int(min(after-oldest, uint64(j.n)))
	}
	out := make([]kept, min(j.n-skip, most))
	for i := range out {
		out[i] = *j.at(skip + i)
	}
	return out
}

// readShared is read for a stream.
func (j *Journal) readShared(after uint64) []kept {
	records := j.read(after, streamBatch)
	for i := range records {
		if records[i].encoded == nil {
			records[i].encoded = new(encoded)
			j.at(j.n - int(j.last-records[i].seq) - 1).encoded = records[i].encoded
		}
	}
	return records
}
