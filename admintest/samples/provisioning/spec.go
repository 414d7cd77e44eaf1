// Package provisioning makes an organization's workspaces, members and invites
// what a file says: it plans the steps that are missing, and applies them.
package provisioning

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Spec is what the organization should have. Workspaces that are not in it are
// left alone; members of those that are in it are exactly the ones it names,
// besides the admins and billing users of the organization.
type Spec struct {
	People     []Person    `json:"people"`
	Workspaces []Workspace `json:"workspaces"`
}

// Person is somebody who should be in the organization: is invited, if need be.
type Person struct {
	Email string `json:"email"`
	Role  string `json:"role"`
}

// Workspace is known by its name.
type Workspace struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`    // others stay
	Members map[string]string `json:"members"` // addresses with their roles
}

// Parse reads a spec, and refuses what it does not know.
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
			return Spec{}, fmt.Errorf("provisioning: the workspace %s is there twice", w.Name)
		}
		names[w.Name] = true
	}
	return spec, nil
}

// Plan is what has to be done, in order.
type Plan struct {
	Steps []Step
	// Waiting are the people who cannot be added to a workspace before they
	// accept their invite.
	Waiting []string
}

func (p Plan) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintln(&b, s)
	}
	return b.String()
}

// Kind is what a step does.
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

// Step is one change.
type Step struct {
	Kind      Kind
	Workspace string // name
	Email     string
	Role      string
	Tags      map[string]string

	workspaceID string // empty for one that the plan creates
	userID      string
}

func (s Step) String() string {
	words := []string{string(s.Kind)}
	for _, word := range []string{s.Workspace, s.Email, s.Role} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
