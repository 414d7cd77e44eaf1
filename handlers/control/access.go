package control

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/remedy"
	"antechamber/store"
)

// admit lets a request in: by the token where other machines can reach the
// control plane, and otherwise unless it comes from a web page of somebody
// else's.
func (s *plane) admit(r *http.Request) error {
	origin := r.Header.Get("Origin")
	switch {
	case s.guarded() && subtle.ConstantTimeCompare([]byte(api.BearerOf(r.Header)), []byte(s.Token)) != 1:
		return refuse(http.StatusUnauthorized, "unauthorized", "The control plane asks for its token.", &remedy.Remedy{Type: remedy.SendControlToken})
	case s.guarded():
		return nil
	case s.Exposed && origin != "" && !loopback(origin): // open on purpose, and still not to web pages
		return foreignOrigin(origin)
	case s.Exposed:
		return nil
	case !loopback("//" + r.Host): // a name that was made to lead here
		return refuse(http.StatusForbidden, "forbidden_host", "The control plane answers this machine only, not the host "+r.Host+".", &remedy.Remedy{Type: remedy.UseLoopback})
	case origin != "" && !loopback(origin):
		return foreignOrigin(origin)
	}
	return nil
}

// guarded reports whether the control plane asks for its token.
func (s *plane) guarded() bool { return s.Exposed && s.Token != "" }

func foreignOrigin(origin string) error {
	return refuse(http.StatusForbidden, "forbidden_origin", "The control plane answers no web page of "+origin+".", &remedy.Remedy{Type: remedy.UseLocalPage})
}

// loopback reports whether a URL is one of this machine.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), "localhost")
}

// organizationOf returns the organization that a request names, and the first
// one when it names none. It refuses query parameters that mean nothing.
func (s *plane) organizationOf(r *http.Request, to route) (*store.Organization, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, codeInvalidQuery, "The query string is badly escaped: "+err.Error()+".", nil)
	}
	var known []string
	if !to.global {
		known = append([]string{"organization"}, to.query...)
	}
	for name, values := range query {
		switch {
		case !slices.Contains(known, name):
			return nil, refuse(http.StatusBadRequest, codeInvalidQuery, fmt.Sprintf("unknown parameter %q (allowed: %s)", name, cmp.Or(strings.Join(known, ", "), "none")), nil)
		case len(values) > 1:
			return nil, refuse(http.StatusBadRequest, codeInvalidQuery, fmt.Sprintf("repeated parameter %q", name), nil)
		}
	}
	if to.global {
		return nil, nil
	}
	o, err := s.selected(r, query, to)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, refuse(http.StatusNotFound, "organization_not_found", "There is no such organization.", &remedy.Remedy{Type: remedy.NameOrganization})
	}
	return o, nil
}

func (s *plane) selected(r *http.Request, query url.Values, to route) (*store.Organization, error) {
	if id := query["organization"]; id != nil {
		return s.Store.Organization(id[0]), nil
	}
	key := r.Header.Get(api.HeaderAPIKey)
	if key == "" {
		key = bearerKey(r.Header)
	}
	if key == "" {
		return s.Store.First(), nil
	}
	if to.newKey && s.ForkUnknownKeys && s.Store.Authenticate(key) == nil {
		return s.Store.First(), nil // or else it would be given here, to a fork
	}
	return s.Organization(key)
}

// bearerKey returns a key that came as Bearer. What does not look like a key is a
// token, also where none is asked for.
func bearerKey(h http.Header) string {
	if key := api.BearerOf(h); strings.HasPrefix(key, api.KeyPrefix) {
		return key
	}
	return ""
}

// accepts reports whether a request would rather have HTML, as a browser's.
func accepts(r *http.Request, mediaType string) bool {
	return slices.ContainsFunc(r.Header.Values("Accept"), func(v string) bool { return strings.Contains(v, mediaType) })
}
