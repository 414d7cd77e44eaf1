package cli

import (
	"net"
	"net/url"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]address{
		"4020": {"", "4020"}, ":4020": {"", "4020"}, "localhost:4020": {"localhost", "4020"}, "[::1]:0": {"::1", "0"}, "127.0.0.1:65535": {"127.0.0.1", "65535"},
	} {
		if got, err := parseAddress(s); got != want || err != nil {
			t.Errorf("%q is %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "localhost", "::1", "127.0.0.1", "65536", "-1", "localhost:http", "localhost:", "a:b:1", "http://localhost:4020", "a b:1", ":"} {
		if got, err := parseAddress(s); err == nil {
			t.Errorf("%q is %+v", s, got)
		}
	}
}

func TestDialable(t *testing.T) {
	for s, want := range map[string]string{
		"4020": "127.0.0.1:4020", ":1": "127.0.0.1:1", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1", "localhost:1": "localhost:1", "[::1]:1": "[::1]:1",
	} {
		if a, err := parseAddress(s); err != nil || a.dialable() != want {
			t.Errorf("%s: %s, %v, want %s", s, a.dialable(), err, want)
		}
	}
}

// Some clients try ::1 first for localhost, others 127.0.0.1.
func TestLocalhostListensOnBothAddresses(t *testing.T) {
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skipf("this machine has no ::1: %v", err)
	} else {
		l.Close()
	}
	for _, name := range []string{"localhost:0", "LOCALHOST:0", "antechamber.localhost:0"} {
		s := startServer(t, "", "--addr", name, "--seed", "empty")
		u, err := url.Parse(s.url)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"127.0.0.1", "[::1]"} {
			if code, _, stderr := execute(t, "", "wait", "--timeout", "0", "--url", "http://"+host+":"+u.Port()); code != exitFine {
				t.Errorf("%s at %s: %s", name, host, stderr)
			}
		}
		if code := s.stopAndWait(); code != exitFine {
			t.Errorf("exit code %d", code)
		}
	}
	s := startServer(t, "", "--addr", "127.0.0.1:0", "--seed", "empty")
	if _, port, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":"); port != "" {
		if c, err := net.Dial("tcp", "[::1]:"+port); err == nil {
			c.Close()
			t.Error("127.0.0.1 listens on ::1 too")
		}
	}
}

// A port that only one of the addresses has free is not free.
func TestLocalhostIsBusy(t *testing.T) {
	busy, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no ::1: %v", err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())
	wantRefusal(t, exitBadInput, "antechamber: cannot listen on [::1]:"+port+": address already in use (use --addr 127.0.0.1:0 to pick a free port)\n", "--addr", "localhost:"+port)
}

// TestWaitFindsTheAddress waits for servers at the address of serve's variable.
func TestWaitFindsTheAddress(t *testing.T) {
	s := startServer(t, "", "--addr", "localhost:0", "--seed", "empty")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":")
	for _, addr := range []string{port, ":" + port, "localhost:" + port, "127.0.0.1:" + port, "0.0.0.0:" + port} {
		t.Setenv("ANTECHAMBER_ADDR", addr)
		if code, _, stderr := execute(t, "", "wait", "--timeout", "0"); code != exitFine {
			t.Errorf("%s: %s", addr, stderr)
		}
	}
}
