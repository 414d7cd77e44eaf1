package control

import (
	"fmt"
	"net/http"

	"antechamber/api"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

var stateRoutes = []route{
	{ID: "getState", Method: http.MethodGet, Path: Base + "/state", handle: getState},
	{ID: "replaceState", Method: http.MethodPut, Path: Base + "/state", handle: replaceState, seed: true},
}

// present is the response of the operations that replace an organization's state.
type present struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Now    api.Time `json:"now"`
	Frozen bool     `json:"frozen"`
}

func presentOf(o *store.Organization) present {
	return present{o.ID(), o.Name(), o.Now(), o.Clock().Frozen}
}

func getState(c *call) (any, error) {
	giveBack, err := c.exports.take(c.request.Context(), 0)
	if err != nil {
		return nil, err
	}
	defer giveBack()
	export := seed.Export(c.org.Contents())
	if len(export) > c.maxState {
		return nil, refuse(http.StatusBadRequest, "state_too_large", fmt.Sprintf("the state has %s bytes as a seed: want at most %s", text.Number(len(export)), text.Number(c.maxState)), nil)
	}
	return document{"application/json", export}, nil
}

func replaceState(c *call) (any, error) {
	contents, err := c.contents()
	if err != nil {
		return nil, err
	}
	if err := c.org.Replace(contents); err != nil {
		return nil, err
	}
	c.tools().Limiter.Reset() // its windows belong to another time
	return presentOf(c.org), nil
}

// contents parses the body as a seed of a single organization.
func (c *call) contents() (none store.Contents, err error) {
	clock := c.org.Clock()
	opts := seed.Options{Real: c.Store.RealTime(), IDSeed: c.Seed.IDSeed, ID: c.org.ID(), NoClock: &clock}
	_, all, err := seed.Read("body", c.body, opts)
	if err != nil {
		return none, invalidSeed("invalid_seed", err)
	}
	if len(all) != 1 {
		return none, refuse(http.StatusBadRequest, "invalid_seed", "/organizations: want exactly one organization", &remedy.Remedy{Type: remedy.ReplaceOneByOne})
	}
	return all[0], nil
}
