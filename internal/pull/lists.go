package pull

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// list is one list of the API, as far as it was read.
type list[T any] struct {
	is    int    // which of the counts of Progress it is
	name  string // in the partial file
	path  string
	query url.Values
	id    func(T) string // the cursor of an object
	hide  func(*T)       // takes what is personal out of an object
	learn func(T)        // remembers whom an object belongs to

	all   []T
	seen  map[string]bool
	next  string // the cursor of the page to read
	begun int    // times
	done  bool
}

// pageSize is the longest page that the API gives.
const pageSize = 1000

// mostBegun is how often a list is begun: somebody who removes objects all the
// time must not keep it going for ever.
const mostBegun = 5

// read gives the whole list, of which an earlier run may have read a part.
func read[T any](ctx context.Context, p *puller, l *list[T]) error {
	if err := restore(p, l); err != nil {
		return err
	}
	for !l.done {
		data, next, err := fetch(ctx, p, l, l.next)
		no, refused := errors.AsType[*refusal](err)
		switch {
		case refused && no.status == http.StatusBadRequest && l.next != "" && l.begun < mostBegun:
			// The server does not know the cursor any more.
			p.Say(fmt.Sprintf("%s does not go on from %s: it is read anew", l.path, l.next))
			if err := beginAnew(p, l); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case next != "" && !l.anyNew(data):
			return fmt.Errorf("%s: the page after %q holds nothing new, and yet there are more", l.path, l.next)
		}
		for i := range data {
			l.hide(&data[i])
		}
		if err := take(p, l, data, next); err != nil {
			return err
		}
		p.report()
	}
	return nil
}

// restore takes over what an earlier run read.
func restore[T any](p *puller, l *list[T]) error {
	l.seen = map[string]bool{}
	l.begun++
	damaged := unusable("%s is damaged: begin anew with --fresh", p.kept.path)
	for _, k := range p.kept.forgottenOf(l.name) {
		var data []T
		if json.Unmarshal(k.Data, &data) != nil {
			return damaged
		}
		for _, o := range data { // who is gone may still be named somewhere
			l.learn(o)
		}
	}
	for _, k := range p.kept.of(l.name) {
		var data []T
		if json.Unmarshal(k.Data, &data) != nil {
			return damaged
		}
		add(p, l, data, k.Next)
	}
	return nil
}

func beginAnew[T any](p *puller, l *list[T]) error {
	p.progress.counts[l.is] -= len(l.all)
	l.all, l.seen, l.next = nil, map[string]bool{}, ""
	l.begun++
	return p.kept.keep(kept{List: l.name, Anew: true})
}

// fetch asks for the page after a cursor, and gives it with the cursor of the
// one after it, which is empty after the last one.
func fetch[T any](ctx context.Context, p *puller, l *list[T], after string) (data []T, next string, err error) {
	query := url.Values{"limit": {fmt.Sprint(pageSize)}}
	for name, values := range l.query {
		query[name] = values
	}
	if after != "" {
		query.Set("after_id", after)
	}
	var page struct {
		Data    *[]T    `json:"data"`
		HasMore *bool   `json:"has_more"`
		LastID  *string `json:"last_id"`
	}
	if err := p.client.get(ctx, l.path, query, &page); err != nil {
		return nil, "", err
	}
	if page.Data == nil || page.HasMore == nil {
		return nil, "", fmt.Errorf("%s: the answer is no list: it needs data and has_more", l.path)
	}
	data = *page.Data
	if slices.ContainsFunc(data, func(o T) bool { return l.id(o) == "" }) {
		return nil, "", fmt.Errorf("%s: there is an object without an id", l.path)
	}
	last := ""
	if page.LastID != nil {
		last = *page.LastID
	}
	next, err = cursor(p, l, data, after, *page.HasMore, last)
	return data, next, err
}

// cursor gives the cursor of the page after one that ends, as it says itself,
// with an object. It is empty after the last page.
func cursor[T any](p *puller, l *list[T], data []T, after string, more bool, says string) (string, error) {
	last := ""
	if len(data) > 0 {
		last = l.id(data[len(data)-1])
	}
	switch {
	case more && last == "":
		return "", fmt.Errorf("%s: the page after %q is empty, and yet there are more", l.path, after)
	case more:
		return cmp.Or(says, last), nil
	case len(data) >= pageSize && says != "" && says != last:
		p.note("the last page of %s is full, and does not end where it says: there may be more than is in the copy", l.path)
	}
	return "", nil
}

// anyNew tells whether something was not read yet.
func (l *list[T]) anyNew(data []T) bool {
	return slices.ContainsFunc(data, func(o T) bool { return !l.seen[l.id(o)] })
}

// take adds a page to what was read, and to what is kept.
func take[T any](p *puller, l *list[T], data []T, next string) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if err := p.kept.keep(kept{List: l.name, Next: next, Data: b}); err != nil {
		return err
	}
	add(p, l, data, next)
	return nil
}

func add[T any](p *puller, l *list[T], data []T, next string) {
	before := len(l.all)
	for _, o := range data {
		if !l.seen[l.id(o)] {
			l.seen[l.id(o)] = true
			l.all = append(l.all, o)
			l.learn(o)
		}
	}
	l.next, l.done = next, next == ""
	p.progress.counts[l.is] += len(l.all) - before
	p.progress.begun[l.is] = true
}

func nothing[T any](*T) {}

func none[T any](T) {}

// Progress is how far a pull has come.
type Progress struct {
	Requests int
	Finished bool // a list, with the request that this is about

	counts [lists]int
	begun  [lists]bool
	in     int // workspaces whose members are read
}

// The lists, in the order in which they are read.
const (
	usersList = iota
	invitesList
	workspacesList
	membersList
	keysList
	lists
)

// String gives the progress as a line.
func (p Progress) String() string {
	shown := func(list int) string {
		if !p.begun[list] {
			return "…"
		}
		return grouped(p.counts[list])
	}
	parts := []string{"users " + shown(usersList), "invites " + shown(invitesList)}
	workspaces := "workspaces " + shown(workspacesList)
	if p.begun[workspacesList] {
		workspaces += " (members of " + grouped(p.in) + ")"
	}
	return strings.Join(append(parts, workspaces, "API keys "+shown(keysList)), " · ")
}

// grouped writes a number as people read it: 12,000.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// old tells whether what an earlier run has kept was read too long ago to go
// together well with what is read now.
func (p *partial) old(now time.Time) bool { return p.any && now.Sub(p.begun) > 24*time.Hour }
