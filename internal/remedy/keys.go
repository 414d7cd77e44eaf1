package remedy

import (
	"strings"

	"antechamber/store"
)

// KeyFault says why a key selects no organization.
type KeyFault string

// The faults of keys. openapi.json of the control plane lists them too.
const (
	KeyNotAlone  KeyFault = "not_alone" // quotes, spaces or words around it
	KeyMalformed KeyFault = "malformed"
	KeyNoPrefix  KeyFault = "no_prefix"
	KeyOAuth     KeyFault = "oauth_token"
	KeyUnknown   KeyFault = "unknown" // well-formed
	KeyWorkspace KeyFault = "workspace_key"
)

// KeyFaults lists all faults of keys.
var KeyFaults = []KeyFault{KeyNotAlone, KeyMalformed, KeyNoPrefix, KeyOAuth, KeyUnknown, KeyWorkspace}

// KeyFaultOf returns what is wrong with a key that selects no organization.
func KeyFaultOf(key string) KeyFault {
	_, rest, hasPrefix := strings.Cut(key, "sk-ant-")
	end := strings.IndexFunc(rest, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
	if end >= 0 {
		rest = rest[:end]
	}
	switch {
	case store.ValidAdminKey(key):
		return KeyUnknown
	case !hasPrefix:
		return KeyNoPrefix
	case strings.HasPrefix(rest, "api"):
		return KeyWorkspace
	case strings.HasPrefix(rest, "oat"), strings.HasPrefix(rest, "ort"):
		return KeyOAuth
	case store.ValidAdminKey("sk-ant-" + rest):
		return KeyNotAlone
	}
	return KeyMalformed
}

// String returns the fault as a sentence. It never has the key.
func (f KeyFault) String() string {
	switch f {
	case KeyNotAlone:
		return "the key has other characters around it, such as quotes or spaces: send only the key"
	case KeyNoPrefix:
		return "the key does not start with sk-ant-admin: an admin key is " + store.AdminKeyForm
	case KeyOAuth:
		return "OAuth tokens are not emulated: use an admin key (sk-ant-admin...)"
	case KeyUnknown:
		return "no organization has this admin key: GET /_emulate/organizations lists all organizations, and a server with --unknown-keys fork creates one for each new key"
	case KeyWorkspace:
		return "this is the API key of a workspace (sk-ant-api...): use an admin key (sk-ant-admin...)"
	}
	return "an admin key is " + store.AdminKeyForm
}
