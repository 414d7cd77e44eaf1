package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// An object takes 64 KiB of JSON, however it grows. Archiving it is always possible.
func TestObjectsAreBounded(t *testing.T) {
	o := open(t, store.Contents{})
	w := object(o.CreateWorkspace(store.NewWorkspace{Name: "W", DataResidency: api.DefaultDataResidency()}, nil))(t)
	size := len(api.Encode(w.Workspace))
	tag := func(n int) map[string]*string { return map[string]*string{"a": new(strings.Repeat("x", n))} }
	most := 65_536 - size - len(`"a":""`)
	beyond := store.Error{Kind: store.Invalid, Message: "The workspace would take 65537 bytes of JSON, and at most 65536 are allowed."}
	refused(o, beyond, func() (store.Object[store.Workspace], error) {
		return o.UpdateWorkspace(w.ID, store.WorkspaceUpdate{Tags: tag(most + 1)}, nil)
	})
	object(o.UpdateWorkspace(w.ID, store.WorkspaceUpdate{Tags: tag(most)}, nil))(t)
	one := ""
	if _, err := o.UpdateWorkspace(w.ID, store.WorkspaceUpdate{Tags: map[string]*string{"b": &one}}, nil); err == nil {
		t.Error("a tag more was taken")
	}
	object(o.ArchiveWorkspace(w.ID))(t)
	if _, err := o.CreateWorkspace(store.NewWorkspace{Name: "W", ExternalKeyID: strings.Repeat("x", 65_536)}, nil); err == nil {
		t.Error("a workspace of more than 64 KiB was created")
	}
}

func TestOutboxIsBounded(t *testing.T) {
	var c store.Contents
	for i := range 1001 {
		c.Invites = append(c.Invites, invitedAt(at(0), invite(fmt.Sprintf("u%04d", i), api.RoleUser, api.InvitePending)))
	}
	if n := len(open(t, c).Outbox()); n != 1000 {
		t.Errorf("%d mails, want 1,000", n)
	}
}

func TestSnapshotsAreBounded(t *testing.T) {
	o := open(t, store.Contents{})
	for i := range 1000 {
		must(o.TakeSnapshot(fmt.Sprint(i)))(t)
	}
	if _, err := o.TakeSnapshot("1000"); err == nil {
		t.Error("1,001 snapshots")
	}
	must(o.TakeSnapshot("999"))(t)
}

// A store has 20,000 organizations.
func TestOrganizationsAreBounded(t *testing.T) {
	all := store.New(func() time.Time { return epoch })
	if _, err := all.Add(complete(store.Contents{AdminKeys: []string{"sk-ant-admin01-first"}})); err != nil {
		t.Fatal(err)
	}
	for range 19_999 {
		if _, err := all.Create(store.NewOrganization{From: all.FromSeed()}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := all.Create(store.NewOrganization{From: all.FromSeed()}); err == nil {
		t.Error("20,001 organizations")
	}
}

// An API key keeps the status that it was created with and the newest changes: they
// alternate, so that an export is a valid seed.
func TestStatusHistoryIsBounded(t *testing.T) {
	w := workspace("w")
	k := key("k", w.ID, api.KeyActive)
	o := open(t, store.Contents{Workspaces: []api.Workspace{w}, APIKeys: []store.APIKey{k}})
	for i := range 1201 {
		status := api.KeyInactive
		if i%2 == 1 {
			status = api.KeyActive
		}
		object(o.UpdateAPIKey(k.ID, store.APIKeyUpdate{Status: &status}, nil))(t)
	}
	history := o.Contents().APIKeys[0].History
	if n := len(history); n > 1000 || n < 998 {
		t.Errorf("%d changes", n)
	}
	for i := range history[1:] {
		if history[i].Status == history[i+1].Status {
			t.Fatalf("change %d repeats the status", i+1)
		}
	}
	if history[0].Status != api.KeyActive || history[len(history)-1].Status != api.KeyInactive {
		t.Error("the first or the last change is missing")
	}
}
