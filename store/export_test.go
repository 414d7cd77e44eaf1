package store

// Rewind returns a function that puts the organization back to what it is now.
// A version that is kept is a snapshot, so it costs nothing.
func (o *Organization) Rewind() func() {
	s := o.view()
	return func() { o.state.Store(s) }
}
