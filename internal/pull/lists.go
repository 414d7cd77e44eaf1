package pull

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"antechamber/internal/text"
)

// list is how a list of the API is read.
type list[T any] struct {
	is     int // the count of Progress
	path   string
	query  url.Values
	fields []string       // that the seed has, nested ones such as "scope.type"; others are noted
	id     func(T) string // the cursor of an object
}

// pageSize is the longest page of the API.
const pageSize = 1000

// maxRestarts is how often a list is read again because an object is gone that
// was the cursor.
const maxRestarts = 4

// listPage is a page of a list.
type listPage[T any] struct {
	Data    *[]T    `json:"data"`
	HasMore *bool   `json:"has_more"`
	LastID  *string `json:"last_id"`

	raw  []any  // the objects with all of their fields
	next string // the cursor of the page after it, empty after the last one
}

// readList returns a whole list.
func readList[T any](ctx context.Context, p *puller, l list[T]) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for after, restarts := "", 0; ; {
		page, err := readPage(ctx, p, l, after)
		no, refused := errors.AsType[*refusal](err)
		switch {
		case refused && no.status == http.StatusBadRequest && after != "" && restarts < maxRestarts:
			p.Say(fmt.Sprintf("%s does not go on after %s: reading it again", l.path, after))
			p.progress.counts[l.is] -= len(all)
			all, seen, after = nil, map[string]bool{}, ""
			restarts++
			continue
		case err != nil:
			return nil, err
		}
		before := len(all)
		for i, o := range *page.Data {
			if id := l.id(o); !seen[id] {
				seen[id] = true
				all = append(all, o)
				object, _ := page.raw[i].(map[string]any)
				p.notes.leftOut(listNames[l.is], id, "", object, l.fields)
			}
		}
		if page.next != "" && len(all) == before {
			return nil, fmt.Errorf("%s: the page after %q has more pages after it, but no new object", l.path, after)
		}
		p.progress.counts[l.is] += len(all) - before
		p.progress.begun[l.is] = true
		p.report()
		if after = page.next; after == "" {
			return all, nil
		}
	}
}

func readPage[T any](ctx context.Context, p *puller, l list[T], after string) (page listPage[T], err error) {
	query := url.Values{"limit": {fmt.Sprint(pageSize)}}
	for name, values := range l.query {
		query[name] = values
	}
	if after != "" {
		query.Set("after_id", after)
	}
	answer, err := p.client.get(ctx, l.path, query, &page)
	page.raw, _ = answer["data"].([]any)
	switch {
	case err != nil:
		return page, err
	case page.Data == nil || page.HasMore == nil || len(page.raw) != len(*page.Data):
		return page, fmt.Errorf("%s: the answer is not a list: data or has_more is missing", l.path)
	case slices.ContainsFunc(*page.Data, func(o T) bool { return l.id(o) == "" }):
		return page, fmt.Errorf("%s: an object has no id", l.path)
	}
	said, last := "", ""
	if page.LastID != nil {
		said = *page.LastID
	}
	if n := len(*page.Data); n > 0 {
		last = l.id((*page.Data)[n-1])
	}
	switch {
	case *page.HasMore && last == "":
		return page, fmt.Errorf("%s: the page after %q has more pages after it, but no object", l.path, after)
	case *page.HasMore:
		page.next = cmp.Or(said, last)
	case len(*page.Data) >= pageSize && said != "" && said != last:
		p.notes.add("", "the last page of %s is full and does not end with its last_id: some objects may be missing", l.path)
	}
	return page, nil
}

// Progress is how far a pull has come.
type Progress struct {
	Requests int
	Finished bool // whether a list ends with this request

	counts [lists]int
	begun  [lists]bool
	in     int // workspaces whose members are read
}

// The counts of Progress, in the order in which they are shown.
const (
	usersList = iota
	invitesList
	workspacesList
	membersList
	keysList
	lists
)

// listNames are the lists in notes.
var listNames = [lists]string{"users", "invites", "workspaces", "workspace members", "API keys"}

// String returns the progress as a line.
func (p Progress) String() string {
	shown := func(list int) string {
		if !p.begun[list] {
			return "…"
		}
		return text.Number(p.counts[list])
	}
	parts := []string{"users " + shown(usersList), "invites " + shown(invitesList)}
	workspaces := "workspaces " + shown(workspacesList)
	if p.begun[workspacesList] {
		workspaces += " (members of " + text.Number(p.in) + ")"
	}
	return strings.Join(append(parts, workspaces, "API keys "+shown(keysList)), " · ")
}
