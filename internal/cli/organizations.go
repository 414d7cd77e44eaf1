package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"antechamber/handlers/control"
	"antechamber/internal/text"
)

type organizationsCmd struct {
	remoteFlags
	List   organizationsListCmd   `cmd:"" default:"withargs" help:"List the organizations (the default)."`
	Create organizationsCreateCmd `cmd:"" help:"Create an organization."`
	Delete organizationsDeleteCmd `cmd:"" help:"Delete an organization."`
}

func (organizationsCmd) Help() string {
	return `Each organization of a server has its own state, clock, faults and journal. The admin key of a request selects one. In production, organizations are created in the Console: these commands use the control plane.

Examples:

  antechamber organizations
  antechamber organizations --search acme
  antechamber organizations create --name Test --ttl 10m
  antechamber organizations delete 12345678-1234-5678-1234-567812345678`
}

type organizationsListCmd struct {
	Search *string `env:"-" placeholder:"TEXT" help:"Only organizations with this text in their name or id, or at the end of an admin key."`
	Limit  *limit  `env:"-" placeholder:"N|all" help:"Only the N most recently used, at most 1000. Default: 20."`
}

func (organizationsListCmd) Help() string {
	return `The most recently used organization is first. ORIGIN is what it was created from: seed, empty, organization, snapshot, or fork, which is the fork of the seed for an unknown key. Forks are removed when they have been unused for the --fork-ttl of the server. LAST ACTIVITY and EXPIRES AT are real time.

Examples:

  antechamber organizations list
  antechamber organizations list --search test-42 --limit all`
}

type organizationsCreateCmd struct {
	From *string `env:"-" placeholder:"SOURCE" help:"seed, empty, the id of an organization, or the name of a snapshot of the selected organization. Default: seed."`
	Name *string `env:"-" placeholder:"NAME" help:"Name of the organization. Default: that of its source."`
	Key  *string `env:"-" placeholder:"KEY" help:"Admin key of the new organization. Default: generated."`
	TTL  *string `name:"ttl" env:"-" placeholder:"DURATION" help:"Delete the organization after this time, such as 10m, in real time. Default: never."`
}

func (organizationsCreateCmd) Help() string {
	return `Creating an organization takes well under a millisecond, however large its source is. With --json, admin_key of the response is its key.

Examples:

  antechamber organizations create
  antechamber organizations create --from before --ttl 10m
  antechamber organizations create --from empty --name Test --key sk-ant-admin01-test`
}

type organizationsDeleteCmd struct {
	ID string `arg:"" name:"ID" help:"Id of the organization."`
}

func (organizationsDeleteCmd) Help() string {
	return "The first organization cannot be deleted. antechamber organizations lists the ids.\n\nExamples:\n\n  antechamber organizations delete 12345678-1234-5678-1234-567812345678"
}

// organization is an organization in the JSON of the control plane.
type organization struct {
	ID             string    `json:"id"`
	Name           string    `json:"name"`
	AdminKey       string    `json:"admin_key"`
	Origin         string    `json:"origin"`
	LastActivityAt time.Time `json:"last_activity_at"`
	ExpiresAt      time.Time `json:"expires_at"` // zero for never
}

// organizationList is a page of organizations.
type organizationList struct {
	Data     []organization `json:"data"`
	HasMore  bool           `json:"has_more"`
	NextPage string         `json:"next_page"`
}

// Run lists the organizations. With --json and --limit all, it prints each page.
func (c *organizationsListCmd) Run(ctx context.Context, p *process, all *organizationsCmd) error {
	size := defaultLimit
	if c.Limit != nil {
		size = int(*c.Limit)
	}
	query := url.Values{"limit": {strconv.Itoa(size)}}
	if size == 0 {
		query.Set("limit", strconv.Itoa(control.MaxPageSize))
	}
	if c.Search != nil {
		query.Set("q", *c.Search)
	}
	r := request{method: http.MethodGet, global: true, describe: inFlags(map[string]string{"q": "--search"})}
	var rows [][]string
	var page organizationList
	for more := true; more; more = size == 0 && page.HasMore {
		r.path = withQuery("/organizations", query)
		body, err := all.send(ctx, p, r)
		if err != nil {
			return err
		}
		page = organizationList{}
		if err := json.Unmarshal(body, &page); err != nil {
			return unexpectedResponse(err)
		}
		if page.HasMore && page.NextPage == query.Get("page") { // the list would not end
			return unexpectedResponse(errors.New("the next page is the same one"))
		}
		if all.JSON {
			if _, err := p.stdout.Write(body); err != nil {
				return err
			}
		}
		for _, o := range page.Data {
			rows = append(rows, o.columns())
		}
		query.Set("page", page.NextPage)
	}
	if all.JSON {
		return nil
	}
	var b bytes.Buffer
	printTable(&b, []string{"ID", "NAME", "ORIGIN", "ADMIN KEY", "LAST ACTIVITY", "EXPIRES AT"}, rows)
	switch {
	case len(rows) == 0:
		p.note("no matching organizations")
	case page.HasMore:
		p.note("showing the %d most recently used (--limit all shows all)", len(rows))
	}
	_, err := p.stdout.Write(b.Bytes())
	return err
}

// columns returns the cells of an organization in the table.
func (o organization) columns() []string {
	expires := ""
	if !o.ExpiresAt.IsZero() {
		expires = formatTime(o.ExpiresAt)
	}
	return []string{o.ID, o.Name, o.Origin, o.AdminKey, formatTime(o.LastActivityAt), expires}
}

// Run creates an organization.
func (c *organizationsCreateCmd) Run(ctx context.Context, p *process, all *organizationsCmd) error {
	body := map[string]string{}
	for field, value := range map[string]*string{"from": c.From, "name": c.Name, "admin_key": c.Key, "ttl": c.TTL} {
		if value != nil {
			body[field] = *value
		}
	}
	r := request{method: http.MethodPost, path: "/organizations", body: encode(body), describe: inFlags(map[string]string{"admin_key": "--key", "ttl": "--ttl"})}
	return do(ctx, &all.remoteFlags, p, r, func(w io.Writer, o organization) {
		fmt.Fprintf(w, "created %s: id %s, admin key %s", text.Printable(o.Name), o.ID, o.AdminKey)
		if !o.ExpiresAt.IsZero() {
			fmt.Fprintf(w, ", expires at %s", formatTime(o.ExpiresAt))
		}
		fmt.Fprintln(w)
	})
}

// Run deletes an organization.
func (c *organizationsDeleteCmd) Run(ctx context.Context, p *process, all *organizationsCmd) error {
	id, err := segment("<ID>", c.ID, "the id of an organization")
	if err != nil {
		return err
	}
	return do(ctx, &all.remoteFlags, p, request{method: http.MethodDelete, path: "/organizations" + id, global: true}, func(w io.Writer, d deleted) {
		fmt.Fprintf(w, "deleted organization %s\n", text.Printable(d.Deleted))
	})
}
