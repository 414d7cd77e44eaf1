package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"antechamber/internal/remote"
	"antechamber/internal/text"
)

type verifyCmd struct {
	File      *string `arg:"" optional:"" name:"FILE" help:"Expectations in the JSON of POST /_emulate/verify; - is standard input."`
	Operation *string `group:"Expectation (instead of FILE):" env:"-" placeholder:"NAME" help:"Operation, such as createOrganizationInvite."`
	Method    *string `group:"Expectation (instead of FILE):" env:"-" placeholder:"METHOD" help:"HTTP method."`
	Path      *string `group:"Expectation (instead of FILE):" env:"-" placeholder:"PATH" help:"Path; * matches any part of a segment."`
	Body      *string `group:"Expectation (instead of FILE):" env:"-" placeholder:"JSON" help:"Fields that the request body must contain."`
	Status    *number `group:"Expectation (instead of FILE):" env:"-" placeholder:"N" help:"Status of the response; 0 is a dropped connection."`
	Times     *number `group:"Expectation (instead of FILE):" env:"-" placeholder:"N" help:"Exact number of calls. Default: at least one."`
	NoOthers  bool    `group:"Expectation (instead of FILE):" env:"-" help:"Allow no other calls. Without an expectation, allow none at all."`
	remoteFlags
}

func (verifyCmd) Help() string {
	return `Compares the journal with the expectations. If one is not met, the exit code is 3 and the nearest calls are printed with their differences. A call and its retries count once, if the client marks retries as official SDKs do (x-stainless-retry-count).

Examples:

  antechamber verify --operation createOrganizationInvite --body '{"email":"a@b.c"}' --times 1
  antechamber verify --operation archiveWorkspace --status 200 --no-others
  antechamber verify --no-others
  antechamber verify expected.json
  antechamber verify - < expected.json

` + operationNames()
}

// verification is the request body of POST /verify.
type verification struct {
	Expect   []expectation `json:"expect"`
	NoOthers bool          `json:"no_others,omitempty"`
}

type expectation struct {
	match
	Status *int `json:"status,omitempty"`
	Times  *int `json:"times,omitempty"`
}

// Run verifies the journal.
func (c *verifyCmd) Run(ctx context.Context, p *process) error {
	body, err := c.expectations(p)
	if err != nil {
		return err
	}
	describe := inFlags(nil)
	if c.File != nil {
		describe = inFile(fileName(*c.File))
	}
	response, err := c.with(ctx, p, describe, func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		response, err := plane.Do(ctx, http.MethodPost, "/verify", body)
		refusal, ok := errors.AsType[*remote.Error](err)
		if ok && refusal.Status == http.StatusUnprocessableEntity {
			c.printRefusal(p, refusal)
			return nil, notSatisfied(p.stderr, refusal)
		}
		return response, err
	})
	if err != nil {
		return err
	}
	return printResponse(&c.remoteFlags, p, response, func(w io.Writer, _ struct{}) { fmt.Fprintln(w, "all expectations met") })
}

// expectations returns the expectations of the file or of the flags as JSON.
func (c *verifyCmd) expectations(p *process) ([]byte, error) {
	e := expectation{match: match{Operation: c.Operation, Method: c.Method, Path: c.Path}, Status: (*int)(c.Status), Times: (*int)(c.Times)}
	given := e.Operation != nil || e.Method != nil || e.Path != nil || e.Status != nil || c.Body != nil
	switch {
	case c.File != nil && (given || c.Times != nil || c.NoOthers):
		return nil, badInput("<FILE> cannot be combined with flags that describe an expectation")
	case c.File != nil:
		return readJSON(*c.File, "verification", p.stdin)
	case !given && c.Times != nil:
		return nil, badInput("--times requires --operation, --method, --path, --body or --status")
	case !given && !c.NoOthers:
		return nil, badInput("missing expectation: want <FILE>, --operation, --method, --path, --body, --status or --no-others (see antechamber verify --help)")
	case c.Body != nil && !json.Valid([]byte(*c.Body)):
		return nil, badBody(*c.Body, `{"email":"a@b.c"}`)
	}
	all := verification{Expect: []expectation{}, NoOthers: c.NoOthers}
	if given {
		if c.Body != nil {
			e.Body = json.RawMessage(*c.Body)
		}
		all.Expect = append(all.Expect, e)
	}
	return encode(all), nil
}

// unmet is an expectation that is not met.
type unmet struct {
	Index         int             `json:"index"`
	Expectation   json.RawMessage `json:"expectation"`
	Message       string          `json:"message"`
	NearestMisses []struct {
		Entry       entry    `json:"entry"`
		Differences []string `json:"differences"`
	} `json:"nearest_misses"`
}

// notSatisfied prints the expectations that are not met and the unexpected calls,
// and returns the failure.
func notSatisfied(w io.Writer, refusal *remote.Error) error {
	var missing []unmet
	var others []entry
	// If they cannot be decoded, the message still says the essentials.
	_, _ = json.Unmarshal(refusal.Unmet, &missing), json.Unmarshal(refusal.Unexpected, &others)
	var b bytes.Buffer
	for _, u := range missing {
		u.print(&b)
	}
	if refusal.MoreUnmet > 0 {
		fmt.Fprintln(&b, text.AndMore(refusal.MoreUnmet))
	}
	for _, e := range others {
		fmt.Fprintf(&b, "unexpected: %s\n", e)
	}
	if refusal.MoreUnexpected > 0 {
		fmt.Fprintln(&b, text.AndMore(refusal.MoreUnexpected))
	}
	_, _ = w.Write(b.Bytes())
	var counts []string
	if n := len(missing) + refusal.MoreUnmet; n > 0 {
		counts = append(counts, text.Count(n, "expectation")+" not met")
	}
	if n := len(others) + refusal.MoreUnexpected; n > 0 {
		counts = append(counts, text.Count(n, "unexpected call"))
	}
	return &failure{exitNotReady, fmt.Errorf("verification failed: %s", cmp.Or(strings.Join(counts, ", "), text.Printable(refusal.Message)))}
}

func (u unmet) print(w io.Writer) {
	fmt.Fprintf(w, "expect[%d] %s\n  %s\n", u.Index, text.Printable(string(u.Expectation)), text.Printable(u.Message))
	for _, miss := range u.NearestMisses {
		fmt.Fprintf(w, "  nearest: %s\n", miss.Entry)
		for _, difference := range miss.Differences {
			fmt.Fprintf(w, "    %s\n", text.Printable(difference))
		}
	}
}

// String returns the request in one line.
func (e entry) String() string {
	columns := e.columns()
	return text.Printable(strings.TrimSpace(fmt.Sprintf("request %s, %s %s, %s %s", columns[0], columns[3], columns[4], columns[2], e.Operation)))
}
