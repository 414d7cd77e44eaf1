package store

// Rewind returns a function that restores the organization's current version.
// Holding on to a version is free.
func (o *Organization) Rewind() func() {
	s := o.view()
	return func() { o.state.Store(s) }
}
