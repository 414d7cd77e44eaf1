package control

import (
	"net/http"

	"antechamber/internal/faults"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
)

var faultRoutes = []route{
	{ID: "listFaults", Method: http.MethodGet, Path: Base + "/faults", handle: listFaults},
	{ID: "armFault", Method: http.MethodPost, Path: Base + "/faults", handle: armFault, fields: faults.Fields, fault: true},
	{ID: "clearFaults", Method: http.MethodDelete, Path: Base + "/faults", handle: clearFaults},
	{ID: "deleteFault", Method: http.MethodDelete, Path: Base + "/faults/{id}", handle: deleteFault},
}

func listFaults(c *call) (any, error) { return list[faults.Fault]{c.tools().Faults.List()}, nil }

func armFault(c *call) (any, error) {
	f, problems := faults.Parse(c.doc, c.operations)
	if len(problems) > 0 {
		return nil, refuseAll("invalid_fault", problems, 0)
	}
	var err error
	c.changeFaults(func(set *faults.Set) { f, err = set.Arm(f) })
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "too_many_faults", err.Error(), &remedy.Remedy{Type: remedy.ListFaults})
	}
	return f, nil
}

func deleteFault(c *call) (any, error) {
	id, found := c.path["id"], false
	c.changeFaults(func(set *faults.Set) { found = set.Remove(id) })
	if !found {
		return nil, refuse(http.StatusNotFound, codeNotFound, "no such fault "+text.Quote(id), &remedy.Remedy{Type: remedy.ListFaults})
	}
	return deleted{id}, nil
}

func clearFaults(c *call) (any, error) {
	n := 0
	c.changeFaults(func(set *faults.Set) {
		n = len(set.List())
		set.Clear()
	})
	return cleared{n}, nil
}

// cleared is the response to the deletion of all objects of a kind.
type cleared struct {
	Deleted int `json:"deleted"`
}

// changeFaults changes the faults of the organization, and then has it keep as
// many versions as they need. The lock keeps a concurrent change from applying an
// outdated number of versions last.
func (c *call) changeFaults(change func(*faults.Set)) {
	c.arming.Lock()
	defer c.arming.Unlock()
	set := c.tools().Faults
	change(set)
	c.org.KeepHistory(set.MaxStale())
}
