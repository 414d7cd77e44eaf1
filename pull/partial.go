package pull

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// partialVersion changes when what is kept, or what it means, does.
const partialVersion = 1

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
	List string          `json:"list"`
	Anew bool            `json:"anew,omitempty"` // forget the pages before: the list was begun again
	Next string          `json:"next,omitempty"` // the cursor of the page that follows; empty after the last one
	Data json.RawMessage `json:"data,omitempty"`
}

// partial keeps the pages that were read, so that another run can go on from
// there. It is a file of JSON lines: a kill costs the last line at most.
type partial struct {
	path  string
	file  *os.File // nil where nothing is kept
	begun time.Time
	lists map[string][]kept // what an earlier run read
	any   bool              // there are pages in it
}

// Unusable is an error about a partial file that belongs to something else.
type Unusable struct{ error }

// openPartial opens the file at a path, or begins it. It keeps nothing where
// the path is empty.
func openPartial(path string, fresh bool, h header) (*partial, error) {
	p := &partial{path: path, begun: h.BegunAt, lists: map[string][]kept{}}
	if path == "" {
		return p, nil
	}
	if fresh {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := 0
	if err == nil {
		if whole, err = p.read(data, h); err != nil {
			return nil, err
		}
	}
	return p, p.open(int64(whole), h)
}

// open opens the file for what comes after its first bytes.
func (p *partial) open(whole int64, h header) error {
	file, err := os.OpenFile(p.path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	p.file = file
	err = errors.Join(file.Chmod(0o600), file.Truncate(whole))
	if err == nil {
		_, err = file.Seek(whole, 0)
	}
	if err == nil && whole == 0 {
		err = p.line(h)
	}
	return err
}

// read takes over what an earlier run has kept, and gives how many bytes of it
// are whole lines.
func (p *partial) read(data []byte, want header) (whole int, err error) {
	unusable := func(format string, args ...any) (int, error) {
		return 0, &Unusable{fmt.Errorf(p.path+" "+format+": begin anew with --fresh", args...)}
	}
	for number := 1; ; number++ {
		line, rest, ended := bytes.Cut(data[whole:], []byte("\n"))
		switch {
		case !ended && number == 1 && !bytes.HasPrefix(line, []byte(headerBegins)) && !bytes.HasPrefix([]byte(headerBegins), line):
			return unusable("is no copy that was begun")
		case !ended: // torn, or the end
			return whole, nil
		case number == 1:
			var h header
			if err := json.Unmarshal(line, &h); err != nil {
				return unusable("is no copy that was begun")
			}
			if differs := h.differs(want); differs != "" {
				return unusable("%s", differs)
			}
			p.begun = h.BegunAt
		default:
			var k kept
			if err := json.Unmarshal(line, &k); err != nil || k.List == "" {
				if len(rest) == 0 { // torn, though with an end
					return whole, nil
				}
				return unusable("is damaged in line %d", number)
			}
			if k.Anew {
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

func (p *partial) close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}

// of gives the pages of a list that were read before.
func (p *partial) of(list string) []kept { return slices.Clone(p.lists[list]) }
