package journal

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"antechamber/api"
	"antechamber/internal/redact"
)

// MaxBody is how many bytes of a body the journal keeps.
const MaxBody = 4 << 10

// Body is the beginning of a body and its length.
type Body struct {
	text   string
	length int
}

// BodyOf returns a body to record. It keeps a reference to a short string, and
// copies anything else: a reference to a long one would keep all of it in memory.
func BodyOf[T string | []byte](b T) Body {
	if len(b) <= MaxBody {
		return Body{string(b), len(b)}
	}
	end := MaxBody
	for end > MaxBody-utf8.UTFMax && !utf8.RuneStart(b[end]) {
		end--
	}
	return Body{strings.Clone(string(b[:end])), len(b)}
}

// cutBody is the JSON of a body of which only the beginning was kept.
type cutBody struct {
	Prefix string `json:"prefix"`
	Length int    `json:"length"`
}

// encode returns the body as JSON: unchanged if it is JSON, a cutBody if it was too
// long, nil if it is empty, and a string otherwise.
func (b Body) encode() json.RawMessage {
	text := strings.ToValidUTF8(b.text, string(utf8.RuneError))
	if b.length > len(b.text) {
		return json.RawMessage(api.Encode(cutBody{redact.Prefix(text), b.length}))
	}
	text = redact.Text(text)
	switch {
	case b.length == 0:
		return nil
	case json.Valid([]byte(text)):
		return json.RawMessage(text)
	}
	return json.RawMessage(api.Encode(text))
}

// wasCut reports whether an entry's body is a cutBody.
func wasCut(raw json.RawMessage) bool {
	var fields map[string]json.RawMessage
	var c cutBody
	return json.Unmarshal(raw, &fields) == nil && len(fields) == 2 && json.Unmarshal(raw, &c) == nil && c.Length > MaxBody
}
