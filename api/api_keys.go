package api

// KeyHintPattern is the form of a partial_key_hint: the start and the end of a key.
const KeyHintPattern = `^sk-ant-[A-Za-z0-9_-]{1,64}\.\.\.[A-Za-z0-9_-]{1,16}$`

// MaxAPIKeyName is the maximum length of an API key's name, in characters.
// (Documented.)
const MaxAPIKeyName = 500

// TypeAPIKey is the `type` of an APIKey.
const TypeAPIKey = "api_key"

// APIKey is an API key without its secret, which the Admin API never shows.
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
	ExpiresAt      Time         `json:"expires_at"` // null if the key does not expire
	Principal      *Actor       `json:"principal"`  // always null: keys in the emulator have no principal
	Scope          Scope        `json:"scope"`
}

// Actor is the creator of an object.
type Actor struct {
	ID   string `json:"id"`
	Type string `json:"type"` // always "user"
}

// Scope is the scope of a key. Its WorkspaceID is never null, not even for the
// Default Workspace.
type Scope struct {
	Type        string `json:"type"` // always "workspace"
	WorkspaceID string `json:"workspace_id"`
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
