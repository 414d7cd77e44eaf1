package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/oklog/ulid/v2"
)

// IDs is an organization's stream of ids. An id is a function of the seed, the time
// and the number of ids drawn before it, so a restored state draws the same ids
// again.
type IDs struct {
	Seed  uint64 `json:"seed"`
	Drawn uint64 `json:"drawn"`
}

// maxCount is the highest count: 53 bits, which every JSON parser represents exactly.
const maxCount = 1<<53 - 1

// next returns the next count.
func (s *IDs) next() uint64 {
	s.Drawn = (s.Drawn + 1) & maxCount
	return s.Drawn
}

// New returns the next id: the prefix and a ULID with the time at, whose random
// part is made from the seed and the count. Ids with the same time sort in the
// order they were drawn.
func (s *IDs) New(prefix string, at time.Time) string {
	return prefix + newULID(at, s.Seed, s.next()).String()
}

// UUID returns the next id of the stream in the form of a random UUID, which the
// API uses for some objects.
func (s *IDs) UUID() string {
	n := s.next()
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], mix(s.Seed, n))
	binary.BigEndian.PutUint64(b[8:], mix(^s.Seed, n))
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Color returns the next display color of the stream.
func (s *IDs) Color() string {
	return palette[mix(s.Seed, s.next())%uint64(len(palette))]
}

// palette holds the colors for workspaces created without one. Production's are
// not documented; these are ours.
var palette = []string{
	"#6C5BB9", "#4A90D9", "#2E8B7A", "#C2703D", "#B5485D", "#7A8B2E",
	"#3D6FC2", "#9B59B6", "#D4A017", "#2F9E44", "#E8590C", "#1098AD",
}

// newULID returns a ULID with the time at. Its 80 random bits are 24 bits from the
// seed and the millisecond, 40 of the count, and 16 from the seed and the count:
// unique within a stream and sorted in the order of drawing.
func newULID(at time.Time, seed, n uint64) ulid.ULID {
	var id ulid.ULID
	ms := ulid.Timestamp(at)
	// The only error is a time after the year 10889, which no clock here reaches.
	_ = id.SetTime(ms)
	front, back := mix(seed, ms), mix(seed, n)
	id[6], id[7], id[8] = byte(front>>16), byte(front>>8), byte(front)
	id[9], id[10], id[11], id[12], id[13] = byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	id[14], id[15] = byte(back>>8), byte(back)
	return id
}

// newID returns the next id of the stream that no row of the table has: a seed may
// have pinned some.
func newID[T any](t *tx, in *table[T], prefix string) string {
	for {
		id := t.ids.New(prefix, t.now.Time)
		if in.get(id) == nil {
			return id
		}
	}
}

// SeedOf returns the id seed of an organization of a server: 53 bits, so that every
// JSON parser represents it exactly.
func SeedOf(server uint64, organization int) uint64 {
	return mix(server, uint64(organization)) >> 11
}

// hash returns a hash of s.
func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s)) // never fails
	return h.Sum64()
}

// mix returns a hash of two numbers, by the finalizer of splitmix64.
func mix(a, b uint64) uint64 {
	x := a ^ (b+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
