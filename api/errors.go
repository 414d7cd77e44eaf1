package api

// ErrorType is the `type` of an error, which clients branch on first.
type ErrorType string

// The error types of the API, with their HTTP statuses.
const (
	InvalidRequestError ErrorType = "invalid_request_error" // 400, and every 4XX not listed
	AuthenticationError ErrorType = "authentication_error"  // 401
	BillingError        ErrorType = "billing_error"         // 402
	PermissionError     ErrorType = "permission_error"      // 403
	NotFoundError       ErrorType = "not_found_error"       // 404
	ConflictError       ErrorType = "conflict_error"        // 409
	RequestTooLarge     ErrorType = "request_too_large"     // 413
	RateLimitError      ErrorType = "rate_limit_error"      // 429
	APIError            ErrorType = "api_error"             // 500
	OverloadedError     ErrorType = "overloaded_error"      // 503 and 529
	TimeoutError        ErrorType = "timeout_error"         // 504
)

// ErrorTypeOf returns the error type of an HTTP status of 400 or more.
func ErrorTypeOf(status int) ErrorType {
	switch status {
	case 401:
		return AuthenticationError
	case 402:
		return BillingError
	case 403:
		return PermissionError
	case 404:
		return NotFoundError
	case 409:
		return ConflictError
	case 413:
		return RequestTooLarge
	case 429:
		return RateLimitError
	case 503, 529:
		return OverloadedError
	case 504:
		return TimeoutError
	}
	if status >= 500 {
		return APIError
	}
	return InvalidRequestError
}

// ErrorCode is the machine-readable cause in `error.details.error_code`. Most
// errors have none.
type ErrorCode string

// The error codes documented in the reference for the 22 operations.
const (
	AlreadyMember                ErrorCode = "already_member"
	InviteAlreadyExists          ErrorCode = "invite_already_exists"
	EmailDomainNotAllowed        ErrorCode = "email_domain_not_allowed"
	OrgMemberLimitExceeded       ErrorCode = "org_member_limit_exceeded"
	CannotRemoveLastMember       ErrorCode = "cannot_remove_last_member"
	ConcurrentMembershipChange   ErrorCode = "concurrent_membership_change" // sent only by a fault
	WorkspaceMemberLimitExceeded ErrorCode = "workspace_member_limit_exceeded"
	OrgAPIKeyLimitExceeded       ErrorCode = "org_api_key_limit_exceeded"
	WorkspaceAPIKeyLimitExceeded ErrorCode = "workspace_api_key_limit_exceeded"
	UserProfileNotFound          ErrorCode = "user_profile_not_found"
)

// ErrorCodes lists every code.
var ErrorCodes = []ErrorCode{
	AlreadyMember, InviteAlreadyExists, EmailDomainNotAllowed, OrgMemberLimitExceeded, CannotRemoveLastMember,
	ConcurrentMembershipChange, WorkspaceMemberLimitExceeded, OrgAPIKeyLimitExceeded, WorkspaceAPIKeyLimitExceeded,
	UserProfileNotFound,
}

// ErrorObject is the `error` of an error response.
type ErrorObject struct {
	Type    ErrorType     `json:"type"`
	Message string        `json:"message"`
	Details *ErrorDetails `json:"details,omitempty"`
}

// ErrorDetails carries the machine-readable cause of an error.
type ErrorDetails struct {
	ErrorCode ErrorCode `json:"error_code"`
}

// Error is the default error response: the contract's two fields next to
// production's envelope, for clients that expect either.
type Error struct {
	Type      ErrorType   `json:"type"`
	Message   string      `json:"message"`
	Error     ErrorObject `json:"error"`
	RequestID string      `json:"request_id"`
}

// ProductionError is the error response exactly as production sends it.
type ProductionError struct {
	Type      string      `json:"type"` // always "error"
	Error     ErrorObject `json:"error"`
	RequestID string      `json:"request_id"`
}
