package store

import (
	"iter"
	"slices"

	"antechamber/api"
	"antechamber/internal/text"
)

// DefaultLimit and MaxLimit are the default and the maximum length of a page.
const (
	DefaultLimit = 20
	MaxLimit     = 1000
)

// List selects a page of a list. At most one of BeforeID and AfterID is set.
type List struct {
	Limit    int    // maximum length of the page, 1 to MaxLimit
	BeforeID string // selects the page directly before this object
	AfterID  string // selects the page directly after this object
}

// Page is one page of a list.
type Page[T any] struct {
	HasMore         bool   // whether more objects follow in the requested direction
	FirstID, LastID string // of the first and last object, as cursors; empty for an empty page

	n              int
	size           int // of the objects' JSON, in bytes, in the full shape
	value          func(i int) T
	encode         func(b []byte, i int) []byte
	encode20261021 func(b []byte, i int) []byte // encode in api.Shape20261021; nil if that is the same
}

// In returns the page with its JSON in a shape.
func (p Page[T]) In(s api.Shape) Page[T] {
	if s == api.Shape20261021 && p.encode20261021 != nil {
		p.encode, p.encode20261021 = p.encode20261021, nil
	}
	return p
}

// Len returns the number of objects on the page.
func (p Page[T]) Len() int { return p.n }

// All returns the objects of the page in list order.
func (p Page[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range p.n {
			if !yield(p.value(i)) {
				return
			}
		}
	}
}

// JSON returns the page as the API sends it, in the full shape unless it was
// returned by In.
func (p Page[T]) JSON() []byte {
	b := make([]byte, 0, p.size+p.n+2*len(p.FirstID)+2*len(p.LastID)+64)
	b = append(b, `{"data":[`...)
	for i := range p.n {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.encode(b, i)
	}
	b = append(b, `],"has_more":`...)
	if p.HasMore {
		b = append(b, `true`...)
	} else {
		b = append(b, `false`...)
	}
	b = append(b, `,"first_id":`...)
	b = appendID(b, p.FirstID)
	b = append(b, `,"last_id":`...)
	b = appendID(b, p.LastID)
	return append(b, '}')
}

// appendID appends an id, or null if it is empty. Ids need no escaping in JSON: the
// store draws them that way, and a seed's rules require it.
func appendID(b []byte, id string) []byte {
	if id == "" {
		return append(b, `null`...)
	}
	b = append(b, '"')
	b = append(b, id...)
	return append(b, '"')
}

// cursor is a List with a position instead of ids.
type cursor struct {
	from     position
	backward bool
	limit    int
}

// cursor resolves the ids of the list: find returns the position of an object that
// is or was in it.
func (l List) cursor(noun string, find func(id string) (position, bool)) (cursor, error) {
	c := cursor{from: newest, limit: l.Limit}
	id, name := l.AfterID, "after_id"
	if l.BeforeID != "" {
		id, name, c.backward = l.BeforeID, "before_id", true
	}
	if id == "" {
		return c, nil
	}
	p, ok := find(id)
	if !ok {
		return c, invalid(name + ": " + noun + " `" + text.Shorten(id, MaxEcho) + "` is not an object of this list.")
	}
	c.from = p
	return c, nil
}

// page merges walks into one page: at most limit objects, always in list order, and
// whether more follow. Each walk returns its objects in the direction of the
// cursor; an object that several walks return is taken from the first of them. The
// cost does not depend on the position of the page: each walk seeks once, and
// visits each object once.
func page[V interface{ pos() position }](c cursor, walks ...func() (V, bool)) (objects []V, more bool) {
	type head struct {
		object V
		ok     bool
	}
	heads := make([]head, len(walks))
	for i, next := range walks {
		heads[i].object, heads[i].ok = next()
	}
	objects = make([]V, 0, c.limit) // so that the number of allocations does not depend on the length
	for {
		best := -1
		for i := range heads {
			if !heads[i].ok {
				continue
			}
			if best < 0 {
				best = i
				continue
			}
			order := heads[i].object.pos().compare(heads[best].object.pos())
			if order < 0 && !c.backward || order > 0 && c.backward {
				best = i
			}
		}
		if best < 0 {
			break
		}
		if len(objects) == c.limit {
			more = true
			break
		}
		taken := heads[best].object
		objects = append(objects, taken)
		for i := range heads {
			if heads[i].ok && heads[i].object.pos() == taken.pos() {
				heads[i].object, heads[i].ok = walks[i]()
			}
		}
	}
	if c.backward {
		slices.Reverse(objects)
	}
	return objects, more
}

func (r *row[T]) pos() position { return r.position }

// pageOf returns the page of the merged spans.
func pageOf[T any](c cursor, spans ...span[T]) Page[T] { return pageOfRows(rowsOnPage(c, spans...)) }

// rowsOnPage returns the rows of the page of the merged spans, and whether more
// follow.
func rowsOnPage[T any](c cursor, spans ...span[T]) ([]*row[T], bool) {
	walks := make([]func() (*row[T], bool), len(spans))
	for i, s := range spans {
		walks[i] = rowsOf(s.walk(c.from, c.backward))
	}
	return page(c, walks...)
}

func rowsOf[T any](next func() *row[T]) func() (*row[T], bool) {
	return func() (*row[T], bool) {
		r := next()
		return r, r != nil
	}
}

func pageOfRows[T any](rows []*row[T], more bool) Page[T] {
	p := Page[T]{
		HasMore: more,
		n:       len(rows),
		value:   func(i int) T { return rows[i].Value },
		encode:  func(b []byte, i int) []byte { return append(b, rows[i].json...) },
	}
	for _, r := range rows {
		p.size += len(r.json)
	}
	if len(rows) > 0 {
		p.FirstID, p.LastID = rows[0].key, rows[len(rows)-1].key
	}
	return p
}

// Object is one object of the API and its JSON, which was encoded when the object
// was last written. The maps and slices in a value are shared with the store and
// must not be written to.
type Object[T any] struct {
	Value        T
	JSON         string // in the full shape, unless the object was returned by In
	json20261021 string // in api.Shape20261021; empty if that is the same
}

// In returns the object with its JSON in a shape.
func (o Object[T]) In(s api.Shape) Object[T] {
	if s == api.Shape20261021 && o.json20261021 != "" {
		o.JSON, o.json20261021 = o.json20261021, ""
	}
	return o
}

func (r *row[T]) object() Object[T] { return Object[T]{Value: r.Value, JSON: r.json} }

// objectOf encodes a value that is not in a table.
func objectOf[T any](v T) Object[T] { return Object[T]{Value: v, JSON: api.Encode(v)} }
