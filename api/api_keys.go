package api

// KeyHintPattern is the form of a partial_key_hint: the two ends of a key.
const KeyHintPattern = `^sk-ant-[A-Za-z0-9_-]{1,64}\.\.\.[A-Za-z0-9_-]{1,16}$`

// MaxAPIKeyName is how many characters the name of an API key has at most.
// (Documented.)
const MaxAPIKeyName = 500

// TypeAPIKey is the `type` of an APIKey.
const TypeAPIKey = "api_key"

// APIKey is an API key as the Admin API shows it: never its secret.
type APIKey struct {
	ID             string       `json:"id"`
	Type           string       `json:"type"`
	Name           string       `json:"name"`
	WorkspaceID    Nullable     `json:"workspace_id"` // null for a key of the Default Workspace
	CreatedAt      Time         `json:"created_at"`
	CreatedBy      Actor        `json:"created_by"`
	Status         APIKeyStatus `json:"status"`
	LastUsedAt     Time         `json:"last_used_at"` // null until used
	PartialKeyHint Nullable     `json:"partial_key_hint"`
	ExpiresAt      Time         `json:"expires_at"` // null for a key that does not expire
	Principal      *Actor       `json:"principal"`  // always null: keys here are bound to no principal
	Scope          Scope        `json:"scope"`
}

// Actor is who made an object.
type Actor struct {
	ID   string `json:"id"`
	Type string `json:"type"` // always "user"
}

// Scope is where a key belongs. Its WorkspaceID is the real one, also for the
// Default Workspace.
type Scope struct {
	Type        string `json:"type"` // always "workspace"
	WorkspaceID string `json:"workspace_id"`
}

// APIKeyStatus is whether a key works.
type APIKeyStatus string

// The statuses of an API key.
const (
	KeyActive   APIKeyStatus = "active"
	KeyInactive APIKeyStatus = "inactive"
	KeyArchived APIKeyStatus = "archived"
	KeyExpired  APIKeyStatus = "expired"
)

// APIKeyStatuses lists every status, SettableKeyStatuses those that an update
// may give.
var (
	APIKeyStatuses      = []APIKeyStatus{KeyActive, KeyInactive, KeyArchived, KeyExpired}
	SettableKeyStatuses = []APIKeyStatus{KeyActive, KeyInactive, KeyArchived}
)
