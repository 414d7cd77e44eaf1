package statefile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/jsontree"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

// File is a state file in memory.
type File struct {
	About
	path string
	kept store.Dump
}

// Read reads a state file. realTime is the time for running clocks. The error is an
// *fs.PathError if the file cannot be read.
func Read(path string, realTime time.Time) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parse(data)
	if err != nil {
		return nil, rejected(path, err)
	}
	read := &File{About: About{IDSeed: f.IDSeed, Seed: f.Seed}, path: path}
	if f.Clock != nil {
		frozen, err := f.Clock.clock()
		if err != nil {
			return nil, rejected(path, fmt.Errorf("/clock: %w", err))
		}
		read.Clock = &frozen
	}
	if read.kept, err = f.read(realTime); err != nil {
		return nil, rejected(path, err)
	}
	return read, nil
}

// Fill adds all organizations to an empty store. reload returns the function that
// loads the organization at an index of the seed again.
func (f *File) Fill(s *store.Store, reload func(place int) func(realTime time.Time) (store.Contents, error)) error {
	if err := s.LoadDump(f.kept, reload); err != nil {
		return rejected(f.path, err)
	}
	return nil
}

// rejected returns the error for a file that cannot be used: what is wrong with it,
// and what to do.
func rejected(path string, err error) error {
	location, positioned := errors.AsType[*positionError](err)
	_, other := errors.AsType[versionError](err)
	switch {
	case errors.Is(err, errOtherFile):
		return fmt.Errorf("%s is not a state file: %w (choose another file)", path, err)
	case other:
		return fmt.Errorf("cannot read state file %s: %w (use a newer antechamber or choose another file)", path, err)
	case positioned:
		return fmt.Errorf("damaged state file %s:%w (file left unchanged; restore a backup or move the file aside)", path, location)
	}
	return fmt.Errorf("damaged state file %s: %w (file left unchanged; restore a backup or move the file aside)", path, err)
}

// errOtherFile is the error for JSON that is not a state file.
var errOtherFile = errors.New(text.Missing("antechamber"))

// versionError is the error for a format that is newer than formatVersion.
type versionError string

func (v versionError) Error() string {
	return fmt.Sprintf("written by a newer version, in format %s; want %d", string(v), formatVersion)
}

// positionError is an error at a position in a file.
type positionError struct {
	line, column int
	message      string
}

func (e *positionError) Error() string { return fmt.Sprintf("%d:%d: %s", e.line, e.column, e.message) }

// parse decodes a file.
func parse(data []byte) (*file, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	f := &file{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(f)
	if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := mistyped.Field[strings.LastIndexByte(mistyped.Field, '.')+1:]
		return nil, errorAt(data, int(mistyped.Offset)-1, text.Invalid(field, "", nameOf(mistyped.Type)))
	}
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return f, nil
}

// nameOf returns what a field of type t can have, for errors.
func nameOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "an array"
	case reflect.Struct:
		return "an object"
	}
	return "a whole number"
}

// checkedLevels is the depth of the clocks of the file. States are large, and package
// seed checks them.
const checkedLevels = 4

// check returns an error if data is damaged or not a state file.
func check(data []byte) error {
	doc, err := jsontree.ParseWithin(data, jsontree.Limits{Levels: checkedLevels})
	if syntax, ok := errors.AsType[*jsontree.SyntaxError](err); ok {
		return errorAt(data, syntax.Offset, syntax.Message)
	}
	if doc.Root.Kind != jsontree.Object {
		return errorAt(data, doc.Root.Start, text.Invalid("state", "", "an object"))
	}
	version := doc.Root.Get("antechamber")
	if version == nil {
		return errOtherFile
	}
	found := ""
	if version.Kind == jsontree.Number && len(version.Text) <= 20 {
		found = version.Text
	}
	switch n, err := strconv.Atoi(found); {
	case err == nil && n > formatVersion:
		return versionError(found)
	case found != strconv.Itoa(formatVersion):
		return errors.New("/antechamber: " + text.Invalid("antechamber", found, strconv.Itoa(formatVersion)))
	}
	// The checksum detects damage that leaves the file valid JSON.
	size := len(ending(0))
	body, end := data[:max(0, len(data)-size)], string(data[max(0, len(data)-size):])
	if sum := crc32.Checksum(body, castagnoli); end != ending(sum) {
		return errors.New("/checksum: " + text.Invalid("checksum", "", fmt.Sprintf("%08x at the end of the file; part of it was changed or is missing", sum)))
	}
	if len(doc.Repeated) > 0 {
		return errorAt(data, doc.Repeated[0].NameStart, "repeated field "+text.Quote(doc.Repeated[0].Name))
	}
	return nil
}

// errorAt returns an error at an offset of the file.
func errorAt(data []byte, offset int, message string) error {
	line, column := jsontree.Position(data, offset)
	return &positionError{line, column, message}
}

// read returns the contents of the store.
func (f *file) read(realTime time.Time) (store.Dump, error) {
	k := store.Dump{OrganizationIDs: f.Made, Counts: f.Counts}
	if len(f.Organizations) == 0 || len(f.Organizations[0].AdminKeys) == 0 {
		return k, errors.New("/organizations: the first organization must exist and have an admin key")
	}
	latest := make([]api.Time, len(f.States))
	for i, state := range f.States {
		v, at, err := readState(state, realTime)
		if err != nil {
			return k, fmt.Errorf("/states/%d%w", i, err)
		}
		k.Versions, latest[i] = append(k.Versions, v), at
	}
	lookFrom := func(l look) (store.NamedVersion, error) {
		if l.State < 0 || l.State >= len(f.States) {
			return store.NamedVersion{}, fmt.Errorf("/state: no such state %d", l.State)
		}
		c, err := l.Clock.clock()
		if err != nil {
			return store.NamedVersion{}, fmt.Errorf("/clock: %w", err)
		}
		// An organization's time never goes back, even if this machine's clock is
		// behind that of the machine that saved the file.
		if behind := latest[l.State].Sub(c.Now(realTime).Time); behind > 0 && !c.Frozen {
			c.Offset += behind
		}
		drawn := k.Versions[l.State].Drawn()
		if l.Drawn != nil {
			drawn = *l.Drawn
		}
		return store.NamedVersion{Version: l.State, Name: l.Name, Clock: c, Drawn: drawn}, nil
	}
	for i, g := range f.Origins {
		l, err := lookFrom(g.look)
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
		l, err := lookFrom(o.look)
		if err == nil && (o.Origin < 0 || o.Origin >= len(f.Origins)) {
			err = fmt.Errorf("/origin: no such origin %d", o.Origin)
		}
		createdFrom := cmp.Or(o.CreatedFrom, store.OriginSeed)
		if err == nil && !slices.Contains(store.Origins, createdFrom) {
			err = fmt.Errorf("/created_from: %s", text.Invalid("created_from", text.Quote(string(createdFrom)), text.OneOf(store.Origins)))
		}
		if err != nil {
			return k, fmt.Errorf("/organizations/%d%w", i, err)
		}
		kept := store.DumpOrganization{
			NamedVersion: l, ID: o.ID, AdminKeys: o.AdminKeys, Origin: o.Origin, OwnName: o.OwnName,
			CreatedFrom: createdFrom, LastActivity: o.LastActivityAt, Requests: o.Requests, RequestSeed: o.RequestSeed,
		}
		if o.ExpiresAt != nil {
			kept.Expires = *o.ExpiresAt
		}
		k.Organizations = append(k.Organizations, kept)
	}
	if !f.Stopped {
		k = k.AfterCrash()
	}
	return k, nil
}

// readState returns a state and the time of its latest event.
func readState(state []byte, realTime time.Time) (v store.Version, latest api.Time, err error) {
	_, all, err := seed.ReadSaved("state", state, seed.Options{Real: realTime})
	if faults, ok := errors.AsType[seed.Faults](err); ok {
		return v, latest, fmt.Errorf("%s: %s", faults[0].Pointer, faults[0].Message)
	}
	if len(all) != 1 {
		return v, latest, fmt.Errorf(": %s", text.Invalid("state", "", fmt.Sprintf("one organization, not %d", len(all))))
	}
	if v, err = store.VersionOf(all[0]); err != nil {
		err = fmt.Errorf(": %w", err)
	}
	return v, all[0].Clock.At, err
}
