package api

import "slices"

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

// ErrorTypeIn returns the error type of a status in a response of an operation. It is
// that of the status, except where the operation's own documentation says otherwise: a
// 409 with an error code is an invalid_request_error.
func ErrorTypeIn(operation string, status int) ErrorType {
	for _, e := range CodedErrors {
		if e.Status == status && e.In(operation) {
			return e.Type
		}
	}
	return ErrorTypeOf(status)
}

//go:generate go run antechamber/internal/generrors

// ErrorCode is the machine-readable cause in `error.details.error_code`. Most
// errors have none. Each code belongs to one of CodedErrors.
type ErrorCode string

// CodedError is an error with a code, as production documents it. A code has the same
// status, type and fields in every operation.
type CodedError struct {
	Code       ErrorCode
	Status     int
	Type       ErrorType
	Operations []string // the contract's operationIds
	Details    []DetailField
}

// In reports whether the error is documented for an operation.
func (e CodedError) In(operation string) bool { return slices.Contains(e.Operations, operation) }

// DetailField is a field of `error.details` next to error_code: a string, or a list of
// objects that consist of such fields.
type DetailField struct {
	Name     string
	Optional bool
	Nullable bool
	Values   []string      // the strings that are allowed; nil for all
	Example  string        // one of them; empty if the field can be left out or null
	Items    []DetailField // the fields of the objects in a list; nil for a string
}

// Coded returns the error with a code.
func Coded(code ErrorCode) (CodedError, bool) {
	for _, e := range CodedErrors {
		if e.Code == code {
			return e, true
		}
	}
	return CodedError{}, false
}

// ErrorCodes returns every code, in alphabetical order.
func ErrorCodes() []ErrorCode {
	all := make([]ErrorCode, len(CodedErrors))
	for i, e := range CodedErrors {
		all[i] = e.Code
	}
	return all
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
	DetailFields
	WorkspaceID string `json:"workspace_id,omitempty"` // the workspace that was created
}

// DetailFields are the fields that some error codes have next to error_code, and that
// say what the request did wrong. CodedErrors lists those of each code.
type DetailFields struct {
	Field        string        `json:"field,omitempty"` // of the request
	FailedChecks []FailedCheck `json:"failed_checks,omitzero"`
}

// FailedCheck is a check that an external storage did not pass.
type FailedCheck struct {
	Check   string   `json:"check"`
	Message string   `json:"message"`
	Role    Nullable `json:"role"`
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
