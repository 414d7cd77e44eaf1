package seed

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"antechamber/store"
)

// An omitted field is unchanged, null removes a limit, and the original settings
// are not modified.
func TestChangeSettings(t *testing.T) {
	five, six := 5, 6
	current := store.DefaultSettings()
	current.MemberLimit, current.APIKeyLimit, current.AllowedInviteDomains = &five, &five, []string{"a.com"}
	for change, want := range map[string]func(*store.Settings){
		`{}`: func(*store.Settings) {},
		`{"member_limit":6,"api_key_limit":null}`:                             func(s *store.Settings) { s.MemberLimit, s.APIKeyLimit = &six, nil },
		`{"allowed_invite_domains":null,"anthropic_versions":["2023-06-01"]}`: func(s *store.Settings) { s.AllowedInviteDomains, s.AnthropicVersions = nil, []string{"2023-06-01"} },
		`{"allowed_invite_domains":[],"workspace_name_max_length":200}`:       func(s *store.Settings) { s.AllowedInviteDomains, s.WorkspaceNameMaxLength = []string{}, 200 },
		`{"deleted_invites":"gone"}`:                                          func(s *store.Settings) { s.DeletedInvites = store.DeletedGone },
		`{"workspace_limit":0,"workspace_member_limit":5}`:                    func(s *store.Settings) { s.WorkspaceLimit, s.WorkspaceMemberLimit = 0, &five },
	} {
		wanted := current
		want(&wanted)
		got, err := ChangeSettings(current, []byte(change))
		if diff := cmp.Diff(wanted, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", change, err, diff)
		}
		again, err := ChangeSettings(store.DefaultSettings(), ExportSettings(wanted))
		if diff := cmp.Diff(wanted, again); diff != "" || err != nil {
			t.Errorf("%s, exported: %v (-want +got)\n%s", change, err, diff)
		}
	}
}

func TestChangeSettingsReportsEveryFault(t *testing.T) {
	_, err := ChangeSettings(store.DefaultSettings(), []byte(`{"workspace_limit":null,"member_limit":-1,"limit":1,"allowed_invite_domains":["x"]}`))
	faults, _ := errors.AsType[Faults](err)
	var got []string
	for _, f := range faults {
		got = append(got, f.Pointer)
	}
	if diff := cmp.Diff([]string{"/workspace_limit", "/member_limit", "/limit", "/allowed_invite_domains/0"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Options.ID is the id of an organization without one.
func TestLoadUsesTheIDOfTheOptions(t *testing.T) {
	const id, own = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
	for src, want := range map[string]string{`{"name":"A"}`: id, `{"name":"A","id":"` + own + `"}`: own} {
		s, err := Parse("seed.json", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Load(Options{Real: time.Unix(0, 0), ID: id})
		if err != nil || all[0].ID != want {
			t.Errorf("%s: %s, %v", src, all[0].ID, err)
		}
	}
}
