package emulator

import (
	"context"
	"sync"
	"time"
)

// RealTime gives the wall clock, standing still where somebody sets it back.
// Real time enters the program here and on the command line, and nowhere else.
func RealTime() func() time.Time {
	var (
		mu   sync.Mutex
		last time.Time
	)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		// Without Round, times would be compared by the monotonic clock, which
		// stops while a laptop sleeps.
		if now := time.Now().Round(0); now.After(last) {
			last = now
		}
		return last
	}
}

// Sleep waits, or gives an error when the context ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
