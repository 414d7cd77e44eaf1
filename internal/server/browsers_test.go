package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestLocalHost(t *testing.T) {
	local := Options{AllowedHosts: []string{"emulator.test"}}
	exposed := Options{AllowedHosts: []string{"emulator.test"}, Exposed: true}
	for host, want := range map[string]struct{ local, exposed bool }{
		"localhost": {true, true}, "LocalHost:4020": {true, true}, "localhost.:4020": {true, true}, "app.localhost:3000": {true, true},
		"127.0.0.1": {true, true}, "127.9.9.9:80": {true, true}, "[::1]:4020": {true, true}, "[::1]": {true, true}, "[::ffff:127.0.0.1]:1": {true, true},
		"emulator.test": {true, true}, "Emulator.Test.:4020": {true, true},
		"192.168.1.5:4020": {false, true}, "[fe80::1]:4020": {false, true}, "0.0.0.0:4020": {false, true},
		"": {false, false}, ":4020": {false, false}, "evil.test": {false, false}, "evil.test:4020": {false, false}, "notlocalhost": {false, false},
		".localhost": {false, false}, "localhost.evil.test": {false, false}, "sub.emulator.test": {false, false}, "127.0.0.1.evil.test": {false, false},
		"0x7f000001": {false, false}, "localhost@evil.test": {false, false},
	} {
		if got := local.LocalHost(host); got != want.local {
			t.Errorf("%q on loopback: %t", host, got)
		}
		if got := exposed.LocalHost(host); got != want.exposed {
			t.Errorf("%q when exposed: %t", host, got)
		}
	}
}

func TestLocalOrigin(t *testing.T) {
	o := Options{AllowedHosts: []string{"emulator.test"}, Exposed: true}
	for origin, want := range map[string]bool{
		"http://localhost:3000": true, "https://localhost": true, "http://app.localhost:3000": true, "http://127.0.0.1:1": true, "http://[::1]:3000": true,
		"http://emulator.test:3000": true, "http://192.168.1.5:4020": true, // the server's own
		"http://192.168.1.5:3000": false, "http://6.6.6.6": false, "https://evil.test": false, "http://localhost.evil.test": false, "null": false, "": false, "%": false,
	} {
		r := httptest.NewRequest("POST", "http://192.168.1.5:4020/_emulate/clock", nil)
		if got := o.LocalOrigin(r, origin); got != want {
			t.Errorf("%q: %t", origin, got)
		}
	}
	rebound := httptest.NewRequest("POST", "http://evil.test:4020/_emulate/clock", nil)
	if o.LocalOrigin(rebound, "http://evil.test:4020") {
		t.Error("a page whose name was rebound is local")
	}
}

func TestFromBrowser(t *testing.T) {
	for _, c := range []struct {
		header, value string
		want          bool
	}{
		{"Origin", "http://a.test", true},
		{"Origin", "null", true},
		{"Sec-Fetch-Site", "same-origin", true},
		{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", true},
		{"User-Agent", "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.26100.1", false},
		{"User-Agent", "curl/8.5.0", false},
		{"User-Agent", "Anthropic/JS 1.14.0", false},
		{"Sec-Fetch-Mode", "cors", false}, // of Node's fetch
		{"Accept-Language", "*", false},   // the same
	} {
		if got := FromBrowser(http.Header{c.header: {c.value}}); got != c.want {
			t.Errorf("%s: %s: %t", c.header, c.value, got)
		}
	}
}

func TestGuardDoesNotAllocate(t *testing.T) {
	o := Options{AllowedHosts: []string{"emulator.test"}, Exposed: true}
	for _, host := range []string{"127.0.0.1:4020", "localhost:4020", "emulator.test"} {
		for _, header := range []http.Header{{}, {"Origin": {"http://localhost:4020"}, "User-Agent": {"Mozilla/5.0"}}} {
			r := &http.Request{Host: host, Header: header}
			if n := testing.AllocsPerRun(100, func() { o.ForeignBrowser(r) }); n > 0 {
				t.Errorf("%s with %v: %v allocations", host, header, n)
			}
		}
	}
}
