package pull

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"antechamber/api"
	"antechamber/internal/text"
)

// list describes a list of the API.
type list[T any] struct {
	noun   string // for notes and progress
	path   string
	query  url.Values
	fields []string       // fields that a seed has, such as "scope.type"; others are noted
	id     func(T) string // returns the cursor of an object
}

// pageSize is the API's maximum page size.
const pageSize = 1000

// maxRestarts is how many times a list is read again after the object that was the
// cursor was deleted.
const maxRestarts = 4

// listPage is a page of a list. Pointers tell missing fields from empty ones.
type listPage[T any] struct {
	Data    *[]decoded[T] `json:"data"`
	HasMore *bool         `json:"has_more"`
	LastID  api.Nullable  `json:"last_id"`
}

// decoded is an object of the API, with all fields of its JSON.
type decoded[T any] struct {
	value  T
	fields map[string]any
}

func (o *decoded[T]) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &o.value); err != nil {
		return err
	}
	return json.Unmarshal(b, &o.fields)
}

// readList reads all pages of a list.
func readList[T any](ctx context.Context, p *puller, l list[T]) ([]T, error) {
	if p.progress.Noun != l.noun {
		p.progress = Progress{Noun: l.noun}
	}
	var all []T
	seen := map[string]bool{}
	for after, restarts := "", 0; ; {
		page, err := readPage(ctx, p, l, after)
		failed, _ := errors.AsType[*failure](err)
		switch {
		case failed != nil && failed.status == http.StatusBadRequest && after != "" && restarts < maxRestarts:
			p.Say(fmt.Sprintf("%s: cursor %s is gone; reading the list again", l.path, after))
			p.progress.Count -= len(all)
			all, seen, after = nil, map[string]bool{}, ""
			restarts++
			continue
		case err != nil:
			return nil, err
		}
		before := len(all)
		for _, o := range *page.Data {
			if id := l.id(o.value); !seen[id] {
				seen[id] = true
				all = append(all, o.value)
				p.notes.omitFields(l.noun, id, "", o.fields, l.fields)
			}
		}
		if *page.HasMore && len(all) == before {
			return nil, fmt.Errorf("%s: the page after %q has no new objects, although has_more is true", l.path, after)
		}
		p.progress.Count += len(all) - before
		p.report()
		if !*page.HasMore {
			return all, nil
		}
		last := (*page.Data)[len(*page.Data)-1]
		after = cmp.Or(string(page.LastID), l.id(last.value))
	}
}

// readPage reads the page after a cursor, or the first page if it is empty.
func readPage[T any](ctx context.Context, p *puller, l list[T], after string) (page listPage[T], err error) {
	query := url.Values{"limit": {fmt.Sprint(pageSize)}}
	maps.Copy(query, l.query)
	if after != "" {
		query.Set("after_id", after)
	}
	err = p.client.get(ctx, l.path, query, &page)
	switch {
	case err != nil:
		return page, err
	case page.Data == nil || page.HasMore == nil:
		return page, fmt.Errorf("%s: unexpected response: missing data or has_more", l.path)
	case slices.ContainsFunc(*page.Data, func(o decoded[T]) bool { return l.id(o.value) == "" }):
		return page, fmt.Errorf("%s: unexpected response: object without an id", l.path)
	}
	return page, nil
}

// Progress is the progress of a pull.
type Progress struct {
	Noun     string // the kind of objects being read
	Count    int    // how many of them have been read
	Requests int    // of the whole pull
	Finished bool   // whether all of them have been read
}

// String returns the progress as one line, such as "users: 1,200 (2 requests)".
func (p Progress) String() string {
	return fmt.Sprintf("%s: %s (%s)", p.Noun, text.Number(p.Count), text.Count(p.Requests, "request"))
}
