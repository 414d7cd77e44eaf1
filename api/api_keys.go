package api

// KeyHintPattern is the form of a partial_key_hint: the start and the end of a key.
const KeyHintPattern = `^sk-ant-[A-Za-z0-9_-]{1,64}\.\.\.[A-Za-z0-9_-]{1,16}$`

// MaxAPIKeyName is the maximum length of an API key's name, in characters.
// (Documented.)
const MaxAPIKeyName = 500

// TypeAPIKey is the `type` of an APIKey.
const TypeAPIKey = "api_key"

// APIKey is an API key without its secret, which the Admin API never shows. It has
// the fields of every version of the API.
//
// There are three kinds: the key of a workspace, which has no principal; a personal
// key, whose principal is a user and which has no workspace; and the key of a service
// account, with or without a workspace.
type APIKey struct {
	ID             string       `json:"id"`
	Type           string       `json:"type"`
	Name           string       `json:"name"`
	WorkspaceID    Nullable     `json:"workspace_id"` // null for a key of the Default Workspace, and without a workspace
	CreatedAt      Time         `json:"created_at"`
	CreatedBy      Actor        `json:"created_by"`
	Status         APIKeyStatus `json:"status"`
	LastUsedAt     Time         `json:"last_used_at"` // null until used
	PartialKeyHint Nullable     `json:"partial_key_hint"`
	ExpiresAt      Time         `json:"expires_at"` // null if the key does not expire
	Principal      *Principal   `json:"principal"`  // nil for the key of a workspace
	Scope          Scope        `json:"scope"`
}

// EncodeIn returns the JSON of the key in a shape.
func (k APIKey) EncodeIn(s Shape) string {
	if s == ShapeFull {
		return Encode(k)
	}
	return Encode(struct {
		APIKey
		// This field hides the key's own, and is left out itself.
		WorkspaceID struct{} `json:"workspace_id,omitzero"`
	}{APIKey: k})
}

// Actor is the creator of an object. The zero Actor is null in JSON: production has
// no record of some creators.
type Actor struct {
	ID   string    `json:"id"`
	Type ActorType `json:"type"`
}

// ActorType is the type of an Actor.
type ActorType string

// The types of actors.
const (
	ActorUser           ActorType = TypeUser
	ActorServiceAccount ActorType = "service_account"
)

// ActorTypes lists every type.
var ActorTypes = []ActorType{ActorUser, ActorServiceAccount}

// MarshalJSON writes the actor, or null if it is zero.
func (a Actor) MarshalJSON() ([]byte, error) {
	if a == (Actor{}) {
		return []byte("null"), nil
	}
	type plain Actor
	return []byte(Encode(plain(a))), nil
}

// User returns the id of the actor if it is a user, or "".
func (a Actor) User() string {
	if a.Type != ActorUser {
		return ""
	}
	return a.ID
}

// Principal is what a key acts as: a user or a service account. Its type says which
// one of the ids it has.
type Principal struct {
	Type             PrincipalType `json:"type"`
	UserID           string        `json:"user_id,omitempty"`
	ServiceAccountID string        `json:"service_account_id,omitempty"`
}

// PrincipalType is the type of a Principal.
type PrincipalType string

// The types of principals.
const (
	PrincipalUser           PrincipalType = "user_actor"
	PrincipalServiceAccount PrincipalType = "service_account_actor"
)

// PrincipalTypes lists every type.
var PrincipalTypes = []PrincipalType{PrincipalUser, PrincipalServiceAccount}

// UserPrincipal returns the principal of a personal key of the user.
func UserPrincipal(userID string) *Principal {
	return &Principal{Type: PrincipalUser, UserID: userID}
}

// ServiceAccountPrincipal returns the principal of a key of the service account.
func ServiceAccountPrincipal(id string) *Principal {
	return &Principal{Type: PrincipalServiceAccount, ServiceAccountID: id}
}

// User returns the id of the user whose personal key has the principal p, or "". p
// may be nil.
func (p *Principal) User() string {
	if p == nil || p.Type != PrincipalUser {
		return ""
	}
	return p.UserID
}

// Scope is the scope of a key: a workspace, even the Default Workspace, or the whole
// organization. Only a key with a principal can have the latter.
type Scope struct {
	Type        ScopeType `json:"type"`
	WorkspaceID string    `json:"workspace_id,omitempty"` // absent for an organization
}

// ScopeType is the type of a Scope.
type ScopeType string

// The types of scopes.
const (
	ScopeWorkspace    ScopeType = TypeWorkspace
	ScopeOrganization ScopeType = "organization"
)

// ScopeTypes lists every type.
var ScopeTypes = []ScopeType{ScopeWorkspace, ScopeOrganization}

// ScopeOf returns the scope of a key in a workspace, or without one if the id is
// empty.
func ScopeOf(workspaceID string) Scope {
	if workspaceID == "" {
		return Scope{Type: ScopeOrganization}
	}
	return Scope{Type: ScopeWorkspace, WorkspaceID: workspaceID}
}

// APIKeyStatus is the status of an API key.
type APIKeyStatus string

// The statuses of an API key.
const (
	KeyActive   APIKeyStatus = "active"
	KeyInactive APIKeyStatus = "inactive"
	KeyArchived APIKeyStatus = "archived"
	KeyExpired  APIKeyStatus = "expired"
)

// APIKeyStatuses lists every status, SettableKeyStatuses the ones that an update can
// set.
var (
	APIKeyStatuses      = []APIKeyStatus{KeyActive, KeyInactive, KeyArchived, KeyExpired}
	SettableKeyStatuses = []APIKeyStatus{KeyActive, KeyInactive, KeyArchived}
)
