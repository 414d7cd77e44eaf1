package statefile

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// formatVersion is the version of the format. A program refuses those that it
// does not know.
const formatVersion = 1

// head is what stands in front of the lists of a file.
type head struct {
	Antechamber *int   `json:"antechamber"`
	IDSeed      uint64 `json:"id_seed"`
	Seed        Seed   `json:"seed"`
	Clock       *clock `json:"clock,omitempty"`
	// Stopped tells that nothing happened after the file was saved. Otherwise
	// more requests may have been counted than the file knows of.
	Stopped bool      `json:"stopped"`
	Made    store.IDs `json:"made"`
}

// file is a whole file. States are versions of the store, as seeds: what
// organizations and origins share stands there once.
type file struct {
	head
	States        []json.RawMessage `json:"states"`
	Origins       []origin          `json:"origins"`
	Organizations []organization    `json:"organizations"`
	Checksum      string            `json:"checksum"`
}

// look is how a state looks in one place.
type look struct {
	State int    `json:"state"`
	Name  string `json:"name"`
	Clock clock  `json:"clock"`
}

// origin is what organizations were made from.
type origin struct {
	look
	LoadedAt time.Time `json:"loaded_at"`
	ShowsAt  *api.Time `json:"shows,omitempty"`
	Seed     *int      `json:"seed,omitempty"` // the place in the seed that is loaded anew
}

// organization is one organization.
type organization struct {
	ID        string   `json:"id"`
	AdminKeys []string `json:"admin_keys"`
	look
	Origin      int        `json:"origin"`
	OwnName     string     `json:"own_name,omitempty"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
	Requests    uint64     `json:"requests"`
	RequestSeed uint64     `json:"request_seed"`
}

// clock is a clock as a seed has it.
type clock struct {
	FrozenAt *api.Time `json:"frozen_at,omitempty"`
	Offset   string    `json:"offset,omitempty"`
}

func clockOf(c store.Clock) clock {
	if c.Frozen {
		return clock{FrozenAt: &c.At}
	}
	return clock{Offset: c.Offset.String()}
}

func (c clock) clock() (store.Clock, error) {
	if c.FrozenAt != nil && c.Offset == "" {
		return store.FrozenAt(c.FrozenAt.Time), nil
	}
	offset, err := time.ParseDuration(c.Offset)
	if err != nil || c.FrozenAt != nil {
		return store.Clock{}, fmt.Errorf("expected frozen_at or an offset, not %q", c.Offset)
	}
	return store.Clock{Offset: offset}, nil
}

// ending is how a file ends. The checksum is that of all that stands before
// it.
func ending(checksum uint32) string { return fmt.Sprintf(",\n"+`"checksum":"%08x"}`+"\n", checksum) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
