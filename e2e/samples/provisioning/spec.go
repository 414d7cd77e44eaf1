// Package provisioning brings an organization's invites, workspaces and their members
// in line with a specification: it plans the missing steps and applies them.
package provisioning

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Spec is the desired state of an organization. Workspaces it does not list are left
// alone. Workspaces it lists have exactly the listed members, apart from the admins
// and billing users of the organization, who belong to every workspace.
type Spec struct {
	People     []Person    `json:"people"`
	Workspaces []Workspace `json:"workspaces"`
}

// Person should be a user of the organization, and is invited if necessary.
type Person struct {
	Email string `json:"email"`
	Role  string `json:"role"`
}

// Workspace is a workspace, identified by its name.
type Workspace struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`    // other tags are kept
	Members map[string]string `json:"members"` // roles, by email address
}

// Parse parses a spec in JSON. Unknown fields and duplicate workspaces are errors.
func Parse(text []byte) (Spec, error) {
	var spec Spec
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&spec); err != nil {
		return Spec{}, fmt.Errorf("provisioning: %w", err)
	}
	names := map[string]bool{}
	for _, w := range spec.Workspaces {
		if names[w.Name] {
			return Spec{}, fmt.Errorf("provisioning: duplicate workspace %q", w.Name)
		}
		names[w.Name] = true
	}
	return spec, nil
}

// Plan is a list of steps, in order.
type Plan struct {
	Steps []Step
	// Waiting lists the addresses of people who can be added to a workspace only after
	// they accept their invite.
	Waiting []string
}

func (p Plan) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintln(&b, s)
	}
	return b.String()
}

// Kind is the kind of a step.
type Kind string

// The kinds of steps.
const (
	Invite          Kind = "invite"
	CreateWorkspace Kind = "create workspace"
	TagWorkspace    Kind = "tag workspace"
	AddMember       Kind = "add member"
	ChangeMember    Kind = "change member"
	RemoveMember    Kind = "remove member"
)

// Step is one change to the organization.
type Step struct {
	Kind      Kind
	Workspace string // name
	Email     string
	Role      string
	Tags      map[string]string

	workspaceID string // empty if an earlier step creates the workspace
	userID      string
}

func (s Step) String() string {
	parts := []string{string(s.Kind)}
	for _, part := range []string{s.Workspace, s.Email, s.Role} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}
