package seed

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is what a JSON value is.
type kind int

const (
	nullKind kind = iota
	boolKind
	numberKind
	textKind
	listKind
	objectKind
)

// node is a JSON value and where it stands in the file.
type node struct {
	kind   kind
	offset int
	text   string           // of a text what it says, of a number or boolean how it is written
	items  []*node          // of an array, and of an object in the order of the file
	byKey  map[string]*node // of an object

	parent    *node
	key       string // in the object that it is in
	keyOffset int
	index     int // in the array that it is in
}

// pointer is the RFC 6901 pointer to the value.
func (n *node) pointer() string {
	if n.parent == nil {
		return ""
	}
	return n.parent.pointer() + "/" + n.step()
}

func (n *node) step() string {
	if n.parent.kind == listKind {
		return strconv.Itoa(n.index)
	}
	return pointerEscape.Replace(n.key)
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// String describes the value in a message.
func (n *node) String() string {
	switch n.kind {
	case nullKind:
		return "null"
	case textKind:
		return quote(n.text)
	case listKind:
		return "a list"
	case objectKind:
		return "an object"
	}
	return shorten(n.text)
}

// quote puts a text of the file into a message: on one line, and not all of it
// when it is long.
func quote(s string) string { return strconv.Quote(shorten(s)) }

func shorten(s string) string {
	const most = 60
	s = redact(s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// maxDepth is how deeply values may be nested: far more than a seed has use
// for, and far less than a stack holds.
const maxDepth = 100

// parser reads JSON (RFC 8259, UTF-8) into nodes. encoding/json is no help
// here: it neither says where a value stands nor minds a field that is there
// twice.
type parser struct {
	*report
	src string
	pos int
}

// parse gives the value that src consists of, or nil and a fault where it is
// not JSON. A field that is there twice is a fault too; its first value
// counts.
func parse(src string, r *report) *node {
	p := &parser{report: r, src: src}
	if at := invalidUTF8(src); at >= 0 {
		p.add(false, at, "", "expected UTF-8: byte 0x%02x is none", src[at])
		return nil
	}
	root := &node{}
	err := p.value(root, 0)
	if err == nil {
		if p.space(); p.pos < len(src) {
			err = p.fail("expected the end of the file, not %s", p.next())
		}
	}
	if err != nil {
		p.add(false, err.offset, "", "%s", err.message)
		return nil
	}
	return root
}

func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, c := range s {
		if c != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
			return i
		}
	}
	return -1
}

// syntaxError is where and why a text is not JSON.
type syntaxError struct {
	offset  int
	message string
}

func (p *parser) fail(format string, args ...any) *syntaxError {
	return &syntaxError{p.pos, fmt.Sprintf(format, args...)}
}

// next describes what stands at the position.
func (p *parser) next() string {
	if p.pos >= len(p.src) {
		return "the end of the file"
	}
	c, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return strconv.QuoteRune(c)
}

func (p *parser) space() {
	for p.pos < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.pos]) >= 0 {
		p.pos++
	}
}

// take steps over c, if that is what comes next.
func (p *parser) take(c byte) bool {
	if p.pos < len(p.src) && p.src[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *parser) value(n *node, depth int) *syntaxError {
	p.space()
	n.offset = p.pos
	rest := p.src[p.pos:]
	switch {
	case rest == "":
		return p.fail("expected a value, not the end of the file")
	case depth >= maxDepth:
		return p.fail("expected at most %d values inside each other", maxDepth)
	case rest[0] == '{':
		return p.object(n, depth)
	case rest[0] == '[':
		return p.array(n, depth)
	case rest[0] == '"':
		s, err := p.text()
		n.kind, n.text = textKind, s
		return err
	case rest[0] == '-' || isDigit(rest[0]):
		return p.number(n)
	}
	for word, kind := range map[string]kind{"null": nullKind, "true": boolKind, "false": boolKind} {
		if strings.HasPrefix(rest, word) {
			n.kind, n.text = kind, word
			p.pos += len(word)
			return nil
		}
	}
	return p.fail("expected a value, not %s", p.next())
}

func (p *parser) object(n *node, depth int) *syntaxError {
	n.kind, n.byKey = objectKind, map[string]*node{}
	p.pos++
	if p.space(); p.take('}') {
		return nil
	}
	for {
		p.space()
		if p.pos >= len(p.src) || p.src[p.pos] != '"' {
			return p.fail("expected the name of a field in double quotes, not %s", p.next())
		}
		child := &node{parent: n, keyOffset: p.pos}
		key, err := p.text()
		if err != nil {
			return err
		}
		child.key = key
		if p.space(); !p.take(':') {
			return p.fail("expected ':', not %s", p.next())
		}
		if err := p.value(child, depth+1); err != nil {
			return err
		}
		if n.byKey[key] != nil {
			p.add(false, child.keyOffset, child.pointer(), "expected every field once: %s is there already", quote(key))
		} else {
			n.byKey[key] = child
			n.items = append(n.items, child)
		}
		if p.space(); p.take('}') {
			return nil
		}
		if !p.take(',') {
			return p.fail("expected ',' or '}', not %s", p.next())
		}
	}
}

func (p *parser) array(n *node, depth int) *syntaxError {
	n.kind = listKind
	p.pos++
	if p.space(); p.take(']') {
		return nil
	}
	for {
		child := &node{parent: n, index: len(n.items)}
		if err := p.value(child, depth+1); err != nil {
			return err
		}
		n.items = append(n.items, child)
		if p.space(); p.take(']') {
			return nil
		}
		if !p.take(',') {
			return p.fail("expected ',' or ']', not %s", p.next())
		}
	}
}

// text reads a text in double quotes.
func (p *parser) text() (string, *syntaxError) {
	p.pos++
	var b strings.Builder
	for from := p.pos; ; {
		if p.pos >= len(p.src) {
			return "", p.fail("expected '\"', not the end of the file")
		}
		switch c := p.src[p.pos]; {
		case c == '"':
			b.WriteString(p.src[from:p.pos])
			p.pos++
			return b.String(), nil
		case c < ' ':
			return "", p.fail("expected a control character in a text to be written \\u%04x", c)
		case c == '\\':
			b.WriteString(p.src[from:p.pos])
			c, err := p.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(c)
			from = p.pos
		default:
			p.pos++
		}
	}
}

// escape reads one escaped character.
func (p *parser) escape() (rune, *syntaxError) {
	if p.pos+1 < len(p.src) {
		if i := strings.IndexByte(`"\/bfnrt`, p.src[p.pos+1]); i >= 0 {
			p.pos += 2
			return rune("\"\\/\b\f\n\r\t"[i]), nil
		}
	}
	c, ok := p.escapedUnit(p.pos)
	if !ok {
		return 0, p.fail(`expected an escape such as \n or \u00e9`)
	}
	if !utf16.IsSurrogate(c) {
		p.pos += 6
		return c, nil
	}
	low, ok := p.escapedUnit(p.pos + 6)
	if c = utf16.DecodeRune(c, low); !ok || c == utf8.RuneError {
		return 0, p.fail("expected a character: half of a surrogate pair is none")
	}
	p.pos += 12
	return c, nil
}

// escapedUnit reads the \uXXXX at a position.
func (p *parser) escapedUnit(at int) (rune, bool) {
	if at+6 > len(p.src) || p.src[at:at+2] != `\u` {
		return 0, false
	}
	c, err := strconv.ParseUint(p.src[at+2:at+6], 16, 16)
	return rune(c), err == nil
}

func (p *parser) number(n *node) *syntaxError {
	p.take('-')
	if !p.take('0') && !p.digits() {
		return p.fail("expected a digit, not %s", p.next())
	}
	if p.take('.') && !p.digits() {
		return p.fail("expected a digit, not %s", p.next())
	}
	if p.take('e') || p.take('E') {
		if !p.take('+') {
			p.take('-')
		}
		if !p.digits() {
			return p.fail("expected a digit, not %s", p.next())
		}
	}
	n.kind, n.text = numberKind, p.src[n.offset:p.pos]
	return nil
}

func (p *parser) digits() bool {
	from := p.pos
	for p.pos < len(p.src) && isDigit(p.src[p.pos]) {
		p.pos++
	}
	return p.pos > from
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
