package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"antechamber/internal/remote"
)

const (
	pollEvery = 50 * time.Millisecond
	// tryTime is how long one try may take: a server that is there answers at
	// once.
	tryTime = 2 * time.Second
)

type waitCmd struct {
	URL     *string       `placeholder:"URL" help:"Where the server is. By default where serve listens: on the port of $ANTECHAMBER_ADDR, or at http://127.0.0.1:4020."`
	Timeout time.Duration `default:"30s" placeholder:"DURATION" help:"How long to wait. With 0 there is one try. Default ${default}."`
}

func (waitCmd) Help() string {
	return `It exits with 0 when /readyz answers 200, and with 3 when it has not within the time.

Examples:

  antechamber --addr 127.0.0.1:4020 & antechamber wait --timeout 5s
  antechamber wait --url http://antechamber:4020
  antechamber wait --timeout 0`
}

// dialable is the address of a server that listens on addr.
func dialable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// Run asks whether the server is ready until it is.
func (c *waitCmd) Run(ctx context.Context, p *process) error {
	base, err := serverURL(c.URL)
	if err != nil {
		return err
	}
	if c.Timeout < 0 {
		return badInput("--timeout: expected a duration such as 30s, or 0, not %s", c.Timeout)
	}
	started := time.Now()
	for {
		left := c.Timeout - time.Since(started)
		err := try(ctx, base.JoinPath("readyz").String(), left)
		if err == nil {
			return nil
		}
		// A try that has next to no time would hide what this one has found.
		if left = c.Timeout - time.Since(started); left < 2*pollEvery {
			return &failure{exitNotReady, fmt.Errorf("%s is not ready%s: %w", base.Redacted(), c.after(), err)}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
}

func (c *waitCmd) after() string {
	if c.Timeout == 0 {
		return ""
	}
	return " after " + c.Timeout.String()
}

// try asks once and gives what is in the way, nil when nothing is.
func try(ctx context.Context, url string, left time.Duration) error {
	if left <= 0 || left > tryTime {
		left = tryTime
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return remote.Cause(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}
