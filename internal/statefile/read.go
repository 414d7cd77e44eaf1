package statefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/jsontree"
	"antechamber/seed"
	"antechamber/store"
)

// File is a file that was read.
type File struct {
	About
	path string
	kept store.Dump
}

// requestsMissed is more than the requests that an organization can have
// answered since a file was saved, so that none of their ids comes again.
const requestsMissed = 1 << 20

// Read reads a file at a real time. It fails when there is none, and when the
// file is damaged or something else; it changes nothing.
func Read(path string, realTime time.Time) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parse(data)
	if err != nil {
		return nil, damaged(path, err)
	}
	read := &File{About: About{IDSeed: f.IDSeed, Seed: f.Seed}, path: path}
	if f.Clock != nil {
		frozen, err := f.Clock.clock()
		if err != nil {
			return nil, damaged(path, fmt.Errorf("/clock: %w", err))
		}
		read.Clock = &frozen
	}
	if read.kept, err = f.read(realTime); err != nil {
		return nil, damaged(path, err)
	}
	return read, nil
}

// Fill puts everything into a store without organizations; anew gives how a
// place of the seed is loaded anew.
func (f *File) Fill(s *store.Store, anew func(place int) func(realTime time.Time) (store.Contents, error)) error {
	if err := s.LoadDump(f.kept, anew); err != nil {
		return damaged(f.path, err)
	}
	return nil
}

// damaged words why a file is refused.
func damaged(path string, why error) error {
	return fmt.Errorf("the state file %s is damaged, and stays as it is: %w", path, why)
}

// parse reads the text of a file.
func parse(data []byte) (*file, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	f := &file{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(f)
	if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil, at(data, int(mistyped.Offset)-1, "invalid %s: unexpected %s", mistyped.Field[strings.LastIndexByte(mistyped.Field, '.')+1:], mistyped.Value)
	}
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return f, nil
}

// levels reach down to the clocks of the file. States are large, and checked by
// package seed.
const levels = 4

// check refuses a text that is damaged or not a state file.
func check(data []byte) error {
	doc, err := jsontree.ParseWithin(data, jsontree.Limits{Levels: levels})
	if syntax, ok := errors.AsType[*jsontree.SyntaxError](err); ok {
		return at(data, syntax.Offset, "%s", syntax.Message)
	}
	if doc.Root.Kind != jsontree.Object {
		return at(data, doc.Root.Start, "expected an object")
	}
	version := doc.Root.Get("antechamber")
	if version == nil {
		return errors.New("/antechamber: expected the version of a state file, and there is none: this is some other file")
	}
	found := "another value"
	if version.Kind == jsontree.Number && len(version.Text) <= 20 {
		found = version.Text
	}
	if found != strconv.Itoa(formatVersion) {
		return fmt.Errorf("/antechamber: expected version %d of state files, not %s", formatVersion, found)
	}
	// What is damaged and JSON all the same shows in the sum.
	size := len(ending(0))
	body, end := data[:max(0, len(data)-size)], string(data[max(0, len(data)-size):])
	if sum := crc32.Checksum(body, castagnoli); end != ending(sum) {
		return fmt.Errorf("/checksum: expected %08x at the end of the file: something before it was changed or is missing", sum)
	}
	if len(doc.Repeated) > 0 {
		return at(data, doc.Repeated[0].NameStart, "repeated field %q", doc.Repeated[0].Name)
	}
	return nil
}

// at returns an error at an offset of the file.
func at(data []byte, offset int, format string, args ...any) error {
	line, column := jsontree.Position(data, offset)
	return fmt.Errorf("line %d, column %d: %s", line, column, fmt.Sprintf(format, args...))
}

// read returns what the store is filled with.
func (f *file) read(realTime time.Time) (store.Dump, error) {
	k := store.Dump{OrganizationIDs: f.Made}
	if len(f.Organizations) == 0 || len(f.Organizations[0].AdminKeys) == 0 {
		return k, errors.New("/organizations: expected an organization with an admin key")
	}
	latest := make([]api.Time, len(f.States))
	for i, text := range f.States {
		v, at, err := readState(text, realTime)
		if err != nil {
			return k, fmt.Errorf("/states/%d%w", i, err)
		}
		k.Versions, latest[i] = append(k.Versions, v), at
	}
	looks := func(l look) (store.NamedVersion, error) {
		if l.State < 0 || l.State >= len(f.States) {
			return store.NamedVersion{}, fmt.Errorf("/state: there is no state %d", l.State)
		}
		c, err := l.Clock.clock()
		if err != nil {
			return store.NamedVersion{}, fmt.Errorf("/clock: %w", err)
		}
		// The clock of this machine may be behind that of the one before, and no
		// organization goes back.
		if behind := latest[l.State].Sub(c.Now(realTime).Time); behind > 0 && !c.Frozen {
			c.Offset += behind
		}
		return store.NamedVersion{Version: l.State, Name: l.Name, Clock: c}, nil
	}
	for i, g := range f.Origins {
		l, err := looks(g.look)
		if err != nil {
			return k, fmt.Errorf("/origins/%d%w", i, err)
		}
		kept := store.DumpOrigin{NamedVersion: l, Loaded: g.LoadedAt, SeedIndex: -1}
		if g.ShowsAt != nil {
			kept.ClockStart = *g.ShowsAt
		}
		if g.Seed != nil {
			kept.SeedIndex = *g.Seed
		}
		k.Origins = append(k.Origins, kept)
	}
	for i, o := range f.Organizations {
		l, err := looks(o.look)
		if err == nil && (o.Origin < 0 || o.Origin >= len(f.Origins)) {
			err = fmt.Errorf("/origin: there is no origin %d", o.Origin)
		}
		if err != nil {
			return k, fmt.Errorf("/organizations/%d%w", i, err)
		}
		kept := store.DumpOrganization{
			NamedVersion: l, ID: o.ID, AdminKeys: o.AdminKeys, Origin: o.Origin, OwnName: o.OwnName,
			Requests: o.Requests, RequestSeed: o.RequestSeed,
		}
		if o.ExpiresAt != nil {
			kept.Expires = *o.ExpiresAt
		}
		if !f.Stopped {
			kept.Requests += requestsMissed
		}
		k.Organizations = append(k.Organizations, kept)
	}
	return k, nil
}

// readState returns a state and the latest instant at which something happened
// in it.
func readState(text []byte, realTime time.Time) (v store.Version, latest api.Time, err error) {
	_, all, err := seed.Read("state", text, seed.Options{Real: realTime})
	if faults, ok := errors.AsType[seed.Faults](err); ok {
		return v, latest, fmt.Errorf("%s: %s", faults[0].Pointer, faults[0].Message)
	}
	if len(all) != 1 {
		return v, latest, fmt.Errorf(": expected one organization, not %d", len(all))
	}
	if v, err = store.VersionOf(all[0]); err != nil {
		err = fmt.Errorf(": %w", err)
	}
	return v, all[0].Clock.At, err
}
