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
	File      *string `arg:"" optional:"" name:"FILE" help:"Expectations as JSON, in the form of POST /_emulate/verify; - is standard input."`
	Operation *string `group:"One expectation without a file:" env:"-" placeholder:"NAME" help:"A call of an operation, such as createOrganizationInvite."`
	Method    *string `group:"One expectation without a file:" env:"-" placeholder:"METHOD" help:"A call with a method."`
	Path      *string `group:"One expectation without a file:" env:"-" placeholder:"PATH" help:"A call of a path, in which * stands for any part of a segment."`
	Body      *string `group:"One expectation without a file:" env:"-" placeholder:"JSON" help:"A call whose body has these fields."`
	Status    *number `group:"One expectation without a file:" env:"-" placeholder:"N" help:"A call that was answered with a status; 0 is a connection that was dropped."`
	Times     *number `group:"One expectation without a file:" env:"-" placeholder:"N" help:"Exactly so often. At least once by default."`
	NoOthers  bool    `group:"One expectation without a file:" env:"-" help:"There was no other call; without an expectation, no call at all."`
	remoteFlags
}

func (verifyCmd) Help() string {
	return `It compares the journal with what is expected, and exits with 3 when that is something else; the calls that come nearest are printed then, with what is different. The tries of one call count as one.

Examples:

  antechamber verify --operation createOrganizationInvite --body '{"email":"a@b.c"}' --times 1
  antechamber verify --operation archiveWorkspace --status 200 --no-others
  antechamber verify --no-others
  antechamber verify expected.json
  antechamber verify - < expected.json

` + operationNames()
}

// verification is what POST /verify reads.
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
	body, err := c.expected(p)
	if err != nil {
		return err
	}
	say := inFlags(nil)
	if c.File != nil {
		say = inFile(fileName(*c.File))
	}
	answer, err := c.with(ctx, p, say, func(ctx context.Context, plane *remote.Plane) ([]byte, error) {
		answer, err := plane.Do(ctx, http.MethodPost, "/verify", body)
		refusal, ok := errors.AsType[*remote.Error](err)
		if ok && refusal.Status == http.StatusUnprocessableEntity {
			c.tellRefusal(p, refusal)
			return nil, notSatisfied(p.stderr, refusal)
		}
		return answer, err
	})
	if err != nil {
		return err
	}
	return tell(&c.remoteFlags, p, answer, func(w io.Writer, _ struct{}) { fmt.Fprintln(w, "the journal is as expected") })
}

// expected returns what the file or the flags expect.
func (c *verifyCmd) expected(p *process) ([]byte, error) {
	e := expectation{match: match{Operation: c.Operation, Method: c.Method, Path: c.Path}, Status: (*int)(c.Status), Times: (*int)(c.Times)}
	some := e.Operation != nil || e.Method != nil || e.Path != nil || e.Status != nil || c.Body != nil
	switch {
	case c.File != nil && (some || c.Times != nil || c.NoOthers):
		return nil, badInput("the file says all that is expected: expected no other flag about calls beside it")
	case c.File != nil:
		return readJSON(*c.File, "verification", p.stdin)
	case !some && c.Times != nil:
		return nil, badInput("--times: expected a call to count; name its --operation, --method, --path, --body or --status")
	case !some && !c.NoOthers:
		return nil, badInput("expected a file, or flags that say which call is expected (see antechamber verify --help)")
	case c.Body != nil && !json.Valid([]byte(*c.Body)):
		return nil, badInput(`--body: expected JSON, such as {"email":"a@b.c"}, not %q`, *c.Body)
	}
	all := verification{Expect: []expectation{}, NoOthers: c.NoOthers}
	if some {
		if c.Body != nil {
			e.Body = json.RawMessage(*c.Body)
		}
		all.Expect = append(all.Expect, e)
	}
	return bodyOf(all), nil
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

// notSatisfied says what is different from what was expected, and returns the
// failure.
func notSatisfied(w io.Writer, refusal *remote.Error) error {
	var missing []unmet
	var others []entry
	// What cannot be read is in the message all the same.
	_, _ = json.Unmarshal(refusal.Unmet, &missing), json.Unmarshal(refusal.Unexpected, &others)
	var b bytes.Buffer
	for _, u := range missing {
		u.print(&b)
	}
	for _, e := range others {
		fmt.Fprintf(&b, "not expected: %s\n", e)
	}
	_, _ = w.Write(b.Bytes())
	var sums []string
	if n := len(missing); n > 0 {
		sums = append(sums, text.Count(n, "expectation")+" not met")
	}
	if n := len(others); n > 0 {
		sums = append(sums, text.Count(n, "call")+" not expected")
	}
	return &failure{exitNotReady, fmt.Errorf("the journal is not as expected: %s", cmp.Or(strings.Join(sums, ", "), text.Printable(refusal.Message)))}
}

func (u unmet) print(w io.Writer) {
	fmt.Fprintf(w, "expect[%d] %s\n  %s\n", u.Index, text.Printable(string(u.Expectation)), text.Printable(u.Message))
	for _, miss := range u.NearestMisses {
		fmt.Fprintf(w, "  nearly: %s\n", miss.Entry)
		for _, difference := range miss.Differences {
			fmt.Fprintf(w, "    %s\n", text.Printable(difference))
		}
	}
}

// String is a request in a line of text.
func (e entry) String() string {
	columns := e.columns()
	return text.Printable(strings.TrimSpace(fmt.Sprintf("request %s, %s %s, %s %s", columns[0], columns[3], columns[4], columns[2], e.Operation)))
}
