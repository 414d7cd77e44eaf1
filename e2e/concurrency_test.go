package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

// writers is the default parallelism of Terraform.
const writers = 10

// atOnce runs fn for all writers at the same time, and returns their results.
func atOnce[T any](fn func(writer int) (T, error)) ([]T, []error) {
	values, errs := make([]T, writers), make([]error, writers)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			<-begin
			values[i], errs[i] = fn(i)
		})
	}
	close(begin)
	wg.Wait()
	return values, errs
}

// TestConcurrentWriters provisions workspaces as Terraform does: ten at a time,
// and each write is followed by a read, here by another client.
func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	for _, surface := range surfaces {
		t.Run(surface.name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, start(t, "--seed", "demo"))
			c, reader := surface.of(t, p.URL), surface.of(t, p.URL)
			u := userByEmail(t, c, "sofia.marchetti@example.com")
			const each = 6
			ids, errs := atOnce(func(writer int) (ids []string, err error) {
				for i := range each {
					w, err := provision(t.Context(), c, reader, fmt.Sprintf("W%d.%d", writer, i), u.ID)
					if err != nil {
						return nil, fmt.Errorf("workspace %d: %w", i, err)
					}
					ids = append(ids, w.ID)
				}
				return ids, nil
			})
			noError(t, "writers", errors.Join(errs...))
			made := slices.Sorted(slices.Values(slices.Concat(ids...)))
			equal(t, "number of distinct ids", writers*each, len(slices.Compact(made)))
			left, err := reader.AllWorkspaces(t.Context(), anthropic.OrganizationWorkspaceListParams{})
			noError(t, "workspaces", err)
			equal(t, "number of unarchived workspaces", 9, len(left))
			archived, err := reader.AllWorkspaces(t.Context(), anthropic.OrganizationWorkspaceListParams{
				IncludeArchived: param.NewOpt(true), Limit: param.NewOpt[int64](7),
			})
			noError(t, "workspaces", err)
			equal(t, "number of workspaces, with archived ones", 12+writers*each, len(archived))
		})
	}
}

// provision creates a workspace with a member, changes and archives it, and reads
// each write back.
func provision(ctx context.Context, c, reader admin, name, userID string) (w workspace, err error) {
	if w, err = c.CreateWorkspace(ctx, workspaceParams{Name: name, Tags: map[string]string{"by": "a test"}}); err != nil {
		return w, err
	}
	steps := []struct {
		name  string
		write func() error
		read  func() (bool, error)
	}{
		{"create", func() error { return nil }, func() (bool, error) {
			got, err := reader.ListWorkspaces(ctx, anthropic.OrganizationWorkspaceListParams{Limit: param.NewOpt[int64](1000)})
			return slices.ContainsFunc(got.Data, func(other workspace) bool { return other.ID == w.ID }), err
		}},
		{"rename", func() error {
			_, err := c.UpdateWorkspace(ctx, w.ID, workspaceParams{Name: name + "!"})
			return err
		}, func() (bool, error) {
			got, err := reader.GetWorkspace(ctx, w.ID)
			return got.Name == name+"!", err
		}},
		{"add member", func() error {
			_, err := c.AddWorkspaceMember(ctx, w.ID, userID, "workspace_user")
			return err
		}, func() (bool, error) {
			got, err := reader.ListWorkspaceMembers(ctx, w.ID, anthropic.OrganizationWorkspaceMemberListParams{})
			return len(got.Data) == 6, err
		}},
		{"change member", func() error {
			_, err := c.UpdateWorkspaceMember(ctx, w.ID, userID, "workspace_admin")
			return err
		}, func() (bool, error) {
			got, err := reader.GetWorkspaceMember(ctx, w.ID, userID)
			return got.WorkspaceRole == "workspace_admin", err
		}},
		{"remove member", func() error {
			_, err := c.RemoveWorkspaceMember(ctx, w.ID, userID)
			return err
		}, func() (bool, error) {
			got, err := reader.ListWorkspaceMembers(ctx, w.ID, anthropic.OrganizationWorkspaceMemberListParams{})
			return len(got.Data) == 5, err
		}},
		{"archive", func() error {
			_, err := c.ArchiveWorkspace(ctx, w.ID)
			return err
		}, func() (bool, error) {
			got, err := reader.GetWorkspace(ctx, w.ID)
			return !got.ArchivedAt.IsZero(), err
		}},
	}
	for _, step := range steps {
		if err := step.write(); err != nil {
			return w, fmt.Errorf("%s: %w", step.name, err)
		}
		if ok, err := step.read(); err != nil || !ok {
			return w, fmt.Errorf("a read does not see %s (%v)", step.name, err)
		}
	}
	return w, nil
}

// TestRaces sends the same write from ten clients: as many succeed as the rules
// allow.
func TestRaces(t *testing.T) {
	t.Parallel()
	p := newProxy(t, start(t, "--seed", seedFile(t, `{
		"name": "Crowded", "settings": {"workspace_limit": 4, "member_limit": 5},
		"users": [{"email": "ada@example.com", "name": "Ada", "role": "user"}, {"email": "ben@example.com", "name": "Ben", "role": "user"}]
	}`)))
	c := production{*newClientOf(t, p)}
	ctx := t.Context()
	outcomes := func(errs []error) map[string]int {
		t.Helper()
		counts := map[string]int{}
		for _, err := range errs {
			if err == nil {
				counts["ok"]++
				continue
			}
			r := refusalOf(t, err)
			counts[fmt.Sprint(r.Status, " ", r.Code)]++
		}
		return counts
	}

	_, errs := atOnce(func(int) (invite, error) { return c.CreateOrganizationInvite(ctx, "wanted@example.com", "user") })
	equal(t, "one address", map[string]int{"ok": 1, "400 invite_already_exists": 9}, outcomes(errs))
	_, errs = atOnce(func(i int) (invite, error) {
		return c.CreateOrganizationInvite(ctx, fmt.Sprintf("guest%d@example.com", i), "user")
	})
	equal(t, "the last two invites", map[string]int{"ok": 2, "400 org_member_limit_exceeded": 8}, outcomes(errs))
	_, errs = atOnce(func(int) (workspace, error) { return c.CreateWorkspace(ctx, workspaceParams{Name: "Wanted"}) })
	equal(t, "the last four workspaces", map[string]int{"ok": 4, "400 ": 6}, outcomes(errs))

	ada := userByEmail(t, c, "ada@example.com")
	w := workspaceByName(t, c, "Wanted")
	_, errs = atOnce(func(int) (member, error) { return c.AddWorkspaceMember(ctx, w.ID, ada.ID, "workspace_user") })
	equal(t, "one membership", map[string]int{"ok": 1, "400 ": 9}, outcomes(errs))
	archived, errs := atOnce(func(int) (workspace, error) { return c.ArchiveWorkspace(ctx, w.ID) })
	equal(t, "one archive", map[string]int{"ok": 10}, outcomes(errs))
	for _, a := range archived {
		equal(t, "archived workspace", archived[0], a)
	}
	_, errs = atOnce(func(int) (deleted, error) { return c.RemoveOrganizationMember(ctx, ada.ID) })
	equal(t, "one removal", map[string]int{"ok": 1, "404 ": 9}, outcomes(errs))
}
