package store

import (
	"cmp"
	"math"
	"time"

	"github.com/tidwall/btree"

	"antechamber/api"
)

// position is an object's position in the lists of its kind: newest first, and
// for equal times by id, the greater id first, so that the order is total. Ids that
// the store drew at the same time sort in the order they were drawn.
type position struct {
	at int64 // microseconds since 1970
	id string
}

// newest comes before every real position, and oldest after.
var (
	newest = position{at: math.MaxInt64}
	oldest = position{at: math.MinInt64}
)

func at(t api.Time, id string) position { return position{t.UnixMicro(), id} }

// time returns the time of the position.
func (p position) time() api.Time { return api.At(time.UnixMicro(p.at)) }

// compare returns a negative number if p comes before q in a list.
func (p position) compare(q position) int {
	if c := cmp.Compare(q.at, p.at); c != 0 {
		return c
	}
	return cmp.Compare(q.id, p.id)
}

// row is one object of a table in one version. It never changes: a write replaces
// the row, and never writes through its slices and maps.
type row[T any] struct {
	key string // identity within the table
	position
	Value T
	json  string // of the API's object, encoded when the row was created
}

// index is one order of a table. Rows of one group are adjacent, and in list order
// within the group, unless less is set.
type index[T any] struct {
	holds func(*T) bool           // which rows it includes; nil for all
	group func(a, b *T) int       // equal rows form a group; nil for a single group
	less  func(a, b *row[T]) bool // replaces the order above
}

func (ix index[T]) order() func(a, b *row[T]) bool {
	switch {
	case ix.less != nil:
		return ix.less
	case ix.group == nil:
		return func(a, b *row[T]) bool { return a.compare(b.position) < 0 }
	}
	return func(a, b *row[T]) bool {
		if c := ix.group(&a.Value, &b.Value); c != 0 {
			return c < 0
		}
		return a.compare(b.position) < 0
	}
}

type tree[T any] = btree.BTreeG[*row[T]]

// table holds the objects of one kind, by key and in the order of each index.
type table[T any] struct {
	indexes []index[T] // the same slice in every version
	rows    *tree[T]   // by key
	orders  []*tree[T] // one per index
}

func newTable[T any](indexes []index[T]) table[T] {
	// Readers only see published versions, and the version's lock guards its
	// copying, so the trees need no locks.
	opts := btree.Options{NoLocks: true}
	t := table[T]{indexes: indexes, orders: make([]*tree[T], len(indexes))}
	t.rows = btree.NewBTreeGOptions(func(a, b *row[T]) bool { return a.key < b.key }, opts)
	for i, ix := range indexes {
		t.orders[i] = btree.NewBTreeGOptions(ix.order(), opts)
	}
	return t
}

// copy returns a table whose writes don't affect t. It marks t's trees, so two
// copies of one version must not be made concurrently.
func (t table[T]) copy() table[T] {
	c := table[T]{indexes: t.indexes, rows: t.rows.Copy(), orders: make([]*tree[T], len(t.orders))}
	for i, o := range t.orders {
		c.orders[i] = o.Copy()
	}
	return c
}

func (t *table[T]) len() int { return t.rows.Len() }

// get returns the row with the key, or nil.
func (t *table[T]) get(key string) *row[T] {
	r, _ := t.rows.Get(&row[T]{key: key})
	return r
}

// getter returns a function that works like get but allocates only once.
func (t *table[T]) getter() func(key string) *row[T] {
	wanted := new(row[T])
	return func(key string) *row[T] {
		wanted.key = key
		r, _ := t.rows.Get(wanted)
		return r
	}
}

// positionOf returns the list position of the object with the key.
func (t *table[T]) positionOf(key string) (position, bool) {
	if r := t.get(key); r != nil {
		return r.position, true
	}
	return position{}, false
}

// put adds the row, or replaces the one with its key.
func (t *table[T]) put(r *row[T]) {
	old, _ := t.rows.Set(r)
	for i, ix := range t.indexes {
		if old != nil && (ix.holds == nil || ix.holds(&old.Value)) {
			t.orders[i].Delete(old)
		}
		if ix.holds == nil || ix.holds(&r.Value) {
			t.orders[i].Set(r)
		}
	}
}

// remove removes and returns the row with the key, or returns nil.
func (t *table[T]) remove(key string) *row[T] {
	old, _ := t.rows.Delete(&row[T]{key: key})
	if old == nil {
		return nil
	}
	for i, ix := range t.indexes {
		if ix.holds == nil || ix.holds(&old.Value) {
			t.orders[i].Delete(old)
		}
	}
	return old
}

// span returns the group of an index that example belongs to.
func (t *table[T]) span(index int, example T) span[T] {
	return span[T]{t.orders[index], t.indexes[index].group, &example}
}

// span is one group of an index: a run of rows in list order.
type span[T any] struct {
	tree    *tree[T]
	group   func(a, b *T) int
	example *T // a pointer, or every comparison would copy it to the heap
}

// each calls f with every row of the span until f returns false.
func (s span[T]) each(f func(*row[T]) bool) {
	s.tree.Ascend(&row[T]{Value: *s.example, position: newest}, func(r *row[T]) bool {
		return s.has(r) && f(r)
	})
}

// first returns the first row of the span, or nil.
func (s span[T]) first() (first *row[T]) {
	s.each(func(r *row[T]) bool {
		first = r
		return false
	})
	return first
}

// all returns the rows of the span. A caller that writes to the table must collect
// them before the first write.
func (s span[T]) all() (rows []*row[T]) {
	s.each(func(r *row[T]) bool {
		rows = append(rows, r)
		return true
	})
	return rows
}

// collect appends f of each row's value to values.
func collect[T, V any](values []V, s span[T], f func(*T) V) []V {
	s.each(func(r *row[T]) bool {
		values = append(values, f(&r.Value))
		return true
	})
	return values
}

func (s span[T]) has(r *row[T]) bool { return s.group == nil || s.group(&r.Value, s.example) == 0 }

// walk returns an iterator over the rows of the span that follow the position in
// list order, or precede it if backward. The position itself is excluded.
func (s span[T]) walk(from position, backward bool) func() *row[T] {
	it := s.tree.Iter()
	pivot := &row[T]{Value: *s.example, position: from}
	found := it.Seek(pivot)
	switch {
	case backward && found:
		found = it.Prev()
	case backward:
		found = it.Last() // everything comes before the position
	case found && it.Item().position == from && s.has(it.Item()):
		found = it.Next()
	}
	return func() *row[T] {
		if !found || !s.has(it.Item()) {
			found = false
			return nil
		}
		r := it.Item()
		if backward {
			found = it.Prev()
		} else {
			found = it.Next()
		}
		return r
	}
}

// latestIn returns the latest time that of returns for a row of the table.
func latestIn[T any](t table[T], of func(*T) api.Time) (latest api.Time) {
	t.rows.Scan(func(r *row[T]) bool {
		latest = latestOf(latest, of(&r.Value))
		return true
	})
	return latest
}

// latestOf returns the latest of the times. A null time is before all others.
func latestOf(times ...api.Time) (latest api.Time) {
	for _, t := range times {
		if t.After(latest.Time) {
			latest = t
		}
	}
	return latest
}
