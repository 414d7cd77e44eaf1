package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"antechamber/internal/duration"
	"antechamber/internal/remote"
)

const (
	pollEvery = 50 * time.Millisecond
	// attemptTimeout bounds one attempt: a running server responds at once.
	attemptTimeout = 2 * time.Second
)

type waitCmd struct {
	URL     *string `placeholder:"URL" help:"URL of the server. Default: the port of $ANTECHAMBER_ADDR, or http://127.0.0.1:4020."`
	Timeout timeout `default:"30s" placeholder:"DURATION" help:"How long to wait; 0 makes a single attempt. Default: ${default}."`
}

func (waitCmd) Help() string {
	return `Polls /readyz until it responds with 200. The exit code is 3 if the server is not ready in time. Use it before running tests, or as the health check of a container.

Examples:

  antechamber --addr 127.0.0.1:4020 & antechamber wait --timeout 5s
  antechamber wait --url http://antechamber:4020
  antechamber wait --timeout 0`
}

// timeout is a duration on the command line, or 0.
type timeout time.Duration

// UnmarshalText reads a duration that is not negative.
func (t *timeout) UnmarshalText(text []byte) error {
	d, err := duration.Parse(string(text))
	if err != nil || d < 0 {
		return badValue(text, "a duration, such as 30s, or 0")
	}
	*t = timeout(d)
	return nil
}

// Run polls the server until it is ready.
func (c *waitCmd) Run(ctx context.Context, p *process) error {
	base, err := serverURL(c.URL)
	if err != nil {
		return err
	}
	started, limit := time.Now(), time.Duration(c.Timeout)
	for {
		left := limit - time.Since(started)
		err := attempt(ctx, base.JoinPath("readyz").String(), left)
		if err == nil {
			return nil
		}
		// An attempt without enough time would hide the cause that this one found.
		if left = limit - time.Since(started); left < 2*pollEvery {
			return &failure{exitNotReady, serverError(c.URL, fmt.Errorf("%s is not ready%s: %w", base.Redacted(), c.after(), err))}
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
	return " after " + time.Duration(c.Timeout).String()
}

// attempt polls the server once and returns why it is not ready, or nil.
func attempt(ctx context.Context, url string, left time.Duration) error {
	if left <= 0 || left > attemptTimeout {
		left = attemptTimeout
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
		return fmt.Errorf("response status %s", resp.Status)
	}
	return nil
}
