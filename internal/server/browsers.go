package server

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// LocalHost reports whether the Host of a request is a name of this server. A web
// page whose name was made to resolve to this machine (DNS rebinding) sends another
// one. Addresses other than loopback are names of an exposed server, whichever
// address it listens on: what is rebound is a name, never an address.
func (o *Options) LocalHost(host string) bool {
	name := hostname(host)
	if o.localName(name) {
		return true
	}
	_, err := netip.ParseAddr(name)
	return o.Exposed && err == nil
}

// localName reports whether a host name belongs to this machine or is one of
// AllowedHosts.
func (o *Options) localName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if strings.EqualFold(name, "localhost") || hasSuffixFold(name, ".localhost") {
		return true
	}
	if slices.ContainsFunc(o.AllowedHosts, func(allowed string) bool { return strings.EqualFold(allowed, name) }) {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) > len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// hostname returns a Host header without its port and brackets.
func hostname(host string) string {
	if rest, ok := strings.CutPrefix(host, "["); ok {
		host, _, _ = strings.Cut(rest, "]")
		return host
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		return host[:i]
	}
	return host
}

// LocalOrigin reports whether the Origin of a request is a page of this server, or
// one on a local name, whatever its port.
func (o *Options) LocalOrigin(r *http.Request, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false // null, for example
	}
	return o.localName(u.Hostname()) || u.Host == r.Host && o.LocalHost(r.Host)
}

// ForeignBrowser reports whether a browser sent the request for a page under a host
// name that is not one of this server.
func (o *Options) ForeignBrowser(r *http.Request) bool {
	return FromBrowser(r.Header) && !o.LocalHost(r.Host)
}

// FromBrowser reports whether a browser sent the request. With a GET of the same
// origin, as a rebound page sends it, browsers do not send Origin, and over plain HTTP
// to a name, no Sec-Fetch-Site either (the Fetch Metadata specification reserves it
// for trustworthy URLs): only User-Agent is left. PowerShell, too, calls itself
// Mozilla.
func FromBrowser(h http.Header) bool {
	if len(h["Origin"]) > 0 || len(h["Sec-Fetch-Site"]) > 0 {
		return true
	}
	agent := h["User-Agent"]
	return len(agent) > 0 && strings.HasPrefix(agent[0], "Mozilla/") && !strings.Contains(agent[0], "PowerShell")
}
