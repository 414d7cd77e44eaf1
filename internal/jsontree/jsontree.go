// Package jsontree reads JSON into a tree whose values know where they are, for
// readers that report every fault of a text with its place. encoding/json stops
// at the first fault, doesn't say where a value is, and accepts a field that is
// there twice.
package jsontree

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"antechamber/internal/text"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deeply values may be nested: far more than any text needs,
// and far less than a stack holds.
const MaxDepth = 100

// MaxRepeated is how many repeated members a document lists at most: each will be
// reported with its place, and a hostile text may have a great many.
const MaxRepeated = 100

// Kind is what a value is.
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

// Node is a value and where it is in its text.
type Node struct {
	Kind       Kind
	Start, End int     // bytes of the text
	Text       string  // the content of a string; a number or boolean as written
	Items      []*Node // the elements of an array or the members of an object, in order
	Name       string  // of a member of an object
	NameStart  int
	Repeated   bool // the object has an earlier member of the same name

	parent *Node
	index  int // in parent.Items
}

// Document is a text and its values.
type Document struct {
	Text     []byte
	Root     *Node
	Repeated []*Node // the first members whose object has an earlier one of the same name
}

// SyntaxError says where and why a text is not JSON.
type SyntaxError struct {
	Offset       int // in bytes
	Line, Column int // as Position counts them
	Message      string
}

// Error returns the message with the place.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s (line %d column %d)", e.Message, e.Line, e.Column)
}

// Parse reads a text that is one JSON value (RFC 8259, UTF-8). It fails with a
// *SyntaxError; the document then has no root, and the names that were repeated
// before that.
func Parse(text []byte) (*Document, error) { return ParseWithin(text, Limits{}) }

// Limits bound a tree, which takes many times the memory of a text of short
// values.
type Limits struct {
	Values int // a text with more values and names is refused; 0 for any number
	// Levels are those that the tree has. Objects and arrays below are checked and
	// keep no Items; repeated names in them are not found. 0 for all.
	Levels int
}

// ParseWithin is Parse with limits.
func ParseWithin(text []byte, limits Limits) (*Document, error) {
	limits.Values, limits.Levels = cmp.Or(limits.Values, math.MaxInt), cmp.Or(limits.Levels, MaxDepth+1)
	p := &parser{
		limits: limits,
		doc:    &Document{Text: text},
		// The parser itself finds repeated names: it reports them and goes on.
		d: jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true)),
	}
	root := &Node{}
	if _, err := p.read(root); err != nil {
		return p.doc, p.syntaxError(err)
	}
	switch _, err := p.d.ReadToken(); err {
	case io.EOF:
		p.doc.Root = root
		return p.doc, nil
	case nil:
		return p.doc, p.fail(p.start(root.End), "unexpected text after the value")
	default:
		return p.doc, p.syntaxError(err)
	}
}

// Raw returns the text of a value.
func (d *Document) Raw(n *Node) []byte { return d.Text[n.Start:n.End] }

// Position returns the line and the column of an offset in a text, both counted
// from 1, columns in characters.
func Position(text []byte, offset int) (line, column int) {
	before := text[:min(max(offset, 0), len(text))]
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}

// Get returns the first member of an object with a name, or nil.
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

// Unknown returns the members of an object with other names than these, in order,
// and each name once.
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

// Path returns the way to the value as people write it: expect[0].times. It is
// for messages: names are not escaped, and long ones are cut.
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
	doc    *Document
	d      *jsontext.Decoder
	names  []string // seen so far, so that those of a thousand users are one string
}

func (p *parser) syntaxError(err error) error {
	offset, message := len(p.doc.Text), "unexpected end of text"
	if own, ok := errors.AsType[*SyntaxError](err); ok {
		return own
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok && !errors.Is(err, io.ErrUnexpectedEOF) {
		offset, message = int(syntax.ByteOffset), syntax.Err.Error()
	}
	return p.fail(offset, message)
}

func (p *parser) fail(offset int, message string) error {
	line, column := Position(p.doc.Text, offset)
	return &SyntaxError{offset, line, column, message}
}

// start returns the offset of the token after an offset: the decoder reports
// only where tokens end.
func (p *parser) start(at int) int {
	for at < len(p.doc.Text) && strings.IndexByte(" \t\r\n,:", p.doc.Text[at]) >= 0 {
		at++
	}
	return at
}

// read reads the next value into n, or reports that an object or array ends
// there.
func (p *parser) read(n *Node) (end bool, err error) {
	n.Start = p.start(int(p.d.InputOffset()))
	if p.d.StackDepth() >= MaxDepth && p.d.PeekKind() != '}' && p.d.PeekKind() != ']' {
		return false, p.fail(n.Start, fmt.Sprintf("more than %d levels of nesting", MaxDepth))
	}
	if next := Kind(p.d.PeekKind()); p.d.StackDepth() == p.limits.Levels && (next == Object || next == Array) {
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
		err = p.items(n)
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

// items reads what an object or array holds, and its end.
func (p *parser) items(n *Node) error {
	var seen map[string]bool
	for {
		item := &Node{parent: n, index: len(n.Items)}
		if n.Kind == Object {
			var name Node
			if kind := p.d.PeekKind(); kind != '"' && kind != '}' && kind != 0 { // or else {name: 1} is a bad literal null
				return p.fail(p.start(int(p.d.InputOffset())), "field name must be a string in double quotes")
			}
			if end, err := p.read(&name); end || err != nil {
				return err
			}
			item.Name, item.NameStart = p.intern(name.Text), name.Start
			item.Repeated = p.repeats(n, item.Name, &seen)
			if item.Repeated && len(p.doc.Repeated) < MaxRepeated {
				p.doc.Repeated = append(p.doc.Repeated, item)
			}
		}
		if end, err := p.read(item); end || err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
}

// repeats reports whether an object has a member of the name. Objects with many
// members have a set of their names, or a hostile one would take quadratic time.
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

// intern returns an equal string that was seen before, if it is one of the few.
func (p *parser) intern(name string) string {
	const most = 64
	if i := slices.Index(p.names, name); i >= 0 {
		return p.names[i]
	}
	if len(p.names) < most {
		p.names = append(p.names, name)
	}
	return name
}
