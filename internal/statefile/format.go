package statefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"antechamber/api"
	"antechamber/internal/text"
	"antechamber/store"
)

// formatVersion is the version of the format. Read rejects all others.
const formatVersion = 1

// head is the part of a file before its lists.
type head struct {
	Antechamber *int   `json:"antechamber"`
	IDSeed      uint64 `json:"id_seed"`
	Seed        Seed   `json:"seed"`
	Clock       *clock `json:"clock,omitempty"`
	// Stopped reports whether the server stopped after saving the file. If not,
	// more ids may have been given out than the file says.
	Stopped bool         `json:"stopped"`
	Made    store.IDs    `json:"made"`
	Counts  store.Counts `json:"counts"`
}

// file is a complete file. States are versions of an organization in the form of
// seeds; organizations and origins refer to them by index, so that shared states are
// stored once.
type file struct {
	head
	States        []json.RawMessage `json:"states"`
	Origins       []origin          `json:"origins"`
	Organizations []organization    `json:"organizations"`
	Checksum      string            `json:"checksum"`
}

// look is a reference to a state, with the name, the clock and the count of ids that it
// has there. See store.NamedVersion.
type look struct {
	State int     `json:"state"`
	Name  string  `json:"name"`
	Clock clock   `json:"clock"`
	Drawn *uint64 `json:"drawn,omitempty"` // that of the state if missing
}

// origin is the version organizations were created from and are reset to.
type origin struct {
	look
	LoadedAt time.Time `json:"loaded_at"`
	ShowsAt  *api.Time `json:"shows,omitempty"`
	Seed     *int      `json:"seed,omitempty"` // index in the seed to load again on reset; nil for none
}

// organization is one organization.
type organization struct {
	ID        string   `json:"id"`
	AdminKeys []string `json:"admin_keys"`
	look
	Origin  int    `json:"origin"`
	OwnName string `json:"own_name,omitempty"`
	// Files of older versions have neither CreatedFrom nor LastActivityAt.
	CreatedFrom    store.Origin `json:"created_from,omitempty"`
	LastActivityAt time.Time    `json:"last_activity_at,omitzero"`
	ExpiresAt      *time.Time   `json:"expires_at,omitempty"`
	Requests       uint64       `json:"requests"`
	RequestSeed    uint64       `json:"request_seed"`
}

// clock is a clock in the form of a seed's.
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
		return store.Clock{}, errors.New(text.Invalid("offset", text.Quote(c.Offset), "a duration, such as 1h30m, or none with frozen_at"))
	}
	return store.Clock{Offset: offset}, nil
}

// ending returns the end of a file, given the checksum of everything before it.
func ending(checksum uint32) string { return fmt.Sprintf(",\n"+`"checksum":"%08x"}`+"\n", checksum) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
