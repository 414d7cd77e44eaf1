package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"antechamber/internal/text"
)

// address is the address to listen on.
type address struct {
	host string // empty if only the port was given
	port string
}

// UnmarshalText reads HOST:PORT, :PORT or PORT.
func (a *address) UnmarshalText(text []byte) error {
	parsed, err := parseAddress(string(text))
	if err != nil {
		return badValue(text, err.Error())
	}
	*a = parsed
	return nil
}

// parseAddress reads HOST:PORT, :PORT or PORT. The error says what is wanted.
func parseAddress(s string) (address, error) {
	host, port, err := net.SplitHostPort(s)
	if _, number := strconv.Atoi(s); number == nil {
		host, port, err = "", s, nil
	}
	if err != nil || strings.ContainsAny(host, "/ ") {
		return address{}, errors.New("HOST:PORT or a port, such as 127.0.0.1:4020 or 4020")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return address{}, errors.New("a port from 0 to 65535")
	}
	return address{host, port}, nil
}

func (a address) String() string {
	if a.host == "" {
		return ":" + a.port
	}
	return net.JoinHostPort(a.host, a.port)
}

// dialable returns the address to dial for a server that listens on a.
func (a address) dialable() string {
	if ip := net.ParseIP(a.host); a.host == "" || ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", a.port)
	}
	return a.String()
}

// badAddr refuses the value of --addr.
func badAddr(hint, format string, args ...any) error {
	return badFlag("addr", fmt.Errorf(format, args...), hint)
}

// listen opens --addr if the flags allow it. A name that means this machine alone
// has a listener for each of its addresses, all with the same port.
func (c *serveCmd) listen(ctx context.Context) (all []net.Listener, err error) {
	hosts := []string{c.Addr.host}
	switch {
	case c.Addr.host == "" && !c.Expose:
		hosts = []string{"127.0.0.1"}
	case c.Addr.host != "":
		// Look up a name only once, so that the checked address is the one opened.
		if hosts, err = c.lookUp(ctx); err != nil {
			return nil, err
		}
	}
	for attempt := 1; ; attempt++ {
		all, err := openAll(hosts, c.Addr.port)
		if c.Addr.port == "0" && errors.Is(err, inUse{}) && attempt < 10 {
			continue // the port was free at one address only
		}
		return all, err
	}
}

// openAll opens the same port of all hosts that this machine has.
func openAll(hosts []string, port string) (all []net.Listener, err error) {
	var missing error
	for _, host := range hosts {
		l, err := open(net.JoinHostPort(host, port))
		if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
			missing = err // a machine without IPv6, or without IPv4
			continue
		}
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, l)
		_, port, _ = net.SplitHostPort(l.Addr().String()) // 0 became another one
	}
	if len(all) == 0 {
		return nil, missing
	}
	return all, nil
}

func closeAll(all []net.Listener) {
	for _, l := range all {
		l.Close()
	}
}

func open(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, badAddr("use --addr 127.0.0.1:0 to pick a free port", "cannot listen on %s: %w", address, inUse{})
	}
	if wrapped, ok := errors.AsType[*net.OpError](err); ok {
		return nil, badAddr("", "cannot listen on %s: %w", address, wrapped.Err)
	}
	return l, err
}

// inUse is syscall.EADDRINUSE with a text that is the same on all systems.
type inUse struct{}

func (inUse) Error() string { return "address already in use" }

// lookUp returns the addresses of the host: one that other machines can reach, or
// else all that mean this machine, IPv4 first.
func (c *serveCmd) lookUp(ctx context.Context) ([]string, error) {
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", c.Addr.host)
	if name := strings.ToLower(c.Addr.host); name == "localhost" || strings.HasSuffix(name, ".localhost") {
		// Clients try both, in either order, whatever the hosts file says (RFC 6761).
		found, err = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}, nil
	}
	if err != nil || len(found) == 0 {
		return nil, badAddr("", "cannot resolve --addr host %s", text.Quote(c.Addr.host))
	}
	var ipv4, ipv6 []string
	for _, ip := range found {
		ip = ip.Unmap()
		switch {
		case !ip.IsLoopback() && !c.Expose:
			return nil, badAddr("use --addr 127.0.0.1:"+c.Addr.port+" to keep it local", "--addr %s requires --expose: other machines can reach it", c.Addr)
		case !ip.IsLoopback():
			return []string{ip.String()}, nil
		case ip.Is4():
			ipv4 = append(ipv4, ip.String())
		default:
			ipv6 = append(ipv6, ip.String())
		}
	}
	return append(ipv4, ipv6...), nil
}
