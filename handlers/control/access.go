package control

import (
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"antechamber/api"
	"antechamber/internal/remedy"
	"antechamber/internal/text"
	"antechamber/store"
)

// admit refuses requests that may not use the control plane: those without the
// token where other machines can reach it, and elsewhere those of web pages on
// other sites.
func (s *plane) admit(r *http.Request) error {
	origin := r.Header.Get("Origin")
	switch {
	case s.guarded() && subtle.ConstantTimeCompare([]byte(api.BearerOf(r.Header)), []byte(s.Token)) != 1:
		return refuse(http.StatusUnauthorized, "unauthorized", "missing or invalid control token", &remedy.Remedy{Type: remedy.SendControlToken})
	case s.guarded():
		return nil
	case s.Exposed && origin != "" && !loopback(origin): // --control-token none: open, but not to web pages
		return foreignOrigin(origin)
	case s.Exposed:
		return nil
	case !loopback("//" + r.Host): // DNS rebinding
		return refuse(http.StatusForbidden, "forbidden_host", text.Invalid("host", text.Quote(r.Host), "a loopback address"), &remedy.Remedy{Type: remedy.UseLoopback})
	case origin != "" && !loopback(origin):
		return foreignOrigin(origin)
	}
	return nil
}

// guarded reports whether the control plane requires its token.
func (s *plane) guarded() bool { return s.Exposed && s.Token != "" }

func foreignOrigin(origin string) error {
	return refuse(http.StatusForbidden, "forbidden_origin", text.Invalid("origin", text.Quote(origin), "a page on localhost"), &remedy.Remedy{Type: remedy.UseLocalPage})
}

// loopback reports whether the host of a URL is this machine.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), "localhost")
}

// organizationOf returns the organization that a request selects, nil for a
// global route. It refuses unknown and repeated query parameters.
func (c *call) organizationOf(r *http.Request, rt route) (*store.Organization, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, codeInvalidQuery, "invalid query: want URL-encoded parameters ("+err.Error()+")", nil)
	}
	known := rt.query
	if !rt.global {
		known = append([]string{"organization"}, known...)
	}
	for name, values := range query {
		switch {
		case !slices.Contains(known, name):
			return nil, refuse(http.StatusBadRequest, codeInvalidQuery, text.Unknown("parameter", name, known), nil)
		case len(values) > 1:
			return nil, refuse(http.StatusBadRequest, codeInvalidQuery, "repeated parameter "+text.Quote(name), nil)
		}
	}
	if rt.global {
		return nil, nil
	}
	o, err := c.selected(r, query, rt)
	if err != nil {
		return nil, err
	}
	if o == nil {
		message := "no such organization"
		if id := query["organization"]; id != nil { // a key is a secret
			message += " " + text.Quote(id[0])
		}
		return nil, refuse(http.StatusNotFound, "organization_not_found", message, &remedy.Remedy{Type: remedy.NameOrganization})
	}
	return o, nil
}

// selected returns the organization with the id or the key of a request, the first
// one when it has neither, and nil when there is no such organization. It holds an
// organization that the request names.
func (c *call) selected(r *http.Request, query url.Values, rt route) (*store.Organization, error) {
	if id := query["organization"]; id != nil {
		if o := c.Store.Organization(id[0]); o != nil && o.Hold() {
			c.held = o
		}
		return c.held, nil
	}
	key := r.Header.Get(api.HeaderAPIKey)
	if key == "" {
		key = bearerKey(r.Header)
	}
	if key == "" {
		return c.Store.First(), nil
	}
	if rt.newKey && c.ForkUnknownKeys && c.Store.Authenticate(key) == nil {
		return c.Store.First(), nil // c.Organization would assign the key to a fork
	}
	o, err := c.Organization(key)
	if err == nil {
		c.held = o
	}
	return o, err
}

// bearerKey returns the Bearer token if it is an API key. Anything else is a
// control token, even where none is required.
func bearerKey(h http.Header) string {
	if key := api.BearerOf(h); strings.HasPrefix(key, api.KeyPrefix) {
		return key
	}
	return ""
}

// accepts reports whether the Accept header of a request names a media type.
func accepts(r *http.Request, mediaType string) bool {
	return slices.ContainsFunc(r.Header.Values("Accept"), func(v string) bool { return strings.Contains(v, mediaType) })
}
