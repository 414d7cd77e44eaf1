package seed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"antechamber/api"
	"antechamber/store"
)

// part is an object in a seed.
type part struct {
	name     string
	def      string   // its name in the schema
	fields   []string // all fields
	required []string // required fields
	example  string   // with all fields
	within   string   // a seed with the object at %s
}

// fieldsOf returns the JSON field names of a type, in order.
func fieldsOf[T any]() (names []string) {
	for f := range reflect.TypeFor[T]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// without returns names without some of them.
func without(names []string, drop ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(drop, name) })
}

var (
	fileFields         = []string{"$schema", "organizations"}
	organizationFields = fieldsOf[Organization]()
	settingsFields     = fieldsOf[store.Settings]()
	clockFields        = fieldsOf[Clock]()
	idsFields          = fieldsOf[store.IDs]()
	defaultFields      = without(workspaceFields, "name", "archived_at", "members")
	userFields         = fieldsOf[User]()
	inviteFields       = fieldsOf[Invite]()
	workspaceFields    = fieldsOf[Workspace]()
	residencyFields    = fieldsOf[api.DataResidency]()
	memberFields       = fieldsOf[WorkspaceMember]()
	keyFields          = fieldsOf[APIKey]()
	changeFields       = fieldsOf[StatusChange]()
	removedFields      = fieldsOf[RemovedUser]()
)

var parts = []part{
	{
		"file", "file", fileFields,
		[]string{"organizations"},
		`{"$schema": "seed.schema.json", "organizations": [{"name": "Acme"}]}`, `%s`,
	},
	{
		"organization in a list", "organization", organizationFields,
		[]string{"name"},
		`{"id": "12345678-1234-5678-1234-567812345678", "name": "Acme", "admin_keys": ["sk-ant-admin01-acme"], "settings": {}, "clock": {"offset": "0s"}, "ids": {"seed": 1},
		  "default_workspace": {}, "users": [], "invites": [], "workspaces": [], "api_keys": [], "removed": []}`,
		`{"organizations": [%s]}`,
	},
	{
		"single organization", "", append([]string{"$schema"}, organizationFields...),
		[]string{"name"},
		`{"$schema": "", "id": "12345678-1234-5678-1234-567812345678", "name": "Acme", "admin_keys": ["sk-ant-admin01-acme"], "settings": {}, "clock": {"offset": "0s"}, "ids": {"seed": 1},
		  "default_workspace": {}, "users": [], "invites": [], "workspaces": [], "api_keys": [], "removed": []}`,
		`%s`,
	},
	{
		"settings", "settings", settingsFields, nil,
		`{"workspace_limit": 1, "member_limit": 1, "workspace_member_limit": 1, "api_key_limit": 1, "workspace_api_key_limit": 1,
		  "allowed_invite_domains": ["example.com"], "workspace_name_max_length": 40, "anthropic_versions": ["2023-06-01"], "deleted_invites": "readable"}`,
		`{"name": "Acme", "settings": %s}`,
	},
	{"frozen clock", "", []string{"frozen_at"}, []string{"frozen_at"}, `{"frozen_at": "2024-10-30T23:58:27Z"}`, `{"name": "Acme", "clock": %s}`},
	{"starting clock", "", []string{"starts_at"}, []string{"starts_at"}, `{"starts_at": "2024-10-30T23:58:27Z"}`, `{"name": "Acme", "clock": %s}`},
	{"clock with an offset", "", []string{"offset"}, []string{"offset"}, `{"offset": "504h0m0s"}`, `{"name": "Acme", "clock": %s}`},
	{"ids", "ids", idsFields, []string{"seed"}, `{"seed": 1, "drawn": 2}`, `{"name": "Acme", "ids": %s}`},
	{
		"Default Workspace", "default_workspace", defaultFields, nil,
		`{"id": "w", "display_color": "#6C5BB9", "created_at": "-3d", "compartment_id": "12345678-1234-5678-1234-567812345678",
		  "external_key_id": "key", "tags": {}, "data_residency": {}}`,
		`{"name": "Acme", "default_workspace": %s}`,
	},
	{
		"user", "user", userFields,
		[]string{"email", "role"},
		`{"id": "u", "email": "jane@example.com", "name": "Jane", "role": "user", "added_at": "-3d"}`,
		`{"name": "Acme", "users": [%s]}`,
	},
	{
		"pending invite", "invite", inviteFields,
		[]string{"email", "role"},
		`{"id": "i", "email": "jane@example.com", "role": "user", "status": "pending", "invited_at": "-3d", "expires_at": "+1d", "accepted_at": null}`,
		`{"name": "Acme", "invites": [%s]}`,
	},
	{
		"accepted invite", "", inviteFields,
		[]string{"email", "role", "status", "accepted_at"},
		`{"id": "i", "email": "jane@example.com", "role": "user", "status": "accepted", "invited_at": "-3d", "expires_at": "+1d", "accepted_at": "-1d"}`,
		`{"name": "Acme", "invites": [%s]}`,
	},
	{
		"workspace", "workspace", workspaceFields,
		[]string{"name"},
		`{"id": "w", "name": "Research", "display_color": "#6C5BB9", "created_at": "-3d", "archived_at": "-1d", "compartment_id": "12345678-1234-5678-1234-567812345678",
		  "external_key_id": "key", "tags": {}, "data_residency": {}, "members": []}`,
		`{"name": "Acme", "workspaces": [%s]}`,
	},
	{"tags", "", []string{"team"}, nil, `{"team": "core"}`, `{"name": "Acme", "workspaces": [{"name": "Research", "tags": %s}]}`},
	{
		"data residency", "data_residency", residencyFields, nil,
		`{"workspace_geo": "us", "allowed_inference_geos": ["us", "global"], "default_inference_geo": "us"}`,
		`{"name": "Acme", "workspaces": [{"name": "Research", "data_residency": %s}]}`,
	},
	{
		"member", "member", memberFields,
		[]string{"user", "workspace_role"},
		`{"user": "jane@example.com", "workspace_role": "workspace_user"}`,
		`{"name": "Acme", "users": [{"email": "jane@example.com", "role": "user"}], "workspaces": [{"name": "Research", "members": [%s]}]}`,
	},
	{
		"API key", "api_key", keyFields,
		[]string{"name", "created_by"},
		`{"id": "k", "name": "CI", "workspace": "Default", "created_at": "-3d", "created_by": "user_gone", "principal": null, "status": "active", "last_used_at": "-1d",
		  "partial_key_hint": "sk-ant-api03-R2D...igAA", "expires_at": "+1d", "status_history": [{"status": "active", "at": "-3d"}]}`,
		`{"name": "Acme", "api_keys": [%s]}`,
	},
	{
		"expired API key", "",
		[]string{"name", "created_by", "status", "created_at", "expires_at"},
		[]string{"name", "created_by", "expires_at"},
		`{"name": "CI", "created_by": "user_gone", "status": "expired", "created_at": "-3d", "expires_at": "-1d"}`,
		`{"name": "Acme", "api_keys": [%s]}`,
	},
	{
		"service account that created a key", "service_account",
		[]string{"type", "id"},
		[]string{"type", "id"},
		`{"type": "service_account", "id": "svac_1"}`,
		`{"name": "Acme", "api_keys": [{"name": "CI", "created_by": %s}]}`,
	},
	{
		"user as a principal", "user_actor",
		[]string{"type", "user_id"},
		[]string{"type", "user_id"},
		`{"type": "user_actor", "user_id": "jane@example.com"}`,
		`{"name": "Acme", "users": [{"email": "jane@example.com", "role": "user"}], "api_keys": [{"name": "CI", "created_by": null, "principal": %s}]}`,
	},
	{
		"service account as a principal", "service_account_actor",
		[]string{"type", "service_account_id"},
		[]string{"type", "service_account_id"},
		`{"type": "service_account_actor", "service_account_id": "svac_1"}`,
		`{"name": "Acme", "api_keys": [{"name": "CI", "created_by": null, "principal": %s}]}`,
	},
	{
		"status change", "change", changeFields,
		[]string{"status", "at"},
		`{"status": "active", "at": "-3d"}`,
		`{"name": "Acme", "api_keys": [{"name": "CI", "created_at": "-3d", "created_by": "user_gone", "status_history": [%s]}]}`,
	},
	{"removed user", "removed", removedFields, []string{"id", "added_at"}, `{"id": "u", "added_at": "-3d"}`, `{"name": "Acme", "removed": [%s]}`},
}

// edgeStrings are strings at the limits of the fields.
var edgeStrings = slices.Concat(
	[]string{"", " ", "x", "\n", "é", "a/b", "a b", "a_b.c~d-E9", "x\n", "\nx", "\x00", "unrestricted", "Unrestricted"},
	repeated("a", 1, 16, 17, 40, 60, 61, 64, 65, 128, 129, 254, 255, 256, 500, 501),
	repeated("é", 64, 65, 128, 129, 255, 256, 500, 501),
	repeated("𝄞", 255, 256, 500, 501),
	[]string{
		"12345678-1234-5678-1234-567812345678", "ABCDEFab-CDEF-abcd-EFab-cdefABCDEFab", "123456781234567812345678-1234-5678",
		"12345678-1234-5678-1234-56781234567g", "{12345678-1234-5678-1234-567812345678}", "12345678-1234-5678-1234-567812345678\n",
	},
	[]string{
		"sk-ant-admin01-a", "sk-ant-admin01-_-09AZaz", "sk-ant-admin01-", "sk-ant-admin1-a", "sk-ant-admin001-a", "sk-ant-adminAB-a",
		"sk-ant-admin01-a b", "sk-ant-admin01-a\n", "xsk-ant-admin01-a", "sk-ant-admin01-é", "sk-ant-api03-a",
		"sk-ant-admin01-" + strings.Repeat("a", 128), "sk-ant-admin01-" + strings.Repeat("a", 129),
		"sk-ant-api03-R2D...igAA", "sk-ant-api03-R2D..igAA", "sk-ant-api03-R2D....igAA", "sk-ant-...a", "sk-ant-a...", "sk-ant-aXXXb",
		"sk-ant-" + strings.Repeat("a", 64) + "..." + strings.Repeat("b", 16),
		"sk-ant-" + strings.Repeat("a", 65) + "...b", "sk-ant-a..." + strings.Repeat("b", 17),
	},
	[]string{"#6C5BB9", "#abcdef", "6C5BB9", "#6C5BB", "#6C5BB90", "#6C5BBG", "#6C5BB9\n", "red"},
	[]string{"2023-06-01", "0000-00-00", "2023-6-1", "2023-06-01 ", "2023/06/01", "12023-06-01"},
	[]string{
		"example.com", "EXAMPLE.com", "1.2", "a.1b", "127.0.0.1", "example", "example.", ".com", "a..b", "-a.b", "a-.b", "a.-b", "a.b-", "a-b.c-d", "a_b.c", "bücher.example", "हिन्दी.भारत",
		"a.b\n", "a b.c", "@a.b", "a@b", label(63) + ".com", label(64) + ".com",
		domain(252), domain(253), strings.Repeat("é", 63) + ".de", strings.Repeat("é", 64) + ".de",
	},
	[]string{
		"a@b.c", "Jane+tag@Example.CO.uk", "!#$%&'*+/=?^_`{|}~-@x.yz", "0@1.2", "0@a.1b", "jane@127.0.0.1", strings.Repeat("ü", 64) + "@example.com", strings.Repeat("ü", 65) + "@example.com", "jane@bücher.example", "jän@example.com", "jane doe@example.com", `"jane"@example.com`,
		".jane@example.com", "jane.@example.com", "jane..doe@example.com", "jane@@example.com", "jane@a@example.com", "@example.com", "jane@", "jane@[127.0.0.1]",
		"jane@example.com\n", " jane@example.com", "jane@exa_mple.com", "jane@example.com.",
		strings.Repeat("l", 64) + "@example.com", strings.Repeat("l", 65) + "@example.com", strings.Repeat("l", 64) + "@" + domain(189), strings.Repeat("l", 64) + "@" + domain(190),
		"a@" + domain(252), "a@" + domain(253), "aa@" + domain(252),
	},
	[]string{
		"2024-10-30T23:58:27Z", "2024-10-30T23:58:27.427722Z", "2024-10-30T23:58:27.1234567890123Z", "2024-10-30T23:58:27+02:00", "2024-10-30T23:58:27-23:59",
		"2024-10-30T23:58:27", "2024-10-30T23:58:27.Z", "2024-10-30t23:58:27Z", "2024-10-30T23:58:27z", "2024-10-30 23:58:27Z", "2024-10-30", "2024-10-30T23:58Z",
		"2024-10-30T24:00:00Z", "2024-10-30T23:60:00Z", "2024-10-30T23:58:60Z", "2024-00-30T23:58:27Z", "2024-13-30T23:58:27Z", "2024-10-00T23:58:27Z", "2024-10-32T23:58:27Z",
		"2024-10-30T23:58:27+24:00", "2024-10-30T23:58:27+02:60", "2024-10-30T23:58:27+0200", "2024-10-30T23:58:27Z\n", "x2024-10-30T23:58:27Z", "12024-10-30T23:58:27Z",
		"2024-02-30T00:00:00Z", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", // match the pattern
	},
	[]string{
		"-3d", "+21d", "+1d12h", "-1w2d3h4m5s", "+1.5h", "+0s", "-36500d", "-36501d", "+99999999999999999999d",
		"3d", "+", "-", "+d", "+1", "+1y", "+1D", "+.5d", "+1.d", "+1 d", "++1d", "+1d-1h", "-3d\n", "x-3d", "−3d",
	},
	[]string{
		"0s", "504h0m0s", "1.5h", "1h1m1s1ms1us1µs1ns", "1μs", "-1h", "+1h", "--1h", "1", "h", "1d", ".5h", "1.h", "1h ", "1h\n", "9999999h",
	},
	stringsOf(api.OrganizationRoles), []string{"owner", "User"},
	stringsOf(api.InviteStatuses), []string{"canceled"},
	stringsOf(api.APIKeyStatuses), stringsOf(api.PrincipalTypes), stringsOf(api.ActorTypes),
	stringsOf(api.AssignableWorkspaceRoles), []string{"workspace_billing"},
	api.WorkspaceGeos, api.InferenceGeos, []string{"eu", "US"},
	stringsOf(store.AllDeletedInvites),
	[]string{"anthropic", "anthropic-team", "Anthropic", "my-anthropic", "anthropi"},
)

// otherValues are JSON values that are not strings.
var otherValues = []string{
	"null", "true", "false",
	"0", "-0", "1", "-1", "40", "255", "256", "1.0", "1.5", "1e2", "25500e-2", "25501e-2", "0.5e1", "1e-1", "0e-9", "1e300", "9007199254740991", "9007199254740992", "9.007199254740991e15", "1e16",
	"[]", "{}", "[[]]", "[{}]", `{"a": "b"}`, `{"a": 1}`, `{"": ""}`, `{"a": null}`,
	`["us", "us"]`, `["us", "eu"]`, `["global"]`, `["example.com", "b.c"]`, `["2023-06-01", ""]`,
	`{"name": "Acme"}`, `{"name": ""}`, `[{"name": "Acme"}]`, `[{"name": "Acme"}, {"name": "Other", "admin_keys": ["sk-ant-admin01-a"]}]`,
	`{"seed": 0}`, `{"drawn": 1}`, `{"seed": 0, "drawn": -1}`,
	`{"frozen_at": "2024-10-30T23:58:27Z"}`, `{"starts_at": "2024-10-30T23:58:27Z"}`, `{"offset": "1h"}`, `{"frozen_at": "2024-10-30T23:58:27Z", "offset": "1h"}`, `{"frozen_at": null}`,
	`{"workspace_limit": 5}`, `{"id": "w"}`, `{"id": null}`, `{"workspace_geo": "us"}`,
	`[{"email": "a@b.c", "role": "user"}]`, `[{"email": "a@b.c"}]`, `[{"id": "u", "added_at": "-1d"}]`,
	`[{"user": "jane@example.com", "workspace_role": "workspace_admin"}]`, `[{"name": "CI", "created_by": "user_gone"}]`,
	`{"type": "service_account", "id": "svac_1"}`, `{"type": "user", "id": "user_1"}`, `{"type": "user_actor", "user_id": "user_1"}`,
	`{"type": "service_account_actor", "service_account_id": "svac_1"}`, `{"type": "user_actor", "service_account_id": "svac_1"}`,
	`{"type": "service_account_actor", "service_account_id": "a b"}`, `{"type": "user_actor", "user_id": ""}`,
	`[{"status": "active", "at": "-3d"}]`, `[{"status": "active", "at": "-3d"}, {"status": "paused", "at": "-2d"}]`,
}

func repeated(s string, counts ...int) (all []string) {
	for _, n := range counts {
		all = append(all, strings.Repeat(s, n))
	}
	return all
}

func label(n int) string { return strings.Repeat("a", n) }

// domain returns a domain of n characters.
func domain(n int) string {
	var labels []string
	for ; n > 65; n -= 64 {
		labels = append(labels, label(63))
	}
	return strings.Join(append(labels, label(n-2), "b"), ".")
}

func stringsOf[T ~string](values []T) (all []string) {
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

// edges returns all of these as JSON.
var edges = sync.OnceValue(func() (all []string) {
	for _, s := range edgeStrings {
		all = append(all, string(encoded(s)))
	}
	return append(all, otherValues...)
})

// edgesFor returns the edges to try as replacements of a value: only a few strings
// if the value is not one.
func edgesFor(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return edges()
	case []any:
		elements := edges()[:5]
		if len(v) > 0 {
			elements = edgesFor(v[0])
		}
		for _, s := range elements {
			all = append(all, "["+s+"]")
		}
	}
	return append(all, slices.Concat(edges()[:13], otherValues)...)
}

// decoded decodes JSON for the schema validator, which needs numbers as written.
func decoded(s string) any {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(s))
	if err != nil {
		panic(err)
	}
	return v
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

const schemaAddress = "https://seed.invalid/schema.json"

// compiled returns the compiled schema. It panics if the schema is invalid.
var compiled = sync.OnceValue(func() *jsonschema.Schema {
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaAddress, decoded(string(Schema))); err != nil {
		panic(err)
	}
	return c.MustCompile(schemaAddress)
})

// faultsOf returns the faults of a seed at the time of the tests.
func faultsOf(src []byte) Faults {
	err := Validate("seed.json", src, Options{Real: real})
	faults, _ := errors.AsType[Faults](err)
	return faults
}

// agree fails unless the schema and the loader agree on whether a seed is valid,
// contradictions aside, and reports whether it is.
func agree(t interface {
	Helper()
	Errorf(format string, args ...any)
}, src []byte,
) (accepted bool) {
	t.Helper()
	invalid := compiled().Validate(decoded(string(src)))
	faults := faultsOf(src)
	malformed := slices.ContainsFunc(faults, func(f Fault) bool { return f.structural })
	if malformed != (invalid != nil) {
		t.Errorf("%s\nschema: %v\nloader: %v", src, invalid, faults)
	}
	return !malformed
}

func TestSchemaAcceptsBuiltinSeeds(t *testing.T) {
	for _, name := range BuiltinNames {
		src, err := builtin.ReadFile(name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if !agree(t, src) {
			t.Errorf("%s is invalid", name)
		}
	}
}

// example is the seed from the documentation.
const example = `{"$schema": "seed.schema.json", "organizations": [{
  "id": "12345678-1234-5678-1234-567812345678", "name": "Acme Corporation",
  "admin_keys": ["sk-ant-admin01-acme"], "settings": {"member_limit": 50, "allowed_invite_domains": ["example.com"]},
  "users":      [{"id": "user_01WCz1FkmYMm4gnmykNKUu3Q", "email": "jane.doe@example.com", "name": "Jane Doe", "role": "developer", "added_at": "-30d"}],
  "invites":    [{"email": "new@example.com", "role": "user", "invited_at": "-3d"}],
  "workspaces": [{"name": "Engineering", "created_at": "-90d", "archived_at": null, "tags": {"team": "core"},
                  "members": [{"user": "jane.doe@example.com", "workspace_role": "workspace_developer"}]}],
  "api_keys":   [{"name": "CI", "workspace": "Engineering", "created_by": "jane.doe@example.com", "status": "active"}]
}]}`

func TestSchemaAcceptsTheExample(t *testing.T) {
	if !agree(t, []byte(example)) {
		t.Error("the example is invalid")
	}
}

func TestSchemaAndLoaderAgreeOnEveryValue(t *testing.T) {
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			accepted, refused := map[string]int{}, map[string]int{}
			try := func(field, src string) {
				src = fmt.Sprintf(p.within, src)
				if agree(t, []byte(src)) {
					accepted[field]++
				} else {
					refused[field]++
				}
			}
			try("the example", p.example)
			if accepted["the example"] != 1 {
				t.Fatalf("the example is invalid:\n%v", faultsOf(fmt.Appendf(nil, p.within, p.example)))
			}
			object := func() map[string]any { return decoded(p.example).(map[string]any) }
			if got := slices.Sorted(maps.Keys(object())); !slices.Equal(got, slices.Sorted(slices.Values(p.fields))) {
				t.Fatalf("the example has fields %v, want %v", got, p.fields)
			}
			for _, v := range edgesFor(object()) {
				try("the object", v)
			}
			for _, field := range p.fields {
				o := object()
				for _, v := range edgesFor(o[field]) {
					o[field] = json.RawMessage(v)
					try(field, string(encoded(o)))
				}
				if accepted[field] == 0 || refused[field] == 0 {
					t.Errorf("field %q: %d values are valid, %d invalid", field, accepted[field], refused[field])
				}
			}
			if len(refused) == 0 {
				t.Error("no value is invalid")
			}
		})
	}
}

func TestSchemaAndLoaderAgreeOnEveryField(t *testing.T) {
	known := []string{"$schema", "organizations", "", "bogus", "Name", "/", "~", "anthropic", "anthropic-x", "ANTHROPIC"}
	for _, p := range parts {
		known = append(known, p.fields...)
	}
	for _, p := range parts {
		for _, field := range known {
			for _, value := range []string{`null`, `"x"`} {
				o := decoded(p.example).(map[string]any)
				if _, present := o[field]; !present {
					o[field] = decoded(value)
				}
				agree(t, fmt.Appendf(nil, p.within, encoded(o)))
			}
		}
		var required []string
		for _, field := range p.fields {
			o := decoded(p.example).(map[string]any)
			delete(o, field)
			if !agree(t, fmt.Appendf(nil, p.within, encoded(o))) {
				required = append(required, field)
			}
		}
		if diff := cmp.Diff(p.required, required); diff != "" {
			t.Errorf("%s: required fields (-want +got):\n%s", p.name, diff)
		}
	}
}

// spot is a value in a document.
type spot struct {
	value any
	set   func(any)
	drop  func() // nil for the root
}

// spots returns every value of a document, in a stable order.
func spots(doc *any) (all []spot) {
	var walk func(s spot)
	walk = func(s spot) {
		all = append(all, s)
		switch v := s.value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(spot{v[key], func(x any) { v[key] = x }, func() { delete(v, key) }})
			}
		case []any:
			for i := range v {
				walk(spot{v[i], func(x any) { v[i] = x }, func() { s.set(slices.Delete(slices.Clone(v), i, i+1)) }})
			}
		}
	}
	walk(spot{*doc, func(x any) { *doc = x }, nil})
	return all
}

// mutate changes one value of a document.
func mutate(t *rapid.T, doc *any) {
	all := spots(doc)
	at := rapid.SampledFrom(all).Draw(t, "spot")
	fields := []string{"bogus", "$schema", "anthropic", ""}
	for _, p := range parts {
		fields = append(fields, p.fields...)
	}
	switch o, isObject := at.value.(map[string]any); rapid.IntRange(0, 5).Draw(t, "mutation") {
	case 0:
		if at.drop != nil {
			at.drop()
		}
	case 1:
		if isObject {
			o[rapid.SampledFrom(fields).Draw(t, "field")] = decoded(rapid.SampledFrom(edges()).Draw(t, "value"))
		}
	case 2: // a value from elsewhere
		at.set(decoded(string(encoded(rapid.SampledFrom(all).Draw(t, "other").value))))
	case 3: // a slightly different string
		if s, ok := at.value.(string); ok {
			runes := []rune(s)
			i := rapid.IntRange(0, len(runes)).Draw(t, "character")
			more := []rune(rapid.SampledFrom([]string{"", "a", "0", "-", ".", "@", "\n", " ", "é", "Z"}).Draw(t, "characters"))
			at.set(string(slices.Concat(runes[:i], more, runes[min(i+rapid.IntRange(0, 1).Draw(t, "less"), len(runes)):])))
		}
	default:
		at.set(decoded(rapid.SampledFrom(edges()).Draw(t, "value")))
	}
}

func TestSchemaAndLoaderAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var doc any
		switch rapid.IntRange(0, 3).Draw(t, "seed") {
		case 0:
			doc = decoded(string(Export(generateContents(t))))
		case 1:
			doc = decoded(string(exportAll([]store.Contents{generateContents(t), generateContents(t)})))
		case 2:
			doc = decoded(example)
		case 3:
			p := rapid.SampledFrom(parts).Draw(t, "part")
			doc = decoded(fmt.Sprintf(p.within, p.example))
		}
		if !agree(t, encoded(doc)) {
			t.Error("a valid seed is rejected")
		}
		for range 8 {
			mutated := decoded(string(encoded(doc)))
			for range rapid.IntRange(1, 3).Draw(t, "mutations") {
				mutate(t, &mutated)
			}
			agree(t, encoded(mutated))
		}
	})
}

// schemaAt returns a part of the schema.
func schemaAt(t *testing.T, pointer string) map[string]any {
	t.Helper()
	at := decoded(string(Schema))
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if list, ok := at.([]any); ok {
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(list) {
				t.Fatalf("the schema has no %s", pointer)
			}
			at = list[i]
			continue
		}
		at = at.(map[string]any)[step]
		if at == nil {
			t.Fatalf("the schema has no %s", pointer)
		}
	}
	return at.(map[string]any)
}

func TestSchemaHasTheFieldsOfTheLoader(t *testing.T) {
	clock := part{name: "clock", def: "clock", fields: clockFields}
	for _, p := range append(slices.Clone(parts), clock) {
		if p.def == "" {
			continue
		}
		s := schemaAt(t, "/$defs/"+p.def)
		got := slices.Sorted(maps.Keys(s["properties"].(map[string]any)))
		if diff := cmp.Diff(slices.Sorted(slices.Values(p.fields)), got); diff != "" {
			t.Errorf("%s: fields (-loader +schema):\n%s", p.name, diff)
		}
		var required []string
		if list, ok := s["required"].([]any); ok {
			for _, field := range list {
				required = append(required, field.(string))
			}
		}
		if diff := cmp.Diff(p.required, required); diff != "" {
			t.Errorf("%s: required fields (-loader +schema):\n%s", p.name, diff)
		}
	}
}

func TestSchemaHasThePatternsOfTheLoader(t *testing.T) {
	for pointer, pattern := range map[string]*regexp.Regexp{
		"/$defs/id":            idForm.pattern,
		"/$defs/uuid":          uuidForm.pattern,
		"/$defs/admin_key":     adminKeyForm.pattern,
		"/$defs/time":          timePattern,
		"/$defs/absolute_time": absolutePattern,
		"/$defs/settings/properties/anthropic_versions/items": versionForm.pattern,
		"/$defs/clock/properties/offset":                      offsetPattern,
		"/$defs/workspace/properties/display_color":           colorForm.pattern,
		"/$defs/default_workspace/properties/display_color":   colorForm.pattern,
		"/$defs/api_key/properties/partial_key_hint":          hintForm.pattern,
		"/$defs/tags/propertyNames/not":                       regexp.MustCompile(api.ReservedTagPattern),
	} {
		if got := schemaAt(t, pointer)["pattern"]; got != pattern.String() {
			t.Errorf("%s: the pattern is\n%s\nin the schema, and in the loader\n%s", pointer, got, pattern)
		}
	}
}

func TestSchemaHasTheEnumerationsOfTheAPI(t *testing.T) {
	for pointer, values := range map[string][]string{
		"/$defs/organization_role":                                              stringsOf(api.OrganizationRoles),
		"/$defs/invite/properties/status":                                       stringsOf(api.InviteStatuses),
		"/$defs/api_key/properties/status":                                      stringsOf(api.APIKeyStatuses),
		"/$defs/change/properties/status":                                       stringsOf(api.APIKeyStatuses),
		"/$defs/settings/properties/deleted_invites":                            stringsOf(store.AllDeletedInvites),
		"/$defs/member/properties/workspace_role":                               stringsOf(api.AssignableWorkspaceRoles),
		"/$defs/data_residency/properties/workspace_geo":                        api.WorkspaceGeos,
		"/$defs/data_residency/properties/default_inference_geo":                api.InferenceGeos,
		"/$defs/data_residency/properties/allowed_inference_geos/anyOf/1/items": api.InferenceGeos,
	} {
		var got []string
		for _, v := range schemaAt(t, pointer)["enum"].([]any) {
			got = append(got, v.(string))
		}
		if diff := cmp.Diff(values, got); diff != "" {
			t.Errorf("%s (-api +schema):\n%s", pointer, diff)
		}
	}
}

// eachSchema calls f with the schema and all its subschemas.
func eachSchema(f func(pointer string, s map[string]any)) {
	var walk func(pointer string, v any, isSchema bool)
	walk = func(pointer string, v any, isSchema bool) {
		switch v := v.(type) {
		case map[string]any:
			if isSchema {
				f(pointer, v)
			}
			for key, child := range v {
				named := isSchema && (key == "properties" || key == "$defs")
				data := isSchema && slices.Contains([]string{"default", "examples", "enum", "const", "required"}, key)
				if !data {
					walk(pointer+"/"+key, child, !named)
				}
			}
		case []any:
			for i, child := range v {
				walk(pointer+"/"+strconv.Itoa(i), child, true)
			}
		}
	}
	walk("", decoded(string(Schema)), true)
}

// Editors show the descriptions.
func TestSchemaDescribesEveryField(t *testing.T) {
	described := 0
	eachSchema(func(pointer string, s map[string]any) {
		of, field, isField := strings.Cut(pointer, "/properties/")
		_, isDef := strings.CutPrefix(pointer, "/$defs/")
		isDef = isDef && strings.Count(pointer, "/") == 2
		condition := strings.HasSuffix(of, "/if") || strings.HasSuffix(of, "/then") || of != "" && of != "/else" && strings.HasSuffix(of, "/else")
		if !isDef && (!isField || condition || strings.Contains(field, "/")) {
			return
		}
		described++
		text, _ := s["description"].(string)
		if text == "" || !strings.HasSuffix(text, ".") || strings.TrimSpace(text) != text {
			t.Errorf("%s: invalid description %q", pointer, text)
		}
	})
	if described < 90 {
		t.Errorf("only %d descriptions were checked", described)
	}
}

// A default or example that an editor inserts must be valid.
func TestSchemaDefaultsAndExamplesAreValid(t *testing.T) {
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaAddress, decoded(string(Schema))); err != nil {
		t.Fatal(err)
	}
	seen := 0
	eachSchema(func(pointer string, s map[string]any) {
		shown, _ := s["examples"].([]any)
		if v, ok := s["default"]; ok {
			shown = append(shown, v)
		}
		if len(shown) == 0 {
			return
		}
		at, err := c.Compile(schemaAddress + "#" + pointer)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range shown {
			seen++
			if err := at.Validate(v); err != nil {
				t.Errorf("%s: %v", pointer, err)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d values were checked", seen)
	}
}

// A field with the default from the schema has the same effect as omitting it.
func TestSchemaDefaultsMatchTheLoader(t *testing.T) {
	for _, p := range parts {
		if p.def == "" || p.def == "file" {
			continue
		}
		for field, s := range schemaAt(t, "/$defs/"+p.def+"/properties") {
			value, ok := s.(map[string]any)["default"]
			if !ok {
				continue
			}
			o := decoded(p.example).(map[string]any)
			delete(o, field)
			without := encoded(o)
			o[field] = value
			with := encoded(o)
			if diff := cmp.Diff(loadOne(t, fmt.Sprintf(p.within, without)), loadOne(t, fmt.Sprintf(p.within, with))); diff != "" {
				t.Errorf("%s: %s omitted and set to %s (-without +with):\n%s", p.name, field, encoded(value), diff)
			}
		}
	}
}

// loadOne returns the single organization of a seed.
func loadOne(t *testing.T, src string) store.Contents {
	t.Helper()
	s, err := Parse("seed.json", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Load(Options{Real: real, IDSeed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d organizations, want 1", len(all))
	}
	return all[0]
}

func TestSchemaIsIndented(t *testing.T) {
	var indented bytes.Buffer
	if err := json.Indent(&indented, bytes.TrimSpace(Schema), "", "  "); err != nil {
		t.Fatal(err)
	}
	if got := string(Schema); got != indented.String()+"\n" {
		t.Error("schema.json is not indented with two spaces")
	}
}
