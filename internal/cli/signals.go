package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// sameRequest is how long further signals repeat the first one: Ctrl-C in a terminal
// reaches a process directly and again through its parent.
const sameRequest = time.Second

// stopSignals returns two contexts. stop is done when ctx is, or at the first signal that
// asks the process to end; now is done at a later one, at least sameRequest after the
// first. All other signals of these kinds have no effect until release is called, or
// until the process exits if it ends with the command: one that arrives between the last
// save and the exit must not change the exit code.
func stopSignals(ctx context.Context, ends bool) (stop, now context.Context, release func()) {
	stop, cancelStop := context.WithCancelCause(ctx)
	now, cancelNow := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		var first time.Time
		for {
			select {
			case <-done:
				return
			case s := <-signals:
				cause := errors.New(s.String() + " signal received")
				switch {
				case first.IsZero():
					first = time.Now()
					cancelStop(cause)
				case time.Since(first) >= sameRequest:
					cancelNow(cause)
				}
			}
		}
	}()
	return stop, now, func() {
		if !ends {
			signal.Stop(signals)
		}
		close(done)
		cancelStop(nil)
		cancelNow(nil)
	}
}
