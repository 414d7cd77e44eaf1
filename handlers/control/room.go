package control

import "context"

// room is space for a number of bytes, in units of a MiB. Requests that need some wait
// until there is enough, one after the other.
type room struct {
	turn chan struct{} // full while a request waits
	used chan struct{} // an element for each MiB in use
}

func newRoom(bytes int) *room { return &room{make(chan struct{}, 1), make(chan struct{}, bytes>>20)} }

// take waits for space and returns the function to call when it is no longer needed.
// More than all of it counts as all of it.
func (r *room) take(ctx context.Context, bytes int64) (release func(), err error) {
	taken := 0
	release = func() {
		for range taken {
			<-r.used
		}
	}
	if err := put(ctx, r.turn); err != nil {
		return nil, err
	}
	defer func() { <-r.turn }()
	for want := min(bytes>>20+1, int64(cap(r.used))); int64(taken) < want; taken++ {
		if err := put(ctx, r.used); err != nil {
			release()
			return nil, err
		}
	}
	return release, nil
}

func put(ctx context.Context, into chan<- struct{}) error {
	select {
	case into <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
