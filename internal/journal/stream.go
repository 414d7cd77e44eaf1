package journal

import (
	"context"
	"errors"
)

// ErrClosed says that the stream has ended: its subscription or the journal was
// closed.
var ErrClosed = errors.New("journal: the stream is closed")

// Subscription is a reader's place in the journal. Nothing is queued for it: a
// reader that is slower than the ring is overtaken and told what it missed.
type Subscription struct {
	journal *Journal
	notify  chan struct{} // of capacity one: something is new

	// Under the journal's lock.
	next   uint64 // the number of the entry to read next
	missed uint64 // entries of before a reset that it has not read
	closed bool
}

// Subscribe returns a stream of the entries that follow from now on. It is to be
// closed.
func (j *Journal) Subscribe() *Subscription {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.subscribe(j.last + 1)
}

// SubscribeAfter returns a stream of the entries after the one that a reader saw
// last, as a browser names it in Last-Event-ID when it comes back. A number that
// the journal has not reached is from before a reset, and returns all entries.
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

// wake tells the reader that there may be something to read. It never waits.
func (s *Subscription) wake() {
	select {
	case s.notify <- struct{}{}:
	default: // it has been told and has not looked yet
	}
}

// Next waits for entries and gives them, oldest first and not too many at once,
// with the number of those that the reader missed before them. It fails when
// ctx ends, and with ErrClosed. One goroutine at a time may call it.
func (s *Subscription) Next(ctx context.Context) (entries []Entry, missed int, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		records, missed, closed := s.take()
		switch {
		case len(records) > 0 || missed > 0:
			return entriesOf(records), missed, nil
		case closed:
			return nil, 0, ErrClosed
		}
		select {
		case <-ctx.Done():
		case <-s.notify:
		}
	}
}

// take returns what is new, and moves on.
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
	records, missed = j.read(s.next-1), int(s.missed)
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
	s.wake()
}
