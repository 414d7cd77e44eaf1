package control

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"antechamber/internal/remedy"
	"antechamber/store"
)

var snapshotRoutes = []route{
	{ID: "listSnapshots", Method: http.MethodGet, Path: Base + "/snapshots", handle: listSnapshots},
	{ID: "takeSnapshot", Method: http.MethodPost, Path: Base + "/snapshots", handle: takeSnapshot, fields: []string{"name"}},
	{ID: "deleteSnapshot", Method: http.MethodDelete, Path: Base + "/snapshots/{name}", handle: deleteSnapshot},
	{ID: "restoreSnapshot", Method: http.MethodPost, Path: Base + "/snapshots/{name}/restore", handle: restoreSnapshot},
}

// maxSnapshotName is the maximum length of a snapshot's name, in characters.
const maxSnapshotName = 255

var aSnapshotName = form{want: "a name of 1 to 255 characters, without control characters, other than seed, empty, . and ..", valid: func(s string) bool {
	// The first two name other sources of an organization, and clients resolve
	// the others in a path.
	reserved := []string{fromSeed, fromEmpty, ".", ".."}
	return characters(1, maxSnapshotName)(s) && !slices.Contains(reserved, s) && !strings.ContainsFunc(s, unicode.IsControl)
}}

func listSnapshots(c *call) (any, error) { return list[store.Snapshot]{c.org.Snapshots()}, nil }

func takeSnapshot(c *call) (any, error) {
	name := c.require("name", aSnapshotName)
	if err := c.refused(); err != nil {
		return nil, err
	}
	return c.org.TakeSnapshot(name)
}

func deleteSnapshot(c *call) (any, error) {
	return deleted{c.path["name"]}, c.suggestSnapshot(c.org.DeleteSnapshot(c.path["name"]))
}

func restoreSnapshot(c *call) (any, error) {
	if _, err := c.org.RestoreSnapshot(c.path["name"]); err != nil {
		return nil, c.suggestSnapshot(err)
	}
	c.tools().Limiter.Reset() // its windows belong to another time
	return presentOf(c.org), nil
}

// suggestSnapshot adds a similar name to the error of a snapshot that does not exist.
func (c *call) suggestSnapshot(err error) error {
	refused, ok := errors.AsType[*store.Error](err)
	if !ok || refused.Kind != store.NotFound {
		return err
	}
	hint := c.similarSnapshot(c.path["name"])
	if hint == nil {
		hint = &remedy.Remedy{Type: remedy.ListSnapshots}
	}
	return refuse(http.StatusNotFound, codeNotFound, refused.Message, hint)
}

// similarSnapshot suggests the snapshot with a similar name, if there is one.
func (c *call) similarSnapshot(name string) *remedy.Remedy {
	var names []string
	for _, s := range c.org.Snapshots() {
		names = append(names, s.Name)
	}
	return remedy.Similar(name, names)
}
