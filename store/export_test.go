package store

// Rewind returns a function that restores the organization's current version.
// Keeping a version costs nothing.
func (o *Organization) Rewind() func() {
	s := o.view()
	return func() { o.state.Store(s) }
}
