package journal

import (
	"context"
	"errors"
)

// ErrClosed means that the subscription or the journal was closed.
var ErrClosed = errors.New("journal: the stream is closed")

// Subscription is a reader's position in the journal. Nothing is queued for it: a
// reader that falls behind the ring skips entries and learns how many it missed.
type Subscription struct {
	journal *Journal
	notify  chan struct{} // has capacity 1; signals new entries

	// Guarded by the journal's lock.
	next   uint64 // the number of the entry to read next
	missed uint64 // unread entries that a reset removed
	closed bool
}

// Subscribe returns a stream of future entries. The caller must close it.
func (j *Journal) Subscribe() *Subscription {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.subscribe(j.last + 1)
}

// SubscribeAfter returns a stream of the entries after the last one that a reader
// saw, such as the Last-Event-ID of a browser that reconnects. A number that the
// journal hasn't reached is from before a reset; the stream then starts with the
// oldest entry.
func (j *Journal) SubscribeAfter(seq uint64) *Subscription {
	j.mu.Lock()
	defer j.mu.Unlock()
	if seq > j.last {
		seq = 0
	}
	return j.subscribe(seq + 1)
}

func (j *Journal) subscribe(next uint64) *Subscription {
	s := &Subscription{journal: j, notify: make(chan struct{}, 1), next: next}
	if j.subscriptions == nil {
		j.subscriptions = map[*Subscription]struct{}{}
	}
	j.subscriptions[s] = struct{}{}
	return s
}

// wake signals the reader that there may be something to read. It never blocks.
func (s *Subscription) wake() {
	select {
	case s.notify <- struct{}{}:
	default: // already signaled
	}
}

// Event is a recorded request as JSON.
type Event struct {
	Seq  uint64
	JSON string // an Entry
}

// Next waits for entries and returns a batch of them, oldest first, with the number
// of entries before them that the reader missed. Its error is that of ctx or
// ErrClosed. It is not safe for concurrent use.
func (s *Subscription) Next(ctx context.Context) (entries []Event, missed int, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		records, missed, closed := s.take()
		switch {
		case len(records) > 0 || missed > 0:
			return eventsOf(records), missed, nil
		case closed:
			return nil, 0, ErrClosed
		}
		select {
		case <-ctx.Done():
		case <-s.notify:
		}
	}
}

func eventsOf(records []kept) []Event {
	out := make([]Event, len(records))
	for i := range records {
		out[i] = records[i].event()
	}
	return out
}

// take returns the new entries and advances the position.
func (s *Subscription) take() (records []kept, missed int, closed bool) {
	j := s.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	if s.closed {
		return nil, 0, true
	}
	if oldest := j.last - uint64(j.n) + 1; s.next < oldest {
		s.missed += oldest - s.next
		s.next = oldest
	}
	records, missed = j.readShared(s.next-1), int(s.missed)
	s.next += uint64(len(records))
	s.missed = 0
	return records, missed, j.closed
}

// Close ends the stream. It may be called more than once.
func (s *Subscription) Close() {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.closed = true
	delete(s.journal.subscriptions, s)
	if len(s.journal.subscriptions) == 0 { // no reader shares the JSON any more
		for i := range s.journal.n {
			s.journal.at(i).encoded = nil
		}
	}
	s.wake()
}
