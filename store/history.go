package store

// history holds the versions before the current one, for stale reads.
type history struct {
	limit    int      // how many versions to keep; usually 0
	versions []*state // oldest first
}

func (h *history) add(s *state) {
	if h.limit == 0 {
		return
	}
	h.versions = append(h.versions, s)
	if over := len(h.versions) - h.limit; over > 0 {
		h.versions = append([]*state(nil), h.versions[over:]...)
	}
}

// KeepHistory sets how many versions before the current one are kept.
func (o *Organization) KeepHistory(versions int) {
	o.writing.Lock()
	defer o.writing.Unlock()
	o.history.limit = versions
	if over := len(o.history.versions) - versions; over > 0 {
		o.history.versions = append([]*state(nil), o.history.versions[over:]...)
	}
}

// Stale returns a handle whose reads see the organization as it was the given
// number of writes ago, or in the oldest version kept. Its writes act on the
// current version.
func (o *Organization) Stale(writes int) *Organization {
	o.writing.Lock()
	defer o.writing.Unlock()
	pinned := o.state.Load()
	if versions := o.history.versions; len(versions) > 0 {
		pinned = versions[max(0, len(versions)-writes)]
	}
	return &Organization{o.core, o.record, pinned}
}
