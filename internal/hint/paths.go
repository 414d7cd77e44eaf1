package hint

import (
	"slices"
	"strings"

	"antechamber/internal/guess"
	"antechamber/internal/pattern"
)

//go:generate go run ../genproduction

// operation is a path, with parameters as {name}, and its methods, separated by
// spaces.
type operation struct{ path, methods string }

// Route is an operation that the server has.
type Route struct{ Method, Path string }

// Paths explains paths and methods that the server does not have.
type Paths struct{ templates []template }

// template is a path that a request may have meant.
type template struct {
	operation
	segments []string
	served   bool
}

// NewPaths returns a Paths for a server with the given routes.
func NewPaths(served []Route) *Paths { return newPaths(served, production) }

func newPaths(served []Route, production []operation) *Paths {
	p, has := &Paths{}, map[Route]bool{}
	for _, r := range served {
		has[Route{r.Method, unnamed(r.Path)}] = true
		p.add(operation{r.Path, r.Method}, true)
	}
	for _, op := range production {
		methods := slices.DeleteFunc(strings.Fields(op.methods), func(m string) bool { return has[Route{m, unnamed(op.path)}] })
		if len(methods) > 0 {
			p.add(operation{op.path, strings.Join(methods, " ")}, false)
		}
	}
	return p
}

// add adds an operation, or its methods to the template of its path.
func (p *Paths) add(op operation, served bool) {
	for i := range p.templates {
		if t := &p.templates[i]; t.path == op.path && t.served == served {
			t.methods += " " + op.methods
			return
		}
	}
	p.templates = append(p.templates, template{op, split(op.path), served})
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// unnamed returns a path without the names of its parameters, which are ours.
func unnamed(path string) string {
	segments := split(path)
	for i, s := range segments {
		if pattern.IsParameter(s) {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// Bounds of paths that are compared. The time grows with them.
const (
	maxPath     = 300 // bytes
	maxSegments = 12
	maxSegment  = 40 // bytes; no segment of a template is nearly as long
)

// maxCost is how many changes a path may need to be taken for another.
const maxCost = 4

// NotFound returns the hint for a path that the server does not have, or "".
func (p *Paths) NotFound(method, path string) string {
	if len(path) > maxPath || strings.Count(path, "/") > maxSegments {
		return ""
	}
	segments := split(path)
	for i := range p.templates {
		switch t := &p.templates[i]; {
		case t.served || !t.matches(segments):
		case slices.Contains(strings.Fields(t.methods), method):
			return notEmulated(method, t.path)
		default:
			return "production has " + t.path + " with " + strings.ReplaceAll(t.methods, " ", ", ") + ", but Antechamber does not emulate it"
		}
	}
	for i := range p.templates {
		if name := p.templates[i].emptyParameter(segments); name != "" {
			return "the path has an empty " + name + ": is the variable with the id set?"
		}
	}
	similar := similarities{}
	var best *template
	found := match{cost: maxCost + 1}
	for i := range p.templates {
		t := &p.templates[i]
		if len(t.segments) > len(segments)+len(forgotten) {
			continue
		}
		m := t.match(segments, similar)
		if !t.served {
			m.cost++ // what the server has is meant more often
		}
		if m.similar && m.cost < found.cost {
			best, found = t, m
		}
	}
	if best == nil {
		return ""
	}
	text := "did you mean " + best.path + "?"
	if !best.served {
		text = "did you mean " + best.path + ", which production has and Antechamber does not emulate?"
	}
	if before := "/" + strings.Trim(strings.Join(segments[:found.skipped], "/"), "/"); before != "/" {
		text += " (the base URL must not include " + Quote(before) + ")"
	}
	return text
}

// NotAllowed returns the hint for a path that the server has, but not with the
// method, or "".
func (p *Paths) NotAllowed(method, path string) string {
	segments := split(path)
	for i := range p.templates {
		t := &p.templates[i]
		if !t.served && slices.Contains(strings.Fields(t.methods), method) && t.matches(segments) {
			return notEmulated(method, t.path)
		}
	}
	return ""
}

func notEmulated(method, path string) string {
	return "production has " + method + " " + path + ", but Antechamber does not emulate it"
}

// matches reports whether a path is exactly one of the template.
func (t *template) matches(segments []string) bool {
	return slices.EqualFunc(t.segments, segments, func(want, got string) bool {
		return got == want || pattern.IsParameter(want) && got != ""
	})
}

// emptyParameter returns the first parameter that is empty in a path which is otherwise
// one of the template, or "". An empty last segment is a trailing slash instead.
func (t *template) emptyParameter(segments []string) (name string) {
	if len(segments) != len(t.segments) || segments[len(segments)-1] == "" {
		return ""
	}
	for i, want := range t.segments {
		switch got := segments[i]; {
		case !pattern.IsParameter(want) && got != want:
			return ""
		case got == "" && name == "":
			name = want
		}
	}
	return name
}

// match is how a path becomes one of a template.
type match struct {
	cost    int  // of the changes
	similar bool // whether a segment other than /v1 is, or resembles, one of the template
	skipped int  // leading segments that do not belong to the path, as of a proxy
}

// none is the cost of what is impossible.
const none = 100

// match returns the cheapest way to turn a path into one of the template: it may have
// a prefix, lack segments that people forget, have empty ones, or others in between,
// such as the id of the organization. If the server has the template, segments may be
// misspelled, too.
func (t *template) match(segments []string, similar similarities) match {
	// row[i] is for the first i segments and the part of the template so far.
	var buffers [2][maxSegments + 2]match
	row, next := buffers[0][:len(segments)+1], buffers[1][:len(segments)+1]
	for i := range row {
		row[i] = match{cost: min(i, 1), skipped: i}
	}
	for j, want := range t.segments {
		next[0] = match{cost: none}
		if forgotten[want] {
			next[0] = match{cost: row[0].cost + 1}
		}
		for i, got := range segments {
			m := row[i]
			switch {
			case pattern.IsParameter(want):
				if got == "" {
					m.cost = none
				}
			case got == want:
				m.similar = m.similar || want != "v1"
			case t.served:
				c := similar.cost(got, want)
				m.cost += c
				m.similar = m.similar || c < none && want != "v1"
			default:
				m.cost = none
			}
			// After a prefix, organizations must be there: it shows where the path begins.
			if forgotten[want] && (want != "organizations" || row[i+1].skipped == 0) && row[i+1].cost+1 < m.cost {
				m = row[i+1]
				m.cost++
			}
			// A segment that does not belong there is empty, or followed by what does.
			c := none
			if got == "" {
				c = 1
			} else if j+1 < len(t.segments) && i+1 < len(segments) && segments[i+1] == t.segments[j+1] {
				c = 2
			}
			if next[i].cost+c < m.cost {
				m = next[i]
				m.cost += c
			}
			next[i+1] = m
		}
		row, next = next, row
	}
	return row[len(segments)]
}

// forgotten are the segments that requests omit by mistake.
var forgotten = map[string]bool{"v1": true, "organizations": true, "me": true}

// synonyms are words that people use for segments of the API.
var synonyms = map[string]string{
	"members": "users", "users": "members", "invitations": "invites", "keys": "api_keys", "orgs": "organizations", "org": "organizations",
	"current": "me",
}

// similarities caches costs of segments.
type similarities map[[2]string]int

// cost returns the cost of taking one segment for another, none when they are not
// similar.
func (s similarities) cost(got, want string) int {
	key := [2]string{got, want}
	known, ok := s[key]
	if !ok {
		known = similarity(got, want)
		s[key] = known
	}
	return known
}

func similarity(got, want string) int {
	switch {
	case got == "" || len(got) > maxSegment:
		return none
	case synonyms[strings.ToLower(got)] == want:
		return 1
	case guess.Nearest(got, []string{want}) == "":
		return none
	case len(want) > len(got)+max(1, len(got)/3):
		return 2 // only an abbreviation
	}
	return 1
}
