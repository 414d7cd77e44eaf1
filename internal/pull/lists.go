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

// list is how a list of the API is read.
type list[T any] struct {
	noun   string // in notes and in the progress
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
	Data    *[]answered[T] `json:"data"`
	HasMore *bool          `json:"has_more"`
	LastID  api.Nullable   `json:"last_id"`
}

// answered is an object of the API, with all of its fields.
type answered[T any] struct {
	value  T
	fields map[string]any
}

func (o *answered[T]) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &o.value); err != nil {
		return err
	}
	return json.Unmarshal(b, &o.fields)
}

// readList returns a whole list.
func readList[T any](ctx context.Context, p *puller, l list[T]) ([]T, error) {
	if p.progress.Noun != l.noun {
		p.progress = Progress{Noun: l.noun}
	}
	var all []T
	seen := map[string]bool{}
	for after, restarts := "", 0; ; {
		page, err := readPage(ctx, p, l, after)
		refused, _ := errors.AsType[*failure](err)
		switch {
		case refused != nil && refused.status == http.StatusBadRequest && after != "" && restarts < maxRestarts:
			p.Say(fmt.Sprintf("%s does not go on after %s: reading it again", l.path, after))
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
				p.notes.leftOut(l.noun, id, "", o.fields, l.fields)
			}
		}
		if *page.HasMore && len(all) == before {
			return nil, fmt.Errorf("%s: the page after %q has more pages after it, but no new object", l.path, after)
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
		return page, fmt.Errorf("%s: the answer is not a list: data or has_more is missing", l.path)
	case slices.ContainsFunc(*page.Data, func(o answered[T]) bool { return l.id(o.value) == "" }):
		return page, fmt.Errorf("%s: an object has no id", l.path)
	}
	return page, nil
}

// Progress is how far a pull has come.
type Progress struct {
	Noun     string // what is being read
	Count    int    // how many of them were read
	Requests int
	Finished bool // whether all of them were read
}

// String returns the progress as a line.
func (p Progress) String() string {
	return fmt.Sprintf("%s: %s (%s)", p.Noun, text.Number(p.Count), text.Count(p.Requests, "request"))
}
