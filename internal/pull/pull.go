// Package pull reads an organization through the Admin API and makes a seed of
// it: a copy to practise on. It asks with GET alone, takes personal data out
// before anything is written, and keeps what it has read so that a run that
// was stopped can be gone on with.
//
// The way of an object is client.go (answers, without keys), lists.go (pages),
// people.go (without addresses and names, which fold.go and forms.go find),
// partial.go (kept, sealed) and copy.go (the seed).
package pull

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"antechamber/seed"
)

// KeyVariable is the environment variable that holds the admin key.
const KeyVariable = "ANTHROPIC_ADMIN_API_KEY"

// Options say what is read, and how.
type Options struct {
	From             *url.URL // where the API is, without /v1
	Key              string   // an admin key
	Agent            string   // the User-Agent
	KeepPersonalData bool
	Partial          string // the file to go on from; empty keeps nothing
	Fresh            bool   // forget what is in it
	Name             string // of the seed in faults

	// Write puts the seed where it is safe, and what was kept is forgotten
	// then. Without it that stays.
	Write func(seed []byte) error

	Now      func() time.Time
	Sleep    func(context.Context, time.Duration) error
	Progress func(Progress) // after each page
	Say      func(string)   // what somebody who waits wants to know
}

// Result is what was read.
type Result struct {
	Seed     []byte
	Faults   seed.Faults // why Antechamber would refuse the seed; nil when it would not
	Notes    []string    // where the copy is not what was read
	Holds    string      // what is in the seed, in words
	Requests int
}

type puller struct {
	Options
	client   *client
	people   *people
	kept     *partial
	progress Progress
	notes    []string

	organization organization
	users        list[user]
	late         list[user] // who joined while the rest was read
	invites      list[invite]
	workspaces   list[workspace]
	members      map[string][]member // by workspace
	keys         list[apiKey]
	defaultID    string // of the Default Workspace, as far as it is known
}

// organization is the answer of organizations/me.
type organization struct {
	ID   string `json:"id"`
	Name text   `json:"name"`
}

// Run reads the organization of the key. What it has read when it fails stays
// in the partial file.
func Run(ctx context.Context, o Options) (Result, error) {
	say := o.Say
	o.Say = func(line string) { say(clean(line)) }
	kept, err := claimPartial(o.Partial, o.Key)
	if err != nil {
		return cleanAll(Result{}, err)
	}
	p := &puller{Options: o, client: newClient(o), people: newPeople(o.Key, o.KeepPersonalData), members: map[string][]member{}, kept: kept}
	defer p.client.close()
	result, err := p.run(ctx)
	result.Requests = p.client.requests
	return cleanAll(result, errors.Join(err, p.leave(err)))
}

// leave gives free what is kept, and says what it is good for after a failure.
func (p *puller) leave(failure error) (err error) {
	if failure == nil && p.Write != nil && p.kept.file != nil {
		if err := p.kept.remove(); err != nil {
			return fmt.Errorf("%s is written, but what was read along the way is still there: %w", p.Name, err)
		}
	}
	if _, useless := errors.AsType[*Unusable](failure); failure != nil && !useless && p.kept.goesOn() {
		err = fmt.Errorf("what was read is in %s: running it again goes on from there", p.kept.path)
	}
	return errors.Join(err, p.kept.close())
}

func (p *puller) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

func (p *puller) run(ctx context.Context) (Result, error) {
	if err := p.client.get(ctx, "me", nil, &p.organization); err != nil {
		return Result{}, err
	}
	if p.organization.ID == "" {
		return Result{}, fmt.Errorf("%s answers, but with no organization: is it the address of the API?", p.From)
	}
	if err := p.beginPartial(); err != nil {
		return Result{}, err
	}
	for _, step := range []func(context.Context) error{
		p.readUsers, p.readInvites, p.readWorkspaces, p.findDefault, p.readMembers, p.readKeys, p.readLateUsers,
	} {
		if err := step(ctx); err != nil {
			return Result{}, err
		}
	}
	result, err := p.result()
	if err == nil && p.Write != nil {
		err = p.Write(result.Seed)
	}
	return result, err
}

func (p *puller) beginPartial() error {
	kept := p.kept
	err := kept.begin(p.Fresh, header{
		Version: partialVersion, From: p.From.String(), Organization: p.organization.ID, PersonalData: p.KeepPersonalData,
		Key: p.people.code("key", "antechamber pull"), BegunAt: p.Now().UTC().Truncate(time.Second),
	})
	switch {
	case err != nil:
		return err
	case kept.old(p.Now()):
		p.Say(fmt.Sprintf("going on from %s, which is of %s: with --fresh everything would be read now", kept.path, kept.begun.Format(time.RFC3339)))
	case kept.any:
		p.Say(fmt.Sprintf("going on from %s", kept.path))
	}
	return nil
}

func (p *puller) report() {
	p.progress.Requests = p.client.requests
	p.Progress(p.progress)
}

// finished tells that a list was read to its end.
func (p *puller) finished() {
	p.progress.Finished = true
	p.report()
	p.progress.Finished = false
}

// whole reads a list to its end, and tells so.
func whole[T any](ctx context.Context, p *puller, l *list[T]) error {
	defer p.finished()
	return read(ctx, p, l)
}

func (p *puller) usersAs(name string) list[user] {
	return list[user]{
		is: usersList, name: name, path: "users",
		id: func(u user) string { return u.ID }, hide: p.people.hideUser, learn: p.people.learnUser,
	}
}

func (p *puller) readUsers(ctx context.Context) error {
	p.users, p.late = p.usersAs("users"), p.usersAs("late_users")
	if err := restore(p, &p.late); err != nil {
		return err
	}
	before := p.kept.of(p.users.name)
	complete := len(before) > 0 && before[len(before)-1].Next == ""
	err := read(ctx, p, &p.users)
	if err == nil && complete { // since then somebody may have joined
		err = p.readLateUsers(ctx)
	}
	p.finished()
	return err
}

// readLateUsers reads those who have joined since the users were read: the
// newest ones are at the top of the list. What is named after them is read
// already.
func (p *puller) readLateUsers(ctx context.Context) error {
	for after := ""; ; {
		data, next, err := fetch(ctx, p, &p.users, after)
		if err != nil {
			return err
		}
		late := slices.DeleteFunc(slices.Clone(data), func(u user) bool { return p.users.seen[u.ID] || p.late.seen[u.ID] })
		for i := range late {
			p.people.hideUser(&late[i])
		}
		if len(late) > 0 {
			if err := take(p, &p.late, late, ""); err != nil {
				return err
			}
		}
		p.report()
		if len(late) < len(data) || next == "" {
			return nil
		}
		after = next
	}
}

func (p *puller) readInvites(ctx context.Context) error {
	p.invites = list[invite]{
		is: invitesList, name: "invites", path: "invites",
		id: func(i invite) string { return i.ID }, hide: p.people.hideInvite, learn: p.people.learnInvite,
	}
	return whole(ctx, p, &p.invites)
}

func (p *puller) readWorkspaces(ctx context.Context) error {
	p.workspaces = list[workspace]{
		is: workspacesList, name: "workspaces", path: "workspaces",
		query: url.Values{"include_archived": {"true"}, "include_default": {"true"}},
		id:    func(w workspace) string { return w.ID }, hide: p.people.hideWorkspace, learn: none[workspace],
	}
	return whole(ctx, p, &p.workspaces)
}

// defaultName is what the Default Workspace is called. Others may be called so
// too.
const defaultName = "Default"

// findDefault finds the Default Workspace among those of its name: it is the
// one that the list leaves out when nobody asks for it. An older server leaves
// it out anyway, and then there is none here.
func (p *puller) findDefault(ctx context.Context) error {
	before := ""
	for _, w := range p.workspaces.all {
		if w.Name.plain() == defaultName && w.ArchivedAt.IsZero() {
			query := url.Values{"limit": {"1"}, "include_archived": {"true"}}
			if before != "" {
				query.Set("after_id", before)
			}
			var page struct {
				Data []struct {
					ID string `json:"id"`
				} `json:"data"`
			}
			if err := p.client.get(ctx, "workspaces", query, &page); err != nil {
				return err
			}
			if len(page.Data) == 0 || page.Data[0].ID != w.ID {
				p.defaultID = w.ID
				return nil
			}
		}
		before = w.ID
	}
	return nil
}

func (p *puller) readMembers(ctx context.Context) error {
	for _, w := range p.workspaces.all {
		if w.ID != p.defaultID {
			l := list[member]{
				is: membersList, name: "members of " + w.ID, path: "workspaces/" + url.PathEscape(w.ID) + "/members",
				id: func(m member) string { return m.UserID }, hide: nothing[member], learn: none[member],
			}
			// It counts as soon as it is begun: the line is read while it is.
			p.progress.in++
			if err := read(ctx, p, &l); err != nil {
				return err
			}
			p.members[w.ID] = l.all
		}
	}
	p.finished()
	return nil
}

func (p *puller) readKeys(ctx context.Context) error {
	p.keys = list[apiKey]{
		is: keysList, name: "api_keys", path: "api_keys",
		id: func(k apiKey) string { return k.ID }, hide: p.people.hideKey, learn: none[apiKey],
	}
	return whole(ctx, p, &p.keys)
}
