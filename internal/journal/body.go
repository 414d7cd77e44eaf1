package journal

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"antechamber/api"
	"antechamber/internal/redact"
)

// MaxBody is how many bytes of a body are kept.
const MaxBody = 4 << 10

// Body is a body as the journal keeps it: its beginning, and its length.
type Body struct {
	text   string
	length int
}

// BodyOf returns a body to record. A short string is referred to, anything else
// is copied: a long one would keep all of its memory alive.
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

// cutBody is how the journal answers a body that it has not kept whole.
type cutBody struct {
	Prefix string `json:"prefix"`
	Length int    `json:"length"`
}

// encode returns the body as JSON: itself when it is JSON, a string when it is
// not, a cutBody when it was too long, and nothing when there was none.
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

// wasCut reports whether a body of an entry is only the beginning of one.
func wasCut(raw json.RawMessage) bool {
	var fields map[string]json.RawMessage
	var c cutBody
	return json.Unmarshal(raw, &fields) == nil && len(fields) == 2 && json.Unmarshal(raw, &c) == nil && c.Length > MaxBody
}
