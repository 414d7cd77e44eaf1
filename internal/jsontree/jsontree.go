// Package jsontree parses JSON into a tree whose values know their positions, for
// readers that report every fault with its position. encoding/json stops at the
// first fault, doesn't report positions, and accepts repeated fields.
package jsontree

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"antechamber/internal/text"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deeply values may be nested: far more than any document needs,
// and far less than would overflow the stack.
const MaxDepth = 100

// MaxRepeated is the maximum number of repeated members that a document lists. Each
// is reported with its position, and a hostile document may have very many.
const MaxRepeated = 100

// Kind is the type of a value.
type Kind byte

// The kinds of values.
const (
	Null   Kind = 'n'
	Bool   Kind = 't'
	Number Kind = '0'
	String Kind = '"'
	Array  Kind = '['
	Object Kind = '{'
)

// Node is a value and its position.
type Node struct {
	Kind       Kind
	Start, End int     // byte offsets
	Text       string  // the content of a string; a number or boolean as written
	Items      []*Node // elements of an array or members of an object, in order
	Name       string  // of a member of an object
	NameStart  int
	Repeated   bool // whether the object has an earlier member with this name
	Invalid    bool // for the reader: whether it has rejected the value

	lost   bool // whether the tree lacks some of its members
	parent *Node
	index  int // in parent
}

// Document is parsed JSON.
type Document struct {
	Text     []byte
	Root     *Node
	Repeated []*Node // the first MaxRepeated repeated members
	Dropped  int     // members and elements that are not in the tree, see Shape
}

// SyntaxError is an error for text that is not valid JSON.
type SyntaxError struct {
	Offset       int // in bytes
	Line, Column int // as returned by Position
	Message      string
}

// Error returns the message and the position.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s (line %d column %d)", e.Message, e.Line, e.Column)
}

// Parse parses a single JSON value (RFC 8259, UTF-8). Its error is a *SyntaxError;
// the document then has no root, but it lists the repeated names before the error.
func Parse(text []byte) (*Document, error) { return ParseWithin(text, Limits{}) }

// Limits limit the size of a tree. For short values, a tree takes many times the
// memory of its text.
type Limits struct {
	Values int // maximum number of values and names; 0 for no limit
	// Levels is the depth of the tree. Objects and arrays below it are validated, but
	// have no Items, and repeated names in them are not found. 0 for no limit.
	Levels int
	Shape  *Shape // of the document; nil for any
}

// Shape is the expected form of a value. It keeps a document of another form from
// taking memory: the tree holds the first MaxMisshapen values that don't have their
// form, without their contents, and Document.Dropped counts the others.
type Shape struct {
	Kinds    string            // the kinds of the value, such as "[n" for an array or null; any if empty
	Fields   map[string]*Shape // of an object
	Others   *Shape            // of other members; nil if there must be none
	Required []string          // the members that an object must have
	Elements *Shape            // of an array
	MaxItems int               // elements of an array, or other members of an object; 0 for any number
}

// MaxMisshapen is how many values in a tree don't have their form.
const MaxMisshapen = 100

// anything is the shape of a value without a required form.
var anything = &Shape{}

// allows reports whether a value may be of a kind.
func (s *Shape) allows(k Kind) bool { return s.Kinds == "" || strings.IndexByte(s.Kinds, byte(k)) >= 0 }

// member returns the shape of a member, or nil if there must be none of that name.
// others is how many members without a shape of their own come before it.
func (s *Shape) member(name string, others int) *Shape {
	if s == anything {
		return anything
	}
	if field := s.Fields[name]; field != nil {
		return field
	}
	if s.MaxItems > 0 && others >= s.MaxItems {
		return nil
	}
	return s.Others
}

// element returns the shape of the element at an index, or nil if there must be none.
func (s *Shape) element(index int) *Shape {
	switch {
	case s.MaxItems > 0 && index >= s.MaxItems:
		return nil
	case s.Elements == nil:
		return anything
	}
	return s.Elements
}

// missing returns how many required members an object lacks.
func (s *Shape) missing(n *Node) (missing int) {
	if s == nil || n.Kind != Object || n.lost {
		return 0
	}
	for _, name := range s.Required {
		if n.Get(name) == nil {
			missing++
		}
	}
	return missing
}

// ParseWithin is Parse with limits.
func ParseWithin(text []byte, limits Limits) (*Document, error) {
	limits.Values, limits.Levels = cmp.Or(limits.Values, math.MaxInt), cmp.Or(limits.Levels, MaxDepth+1)
	p := &parser{
		limits: limits,
		doc:    &Document{Text: text},
		// The parser finds repeated names itself and continues after them.
		d: jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true)),
	}
	root := &Node{}
	if _, err := p.read(root, cmp.Or(limits.Shape, anything)); err != nil {
		return p.doc, p.syntaxError(err)
	}
	switch _, err := p.d.ReadToken(); err {
	case io.EOF:
		p.doc.Root = root
		return p.doc, nil
	case nil:
		return p.doc, p.fail(p.start(root.End), trailingData)
	default:
		return p.doc, p.fail(p.offsetOf(err), trailingData)
	}
}

const trailingData = "unexpected data after the top-level value"

// Raw returns the text of a value.
func (d *Document) Raw(n *Node) []byte { return d.Text[n.Start:n.End] }

// Position returns the line and column of an offset. Both start at 1; columns count
// characters.
func Position(text []byte, offset int) (line, column int) {
	before := text[:min(max(offset, 0), len(text))]
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}

// Get returns the first member with a name, or nil.
func (n *Node) Get(name string) *Node {
	if n == nil || n.Kind != Object {
		return nil
	}
	for _, member := range n.Items {
		if member.Name == name {
			return member
		}
	}
	return nil
}

// Unknown returns the members whose names are not among those known, in order and
// without repeated names.
func (n *Node) Unknown(known ...string) (unknown []*Node) {
	if n == nil || n.Kind != Object {
		return nil
	}
	for _, member := range n.Items {
		if !member.Repeated && !slices.Contains(known, member.Name) {
			unknown = append(unknown, member)
		}
	}
	return unknown
}

// Path returns the path to the value in the form expect[0].times, for messages:
// names are not escaped, and long ones are shortened.
func (n *Node) Path() string {
	switch {
	case n == nil || n.parent == nil:
		return ""
	case n.parent.Kind == Array:
		return fmt.Sprintf("%s[%d]", n.parent.Path(), n.index)
	}
	return n.parent.PathOf(n.Name)
}

// PathOf returns the path of a member with a name, which may be absent.
func (n *Node) PathOf(name string) string {
	name = text.Shorten(name, 100)
	if path := n.Path(); path != "" {
		return path + "." + name
	}
	return name
}

// Pointer returns the RFC 6901 pointer to the value.
func (n *Node) Pointer() string {
	if n.parent == nil {
		return ""
	}
	step := strconv.Itoa(n.index)
	if n.parent.Kind == Object {
		step = pointerEscape.Replace(n.Name)
	}
	return n.parent.Pointer() + "/" + step
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

type parser struct {
	limits Limits
	values int // read so far
	faults int // misshapen values in the tree
	doc    *Document
	d      *jsontext.Decoder
	name   Node     // of the member that is being read
	names  []string // interned: a thousand users share one string per field
}

func (p *parser) syntaxError(err error) error {
	if own, ok := errors.AsType[*SyntaxError](err); ok {
		return own
	}
	offset := p.offsetOf(err)
	message := "unexpected end of input"
	if offset < len(p.doc.Text) {
		message = cmp.Or(p.mistake(offset), wording.Replace(errors.Unwrap(err).Error()))
	}
	return p.fail(offset, message)
}

// offsetOf returns the offset of an error of the decoder.
func (p *parser) offsetOf(err error) int {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok && !errors.Is(err, io.ErrUnexpectedEOF) {
		return int(syntax.ByteOffset)
	}
	return len(p.doc.Text)
}

// wording adapts the decoder's messages to our terms.
var wording = strings.NewReplacer(
	"invalid character", "unexpected",
	"object name", "field name", "object value", "field value", "array element", "list element",
	"(expecting non-control character)", "(must be escaped)", "(expecting digit)", "(want a digit)", "(expecting ", "(want ",
)

// The patterns of common mistakes.
var (
	trailingComma = regexp.MustCompile(`^,\s*[}\]]`)
	comment       = regexp.MustCompile(`^(//|/\*|#)`)
	unquotedName  = regexp.MustCompile(`^('[^']*'|[A-Za-z_$][A-Za-z0-9_$-]*)\s*:`)
	singleQuote   = regexp.MustCompile(`^'`)
	unquotedText  = regexp.MustCompile(`^['A-Za-z_$]`)
	literal       = regexp.MustCompile(`^(true|false|null)\b`)
)

// mistake returns a message for a common mistake where the decoder failed, or ""
// if the decoder's own message is good enough.
func (p *parser) mistake(offset int) string {
	data := p.doc.Text
	word := offset // the decoder fails inside a word that starts like a literal
	for word > 0 && isLetter(data[word-1]) {
		word--
	}
	name, colon := p.awaited()
	switch first, size := utf8.DecodeRune(data[offset:]); {
	case first == utf8.RuneError && size == 1:
		return "invalid UTF-8"
	case first == '\\' || first < ' ': // inside a string
		return ""
	case first == ',' && expectsToken(data[:offset]):
		return "unexpected ','"
	case trailingComma.Match(data[offset:]) && !colon, (first == '}' || first == ']') && followsTrailingComma(data[:offset]):
		return "trailing commas are not allowed"
	case comment.Match(data[offset:]):
		return "comments are not allowed"
	case '0' <= first && first <= '9' && offset > 0 && data[offset-1] == '0':
		return "numbers must not have leading zeros"
	case !expectsToken(data[:word]) || literal.Match(data[word:]):
		return ""
	case unquotedName.Match(data[word:]), name && word == offset && unquotedText.Match(data[word:]):
		return quotedNames
	case singleQuote.Match(data[word:]):
		return "strings must be in double quotes"
	case unquotedText.Match(data[word:]):
		return "strings must be in double quotes (only true, false and null are unquoted)"
	}
	return ""
}

const quotedNames = "field names must be in double quotes"

// followsTrailingComma reports whether the text ends with a value and a comma, where
// the decoder fails in values below the limit of levels.
func followsTrailingComma(before []byte) bool {
	before, found := bytes.CutSuffix(bytes.TrimRight(before, " \t\r\n"), []byte(","))
	return found && !expectsToken(before)
}

// expectsToken reports whether a name or value must follow the text.
func expectsToken(before []byte) bool {
	before = bytes.TrimRight(before, " \t\r\n")
	return len(before) == 0 || strings.IndexByte(":,[{", before[len(before)-1]) >= 0
}

// awaited reports whether the grammar requires a name or a colon where the decoder
// failed. It reads the text again, since the parser's decoder doesn't keep track
// within values below the limit of levels.
func (p *parser) awaited() (name, colon bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(p.doc.Text), jsontext.AllowDuplicateNames(true))
	for {
		if _, err := d.ReadToken(); err != nil {
			break
		}
	}
	kind, count := d.StackIndex(d.StackDepth()) // names and values in the object or array
	object := Kind(kind) == Object
	return object && count%2 == 0, object && count%2 == 1
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func (p *parser) fail(offset int, message string) error {
	line, column := Position(p.doc.Text, offset)
	return &SyntaxError{offset, line, column, message}
}

// start returns the start of the token after an offset: the decoder reports only
// where tokens end.
func (p *parser) start(at int) int {
	for at < len(p.doc.Text) && strings.IndexByte(" \t\r\n,:", p.doc.Text[at]) >= 0 {
		at++
	}
	return at
}

// read reads the next value into n, or reports that the object or array ends. A nil
// shape is that of a value that must not be there.
func (p *parser) read(n *Node, shape *Shape) (end bool, err error) {
	n.Start = p.start(int(p.d.InputOffset()))
	if p.d.StackDepth() >= MaxDepth && p.d.PeekKind() != '}' && p.d.PeekKind() != ']' {
		return false, p.fail(n.Start, fmt.Sprintf("more than %d levels of nesting", MaxDepth))
	}
	next := Kind(p.d.PeekKind())
	misshapen := shape == nil || !shape.allows(next.normal())
	if (misshapen || p.d.StackDepth() == p.limits.Levels) && (next == Object || next == Array) {
		_, err := p.d.ReadValue()
		n.Kind, n.End = next, int(p.d.InputOffset())
		return false, err
	}
	token, err := p.d.ReadToken()
	if err != nil {
		return false, err
	}
	if n.Kind = Kind(token.Kind()); n.Kind == '}' || n.Kind == ']' {
		return true, nil
	}
	if p.values++; p.values > p.limits.Values {
		return false, p.fail(n.Start, fmt.Sprintf("more than %d values and names", p.limits.Values))
	}
	switch n.Kind {
	case Object, Array:
		err = p.items(n, shape)
	case String, Number:
		n.Text = token.String()
	case 'f':
		n.Kind = Bool
		fallthrough
	case Bool:
		n.Text = token.String()
	}
	n.End = int(p.d.InputOffset())
	return false, err
}

// normal returns the kind of a value: true and false are of one kind.
func (k Kind) normal() Kind {
	if k == 'f' {
		return Bool
	}
	return k
}

// items reads the members or elements of n, and its end.
func (p *parser) items(n *Node, shape *Shape) error {
	var seen map[string]bool
	others := 0 // members without a shape of their own
	for index := 0; ; index++ {
		if kind := p.d.PeekKind(); kind == '}' || kind == ']' {
			_, err := p.d.ReadToken()
			return err
		}
		full := p.faults >= MaxMisshapen
		item := &Node{parent: n, index: index}
		var expected *Shape
		if n.Kind == Object {
			name := &p.name
			*name = Node{}
			if kind := p.d.PeekKind(); kind != '"' && kind != '}' && kind != 0 { // the decoder would take {name: 1} for a misspelled null
				return p.fail(p.start(int(p.d.InputOffset())), quotedNames)
			}
			if end, err := p.read(name, anything); end || err != nil {
				return err
			}
			item.Name, item.NameStart = p.intern(name.Text), name.Start
			if expected = shape.member(item.Name, others); shape.Fields[item.Name] == nil {
				others++
			}
			if expected != nil || !full {
				item.Repeated = p.repeats(n, item.Name, &seen)
			}
			if item.Repeated && len(p.doc.Repeated) < MaxRepeated {
				p.doc.Repeated = append(p.doc.Repeated, item)
			}
		} else {
			expected = shape.element(index)
		}
		if end, err := p.read(item, expected); end || err != nil {
			return err
		}
		if p.drop(item, expected, full) {
			n.lost = n.Kind == Object
		} else {
			n.Items = append(n.Items, item)
		}
	}
}

// drop reports whether the tree is to do without a value that doesn't have its
// shape. full is whether the tree had enough of them when the value began: otherwise,
// some may be in the value.
func (p *parser) drop(n *Node, shape *Shape, full bool) bool {
	faults := shape.missing(n)
	if shape == nil || !shape.allows(n.Kind) {
		faults = 1
	}
	switch {
	case n.Repeated && (p.limits.Shape == nil || p.doc.Repeated[len(p.doc.Repeated)-1] == n):
		return false
	case n.Repeated:
		faults = 1
	case !full:
		p.faults += faults
		return false
	case n.lost:
		return true // which was counted
	}
	p.doc.Dropped += faults
	return faults > 0
}

// repeats reports whether an object already has a member with the name. It uses a
// set for objects with many members: a hostile one would take quadratic time.
func (p *parser) repeats(n *Node, name string, seen *map[string]bool) bool {
	const many = 32
	if len(n.Items) < many {
		return n.Get(name) != nil
	}
	if *seen == nil {
		*seen = make(map[string]bool, 2*many)
		for _, item := range n.Items {
			(*seen)[item.Name] = true
		}
	}
	repeated := (*seen)[name]
	(*seen)[name] = true
	return repeated
}

// intern returns the first equal name, as long as there are few different ones.
func (p *parser) intern(name string) string {
	const maxNames = 64
	if i := slices.Index(p.names, name); i >= 0 {
		return p.names[i]
	}
	if len(p.names) < maxNames {
		p.names = append(p.names, name)
	}
	return name
}
