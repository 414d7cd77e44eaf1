package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// createInvite returns a call that invites a person as a user.
func (o *org) createInvite(email string) func() (store.Object[store.Invite], error) {
	return func() (store.Object[store.Invite], error) {
		return o.CreateOrganizationInvite(store.NewInvite{Email: email, Role: api.RoleUser}, nil)
	}
}

func TestCreateOrganizationInvite(t *testing.T) {
	for _, role := range api.AssignableRoles {
		o := open(t, store.Contents{})
		got := must(o.CreateOrganizationInvite(store.NewInvite{Email: "New@Example.com", Role: role}, nil))(t)
		want := api.Invite{
			ID: got.Value.ID, Type: "invite", Email: "New@Example.com", Role: role, Status: "pending",
			InvitedAt: at(0), ExpiresAt: at(21 * day), RBACGroupIDs: []string{},
		}
		diff(t, "invite", want, got.Value.Invite)
		diff(t, "JSON", `{"id":"`+got.Value.ID+`","type":"invite","email":"New@Example.com","role":"`+string(role)+
			`","status":"pending","invited_at":"2026-01-01T12:00:00.000000Z","expires_at":"2026-01-22T12:00:00.000000Z",`+
			`"accepted_at":null,"rbac_group_ids":[]}`, got.JSON)
		diff(t, "read back", want, object(o.GetOrganizationInvite(got.Value.ID))(t).Invite)
		wantIDs(t, o.invites(store.InviteFilter{}, all), got.Value.ID)
	}
}

func TestInviteExpiresWithTheClock(t *testing.T) {
	o := open(t, store.Contents{})
	i := object(o.CreateOrganizationInvite(store.NewInvite{Email: "new@example.com", Role: "user"}, nil))(t)
	status := func() api.InviteStatus { return object(o.GetOrganizationInvite(i.ID))(t).Status }
	pending := store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}
	expired := store.InviteFilter{Statuses: []api.InviteStatus{"expired"}}

	o.real.advance(21*day - time.Microsecond)
	diff(t, "just before expires_at", api.InvitePending, status())
	wantIDs(t, o.invites(pending, all), i.ID)
	wantIDs(t, o.invites(expired, all))

	o.real.advance(time.Microsecond)
	// Lists first: they must not depend on an earlier read of the invite.
	wantIDs(t, o.invites(pending, all))
	wantIDs(t, o.invites(expired, all), i.ID)
	wantIDs(t, o.invites(store.InviteFilter{Email: "new@example.com", Statuses: expired.Statuses}, all), i.ID)
	wantIDs(t, o.invites(store.InviteFilter{}, all), i.ID)
	diff(t, "at expires_at", api.InviteExpired, status())
	diff(t, "expires_at", at(21*day), object(o.GetOrganizationInvite(i.ID))(t).ExpiresAt)

	o.real.advance(1000 * day)
	diff(t, "long after", api.InviteExpired, status())
}

// TestInvitesExpireOneByOne moves the clock past the expiry of only some invites,
// which were created in another order.
func TestInvitesExpireOneByOne(t *testing.T) {
	c := store.Contents{Invites: []api.Invite{
		invite("a", "user", "pending"), invite("b", "user", "pending"), invite("c", "user", "pending"), invite("d", "user", "pending"),
	}}
	for i, in := range []time.Duration{3 * time.Hour, time.Hour, time.Hour, 2 * time.Hour} {
		c.Invites[i].ExpiresAt = at(in)
	}
	o := open(t, c)
	expired := store.InviteFilter{Statuses: []api.InviteStatus{"expired"}}
	wantIDs(t, o.invites(expired, all))
	o.real.advance(time.Hour)
	wantIDs(t, o.invites(expired, all), "invite_b", "invite_c")
	o.real.advance(time.Hour)
	wantIDs(t, o.invites(expired, all), "invite_b", "invite_c", "invite_d")
	o.real.advance(5 * time.Hour)
	wantIDs(t, o.invites(expired, all), "invite_a", "invite_b", "invite_c", "invite_d")
}

func TestFrozenClockExpiresNothing(t *testing.T) {
	o := open(t, store.Contents{Clock: store.FrozenAt(epoch), Invites: []api.Invite{invite("a", "user", "pending")}})
	o.real.advance(1000 * day)
	wantIDs(t, o.invites(store.InviteFilter{Statuses: []api.InviteStatus{"pending"}}, all), "invite_a")
}

func TestOverduePendingInviteIsExpired(t *testing.T) {
	i := invite("a", "user", "pending")
	i.ExpiresAt = at(0)
	o := open(t, store.Contents{Invites: []api.Invite{i}})
	diff(t, "status", api.InviteExpired, object(o.GetOrganizationInvite("invite_a"))(t).Status)
}

func TestCreateOrganizationInviteRefusesMembers(t *testing.T) {
	ann := user("ann", api.RoleUser)
	ann.Email = "Ann@Example.com"
	o := open(t, store.Contents{Users: []api.User{ann}})
	for _, email := range []string{"Ann@Example.com", "ann@example.com", "ANN@EXAMPLE.COM"} {
		refused(o, store.Error{Code: "already_member", Message: "user_ann"}, o.createInvite(email))
	}
}

func TestCreateOrganizationInviteRefusesASecondPendingInvite(t *testing.T) {
	o := open(t, store.Contents{})
	first := object(o.createInvite("Ann@Example.com")())(t)
	for _, email := range []string{"Ann@Example.com", "ann@example.com", "ANN@EXAMPLE.COM"} {
		refused(o, store.Error{Code: "invite_already_exists", Message: first.ID}, o.createInvite(email))
	}
}

// Two spellings of one mailbox are the same address, of which the first is kept.
func TestSpellingsOfOneAddress(t *testing.T) {
	spellings := []string{"Jörg@exämple.com", "JO\u0308RG@EXÄMPLE.COM", "jörg@xn--exmple-cua.com"}
	o := open(t, store.Contents{Settings: settings(func(s *store.Settings) { s.AllowedInviteDomains = []string{"XN--Exmple-Cua.com"} })})
	invited := object(o.createInvite(spellings[0])())(t)
	for _, email := range spellings {
		refused(o, store.Error{Code: "invite_already_exists", Message: invited.ID}, o.createInvite(email))
		wantIDs(t, o.invites(store.InviteFilter{Email: email}, all), invited.ID)
	}
	diff(t, "recipient", spellings[0], o.Outbox()[0].To)
	joined := object(o.AcceptInvite(invited.ID, ""))(t)
	diff(t, "email", spellings[0], joined.Email)
	for _, email := range spellings {
		refused(o, store.Error{Code: "already_member", Message: joined.ID}, o.createInvite(email))
		p := must(o.ListOrganizationMembers(store.UserFilter{Email: email}, all, nil))(t)
		diff(t, "users with "+email, 1, len(slices.Collect(p.All())))
	}
	object(o.createInvite("jorg@exämple.com")())(t)
}

func TestCreateOrganizationInviteAgainAfterExpiry(t *testing.T) {
	o := open(t, store.Contents{})
	first := object(o.createInvite("ann@example.com")())(t)
	o.real.advance(21*day - time.Microsecond)
	refused(o, store.Error{Code: "invite_already_exists", Message: first.ID}, o.createInvite("ann@example.com"))
	o.real.advance(time.Microsecond)
	second := object(o.createInvite("ann@example.com")())(t)
	wantIDs(t, o.invites(store.InviteFilter{Email: "ANN@example.com"}, all), second.ID, first.ID)
	diff(t, "expires_at of the new invite", at(42*day), second.ExpiresAt)
}

func TestCreateOrganizationInviteAgainAfterDeletion(t *testing.T) {
	o := open(t, store.Contents{})
	first := object(o.createInvite("ann@example.com")())(t)
	object(o.DeleteOrganizationInvite(first.ID))(t)
	second := object(o.createInvite("ann@example.com")())(t)
	wantIDs(t, o.invites(store.InviteFilter{Email: "ann@example.com"}, all), second.ID)
}

func TestCreateOrganizationInviteForARemovedUser(t *testing.T) {
	o := open(t, store.Contents{Users: []api.User{user("ann", "user"), user("bob", "user")}})
	object(o.RemoveOrganizationMember("user_ann"))(t)
	object(o.createInvite("ann@example.com")())(t)
}

func TestCreateOrganizationInviteAfterAnAcceptedInviteWithoutUser(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("ann", "user", "accepted")}})
	object(o.createInvite("ann@example.com")())(t)
}

func TestAllowedInviteDomains(t *testing.T) {
	notAllowed := store.Error{Code: "email_domain_not_allowed"}
	for _, test := range []struct {
		name    string
		domains []string
		allowed []string
		refused []string
	}{
		{"any", nil, []string{"a@example.com", "a@anything.org"}, nil},
		{"none", []string{}, nil, []string{"a@example.com"}},
		{
			"some",
			[]string{"example.com", "Sub.Example.ORG"},
			[]string{"a@example.com", "b@EXAMPLE.com", "c@sub.example.org", "d@SUB.EXAMPLE.ORG"},
			[]string{"a@example.org", "a@evil-example.com", "a@sub.example.com", "example.com@example.net", "a@example.com.evil.net"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := open(t, store.Contents{Settings: settings(func(s *store.Settings) { s.AllowedInviteDomains = test.domains })})
			for _, email := range test.refused {
				refused(o, notAllowed, o.createInvite(email))
			}
			for _, email := range test.allowed {
				object(o.createInvite(email)())(t)
			}
		})
	}
}

func TestMemberLimitCountsPendingInvites(t *testing.T) {
	o := open(t, store.Contents{
		Settings: settings(func(s *store.Settings) { s.MemberLimit = new(4) }),
		Users:    []api.User{user("ann", "user"), user("bob", "admin")},
		// Only pending invites count.
		Invites: []api.Invite{invite("x", "user", "expired"), invite("y", "user", "accepted"), invite("z", "user", "deleted")},
	})
	full := store.Error{Code: "org_member_limit_exceeded"}
	c := object(o.createInvite("c@example.com")())(t)
	object(o.createInvite("d@example.com")())(t)
	refused(o, full, o.createInvite("e@example.com"))

	object(o.DeleteOrganizationInvite(c.ID))(t)
	object(o.createInvite("e@example.com")())(t)
	refused(o, full, o.createInvite("f@example.com"))

	object(o.RemoveOrganizationMember("user_ann"))(t)
	object(o.createInvite("f@example.com")())(t)
	refused(o, full, o.createInvite("g@example.com"))

	o.real.advance(21 * day)
	object(o.createInvite("g@example.com")())(t)
}

func TestMemberLimitBelowTheNumberOfMembers(t *testing.T) {
	o := open(t, store.Contents{
		Settings: settings(func(s *store.Settings) { s.MemberLimit = new(0) }),
		Users:    []api.User{user("ann", "user"), user("bob", "user")},
	})
	refused(o, store.Error{Code: "org_member_limit_exceeded"}, o.createInvite("c@example.com"))
}

func TestMembersAreUnlimitedByDefault(t *testing.T) {
	o := open(t, store.Contents{})
	for _, name := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		object(o.createInvite(name + "@example.com")())(t)
	}
}

func TestDeleteOrganizationInvite(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("ann", "user", "pending"), invite("bob", "user", "pending")}})
	got := must(o.DeleteOrganizationInvite("invite_ann"))(t)
	diff(t, "JSON", `{"id":"invite_ann","type":"invite_deleted"}`, got.JSON)
	diff(t, "value", api.Deleted{ID: "invite_ann", Type: "invite_deleted"}, got.Value)

	// Deleted invites are not listed.
	wantIDs(t, o.invites(store.InviteFilter{}, all), "invite_bob")
	wantIDs(t, o.invites(store.InviteFilter{Email: "ann@example.com"}, all))
	wantIDs(t, o.invites(store.InviteFilter{Roles: []api.OrganizationRole{"user"}}, all), "invite_bob")
	wantIDs(t, o.invites(store.InviteFilter{Statuses: api.ListedInviteStatuses}, all), "invite_bob")

	// By default, they can still be read.
	deletion := func() (store.Object[api.Deleted], error) { return o.DeleteOrganizationInvite("invite_ann") }
	want := must(o.GetOrganizationInvite("invite_ann"))(t).Value.Invite
	diff(t, "status", api.InviteDeleted, want.Status)
	diff(t, "email", "ann@example.com", want.Email)
	refused(o, store.Error{Message: "Invite `invite_ann` is deleted: only a pending invite can be deleted."}, deletion)

	gone := store.Error{Kind: store.NotFound, Message: "Invite `invite_ann` not found."}
	must(o.UpdateSettings(func(s store.Settings) (store.Settings, error) {
		s.DeletedInvites = store.DeletedGone
		return s, nil
	}))(t)
	_, err := o.GetOrganizationInvite("invite_ann")
	wantRefusal(t, gone, err)
	refused(o, gone, deletion)
	wantIDs(t, o.invites(store.InviteFilter{}, store.List{Limit: 1, BeforeID: "invite_bob"}))
	wantIDs(t, o.invites(store.InviteFilter{}, store.List{Limit: 1, AfterID: "invite_ann"}), "invite_bob")
}

func TestDeletedInviteDoesNotExpire(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("ann", "user", "pending")}})
	object(o.DeleteOrganizationInvite("invite_ann"))(t)
	o.real.advance(100 * day)
	diff(t, "status", api.InviteDeleted, object(o.GetOrganizationInvite("invite_ann"))(t).Status)
}

func TestAcceptedInviteDoesNotExpire(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("ann", "user", "accepted")}})
	o.real.advance(100 * day)
	diff(t, "status", api.InviteAccepted, object(o.GetOrganizationInvite("invite_ann"))(t).Status)
}

func TestDeleteOrganizationInviteOnlyWhilePending(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{
		invite("ann", "user", "accepted"), invite("bob", "user", "expired"), invite("cat", "user", "pending"),
	}})
	deletion := func(id string) func() (store.Object[api.Deleted], error) {
		return func() (store.Object[api.Deleted], error) { return o.DeleteOrganizationInvite(id) }
	}
	refused(o, store.Error{Message: "accepted"}, deletion("invite_ann"))
	refused(o, store.Error{Message: "expired"}, deletion("invite_bob"))
	o.real.advance(21 * day)
	refused(o, store.Error{Message: "expired"}, deletion("invite_cat"))
}

func TestListOrganizationInvites(t *testing.T) {
	again := invite("again", "developer", "expired")
	again.Email = "A@Example.com"
	o := open(t, store.Contents{Invites: []api.Invite{
		invite("a", "user", "pending"), invite("b", "billing", "accepted"), invite("c", "user", "expired"),
		invite("d", "developer", "pending"), invite("e", "claude_code_user", "pending"), invite("gone", "user", "deleted"), again,
	}})
	roles := func(r ...api.OrganizationRole) []api.OrganizationRole { return r }
	statuses := func(s ...api.InviteStatus) []api.InviteStatus { return s }
	for _, test := range []struct {
		name   string
		filter store.InviteFilter
		want   []string
	}{
		{"none", store.InviteFilter{}, []string{"a", "b", "c", "d", "e", "again"}},
		{"pending", store.InviteFilter{Statuses: statuses("pending")}, []string{"a", "d", "e"}},
		{"accepted", store.InviteFilter{Statuses: statuses("accepted")}, []string{"b"}},
		{"expired", store.InviteFilter{Statuses: statuses("expired")}, []string{"c", "again"}},
		{"two statuses", store.InviteFilter{Statuses: statuses("pending", "accepted")}, []string{"a", "b", "d", "e"}},
		{"repeated status", store.InviteFilter{Statuses: statuses("expired", "expired")}, []string{"c", "again"}},
		{"role", store.InviteFilter{Roles: roles("user")}, []string{"a", "c"}},
		{"two roles", store.InviteFilter{Roles: roles("user", "developer")}, []string{"a", "c", "d", "again"}},
		{"repeated role", store.InviteFilter{Roles: roles("user", "developer", "user")}, []string{"a", "c", "d", "again"}},
		{"role of no invite", store.InviteFilter{Roles: roles("admin")}, nil},
		{"role and status", store.InviteFilter{Roles: roles("user"), Statuses: statuses("expired")}, []string{"c"}},
		{
			"roles and statuses",
			store.InviteFilter{Roles: roles("developer", "billing"), Statuses: statuses("pending", "accepted")},
			[]string{"b", "d"},
		},
		{"email", store.InviteFilter{Email: "a@example.com"}, []string{"a", "again"}},
		{"email in capitals", store.InviteFilter{Email: "A@EXAMPLE.COM"}, []string{"a", "again"}},
		{"email and role", store.InviteFilter{Email: "a@example.com", Roles: roles("user", "billing")}, []string{"a"}},
		{"email and status", store.InviteFilter{Email: "a@example.com", Statuses: statuses("expired")}, []string{"again"}},
		{
			"all three",
			store.InviteFilter{Email: "a@example.com", Roles: roles("developer"), Statuses: statuses("pending", "expired")},
			[]string{"again"},
		},
		{"all three, no match", store.InviteFilter{Email: "a@example.com", Roles: roles("developer"), Statuses: statuses("pending")}, nil},
		{"unknown email", store.InviteFilter{Email: "x@example.com"}, nil},
		{"email of a deleted invite", store.InviteFilter{Email: "gone@example.com"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := []string{}
			for _, name := range test.want {
				want = append(want, "invite_"+name)
			}
			wantIDs(t, o.invites(test.filter, all), want...)
		})
	}
}

func TestAcceptInviteAddsAUser(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("new", "developer", "pending")}})
	o.real.advance(time.Hour)
	var effects []store.Effect
	u := object(o.Recording(func(e []store.Effect) { effects = append(effects, e...) }).AcceptInvite("invite_new", ""))(t)
	diff(t, "user", api.User{ID: u.ID, Type: "user", Email: "new@example.com", Name: "New", Role: "developer", AddedAt: at(time.Hour)}, u.User)
	i := object(o.GetOrganizationInvite("invite_new"))(t)
	diff(t, "status", api.InviteAccepted, i.Status)
	diff(t, "accepted_at", at(time.Hour), i.AcceptedAt)
	diff(t, "effects", []store.Effect{
		{Type: store.InviteAccepted, ID: "invite_new", At: at(time.Hour)}, {Type: store.UserAdded, ID: u.ID, At: at(time.Hour)},
	}, effects)
	if !strings.HasPrefix(u.ID, "user_") {
		t.Errorf("the user's id is %s", u.ID)
	}
	_, err := o.AcceptInvite("invite_new", "")
	wantRefusal(t, store.Error{Code: "invite_not_pending", Message: "accepted"}, err)
}

func TestAcceptInviteRefuses(t *testing.T) {
	c := store.Contents{
		Users:    []api.User{user("jane", "user")},
		Invites:  []api.Invite{invite("pending", "user", "pending"), invite("expired", "user", "expired"), invite("deleted", "user", "deleted")},
		Settings: settings(func(s *store.Settings) { s.MemberLimit = new(1) }),
	}
	o := open(t, c)
	before := o.Contents()
	for id, want := range map[string]store.Error{
		"invite_x":       {Kind: store.NotFound, Message: `no such invite "invite_x"`},
		"invite_expired": {Code: "invite_not_pending", Message: "expired"},
		"invite_deleted": {Code: "invite_not_pending", Message: "deleted"},
		"invite_pending": {Code: api.OrgMemberLimitExceeded, Message: "limit"},
	} {
		_, err := o.AcceptInvite(id, "")
		wantRefusal(t, want, err)
	}
	diff(t, "contents", before, o.Contents())
}

func TestOutbox(t *testing.T) {
	o := open(t, store.Contents{Invites: []api.Invite{invite("b", "user", "deleted"), invite("a", "admin", "accepted")}})
	got := o.Outbox()
	diff(t, "recipients", []string{"b@example.com", "a@example.com"}, []string{got[0].To, got[1].To})
	diff(t, "newest email", store.Mail{To: "b@example.com", SentAt: at(-time.Hour), InviteID: "invite_b", Role: "user", Status: "deleted", ExpiresAt: at(21*day - time.Hour)}, got[0])
}
