package control

import (
	"crypto/subtle"
	"maps"
	"net/http"
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
	// With --control-token none, it is open, but not to web pages.
	case !s.Exposed && !s.LocalHost(r.Host), s.ForeignBrowser(r): // DNS rebinding
		return refuse(http.StatusForbidden, "forbidden_host", text.Invalid("host", text.Quote(r.Host), "a loopback address or a host of --allow-host"), &remedy.Remedy{Type: remedy.UseLoopback})
	case origin != "" && !s.LocalOrigin(r, origin):
		return foreignOrigin(text.Quote(origin))
	case origin == "" && r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate":
		return foreignOrigin("")
	}
	return nil
}

// guarded reports whether the control plane requires its token.
func (s *plane) guarded() bool { return s.Exposed && s.Token != "" }

// foreignOrigin refuses a web page of another site. With an Origin, that decides: a
// page on localhost is of another site than 127.0.0.1, but local. Without one, it is
// no more than an image, or a link, which may lead here.
func foreignOrigin(origin string) error {
	return refuse(http.StatusForbidden, "forbidden_origin", text.Invalid("origin", origin, "a page on localhost"), &remedy.Remedy{Type: remedy.UseLocalPage})
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
	var problems []remedy.Problem
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch {
		case !slices.Contains(known, name):
			problems = append(problems, remedy.UnknownField(name, name, known))
		case len(query[name]) > 1:
			problems = append(problems, remedy.Problem{Type: remedy.Repeated, Field: name})
		}
	}
	if len(problems) > 0 {
		return nil, refuseQuery(problems, 0)
	}
	if rt.global {
		return nil, nil
	}
	o, err := c.selected(r, query, rt)
	if err != nil {
		return nil, err
	}
	if o == nil {
		message, hint := "no such organization", &remedy.Remedy{Type: remedy.NameOrganization}
		if id := query["organization"]; id != nil {
			message += " " + text.Quote(id[0])
		} else { // a key is a secret
			hint = &remedy.Remedy{Type: remedy.FixAdminKey, Key: remedy.KeyFaultOf(keyOf(r.Header))}
		}
		return nil, refuse(http.StatusNotFound, "organization_not_found", message, hint)
	}
	return o, nil
}

// selected returns the organization with the id or the key of a request, the first
// one when it has neither, and nil when there is no such organization. It holds an
// organization that the request names.
func (c *call) selected(r *http.Request, query url.Values, rt route) (*store.Organization, error) {
	if id := query["organization"]; id != nil {
		if o := c.Store.Organization(id[0]); o != nil && o.Hold() {
			c.named = o
		}
		return c.named, nil
	}
	key := keyOf(r.Header)
	if key == "" {
		return c.Store.First(), nil
	}
	if rt.newKey && c.ForkUnknownKeys && c.Store.Authenticate(key) == nil {
		return c.Store.First(), nil // c.Organization would assign the key to a fork
	}
	o, err := c.Organization(key)
	if err == nil {
		c.named = o
	}
	return o, err
}

// keyOf returns the key of a request: x-api-key, or else the Bearer token if it is an
// API key. Any other token is a control token, even where none is required.
func keyOf(h http.Header) string {
	if key := api.KeyOf(h); h.Get(api.HeaderAPIKey) != "" || strings.HasPrefix(key, api.KeyPrefix) {
		return key
	}
	return ""
}

// accepts reports whether the Accept header of a request names a media type.
func accepts(r *http.Request, mediaType string) bool {
	return slices.ContainsFunc(r.Header.Values("Accept"), func(v string) bool { return strings.Contains(v, mediaType) })
}
