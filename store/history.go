package store

// history keeps the versions before the present one, for reads that are to be
// stale: as many as it is told to, which is none as a rule.
type history struct {
	keep     int
	versions []*state // oldest first
}

func (h *history) add(s *state) {
	if h.keep == 0 {
		return
	}
	h.versions = append(h.versions, s)
	if over := len(h.versions) - h.keep; over > 0 {
		h.versions = append([]*state(nil), h.versions[over:]...)
	}
}

// KeepHistory keeps that many versions before the present one from now on.
func (o *Organization) KeepHistory(versions int) {
	o.writing.Lock()
	defer o.writing.Unlock()
	o.history.keep = versions
	if over := len(o.history.versions) - versions; over > 0 {
		o.history.versions = append([]*state(nil), o.history.versions[over:]...)
	}
}

// Stale returns a handle whose reads see the organization as it was that many
// writes ago, or as long ago as history is kept. Writes see the present.
func (o *Organization) Stale(writes int) *Organization {
	o.writing.Lock()
	defer o.writing.Unlock()
	pinned := o.state.Load()
	if versions := o.history.versions; len(versions) > 0 {
		pinned = versions[max(0, len(versions)-writes)]
	}
	return &Organization{o.core, o.record, pinned}
}
