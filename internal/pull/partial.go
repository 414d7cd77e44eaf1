package pull

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"antechamber/internal/wholefile"
)

// partialVersion changes when what is kept, or what it means, does.
const partialVersion = 2

// header is the first line of a partial file: what the rest belongs to.
type header struct {
	Version      int       `json:"antechamber_pull"`
	From         string    `json:"from"`
	Organization string    `json:"organization"`
	PersonalData bool      `json:"personal_data"`
	Key          string    `json:"key"` // a code that only the same admin key gives
	BegunAt      time.Time `json:"begun_at"`
}

// headerBegins is how every partial file begins.
const headerBegins = `{"antechamber_pull":`

// kept is one page of a list, a line of a partial file.
type kept struct {
	List string `json:"list"`
	Anew bool   `json:"anew,omitempty"` // forget the pages before: the list was begun again
	Next string `json:"next,omitempty"` // the cursor of the page that follows; empty after the last one
	Data []byte `json:"data,omitempty"` // in the file it is sealed
}

// partial keeps the pages that were read, so that another run can go on from
// there. It is a file of JSON lines: a kill costs the last line at most. While
// it is open it is locked.
type partial struct {
	path  string
	file  *os.File // nil where nothing is kept
	seal  seal
	found []byte // what was in the file
	ours  bool   // nobody misses the file when there are no pages in it
	begun time.Time
	lists map[string][]kept // what an earlier run read
	past  map[string][]kept // and what of it was forgotten
	any   bool              // there are pages in it
}

// Unusable is an error about a partial file that belongs to something else.
type Unusable struct{ error }

func (u *Unusable) Unwrap() error { return u.error }

func unusable(format string, args ...any) *Unusable { return &Unusable{fmt.Errorf(format, args...)} }

// claimPartial opens the file at a path for this run alone, and creates it
// where there is none. It keeps nothing where the path is empty.
func claimPartial(path, key string) (*partial, error) {
	p := &partial{path: path, seal: newSeal(key), lists: map[string][]kept{}, past: map[string][]kept{}}
	if path == "" {
		return p, nil
	}
	const most = 100 // times that others remove it at that moment
	for tries := 0; p.file == nil; tries++ {
		if tries == most {
			return nil, fmt.Errorf("%s cannot be locked", path)
		}
		if err := p.claim(); err != nil {
			return nil, err
		}
	}
	var err error
	if p.found, err = io.ReadAll(p.file); err != nil {
		return nil, errors.Join(err, p.file.Close())
	}
	p.ours = len(p.found) == 0
	if begins := p.found[:min(len(p.found), len(headerBegins))]; !strings.HasPrefix(headerBegins, string(begins)) {
		return nil, errors.Join(unusable("%s is no copy that was begun: move it away", path), p.file.Close())
	}
	return p, nil
}

// claim locks the file, unless it has gone meanwhile: its owner removes it
// with the lock on it.
func (p *partial) claim() error {
	if info, err := os.Lstat(p.path); err == nil && !info.Mode().IsRegular() {
		return unusable("%s is no regular file: move it away", p.path)
	}
	file, err := os.OpenFile(p.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	switch free, err := wholefile.Lock(file); {
	case err != nil:
		return errors.Join(err, file.Close())
	case !free:
		return errors.Join(unusable("another pull is writing %s: wait for it, or name another file with --out", p.path), file.Close())
	case !stands(p.path, file):
		return file.Close()
	}
	p.file = file
	return nil
}

// stands tells whether an open file is the one at a path.
func stands(path string, file *os.File) bool {
	there, err := os.Lstat(path)
	if err != nil {
		return false
	}
	open, err := file.Stat()
	return err == nil && os.SameFile(there, open)
}

// begin takes over what an earlier run has kept, unless everything is to be
// fresh, and makes the file ready for what comes after it.
func (p *partial) begin(fresh bool, h header) error {
	p.begun = h.BegunAt
	if p.file == nil {
		return nil
	}
	whole := 0
	if !fresh {
		var err error
		if whole, err = p.read(p.found, h); err != nil {
			p.any = false
			return err
		}
	}
	p.ours = true
	err := errors.Join(p.file.Chmod(0o600), p.file.Truncate(int64(whole)))
	if err == nil {
		_, err = p.file.Seek(int64(whole), io.SeekStart)
	}
	if err == nil && whole == 0 {
		err = p.line(h)
	}
	return err
}

// read takes over what an earlier run has kept, and gives how many bytes of it
// are whole lines.
func (p *partial) read(data []byte, want header) (whole int, err error) {
	useless := func(format string, args ...any) (int, error) {
		return 0, unusable("%s %s: begin anew with --fresh", p.path, fmt.Sprintf(format, args...))
	}
	for number := 1; ; number++ {
		line, rest, ended := bytes.Cut(data[whole:], []byte("\n"))
		switch {
		case !ended: // torn, or the end
			return whole, nil
		case number == 1:
			var h header
			if err := json.Unmarshal(line, &h); err != nil {
				return useless("is no copy that was begun")
			}
			if differs := h.differs(want); differs != "" {
				return useless("%s", differs)
			}
			p.begun = h.BegunAt
		default:
			var k kept
			if !p.seal.read(line, &k) {
				if len(rest) == 0 { // torn, though with an end
					return whole, nil
				}
				return useless("is damaged in line %d", number)
			}
			if k.Anew {
				p.past[k.List] = append(p.past[k.List], p.lists[k.List]...)
				p.lists[k.List] = nil
			} else {
				p.lists[k.List] = append(p.lists[k.List], k)
				p.any = true
			}
		}
		whole += len(line) + 1
	}
}

// differs says why what follows the header is of no use; empty when it is.
func (h header) differs(want header) string {
	switch {
	case h.Version != want.Version:
		return "was begun by another version of antechamber"
	case h.From != want.From:
		return fmt.Sprintf("was begun from %s, not from %s", h.From, want.From)
	case h.Organization != want.Organization:
		return fmt.Sprintf("was begun for the organization %s, and the key is one of %s", h.Organization, want.Organization)
	case h.Key != want.Key:
		return "was begun with another admin key, without which people cannot be recognised"
	case h.PersonalData && !want.PersonalData:
		return "holds personal data, and was begun with --keep-personal-data"
	case !h.PersonalData && want.PersonalData:
		return "was begun without --keep-personal-data"
	}
	return ""
}

// keep adds a page.
func (p *partial) keep(k kept) error {
	if p.file == nil {
		return nil
	}
	p.any = p.any || !k.Anew
	k.Data = p.seal.close(k.Data)
	return p.line(k)
}

// line writes a line at once, so that what is torn is the last one.
func (p *partial) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = p.file.Write(append(b, '\n'))
	return err
}

// close gives the file free, and removes it where nothing is in it.
func (p *partial) close() error {
	switch {
	case p.file == nil:
		return nil
	case p.ours && !p.any:
		return p.remove()
	}
	return p.file.Close()
}

// remove removes the file, of which nothing is needed any more.
func (p *partial) remove() error {
	file := p.file
	p.file = nil
	if !stands(p.path, file) {
		return file.Close()
	}
	removed := os.Remove(p.path) // as long as nobody else can have it
	closed := file.Close()
	if removed != nil { // there are systems on which an open file stays
		removed = os.Remove(p.path)
	}
	if errors.Is(removed, fs.ErrNotExist) {
		removed = nil
	}
	return errors.Join(removed, closed)
}

// goesOn tells whether another run could go on from here.
func (p *partial) goesOn() bool { return p.file != nil && p.any && stands(p.path, p.file) }

// of gives the pages of a list that were read before.
func (p *partial) of(list string) []kept { return slices.Clone(p.lists[list]) }

// forgottenOf gives the pages of a list that was begun anew since.
func (p *partial) forgottenOf(list string) []kept { return slices.Clone(p.past[list]) }
