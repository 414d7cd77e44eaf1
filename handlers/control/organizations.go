package control

import (
	"net/http"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

var organizationRoutes = []route{
	{ID: "listOrganizations", Method: http.MethodGet, Path: Base + "/organizations", handle: listOrganizations, global: true},
	{ID: "createOrganization", Method: http.MethodPost, Path: Base + "/organizations", handle: createOrganization, fields: []string{"from", "name", "admin_key", "ttl"}, newKey: true},
	{ID: "deleteOrganization", Method: http.MethodDelete, Path: Base + "/organizations/{id}", handle: deleteOrganization, global: true},
	{ID: "reset", Method: http.MethodPost, Path: Base + "/reset", handle: reset},
}

// organization is an organization as the control plane returns it.
type organization struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	AdminKey  api.Nullable `json:"admin_key"`  // the first one; null for none
	ExpiresAt api.Time     `json:"expires_at"` // in real time; null for never
}

func organizationOf(o *store.Organization) organization {
	out := organization{ID: o.ID(), Name: o.Name(), ExpiresAt: api.At(o.Expires())}
	if keys := o.AdminKeys(); len(keys) > 0 {
		out.AdminKey = api.Nullable(keys[0])
	}
	return out
}

func (s *plane) organizations() []organization {
	all := s.Store.Organizations()
	out := make([]organization, len(all))
	for i, o := range all {
		out[i] = organizationOf(o)
	}
	return out
}

func listOrganizations(c *call) (any, error) { return list[organization]{c.organizations()}, nil }

var (
	anAdminKey = form{want: store.AdminKeyForm, valid: store.ValidAdminKey, secret: true}
	aSource    = form{want: "seed, empty, an organization's id or a snapshot's name", valid: characters(1, maxSnapshotName)}
)

func createOrganization(c *call) (any, error) {
	from := c.text("from", aSource)
	in := store.NewOrganization{Name: c.text("name", aName), AdminKey: c.text("admin_key", anAdminKey), TTL: c.duration("ttl")}
	if c.given("ttl") && in.TTL <= 0 && len(c.problems) == 0 {
		c.want(c.get("ttl"), "a duration greater than 0s")
	}
	if err := c.refused(); err != nil {
		return nil, err
	}
	var err error
	if in.From, err = c.source(from); err != nil {
		return nil, err
	}
	o, err := c.Store.Create(in)
	if err != nil {
		return nil, err
	}
	return organizationOf(o), nil
}

// source returns what to create an organization from.
func (c *call) source(name string) (store.From, error) {
	switch name {
	case "", fromSeed:
		return c.Store.FromSeed(), nil
	case fromEmpty:
		return c.emptySeed()
	}
	if o := c.Store.Organization(name); o != nil {
		return o.FromCurrent(), nil
	}
	if from, ok := c.org.FromSnapshot(name); ok {
		return from, nil
	}
	c.want(c.get("from"), aSource.want)
	return store.From{}, c.refused()
}

// The sources of a new organization other than organizations and snapshots.
const (
	fromSeed  = "seed"
	fromEmpty = "empty"
)

// emptySeed returns the built-in seed of an organization without users.
func (s *plane) emptySeed() (store.From, error) {
	empty, _ := seed.Builtin("empty")
	all, err := empty.Load(s.Seed.At(s.Store.RealTime()))
	if err != nil {
		return store.From{}, err
	}
	return store.FromEmpty(all[0])
}

func deleteOrganization(c *call) (any, error) {
	o := c.Store.Organization(c.path["id"])
	if o == nil {
		return nil, refuse(http.StatusNotFound, "organization_not_found", "no such organization "+text.Quote(c.path["id"]), &remedy.Remedy{Type: remedy.ListOrganizations})
	}
	return deleted{o.ID()}, c.Store.Delete(o)
}

func reset(c *call) (any, error) {
	if err := c.org.Reset(); err != nil {
		return nil, err
	}
	c.changeFaults(func(*faults.Set) { c.tools().Reset() })
	return presentOf(c.org), nil
}
