package hint

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
)

// Body returns the hint for a body that is not a JSON object, or "".
func Body(h http.Header, body []byte) string {
	mediaType, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	encoding := strings.ToLower(h.Get("Content-Encoding"))
	switch {
	case encoding != "" && encoding != "identity":
		return "the body has the content-encoding " + Quote(encoding) + ": send it uncompressed"
	case bytes.HasPrefix(body, []byte{0x1f, 0x8b}):
		return "the body is compressed with gzip: send it uncompressed"
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")), bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		return "the body starts with a byte order mark: send UTF-8 without one"
	case bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		return "" // malformed JSON, whatever its type: curl -d sends any body as a form
	case mediaType != "" && mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json"):
		return "the body has the content-type " + Quote(mediaType) + ": send JSON"
	}
	return ""
}
