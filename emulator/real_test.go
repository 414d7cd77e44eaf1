package emulator

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRealTimeNeverGoesBack(t *testing.T) {
	now := RealTime()
	last := now()
	for range 1000 {
		next := now()
		if next.Before(last) {
			t.Fatalf("%s comes after %s", next, last)
		}
		last = next
	}
	if off := time.Since(last); off.Abs() > time.Minute {
		t.Errorf("it is off by %s", off)
	}
}

func TestSleepEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := Sleep(t.Context(), time.Hour); err != nil || time.Since(began) != time.Hour {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(gone) })
		if err := Sleep(ctx, time.Hour); err != gone || time.Since(began) != time.Hour+time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}
