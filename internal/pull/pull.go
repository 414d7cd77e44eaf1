// Package pull reads an organization through the Admin API and makes a seed of
// it: a copy to practise on. Every request is a GET. Free text is replaced by
// numbered stand-ins unless Options.KeepNames is set.
//
// client.go makes requests, lists.go reads lists page by page, names.go has the
// stand-ins, notes.go what is said of adjustments, and each noun has a file with
// what is read of it and what the seed gets.
//
// Everything that was read is in memory until the seed is written; maxTotal
// bounds it.
package pull

import (
	"context"
	"errors"
	"net/url"
	"time"

	"antechamber/api"
	"antechamber/internal/text"
	"antechamber/seed"
)

// KeyVariable is the environment variable that holds the admin key.
const KeyVariable = "ANTHROPIC_ADMIN_API_KEY"

// Options are what is pulled, and how.
type Options struct {
	From      *url.URL // base URL of the API, without /v1
	Key       string   // an admin key
	Agent     string   // the User-Agent
	KeepNames bool     // keep free text as it is
	Name      string   // of the seed in faults

	Now      func() time.Time
	Sleep    func(context.Context, time.Duration) error
	Progress func(Progress) // called after each page
	Say      func(string)   // called with each wait, and with each list that is read again
}

// Result is the seed of an organization.
type Result struct {
	Seed     []byte
	Faults   seed.Faults // why the seed cannot be served; nil when it can
	Notes    []string    // where the seed differs from what was read
	Holds    string      // a count of the objects in the seed, if it can be served
	Requests int
}

// puller is one pull. Its lists are in the API's order, newest first.
type puller struct {
	Options
	client   *client
	progress Progress
	notes    notes

	organization api.Organization
	users        []api.User
	invites      []api.Invite
	workspaces   []workspace
	members      map[string][]api.WorkspaceMember // by workspace
	keys         []api.APIKey
	defaultID    string // of the Default Workspace, empty while unknown

	person   map[string]int                  // numbers of users and invites, by id
	roles    map[string]api.OrganizationRole // of users, by id
	joined   map[int]api.Time                // when users were added, by the number of the person
	archived map[string]api.Time             // when workspaces were archived, by id; all but the Default Workspace are there
}

// Run reads the organization of the key.
func Run(ctx context.Context, o Options) (Result, error) {
	say := o.Say
	o.Say = func(line string) { say(text.Printable(line)) }
	p := &puller{
		Options: o, client: newClient(o), members: map[string][]api.WorkspaceMember{}, person: map[string]int{},
		roles: map[string]api.OrganizationRole{}, joined: map[int]api.Time{}, archived: map[string]api.Time{},
	}
	defer p.client.close()
	if err := p.read(ctx); err != nil {
		return Result{}, err
	}
	r := Result{Seed: seed.Encode(p.seed()), Notes: p.notes.lines(), Requests: p.client.requests}
	_, contents, err := seed.Read(o.Name, r.Seed, seed.Options{Real: o.Now()})
	r.Holds = seed.Holds(contents)
	if faults, ok := errors.AsType[seed.Faults](err); ok {
		r.Faults, err = faults, nil
	}
	return r, err
}

// read reads everything. An object is read before what it refers to, so what is
// created meanwhile leaves no reference that leads nowhere.
func (p *puller) read(ctx context.Context) error {
	if err := p.readOrganization(ctx); err != nil {
		return err
	}
	for _, read := range []func(context.Context) error{p.readAPIKeys, p.readInvites, p.readWorkspaces, p.readMembers, p.readUsers} {
		if err := read(ctx); err != nil {
			return err
		}
		if !p.progress.Finished { // which it is where no workspace has members to read
			p.progress.Finished = true
			p.report()
		}
	}
	return nil
}

func (p *puller) report() {
	p.progress.Requests = p.client.requests
	p.Progress(p.progress)
}

// seed makes the seed of what was read.
func (p *puller) seed() seed.Organization {
	p.numberPeople()
	o := seed.Organization{
		ID: p.organization.ID, Name: p.name(p.organization.ID, p.organization.Name, "Organization"),
		Users: p.seedUsers(), Invites: p.seedInvites(),
	}
	o.DefaultWorkspace, o.Workspaces = p.seedWorkspaces()
	o.APIKeys, o.Removed = p.seedAPIKeys()
	o.Clock = &seed.Clock{StartsAt: seed.At(p.clock())}
	return o
}

// clock returns the time at which the copy starts: what the server's clock
// showed at the end of the pull, so that pending invites have as much time left
// as there. A server with a clock of its own, such as an emulator, shows another
// time in its objects: then it is the last instant that has left a trace.
func (p *puller) clock() time.Time {
	var least, most time.Time // the clock showed a time from least on and, unless most is zero, before most
	passed := func(times ...api.Time) {
		for _, t := range times {
			if t.After(least) {
				least = t.Time
			}
		}
	}
	ahead := func(t api.Time) {
		if !t.IsZero() && (most.IsZero() || t.Before(most)) {
			most = t.Time
		}
	}
	for _, u := range p.users {
		passed(u.AddedAt)
	}
	for _, i := range p.invites {
		passed(i.InvitedAt, i.AcceptedAt)
		switch i.Status {
		case api.InviteExpired:
			passed(i.ExpiresAt)
		case api.InvitePending:
			ahead(i.ExpiresAt)
		}
	}
	for _, w := range p.workspaces {
		passed(w.CreatedAt, w.ArchivedAt)
	}
	for _, k := range p.keys {
		passed(k.CreatedAt)
		switch k.Status {
		case api.KeyExpired:
			passed(k.ExpiresAt)
		case api.KeyActive, api.KeyInactive:
			ahead(k.ExpiresAt)
		}
	}
	now := p.client.serverTime()
	if least.IsZero() || !now.Before(least) && (most.IsZero() || now.Before(most)) {
		return now
	}
	if !most.IsZero() && !least.Before(most) {
		p.notes.add("", "something expired during the pull, and is expired in the seed")
	}
	return least
}
