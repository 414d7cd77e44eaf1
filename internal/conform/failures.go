package conform

import (
	"encoding/json"
	"fmt"
	"net/http"

	"antechamber/internal/vendordoc"
)

// Failures is the vendor's newest document, reduced to the operations of ours, in both
// of its variants: some errors are only listed with ?beta=true.
type Failures struct{ document *Document }

// beta is the suffix of the paths of the second variant.
const beta = "?beta=true"

// LoadFailures returns the failures of the vendor's newest document.
func LoadFailures() (*Failures, error) {
	document, err := loadVendor(vendordoc.Newest, "", beta)
	if err != nil {
		return nil, err
	}
	return &Failures{document}, nil
}

// Check checks an error response in production's format. It must conform to one of the
// variants. The error is that of CheckResponse.
func (f *Failures) Check(method, route string, status int, header http.Header, body []byte) error {
	err := f.document.CheckResponse(method, route, status, header, body)
	if err != nil && f.document.CheckResponse(method, route+beta, status, header, body) == nil {
		return nil
	}
	return err
}

// ProductionPart returns production's part of an error body in the default format. The
// error says what is missing or contradicts the contract's fields.
func ProductionPart(body []byte) ([]byte, error) {
	var whole struct {
		Type      string
		Message   string
		Error     json.RawMessage
		RequestID json.RawMessage `json:"request_id"`
	}
	var inner struct{ Type, Message string }
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, fmt.Errorf("conform: %w", err)
	}
	if err := json.Unmarshal(whole.Error, &inner); err != nil {
		return nil, fmt.Errorf("conform: error: %w", err)
	}
	if whole.Type != inner.Type || whole.Message != inner.Message {
		return nil, fmt.Errorf("conform: type and message are %q and %q, but in error %q and %q", whole.Type, whole.Message, inner.Type, inner.Message)
	}
	return json.Marshal(map[string]any{"type": "error", "error": whole.Error, "request_id": whole.RequestID})
}
