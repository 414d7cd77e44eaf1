package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

// list is a list of the API, reduced to the ids of its elements.
type list struct {
	name string
	size int // in the demo seed
	// all walks the pages from a cursor, or from the start, with the SDK's pager.
	all func(limit int64, before, after param.Opt[string]) ([]string, error)
	// page requests one page.
	page func(limit int64, before, after param.Opt[string]) (page[string], error)
}

// listsOf returns every list of the API, archived and default workspaces included.
func listsOf(t *testing.T, c admin) []list {
	ctx, yes := t.Context(), param.NewOpt(true)
	engineering := workspaceByName(t, c, "Engineering")
	type cursor = param.Opt[string]
	users := func(limit int64, before, after cursor) anthropic.OrganizationUserListParams {
		return anthropic.OrganizationUserListParams{Limit: param.NewOpt(limit), BeforeID: before, AfterID: after}
	}
	invites := func(limit int64, before, after cursor) anthropic.OrganizationInviteListParams {
		return anthropic.OrganizationInviteListParams{Limit: param.NewOpt(limit), BeforeID: before, AfterID: after}
	}
	workspaces := func(limit int64, before, after cursor) anthropic.OrganizationWorkspaceListParams {
		return anthropic.OrganizationWorkspaceListParams{
			Limit: param.NewOpt(limit), BeforeID: before, AfterID: after, IncludeArchived: yes, IncludeDefault: yes,
		}
	}
	members := func(limit int64, before, after cursor) anthropic.OrganizationWorkspaceMemberListParams {
		return anthropic.OrganizationWorkspaceMemberListParams{Limit: param.NewOpt(limit), BeforeID: before, AfterID: after}
	}
	keys := func(limit int64, before, after cursor) anthropic.OrganizationAPIKeyListParams {
		return anthropic.OrganizationAPIKeyListParams{Limit: param.NewOpt(limit), BeforeID: before, AfterID: after}
	}
	userID := func(u user) string { return u.ID }
	inviteID := func(i invite) string { return i.ID }
	workspaceID := func(w workspace) string { return w.ID }
	memberID := func(m member) string { return m.UserID }
	keyID := func(k apiKey) string { return k.ID }
	return []list{
		{"users", 48, func(n int64, b, a cursor) ([]string, error) {
			return each(userID)(c.AllOrganizationMembers(ctx, users(n, b, a)))
		}, func(n int64, b, a cursor) (page[string], error) {
			return eachOf(userID)(c.ListOrganizationMembers(ctx, users(n, b, a)))
		}},
		{"invites", 9, func(n int64, b, a cursor) ([]string, error) {
			return each(inviteID)(c.AllOrganizationInvites(ctx, invites(n, b, a)))
		}, func(n int64, b, a cursor) (page[string], error) {
			return eachOf(inviteID)(c.ListOrganizationInvites(ctx, invites(n, b, a)))
		}},
		{"workspaces", 13, func(n int64, b, a cursor) ([]string, error) {
			return each(workspaceID)(c.AllWorkspaces(ctx, workspaces(n, b, a)))
		}, func(n int64, b, a cursor) (page[string], error) {
			return eachOf(workspaceID)(c.ListWorkspaces(ctx, workspaces(n, b, a)))
		}},
		{"workspace members", 30, func(n int64, b, a cursor) ([]string, error) {
			return each(memberID)(c.AllWorkspaceMembers(ctx, engineering.ID, members(n, b, a)))
		}, func(n int64, b, a cursor) (page[string], error) {
			return eachOf(memberID)(c.ListWorkspaceMembers(ctx, engineering.ID, members(n, b, a)))
		}},
		{"api keys", 36, func(n int64, b, a cursor) ([]string, error) {
			return each(keyID)(c.AllAPIKeys(ctx, keys(n, b, a)))
		}, func(n int64, b, a cursor) (page[string], error) {
			return eachOf(keyID)(c.ListAPIKeys(ctx, keys(n, b, a)))
		}},
	}
}

func each[T any](id func(T) string) func([]T, error) ([]string, error) {
	return func(values []T, err error) ([]string, error) {
		var ids []string
		for _, v := range values {
			ids = append(ids, id(v))
		}
		return ids, err
	}
}

func eachOf[T any](id func(T) string) func(page[T], error) (page[string], error) {
	return func(p page[T], err error) (page[string], error) {
		ids, err := each(id)(p.Data, err)
		return page[string]{ids, p.HasMore, p.FirstID, p.LastID}, err
	}
}

var noCursor param.Opt[string]

// TestPaging walks every list forward and backward with the SDK's pager.
func TestPaging(t *testing.T) {
	t.Parallel()
	for _, surface := range surfaces {
		t.Run(surface.name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, start(t, "--seed", "demo", "--clock", frozen))
			for _, l := range listsOf(t, surface.of(t, p.URL)) {
				t.Run(l.name, func(t *testing.T) { walk(t, p, l) })
			}
		})
	}
}

func walk(t *testing.T, p *proxy, l list) {
	whole, err := l.page(1000, noCursor, noCursor)
	noError(t, "the whole list", err)
	ids := whole.Data
	equal(t, "length", l.size, len(ids))
	equal(t, "the whole list in one page", page[string]{ids, false, ids[0], ids[len(ids)-1]}, whole)
	if compacted := slices.Compact(slices.Sorted(slices.Values(ids))); len(compacted) != len(ids) {
		t.Errorf("the list repeats %d ids", len(ids)-len(compacted))
	}

	for _, limit := range []int{1, 7, 20} {
		before := len(p.seen())
		forward, err := l.all(int64(limit), noCursor, noCursor)
		noError(t, "forward", err)
		equal(t, "forward by "+strconv.Itoa(limit), ids, forward)
		equal(t, "requests forward by "+strconv.Itoa(limit), (len(ids)+limit-1)/limit, len(p.seen())-before)

		// Backward, the order of pages is reversed, the order within a page is not.
		last := len(ids) - 1
		var want []string
		for end := last; end > 0; end -= limit {
			want = append(want, ids[max(0, end-limit):end]...)
		}
		before = len(p.seen())
		backward, err := l.all(int64(limit), param.NewOpt(ids[last]), noCursor)
		noError(t, "backward", err)
		equal(t, "backward by "+strconv.Itoa(limit), want, backward)
		equal(t, "requests backward by "+strconv.Itoa(limit), (last+limit-1)/limit, len(p.seen())-before)
	}

	// has_more, first_id and last_id of single pages.
	first, last := ids[0], ids[len(ids)-1]
	for _, c := range []struct {
		name          string
		before, after param.Opt[string]
		want          page[string]
	}{
		{"the first page", noCursor, noCursor, page[string]{ids[:3], true, ids[0], ids[2]}},
		{"after the first page", noCursor, param.NewOpt(ids[2]), page[string]{ids[3:6], true, ids[3], ids[5]}},
		{"before the second page", param.NewOpt(ids[3]), noCursor, page[string]{ids[:3], false, ids[0], ids[2]}},
		{"before the third page", param.NewOpt(ids[6]), noCursor, page[string]{ids[3:6], true, ids[3], ids[5]}},
		{"before the end of the first page", param.NewOpt(ids[2]), noCursor, page[string]{ids[:2], false, ids[0], ids[1]}},
		{"before the first", param.NewOpt(first), noCursor, page[string]{}},
		{"after the last", noCursor, param.NewOpt(last), page[string]{}},
	} {
		got, err := l.page(3, c.before, c.after)
		noError(t, c.name, err)
		equal(t, c.name, c.want, got)
	}
	def, err := l.page(20, noCursor, noCursor)
	noError(t, "page of 20", err)
	equal(t, "length of a page of 20", min(20, len(ids)), len(def.Data))

	_, err = l.page(3, param.NewOpt(first), param.NewOpt(last))
	wantRefusal(t, "both cursors", err, badRequest("at most one of before_id and after_id is allowed"))
	for name, cursors := range map[string][2]param.Opt[string]{
		"before_id": {param.NewOpt("user_of_another_list"), noCursor},
		"after_id":  {noCursor, param.NewOpt("user_of_another_list")},
	} {
		_, err = l.page(3, cursors[0], cursors[1])
		wantRefusal(t, "an unknown cursor", err, badRequest(name+": …"))
	}
	for limit, message := range map[int64]string{
		0:    "limit: Input should be greater than or equal to 1",
		1001: "limit: Input should be less than or equal to 1000",
	} {
		_, err = l.page(limit, noCursor, noCursor)
		wantRefusal(t, fmt.Sprintf("limit %d", limit), err, badRequest(message))
	}
}

// TestPagingWhileTheListShrinks deletes the users at the cursors: the pages still
// neither skip nor repeat users.
func TestPagingWhileTheListShrinks(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "demo", "--clock", frozen)
	client := newClient(t, s.URL)
	ctx := t.Context()
	whole, err := client.Organization.Users.List(ctx, anthropic.OrganizationUserListParams{Limit: param.NewOpt[int64](1000)})
	noError(t, "users", err)
	var want, got []string
	for _, u := range whole.Data {
		want = append(want, u.ID)
	}
	current, err := client.Organization.Users.List(ctx, anthropic.OrganizationUserListParams{Limit: param.NewOpt[int64](5)})
	for err == nil && current != nil {
		for _, u := range current.Data {
			got = append(got, u.ID)
		}
		for _, u := range slices.Backward(current.Data) { // the cursor first
			if u.Role != anthropic.OrganizationRoleAdmin {
				_, err := client.Organization.Users.Remove(ctx, u.ID)
				noError(t, "remove", err)
			}
		}
		current, err = current.GetNextPage()
	}
	noError(t, "next page", err)
	equal(t, "users on all pages", want, got)
	left, err := client.Organization.Users.List(ctx, anthropic.OrganizationUserListParams{})
	noError(t, "users", err)
	equal(t, "remaining users", 3, len(left.Data))
}

// TestRawPaging sends queries that the SDKs cannot.
func TestRawPaging(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "demo", "--clock", frozen)
	for query, message := range map[string]string{
		"limit=":           "limit: Input should be a valid integer",
		"limit=ten":        "limit: Input should be a valid integer",
		"limit=1.5":        "limit: Input should be a valid integer",
		"limit=-1":         "limit: Input should be greater than or equal to 1",
		"roles[]=owner":    "roles[]: Input should be 'user', 'developer', 'billing', 'claude_code_user' or 'admin'",
		"limit=0&email=no": "limit: Input should be greater than or equal to 1; email: value is not a valid email address",
	} {
		got := s.raw(t, http.MethodGet, "/v1/organizations/users?"+query, "")
		equal(t, "status of "+query, http.StatusBadRequest, got.Status)
		equal(t, "message of "+query, message, messageOf(t, got))
	}
	count := func(query string) int {
		t.Helper()
		got := s.raw(t, http.MethodGet, "/v1/organizations/users?limit=1000"+query, "")
		equal(t, "status of "+query, http.StatusOK, got.Status)
		var body struct{ Data []any }
		decode(t, got.Body, &body)
		return len(body.Data)
	}
	for query, want := range map[string]int{
		"":                               48,
		"&before_id=&after_id=":          48, // an empty cursor counts as absent
		"&surprise=true&beta=true":       48, // unknown parameters are ignored
		"&roles[]=admin&roles[]=billing": 5,
		"&roles%5B%5D=admin":             3,
		"&roles=admin&roles=billing":     5,
		"&roles[]=admin&roles=billing":   5,
		"&email=ingrid.solheim@example.com&roles[]=billing": 0,
	} {
		equal(t, "number of users with "+query, want, count(query))
	}
}

func TestDefaultLimit(t *testing.T) {
	t.Parallel()
	s := start(t, "--seed", "demo")
	c := newClient(t, s.URL, option.WithMaxRetries(0))
	users, err := c.Organization.Users.List(t.Context(), anthropic.OrganizationUserListParams{})
	noError(t, "users", err)
	equal(t, "length of the page", 20, len(users.Data))
	equal(t, "has_more", true, users.HasMore)
}
