// Package pull reads an organization through the Admin API and writes it as a seed:
// a copy to practice on. Every request is a GET. Free text is replaced by numbered
// placeholders unless Options.KeepNames is set.
//
// client.go sends requests, lists.go reads paginated lists, names.go makes the
// placeholders and notes.go the notes on adjustments. Each noun has a file that reads its
// objects and converts them for the seed.
//
// All responses stay in memory until the seed is complete, limited by maxTotal.
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

// Options configure a pull.
type Options struct {
	From      *url.URL // base URL of the API, without /v1
	Key       string   // an admin key
	Agent     string   // User-Agent header
	KeepNames bool     // keep free text instead of replacing it
	Name      string   // file name of the seed, for faults

	Now      func() time.Time
	Sleep    func(context.Context, time.Duration) error
	Progress func(Progress) // called after each page
	Say      func(string)   // called with a line for each wait and each restarted list
}

// Result is the outcome of a pull.
type Result struct {
	Seed     []byte
	Faults   seed.Faults // why the seed cannot be served; nil if it can
	Notes    []string    // where the seed differs from the organization
	Holds    string      // summary of the objects in the seed, if it can be served
	Requests int
}

// puller is the state of one pull. Its lists are in the order of the API, newest first.
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
	defaultID    string // id of the Default Workspace; empty while unknown

	person   map[string]int                  // number of the person, by id of a user or invite
	roles    map[string]api.OrganizationRole // by user id
	joined   map[int]api.Time                // added_at of users, by number of the person
	archived map[string]api.Time             // archived_at by workspace id; has every workspace but the default one
}

// Run reads the organization of the key and returns it as a seed.
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

// read reads the organization. Objects are read before the objects they refer to, so
// that objects created during the pull leave no dangling references.
func (p *puller) read(ctx context.Context) error {
	if err := p.readOrganization(ctx); err != nil {
		return err
	}
	for _, read := range []func(context.Context) error{p.readAPIKeys, p.readInvites, p.readWorkspaces, p.readMembers, p.readUsers} {
		if err := read(ctx); err != nil {
			return err
		}
		if !p.progress.Finished { // it is already if there are no workspaces to read members of
			p.progress.Finished = true
			p.report()
		}
	}
	return nil
}

// report calls Options.Progress.
func (p *puller) report() {
	p.progress.Requests = p.client.requests
	p.Progress(p.progress)
}

// seed converts the organization to a seed.
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

// clock returns the time at which the seed's clock starts: the server's time at the
// end of the pull, so that pending invites keep their remaining time. An emulator may
// have another clock than its Date header says. If the times of objects contradict
// that header, the clock starts at the latest time known to have passed.
func (p *puller) clock() time.Time {
	var least, most time.Time // the server's time is at least least and, unless most is zero, before most
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
		p.notes.add("", "objects that expired during the pull are recorded as expired")
	}
	return least
}
