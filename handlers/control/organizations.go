package control

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/faults"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

var organizationRoutes = []route{
	{ID: "listOrganizations", Method: http.MethodGet, Path: Base + "/organizations", handle: listOrganizations, query: []string{"q", "limit", "page"}, global: true},
	{ID: "createOrganization", Method: http.MethodPost, Path: Base + "/organizations", handle: createOrganization, fields: []string{"from", "name", "admin_key", "ttl"}, newKey: true},
	{ID: "deleteOrganization", Method: http.MethodDelete, Path: Base + "/organizations/{id}", handle: deleteOrganization, global: true},
	{ID: "reset", Method: http.MethodPost, Path: Base + "/reset", handle: reset},
}

// organization is an organization as the control plane returns it.
type organization struct {
	ID             string       `json:"id"`
	Name           string       `json:"name"`
	AdminKey       api.Nullable `json:"admin_key"` // the first one; null for none
	Origin         store.Origin `json:"origin"`
	LastActivityAt api.Time     `json:"last_activity_at"` // in real time
	ExpiresAt      api.Time     `json:"expires_at"`       // in real time; null for never
}

func organizationOf(o *store.Organization) organization {
	out := organization{
		ID: o.ID(), Name: o.Name(), Origin: o.Origin(), LastActivityAt: o.LastActivity(), ExpiresAt: api.At(o.Expires()),
	}
	if keys := o.AdminKeys(); len(keys) > 0 {
		out.AdminKey = api.Nullable(keys[0])
	}
	return out
}

// organizationPage is a page of the list of organizations.
type organizationPage struct {
	Data     []organization `json:"data"`
	HasMore  bool           `json:"has_more"`
	NextPage api.Nullable   `json:"next_page"` // the parameter page for the next page; null for none
}

// MaxPageSize is the maximum number of organizations on a page.
const MaxPageSize = 1000

const defaultPageSize = 20

// organizations returns a page of organizations.
func (c *call) organizations(f store.OrganizationFilter) (organizationPage, error) {
	all, more, err := c.Store.ListOrganizations(c.request.Context(), f)
	page := organizationPage{Data: make([]organization, len(all)), HasMore: more}
	for i, o := range all {
		page.Data[i] = organizationOf(o.Organization)
		page.Data[i].LastActivityAt = o.At // that of its place in the list
	}
	if more {
		last := all[len(all)-1]
		page.NextPage = api.Nullable(fmt.Sprintf("%d_%s", last.At.UnixMicro(), last.Activity.ID))
	}
	return page, err
}

func listOrganizations(c *call) (any, error) {
	f := store.OrganizationFilter{
		Search: c.parameter("q", form{want: "a text of 1 to 255 characters", valid: characters(1, 255)}),
		Limit:  cmp.Or(c.number("limit", 1, MaxPageSize, fmt.Sprintf("a whole number from 1 to %d", MaxPageSize)), defaultPageSize),
		After:  c.position("page"),
	}
	if len(c.problems) > 0 {
		return nil, refuseQuery(c.problems, c.more)
	}
	return c.organizations(f)
}

// position reads a parameter with the next_page of another page.
func (c *call) position(name string) *store.Activity {
	micros, id, ok := strings.Cut(c.query.Get(name), "_")
	at, err := strconv.ParseInt(micros, 10, 64)
	switch {
	case !c.query.Has(name):
		return nil
	case !ok || err != nil || !anID.valid(id):
		c.note(remedy.Want(name, text.Quote(c.query.Get(name)), "the next_page of a list of organizations"))
	}
	return &store.Activity{At: api.At(time.UnixMicro(at)), ID: id}
}

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
	p := remedy.Want("from", text.Quote(name), aSource.want)
	p.Remedy = c.similarSnapshot(name)
	c.note(p)
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
