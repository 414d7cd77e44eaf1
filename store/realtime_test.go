package store_test

import (
	"testing"
	"time"

	"antechamber/store"
)

func TestRealTimeNeverGoesBackwards(t *testing.T) {
	now := store.RealTime()
	last := now()
	for range 1000 {
		next := now()
		if next.Before(last) {
			t.Fatalf("%s follows %s", next, last)
		}
		last = next
	}
	if off := time.Since(last); off.Abs() > time.Minute {
		t.Errorf("the clock is off by %s", off)
	}
}
