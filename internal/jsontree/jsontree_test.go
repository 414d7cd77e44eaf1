package jsontree

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// outline returns a line for each value of a document: position of the name,
// pointer, position, kind and content.
func outline(d *Document, n *Node) (lines []string) {
	line := fmt.Sprintf("%q %d-%d %c", n.Pointer(), n.Start, n.End, n.Kind)
	if n.Name != "" {
		line = fmt.Sprintf("%d %s", n.NameStart, line)
	}
	if n.Text != "" {
		line += " " + n.Text
	}
	lines = append(lines, line)
	for _, item := range n.Items {
		lines = append(lines, outline(d, item)...)
	}
	return lines
}

func TestParseRecordsPositions(t *testing.T) {
	const text = ` {"a": [1, -2.50e+1 ,true],"b/~":{"c":null , "d":"x\ny"}, "e" : false, "f":[],"g":{}} `
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"" 1-85 {`,
		`2 "/a" 7-26 [`, `"/a/0" 8-9 0 1`, `"/a/1" 11-19 0 -2.50e+1`, `"/a/2" 21-25 t true`,
		`27 "/b~1~0" 33-56 {`, `34 "/b~1~0/c" 38-42 n`, `45 "/b~1~0/d" 49-55 " x` + "\ny",
		`58 "/e" 64-69 t false`, `71 "/f" 75-77 [`, `78 "/g" 82-84 {`,
	}
	if diff := cmp.Diff(want, outline(d, d.Root)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := string(d.Raw(d.Root.Get("a"))); got != "[1, -2.50e+1 ,true]" {
		t.Errorf("Raw returned %s", got)
	}
	if d.Root.Get("x") != nil || d.Root.Get("a").Get("x") != nil || (*Node)(nil).Get("x") != nil {
		t.Error("Get found a member that does not exist")
	}
}

func TestParseWithinLimitsValues(t *testing.T) {
	const text = `{"a":[1,2,{}],"b":null}` // 8 values and names
	if _, err := ParseWithin([]byte(text), Limits{Values: 8}); err != nil {
		t.Error(err)
	}
	_, err := ParseWithin([]byte(text), Limits{Values: 7})
	if want := "more than 7 values and names (line 1 column 19)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseWithinLimitsLevels(t *testing.T) {
	const text = `{"a":[1,{"b":2}],"c":{"d":3,"e":[4],"d":{"f":5,"f":6}}}`
	d, err := ParseWithin([]byte(text), Limits{Levels: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"" 0-55 {`, `1 "/a" 5-16 [`, `"/a/0" 6-7 0 1`, `"/a/1" 8-15 {`,
		`17 "/c" 21-54 {`, `22 "/c/d" 26-27 0 3`, `28 "/c/e" 32-35 [`, `36 "/c/d" 40-53 {`,
	}
	if diff := cmp.Diff(want, outline(d, d.Root)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(d.Repeated) != 1 || d.Repeated[0].Start != 40 {
		t.Errorf("repeated names %v", d.Repeated)
	}
	for text, want := range map[string]string{
		`[[{"a":1,}]]`:   "trailing commas are not allowed (line 1 column 10)",
		`[[{"a":1,,}]]`:  "unexpected ',' (line 1 column 10)",
		`[[{,}]]`:        "unexpected ',' (line 1 column 4)",
		`[[{b}]]`:        "field names must be in double quotes (line 1 column 4)",
		`[[[b]]]`:        "strings must be in double quotes (only true, false and null are unquoted) (line 1 column 4)",
		`[[{a:1}]]`:      "field names must be in double quotes (line 1 column 4)",
		`[[[1}]]`:        "unexpected '}' after list element (want ',' or ']') (line 1 column 5)",
		`[[[1`:           "unexpected end of input (line 1 column 5)",
		"[[[\"\xff\"]]]": "invalid UTF-8 (line 1 column 5)",
	} {
		if _, err := ParseWithin([]byte(text), Limits{Levels: 2}); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestPath(t *testing.T) {
	for text, want := range map[string][]string{
		`{"a":[1,{"b":{"c":[[2]]}}],"d/.":3}`: {"", "a", "a[0]", "a[1]", "a[1].b", "a[1].b.c", "a[1].b.c[0]", "a[1].b.c[0][0]", "d/."},
		`[{"a":{"b":1}}]`:                     {"", "[0]", "[0].a", "[0].a.b"},
	} {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		var walk func(n *Node)
		walk = func(n *Node) {
			got = append(got, n.Path())
			for _, item := range n.Items {
				walk(item)
			}
		}
		walk(d.Root)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
}

func TestUnknown(t *testing.T) {
	d, err := Parse([]byte(`{"b":1,"x":2,"a":3,"X":4,"x":5}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range d.Root.Unknown("a", "b", "c", "X") {
		got = append(got, n.Name+" "+n.Text)
	}
	if diff := cmp.Diff([]string{"x 2"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParseFindsRepeatedNames(t *testing.T) {
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf(`"n%d":%d`, i, i)
	}
	for text, want := range map[string][]string{
		`{"a":1,"b":2}`: nil,
		`{"x":1` + strings.Repeat(`,"x":1`, 5*MaxRepeated) + "}":  slices.Repeat([]string{"x"}, MaxRepeated),
		`{"a":1,"a":2,"b":{"c":1,"\u0063":2}}`:                    {"a", "c"},
		`[{"a":1},{"a":1}]`:                                       nil,
		"{" + strings.Join(many, ",") + "}":                       nil,
		"{" + strings.Join(many, ",") + `,"n0":0,"n99":0,"n0":1}`: {"n0", "n99", "n0"},
	} {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range d.Repeated {
			got = append(got, n.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.40s (-want +got)\n%s", text, diff)
		}
	}
}

func TestParseSyntaxErrors(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	if _, err := Parse([]byte(deep(MaxDepth))); err != nil {
		t.Errorf("%d levels: %v", MaxDepth, err)
	}
	for text, want := range map[string]string{
		"":                           "1:1 unexpected end of input",
		"\n \n":                      "3:1 unexpected end of input",
		"{\n \"a\": [1,\n":           "3:1 unexpected end of input",
		`{"a`:                        "1:4 unexpected end of input",
		`{"a": tru}`:                 "1:10 strings must be in double quotes (only true, false and null are unquoted)",
		`{a: 1}`:                     "1:2 field names must be in double quotes",
		`{"a": 1, 'b' : 2}`:          "1:10 field names must be in double quotes",
		`{"a": 'b'}`:                 "1:7 strings must be in double quotes",
		`{"a": nobody}`:              "1:8 strings must be in double quotes (only true, false and null are unquoted)",
		`{"a": Infinity}`:            "1:7 strings must be in double quotes (only true, false and null are unquoted)",
		`{"a": true"b": 1}`:          `1:11 unexpected '"' after field value (want ',' or '}')`,
		`{"a": true x}`:              `1:12 unexpected 'x' after field value (want ',' or '}')`,
		`{"a": 1x}`:                  `1:8 unexpected 'x' after field value (want ',' or '}')`,
		"[1 // one\n]":               "1:4 comments are not allowed",
		"# one\n1":                   "1:1 comments are not allowed",
		"[-01]":                      "1:4 numbers must not have leading zeros",
		`{"a": "b:cd\me"}`:           "1:12 invalid escape sequence `\\m` in string",
		"{\"a\": \"b:cd\x01\"}":      `1:12 unexpected '\x01' in string (must be escaped)`,
		`{,}`:                        "1:2 unexpected ','",
		`{"a":1,,}`:                  "1:8 unexpected ','",
		"[1,\n,]":                    "2:1 unexpected ','",
		`{"a":,}`:                    "1:6 unexpected ','",
		`{"a",}`:                     "1:5 unexpected ',' after field name (want ':')",
		`{"a":true , }`:              "1:11 trailing commas are not allowed",
		`{"a":{b}}`:                  "1:7 field names must be in double quotes",
		`{"a":{}, b}`:                "1:10 field names must be in double quotes",
		`{'a'}`:                      "1:2 field names must be in double quotes",
		`{"a":[b]}`:                  "1:7 strings must be in double quotes (only true, false and null are unquoted)",
		`{"a":True}`:                 "1:6 strings must be in double quotes (only true, false and null are unquoted)",
		"x":                          "1:1 strings must be in double quotes (only true, false and null are unquoted)",
		"[1,,2]":                     "1:4 unexpected ','",
		"{\"a\": 1,\n}":              "1:8 trailing commas are not allowed",
		"\xff\xfe1\x00":              "1:1 invalid UTF-8",
		`{"é" 1}`:                    `1:6 unexpected '1' after field name (want ':')`,
		`{name: 1}`:                  "1:2 field names must be in double quotes",
		`{1: 1}`:                     "1:2 field names must be in double quotes",
		`{} {}`:                      "1:4 unexpected data after the top-level value",
		`{} x`:                       "1:4 unexpected data after the top-level value",
		"[1,]":                       "1:3 trailing commas are not allowed",
		"\"\xe9\"":                   `1:2 invalid UTF-8`,
		`"\ud834 "`:                  `1:2 invalid surrogate pair "\\ud834 \"" in string`,
		"\"a\nb\"":                   `1:3 unexpected '\n' in string (must be escaped)`,
		deep(MaxDepth + 1):           "1:101 more than 100 levels of nesting",
		`{"b":[{"a":1,"a":2},{"c":1`: "1:27 unexpected end of input",
	} {
		d, err := Parse([]byte(text))
		syntax, ok := errors.AsType[*SyntaxError](err)
		if !ok {
			t.Errorf("%.20q: %v", text, err)
			continue
		}
		if got := fmt.Sprintf("%d:%d %s", syntax.Line, syntax.Column, syntax.Message); got != want {
			t.Errorf("%.20q: got %s, want %s", text, got, want)
		}
		line, column := Position([]byte(text), syntax.Offset)
		if want := fmt.Sprintf("%s (line %d column %d)", syntax.Message, line, column); err.Error() != want {
			t.Errorf("%.20q: got %s, want %s", text, err, want)
		}
		if strings.Contains(text, `"a":2`) && (len(d.Repeated) != 1 || d.Repeated[0].Pointer() != "/b/0/a") {
			t.Errorf("%q: repeated names %v", text, d.Repeated)
		}
	}
}

// plain returns a value as encoding/json decodes it: of repeated members, the last
// one counts.
func plain(n *Node) any {
	switch n.Kind {
	case Object:
		m := map[string]any{}
		for _, item := range n.Items {
			m[item.Name] = plain(item)
		}
		return m
	case Array:
		l := []any{}
		for _, item := range n.Items {
			l = append(l, plain(item))
		}
		return l
	case String:
		return n.Text
	case Number:
		return json.Number(n.Text)
	case Bool:
		return n.Text == "true"
	}
	return nil
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e3,null,true,"x\u00e9\ud834\udd1e"],"b":{}}`, "", " [] ", `{"a":1,"a":2}`, "\"\xff\"", `"\ud834"`, "{", "1 2"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		var want any
		dec := json.NewDecoder(strings.NewReader(string(text)))
		dec.UseNumber()
		valid := dec.Decode(&want) == nil && json.Valid(text)
		if err != nil {
			syntax, ok := errors.AsType[*SyntaxError](err)
			if !ok || syntax.Offset < 0 || syntax.Offset > len(text) {
				t.Fatalf("%#v", err)
			}
			strict := strings.Contains(err.Error(), "UTF-8") || strings.Contains(err.Error(), "surrogate") || strings.Contains(err.Error(), "nesting")
			if valid && !strict {
				t.Fatalf("%q is JSON: %v", text, err)
			}
			return
		}
		if !valid || !utf8.Valid(text) {
			t.Fatalf("%q is not JSON", text)
		}
		if diff := cmp.Diff(want, plain(d.Root)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		var walk func(n *Node)
		walk = func(n *Node) {
			if !json.Valid(d.Raw(n)) {
				t.Fatalf("%s is at %q", n.Pointer(), d.Raw(n))
			}
			for _, item := range n.Items {
				walk(item)
			}
		}
		walk(d.Root)
	})
}
