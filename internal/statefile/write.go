package statefile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"antechamber/seed"
	"antechamber/store"
)

// write writes a file. states are the encoded versions of k.
func write(to io.Writer, about About, k store.Dump, states [][]byte, stopped bool) error {
	h := head{Antechamber: new(formatVersion), IDSeed: about.IDSeed, Seed: about.Seed, Stopped: stopped, Made: k.OrganizationIDs, Counts: k.Counts}
	if about.Clock != nil {
		h.Clock = new(clockOf(*about.Clock))
	}
	sum := crc32.New(castagnoli)
	w := bufio.NewWriterSize(io.MultiWriter(to, sum), 1<<16)
	start := encode(h)
	w.Write(start[:len(start)-1]) // Flush returns the error
	list(w, "states", len(states), func(i int) []byte { return states[i] })
	list(w, "origins", len(k.Origins), func(i int) []byte { return encode(originOf(k.Origins[i])) })
	list(w, "organizations", len(k.Organizations), func(i int) []byte { return encode(organizationOf(k.Organizations[i])) })
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(to, ending(sum.Sum32()))
	return err
}

// list writes a list of n values, one per line.
func list(w *bufio.Writer, name string, n int, value func(i int) []byte) {
	fmt.Fprintf(w, ",\n%q:[", name)
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteByte('\n')
		w.Write(value(i))
	}
	w.WriteByte(']')
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("statefile: " + err.Error()) // only strings, numbers and lists of them
	}
	return b
}

func lookOf(l store.NamedVersion) look { return look{l.Version, l.Name, clockOf(l.Clock), &l.Drawn} }

func originOf(g store.DumpOrigin) origin {
	out := origin{look: lookOf(g.NamedVersion), LoadedAt: g.Loaded}
	if !g.ClockStart.IsZero() {
		out.ShowsAt = &g.ClockStart
	}
	if g.SeedIndex >= 0 {
		out.Seed = &g.SeedIndex
	}
	return out
}

func organizationOf(o store.DumpOrganization) organization {
	out := organization{
		ID: o.ID, AdminKeys: append([]string{}, o.AdminKeys...), look: lookOf(o.NamedVersion), Origin: o.Origin, OwnName: o.OwnName,
		CreatedFrom: o.CreatedFrom, LastActivityAt: o.LastActivity, Requests: o.Requests, RequestSeed: o.RequestSeed,
	}
	if !o.Expires.IsZero() {
		out.ExpiresAt = &o.Expires
	}
	return out
}

// stateOf returns a version, encoded as a seed.
func stateOf(v store.Version) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, seed.Export(v.Contents())); err != nil {
		panic("statefile: " + err.Error()) // an export is JSON
	}
	return slices.Clone(b.Bytes())
}
