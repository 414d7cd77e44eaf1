package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"antechamber/api"
	"antechamber/store"
)

// setStatus returns a call that sets the status of a key.
func (o *org) setStatus(id string, status api.APIKeyStatus) func() (store.Object[store.APIKey], error) {
	return o.updateKey(id, store.APIKeyUpdate{Status: &status})
}

func (o *org) updateKey(id string, in store.APIKeyUpdate) func() (store.Object[store.APIKey], error) {
	return func() (store.Object[store.APIKey], error) { return o.UpdateAPIKey(id, in, nil) }
}

func TestGetAPIKey(t *testing.T) {
	o := open(t, store.Contents{
		Workspaces: []api.Workspace{workspace("lab")},
		APIKeys: []store.APIKey{
			expiring(at(day), key("a", "wrkspc_lab", "active")),
			key("b", defaultWorkspaceID, "inactive"),
		},
	})
	diff(t, "JSON", `{"id":"apikey_a","type":"api_key","name":"a","workspace_id":"wrkspc_lab",`+
		`"created_at":"2026-01-01T11:00:00.000000Z","created_by":{"id":"user_maker","type":"user"},"status":"active",`+
		`"last_used_at":null,"partial_key_hint":"sk-ant-api03-R2D...igAA","expires_at":"2026-01-02T12:00:00.000000Z",`+
		`"principal":null,"scope":{"type":"workspace","workspace_id":"wrkspc_lab"}}`, must(o.GetAPIKey("apikey_a"))(t).JSON)
	diff(t, "JSON", `{"id":"apikey_b","type":"api_key","name":"b","workspace_id":null,`+
		`"created_at":"2026-01-01T10:00:00.000000Z","created_by":{"id":"user_maker","type":"user"},"status":"inactive",`+
		`"last_used_at":null,"partial_key_hint":"sk-ant-api03-R2D...igAA","expires_at":null,`+
		`"principal":null,"scope":{"type":"workspace","workspace_id":"wrkspc_default"}}`, must(o.GetAPIKey("apikey_b"))(t).JSON)
}

// TestAPIKeyShapes checks the JSON of each kind of key in both shapes.
func TestAPIKeyShapes(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("ann", "user")},
		Workspaces: []api.Workspace{workspace("lab")},
		APIKeys: []store.APIKey{
			key("a", "wrkspc_lab", "active"), key("b", defaultWorkspaceID, "active"), personalKey("c", "user_ann", "active"),
			serviceKey("d", "", "active"), serviceKey("e", "wrkspc_lab", "active"), serviceKey("f", defaultWorkspaceID, "active"),
			madeByNobody(key("g", "wrkspc_lab", "active")),
		},
	})
	const service = `{"type":"service_account_actor","service_account_id":"svac_1"}`
	for _, test := range []struct{ id, workspace, creator, principal, scope string }{
		{"apikey_a", `"wrkspc_lab"`, `{"id":"user_maker","type":"user"}`, "null", `{"type":"workspace","workspace_id":"wrkspc_lab"}`},
		{"apikey_b", "null", `{"id":"user_maker","type":"user"}`, "null", `{"type":"workspace","workspace_id":"wrkspc_default"}`},
		{"apikey_c", "null", `{"id":"user_ann","type":"user"}`, `{"type":"user_actor","user_id":"user_ann"}`, `{"type":"organization"}`},
		{"apikey_d", "null", `{"id":"svac_maker","type":"service_account"}`, service, `{"type":"organization"}`},
		{"apikey_e", `"wrkspc_lab"`, `{"id":"svac_maker","type":"service_account"}`, service, `{"type":"workspace","workspace_id":"wrkspc_lab"}`},
		{"apikey_f", "null", `{"id":"svac_maker","type":"service_account"}`, service, `{"type":"workspace","workspace_id":"wrkspc_default"}`},
		{"apikey_g", `"wrkspc_lab"`, "null", "null", `{"type":"workspace","workspace_id":"wrkspc_lab"}`},
	} {
		k := must(o.GetAPIKey(test.id))(t)
		front := `{"id":"` + test.id + `","type":"api_key","name":"` + k.Value.Name + `",`
		back := `"created_at":"` + k.Value.CreatedAt.String() + `","created_by":` + test.creator + `,"status":"active","last_used_at":null,` +
			`"partial_key_hint":"sk-ant-api03-R2D...igAA","expires_at":null,"principal":` + test.principal + `,"scope":` + test.scope + `}`
		diff(t, "full shape", front+`"workspace_id":`+test.workspace+`,`+back, k.JSON)
		diff(t, "shape of 2026-10-21", front+back, k.In(api.Shape20261021).JSON)
	}
}

// TestAPIKeysAreEncodedOnce checks that reading a key in any shape encodes nothing: its
// JSON is the string of its row.
func TestAPIKeysAreEncodedOnce(t *testing.T) {
	o := open(t, store.Contents{APIKeys: []store.APIKey{key("a", defaultWorkspaceID, "active")}})
	for _, shape := range []api.Shape{api.ShapeFull, api.Shape20261021} {
		read := func() string { return must(o.GetAPIKey("apikey_a"))(t).In(shape).JSON }
		if a, b := read(), read(); unsafe.StringData(a) != unsafe.StringData(b) {
			t.Errorf("shape %v: two reads returned different strings", shape)
		}
	}
}

func TestListAPIKeys(t *testing.T) {
	o := open(t, store.Contents{
		Workspaces: []api.Workspace{workspace("lab"), archived(workspace("old"))},
		APIKeys: []store.APIKey{
			createdBy("user_ann", key("a", "wrkspc_lab", "active")),
			createdBy("user_ann", key("b", defaultWorkspaceID, "active")),
			createdBy("user_bob", key("c", "wrkspc_lab", "inactive")),
			createdBy("user_bob", key("d", defaultWorkspaceID, "archived")),
			createdBy("user_bob", key("e", "wrkspc_old", "archived")),
			createdBy("user_ann", key("f", "wrkspc_lab", "active")),
			createdBy("user_ann", expiring(at(-time.Minute), key("g", "wrkspc_lab", "expired"))),
			createdBy("user_ann", key("h", "wrkspc_lab", "archived")),
			personalKey("i", "user_cat", "active"),
			createdByServiceAccount("user_ann", serviceKey("j", "wrkspc_lab", "inactive")),
			serviceKey("k", "", "archived"),
			serviceKey("l", defaultWorkspaceID, "archived"),
			madeByNobody(key("m", defaultWorkspaceID, "archived")),
		},
		Users: []api.User{user("cat", "user")},
	})
	for _, test := range []struct {
		name   string
		filter store.APIKeyFilter
		want   []string
	}{
		{"none, including archived keys", store.APIKeyFilter{}, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"}},
		{"active", store.APIKeyFilter{Status: "active"}, []string{"a", "b", "f", "i"}},
		{"inactive", store.APIKeyFilter{Status: "inactive"}, []string{"c", "j"}},
		{"archived", store.APIKeyFilter{Status: "archived"}, []string{"d", "e", "h", "k", "l", "m"}},
		{"expired", store.APIKeyFilter{Status: "expired"}, []string{"g"}},
		{"workspace", store.APIKeyFilter{WorkspaceID: "wrkspc_lab"}, []string{"a", "c", "f", "g", "h", "j"}},
		{"the Default Workspace, whose keys have a null workspace_id", store.APIKeyFilter{WorkspaceID: defaultWorkspaceID}, []string{"b", "d", "l", "m"}},
		{"the organization, which is no workspace", store.APIKeyFilter{WorkspaceID: "organization"}, nil},
		{"an unknown workspace", store.APIKeyFilter{WorkspaceID: "wrkspc_x"}, nil},
		{"creator", store.APIKeyFilter{CreatedByUserID: "user_bob"}, []string{"c", "d", "e"}},
		{"a user with a personal key", store.APIKeyFilter{CreatedByUserID: "user_cat"}, []string{"i"}},
		{"a service account", store.APIKeyFilter{CreatedByUserID: "svac_maker"}, nil},
		{"an unknown creator", store.APIKeyFilter{CreatedByUserID: "user_x"}, nil},
		{"status and workspace", store.APIKeyFilter{Status: "active", WorkspaceID: "wrkspc_lab"}, []string{"a", "f"}},
		{"status and creator", store.APIKeyFilter{Status: "archived", CreatedByUserID: "user_bob"}, []string{"d", "e"}},
		{"workspace and creator", store.APIKeyFilter{WorkspaceID: "wrkspc_lab", CreatedByUserID: "user_ann"}, []string{"a", "f", "g", "h"}},
		{
			"all three",
			store.APIKeyFilter{Status: "active", WorkspaceID: defaultWorkspaceID, CreatedByUserID: "user_ann"},
			[]string{"b"},
		},
		{"all three, no match", store.APIKeyFilter{Status: "inactive", WorkspaceID: defaultWorkspaceID, CreatedByUserID: "user_ann"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := []string{}
			for _, name := range test.want {
				want = append(want, "apikey_"+name)
			}
			wantIDs(t, o.keys(test.filter, all), want...)
		})
	}
}

// createdByServiceAccount returns the key with a service account as its creator.
func createdByServiceAccount(id string, k store.APIKey) store.APIKey {
	k.CreatedBy = api.Actor{ID: id, Type: "service_account"}
	return k
}

func TestUpdateAPIKeyChangesOnlyTheName(t *testing.T) {
	o := open(t, store.Contents{APIKeys: []store.APIKey{key("a", defaultWorkspaceID, "active")}})
	want := o.Contents().APIKeys[0]
	want.Name = "CI"
	o.real.advance(time.Hour)
	diff(t, "response", want, object(o.updateKey("apikey_a", store.APIKeyUpdate{Name: new("CI")})())(t))
	diff(t, "key", want, object(o.GetAPIKey("apikey_a"))(t))
}

func TestUpdateAPIKeyWithoutFieldsChangesNothing(t *testing.T) {
	for _, status := range api.APIKeyStatuses {
		o := open(t, store.Contents{APIKeys: []store.APIKey{key("a", defaultWorkspaceID, status)}})
		before := o.Contents()
		diff(t, "response", before.APIKeys[0], object(o.updateKey("apikey_a", store.APIKeyUpdate{})())(t))
		diff(t, "contents", before, o.Contents())
	}
}

func TestUpdateAPIKeyToItsValuesChangesNothing(t *testing.T) {
	for _, status := range api.SettableKeyStatuses {
		o := open(t, store.Contents{APIKeys: []store.APIKey{key("a", defaultWorkspaceID, status)}})
		before := o.Contents()
		o.real.advance(time.Hour)
		object(o.updateKey("apikey_a", store.APIKeyUpdate{Name: new("a"), Status: &status})())(t)
		diff(t, "contents", before, o.Contents())
	}
}

// TestAPIKeyStatusHistory changes the status of a key several times.
func TestAPIKeyStatusHistory(t *testing.T) {
	o := open(t, store.Contents{APIKeys: []store.APIKey{key("a", defaultWorkspaceID, "active")}})
	var last store.APIKey
	for _, status := range []api.APIKeyStatus{"inactive", "active", "active", "inactive", "archived"} {
		o.real.advance(time.Hour)
		last = object(o.setStatus("apikey_a", status)())(t)
		diff(t, "status", status, last.Status)
	}
	want := []store.StatusChange{
		{Status: "active", At: at(-time.Hour)},
		{Status: "inactive", At: at(1 * time.Hour)},
		{Status: "active", At: at(2 * time.Hour)},
		{Status: "inactive", At: at(4 * time.Hour)},
		{Status: "archived", At: at(5 * time.Hour)},
	}
	diff(t, "history", want, last.History)
	diff(t, "history read back", want, object(o.GetAPIKey("apikey_a"))(t).History)
	diff(t, "history of the contents", want, o.Contents().APIKeys[0].History)
}

func TestArchivedAPIKeyIsFinal(t *testing.T) {
	o := open(t, store.Contents{APIKeys: []store.APIKey{key("a", defaultWorkspaceID, "archived")}})
	want := store.Error{Message: "archived"}
	refused(o, want, o.setStatus("apikey_a", "active"))
	refused(o, want, o.setStatus("apikey_a", "inactive"))
	refused(o, want, o.updateKey("apikey_a", store.APIKeyUpdate{Name: new("CI")}))
	refused(o, want, o.updateKey("apikey_a", store.APIKeyUpdate{Name: new("CI"), Status: new(api.KeyArchived)}))
}

func TestAPIKeyExpiresWithTheClock(t *testing.T) {
	o := open(t, store.Contents{APIKeys: []store.APIKey{
		expiring(at(2*time.Hour), key("a", defaultWorkspaceID, "active")),
		expiring(at(time.Hour), key("b", defaultWorkspaceID, "inactive")),
		expiring(at(time.Hour), key("c", defaultWorkspaceID, "archived")),
		key("d", defaultWorkspaceID, "active"),
	}})
	expired := store.APIKeyFilter{Status: "expired"}
	o.real.advance(time.Hour - time.Microsecond)
	wantIDs(t, o.keys(expired, all))
	o.real.advance(time.Microsecond)
	wantIDs(t, o.keys(expired, all), "apikey_b")
	wantIDs(t, o.keys(store.APIKeyFilter{Status: "inactive"}, all))
	// There is no access at the time of expiry, but the history has that time.
	o.real.advance(10 * day)
	wantIDs(t, o.keys(expired, all), "apikey_a", "apikey_b")
	wantIDs(t, o.keys(store.APIKeyFilter{Status: "active"}, all), "apikey_d")
	wantIDs(t, o.keys(store.APIKeyFilter{WorkspaceID: defaultWorkspaceID, Status: "expired"}, all), "apikey_a", "apikey_b")
	wantIDs(t, o.keys(store.APIKeyFilter{CreatedByUserID: "user_maker", Status: "expired"}, all), "apikey_a", "apikey_b")
	diff(t, "archived stays archived", api.KeyArchived, object(o.GetAPIKey("apikey_c"))(t).Status)
	diff(t, "history", []store.StatusChange{
		{Status: "active", At: at(-time.Hour)}, {Status: "expired", At: at(2 * time.Hour)},
	}, object(o.GetAPIKey("apikey_a"))(t).History)
}

func TestExpiredAPIKeyCanOnlyBeArchived(t *testing.T) {
	o := open(t, store.Contents{APIKeys: []store.APIKey{expiring(at(time.Hour), key("a", defaultWorkspaceID, "active"))}})
	object(o.setStatus("apikey_a", "inactive")())(t)
	o.real.advance(time.Hour)
	want := store.Error{Message: "expired"}
	refused(o, want, o.setStatus("apikey_a", "active"))
	refused(o, want, o.setStatus("apikey_a", "inactive"))
	refused(o, want, o.updateKey("apikey_a", store.APIKeyUpdate{Name: new("CI")}))
	refused(o, want, o.updateKey("apikey_a", store.APIKeyUpdate{Name: new("CI"), Status: new(api.KeyArchived)}))
	got := object(o.setStatus("apikey_a", "archived")())(t)
	diff(t, "history", []store.StatusChange{
		{Status: "active", At: at(-time.Hour)},
		{Status: "inactive", At: at(0)},
		{Status: "expired", At: at(time.Hour)},
		{Status: "archived", At: at(time.Hour)},
	}, got.History)
	refused(o, store.Error{Message: "archived"}, o.setStatus("apikey_a", "active"))
}

func TestOrganizationAPIKeyLimit(t *testing.T) {
	o := open(t, store.Contents{
		Settings:   settings(func(s *store.Settings) { s.APIKeyLimit = new(2) }),
		Workspaces: []api.Workspace{workspace("lab")},
		APIKeys: []store.APIKey{
			key("a", "wrkspc_lab", "active"), expiring(at(time.Hour), key("b", defaultWorkspaceID, "active")),
			key("c", "wrkspc_lab", "inactive"), key("d", defaultWorkspaceID, "inactive"), key("e", defaultWorkspaceID, "archived"),
		},
	})
	full := store.Error{Code: "org_api_key_limit_exceeded"}
	refused(o, full, o.setStatus("apikey_c", "active"))
	refused(o, full, o.updateKey("apikey_c", store.APIKeyUpdate{Name: new("CI"), Status: new(api.KeyActive)}))
	// Updates that don't activate a key are not limited.
	object(o.updateKey("apikey_c", store.APIKeyUpdate{Name: new("CI")})())(t)
	object(o.setStatus("apikey_a", "active")())(t)

	object(o.setStatus("apikey_a", "inactive")())(t)
	object(o.setStatus("apikey_c", "active")())(t)
	refused(o, full, o.setStatus("apikey_a", "active"))
	o.real.advance(time.Hour) // b expires
	object(o.setStatus("apikey_d", "active")())(t)
	refused(o, full, o.setStatus("apikey_a", "active"))
	object(o.setStatus("apikey_c", "archived")())(t)
	object(o.setStatus("apikey_a", "active")())(t)
}

func TestWorkspaceAPIKeyLimit(t *testing.T) {
	o := open(t, store.Contents{
		Settings:   settings(func(s *store.Settings) { s.WorkspaceAPIKeyLimit = new(1) }),
		Workspaces: []api.Workspace{workspace("lab"), workspace("shop")},
		APIKeys: []store.APIKey{
			key("a", "wrkspc_lab", "active"), key("b", "wrkspc_lab", "inactive"), key("c", "wrkspc_shop", "inactive"),
			key("d", defaultWorkspaceID, "inactive"), key("e", defaultWorkspaceID, "inactive"),
		},
	})
	full := store.Error{Code: "workspace_api_key_limit_exceeded"}
	refused(o, full, o.setStatus("apikey_b", "active"))
	object(o.setStatus("apikey_c", "active")())(t) // another workspace
	object(o.setStatus("apikey_d", "active")())(t) // the Default Workspace has its own limit
	refused(o, full, o.setStatus("apikey_e", "active"))
	object(o.setStatus("apikey_a", "inactive")())(t)
	object(o.setStatus("apikey_b", "active")())(t)
	refused(o, full, o.setStatus("apikey_a", "active"))
}

// TestKeysWithoutAWorkspaceCountForTheOrganization checks that personal keys count
// towards the limit of the organization, and towards no workspace's.
func TestKeysWithoutAWorkspaceCountForTheOrganization(t *testing.T) {
	o := open(t, store.Contents{
		Settings: settings(func(s *store.Settings) { s.APIKeyLimit, s.WorkspaceAPIKeyLimit = new(4), new(1) }),
		Users:    []api.User{user("ann", "user")},
		APIKeys: []store.APIKey{
			personalKey("a", "user_ann", "active"), personalKey("b", "user_ann", "inactive"), serviceKey("c", "", "inactive"),
			key("d", defaultWorkspaceID, "inactive"), key("e", defaultWorkspaceID, "inactive"), personalKey("f", "user_ann", "inactive"),
		},
	})
	object(o.setStatus("apikey_b", "active")())(t)
	object(o.setStatus("apikey_c", "active")())(t)
	object(o.setStatus("apikey_d", "active")())(t)
	refused(o, store.Error{Code: "org_api_key_limit_exceeded"}, o.setStatus("apikey_f", "active"))
	object(o.setStatus("apikey_a", "inactive")())(t)
	refused(o, store.Error{Code: "workspace_api_key_limit_exceeded"}, o.setStatus("apikey_e", "active"))
	object(o.setStatus("apikey_f", "active")())(t)
}

func TestAPIKeyLimitsAreOffByDefault(t *testing.T) {
	var c store.Contents
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		c.APIKeys = append(c.APIKeys, key(name, defaultWorkspaceID, "inactive"))
	}
	o := open(t, c)
	for _, k := range c.APIKeys {
		object(o.setStatus(k.ID, "active")())(t)
	}
}

func TestCreateAPIKeyStoresOnlyTheHint(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("jane", "user"), user("boss", "admin")},
		Workspaces: []api.Workspace{workspace("lab"), archived(workspace("old"))},
	})
	k, secret, err := o.CreateAPIKey(store.NewAPIKey{Name: "K", WorkspaceID: "wrkspc_lab", CreatedBy: "user_jane", ExpiresAt: at(day)})
	diff(t, "error", nil, err)
	diff(t, "key", api.APIKey{
		ID: k.Value.ID, Type: "api_key", Name: "K", WorkspaceID: "wrkspc_lab", CreatedAt: at(0), CreatedBy: api.Actor{ID: "user_jane", Type: "user"},
		Status: "active", PartialKeyHint: k.Value.PartialKeyHint, ExpiresAt: at(day), Scope: api.Scope{Type: "workspace", WorkspaceID: "wrkspc_lab"},
	}, k.Value.APIKey)
	front, back, _ := strings.Cut(string(k.Value.PartialKeyHint), "...")
	if !strings.HasPrefix(secret, front) || !strings.HasSuffix(secret, back) || len(secret) < 40 {
		t.Errorf("the hint is %s, the secret %s", k.Value.PartialKeyHint, secret)
	}
	other, another, _ := o.CreateAPIKey(store.NewAPIKey{Name: "K"})
	diff(t, "default creator", api.Actor{ID: "user_boss", Type: "user"}, other.Value.CreatedBy)
	diff(t, "workspace_id", api.Nullable(""), other.Value.WorkspaceID)
	if another == secret {
		t.Error("two keys have the same secret")
	}
	for want, in := range map[string]store.NewAPIKey{
		`no such workspace "w"`:            {Name: "K", WorkspaceID: "w"},
		`no such user "u"`:                 {Name: "K", CreatedBy: "u"},
		"Workspace `wrkspc_old` is archiv": {Name: "K", WorkspaceID: "wrkspc_old"},
		"expires_at":                       {Name: "K", ExpiresAt: at(0)},
	} {
		if _, _, err := o.CreateAPIKey(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

func TestCreateAPIKeyWithAPrincipal(t *testing.T) {
	o := open(t, store.Contents{
		Users:      []api.User{user("jane", "user"), user("boss", "admin")},
		Workspaces: []api.Workspace{workspace("lab"), archived(workspace("old"))},
	})
	create := func(in store.NewAPIKey) store.APIKey {
		t.Helper()
		in.Name = "K"
		k, secret, err := o.CreateAPIKey(in)
		if secret == "" {
			t.Errorf("%+v: no secret", in)
		}
		return object(k, err)(t)
	}
	jane, service := api.UserPrincipal("user_jane"), api.ServiceAccountPrincipal("svac_1")
	for _, test := range []struct {
		in        store.NewAPIKey
		workspace api.Nullable
		creator   string
		scope     api.Scope
	}{
		{store.NewAPIKey{Principal: jane}, "", "user_jane", api.Scope{Type: "organization"}},
		{store.NewAPIKey{Principal: jane, CreatedBy: "user_boss"}, "", "user_boss", api.Scope{Type: "organization"}},
		{store.NewAPIKey{Principal: service}, "", "user_boss", api.Scope{Type: "organization"}},
		{store.NewAPIKey{Principal: service, WorkspaceID: "wrkspc_lab"}, "wrkspc_lab", "user_boss", api.Scope{Type: "workspace", WorkspaceID: "wrkspc_lab"}},
		{store.NewAPIKey{Principal: service, WorkspaceID: defaultWorkspaceID}, "", "user_boss", api.Scope{Type: "workspace", WorkspaceID: defaultWorkspaceID}},
	} {
		k := create(test.in)
		diff(t, "principal", test.in.Principal, k.Principal)
		diff(t, "workspace_id", test.workspace, k.WorkspaceID)
		diff(t, "created_by", api.Actor{ID: test.creator, Type: "user"}, k.CreatedBy)
		diff(t, "scope", test.scope, k.Scope)
	}
	for _, test := range []struct {
		in   store.NewAPIKey
		want store.Error
	}{
		{store.NewAPIKey{Principal: jane, WorkspaceID: "wrkspc_lab"}, store.Error{Code: "personal_key_in_workspace"}},
		{store.NewAPIKey{Principal: jane, WorkspaceID: defaultWorkspaceID}, store.Error{Code: "personal_key_in_workspace"}},
		{store.NewAPIKey{Principal: api.UserPrincipal("u")}, store.Error{Kind: store.NotFound, Message: `no such user "u"`}},
		{store.NewAPIKey{Principal: service, WorkspaceID: "w"}, store.Error{Kind: store.NotFound, Message: `no such workspace "w"`}},
		{store.NewAPIKey{Principal: service, WorkspaceID: "wrkspc_old"}, store.Error{Message: "archived"}},
	} {
		refused(o, test.want, func() (store.Object[store.APIKey], error) {
			k, _, err := o.CreateAPIKey(test.in)
			return k, err
		})
	}
}

// TestSecretsAreUniqueOnTheServer creates keys with organizations of the same id
// stream: a fork and its origin, and seeds that pin it. Two servers repeat each other.
func TestSecretsAreUniqueOnTheServer(t *testing.T) {
	play := func() (secrets []string) {
		s := store.New(new(realTime).now)
		create := func(o *store.Organization) string {
			k, secret, err := o.CreateAPIKey(store.NewAPIKey{Name: "K"})
			object(k, err)(t)
			secrets = append(secrets, secret)
			return secret
		}
		contents := func(id, adminKey string) store.Contents {
			return complete(store.Contents{
				ID: id, AdminKeys: []string{adminKey}, Clock: store.FrozenAt(epoch), IDs: store.IDs{Seed: 5}, Users: []api.User{user("ann", "admin")},
			})
		}
		one := must(s.Add(contents("11111111-1111-4111-8111-111111111111", "sk-ant-admin01-one")))(t)
		two := must(s.Add(contents("22222222-2222-4222-8222-222222222222", "sk-ant-admin01-two")))(t)
		must(one.TakeSnapshot("s"))(t)
		fork := must(s.Create(store.NewOrganization{From: one.FromCurrent(), AdminKey: "sk-ant-admin01-fork"}))(t)
		from, _ := one.FromSnapshot("s")
		third := must(s.Create(store.NewOrganization{From: from}))(t)
		for _, o := range []*store.Organization{one, two, fork, third, one, fork} {
			create(o)
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(secrets)))
		diff(t, "number of secrets", len(secrets), len(distinct))
		// A restore forgets the keys, and repeats what follows it.
		must(one.RestoreSnapshot("s"))(t)
		diff(t, "first secret after a restore", secrets[0], create(one))
		return secrets
	}
	diff(t, "secrets of another server", play(), play())
}

func TestCreateAPIKeyWithoutUsers(t *testing.T) {
	o := open(t, store.Contents{})
	before := o.Contents()
	_, secret, err := o.CreateAPIKey(store.NewAPIKey{Name: "K"})
	wantRefusal(t, store.Error{Code: "nobody", Message: "the organization has no user to create the key"}, err)
	diff(t, "secret", "", secret)
	diff(t, "contents", before, o.Contents())
}

func TestUseAPIKey(t *testing.T) {
	o := open(t, store.Contents{APIKeys: []store.APIKey{key("a", defaultWorkspaceID, "active"), key("b", defaultWorkspaceID, "inactive")}})
	o.real.advance(time.Minute)
	diff(t, "last_used_at", at(time.Minute), object(o.UseAPIKey("apikey_a"))(t).LastUsedAt)
	_, err := o.UseAPIKey("apikey_b")
	wantRefusal(t, store.Error{Code: "api_key_not_active", Message: "inactive"}, err)
}
