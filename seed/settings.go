package seed

import (
	"regexp"
	"slices"

	"antechamber/internal/email"
	"antechamber/internal/jsontree"
	"antechamber/store"
)

var (
	domainForm  = form{want: "a domain, such as example.com", valid: email.WellFormedDomain, accepted: email.ValidDomain}
	versionForm = form{want: "a version, such as 2023-06-01", pattern: regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)}
)

// The maximum lengths of lists in settings.
const (
	maxDomains  = 1000
	maxVersions = 100
)

// settings returns s with the changes in n: an omitted field is unchanged, and
// null removes a limit.
func (r *report) settings(n *node, s store.Settings) store.Settings {
	if n == nil {
		return s
	}
	o := r.object(n)
	defer o.end()
	s.WorkspaceLimit = int(o.integer("workspace_limit", 0, maxInteger, int64(s.WorkspaceLimit)))
	o.limit("member_limit", &s.MemberLimit)
	o.limit("workspace_member_limit", &s.WorkspaceMemberLimit)
	o.limit("api_key_limit", &s.APIKeyLimit)
	o.limit("workspace_api_key_limit", &s.WorkspaceAPIKeyLimit)
	if domains := o.get("allowed_invite_domains"); domains != nil {
		s.AllowedInviteDomains = list(r, unlessNull(domains), "domains", 0, maxDomains, func(n *node) string { return r.textAt(n, domainForm) })
	}
	s.WorkspaceNameMaxLength = int(o.integer("workspace_name_max_length", 1, 255, int64(s.WorkspaceNameMaxLength)))
	if versions := o.get("anthropic_versions"); versions != nil {
		s.AnthropicVersions = list(r, versions, "versions", 1, maxVersions, func(n *node) string { return r.textAt(n, versionForm) })
	}
	if deleted := enum(o, "deleted_invites", store.AllDeletedInvites); deleted != "" {
		s.DeletedInvites = deleted
	}
	return s
}

// limit reads a limit, which null removes.
func (o *object) limit(name string, into **int) {
	switch n := o.get(name); {
	case n == nil:
	case n.Kind == jsontree.Null:
		*into = nil
	default:
		*into = new(int(o.integerAt(n, 0, maxInteger, 0, ", or null for no limit")))
	}
}

func cloneSettings(s store.Settings) store.Settings {
	for _, limit := range []**int{&s.MemberLimit, &s.WorkspaceMemberLimit, &s.APIKeyLimit, &s.WorkspaceAPIKeyLimit} {
		if *limit != nil {
			*limit = new(**limit)
		}
	}
	s.AllowedInviteDomains = slices.Clone(s.AllowedInviteDomains)
	s.AnthropicVersions = slices.Clone(s.AnthropicVersions)
	return s
}

// ExportSettings returns complete settings as JSON, as in a seed.
func ExportSettings(s store.Settings) []byte { return encode(s) }

// ChangeSettings returns s with the changes in data, which is written like the
// settings of a seed: an omitted field is unchanged, and null removes a limit. Its
// error is of type Faults.
func ChangeSettings(s store.Settings, data []byte) (store.Settings, error) {
	data, r := withoutBOM(data), &report{}
	_, shape := shapes()
	if root := r.parse(data, shape); root != nil {
		root.Name = "settings" // in messages
		s = r.settings(root, s)
	}
	return s, r.err("settings", data)
}
