package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"antechamber/store"

	"github.com/google/go-cmp/cmp"
)

// took matches the duration of a request, which differs from run to run.
var took = regexp.MustCompile(`(?m)[0-9]+\.[0-9]$`)

// printed returns the output of a command without durations.
func printed(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := execute(t, "", args...)
	if code != exitFine {
		t.Errorf("antechamber %s exits with %d: %s", strings.Join(args, " "), code, stderr)
	}
	return took.ReplaceAllString(stdout, "…"), stderr
}

func wantPrinted(t *testing.T, stdout, stderr string, args ...string) {
	t.Helper()
	out, errs := printed(t, args...)
	if diff := cmp.Diff([]string{stdout, stderr}, []string{out, errs}); diff != "" {
		t.Errorf("antechamber %s (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

// A line below the request says what the response does not, in both error modes.
func TestRequestsPrintHints(t *testing.T) {
	for _, mode := range []string{"both", "production"} {
		s := contract(t, "--errors", mode)
		s.request("GET", "/v1/users", defaultAdminKey, "")
		wantPrinted(t, `SEQ  TIME                  STATUS  METHOD  PATH       OPERATION  ERROR            FAULT  MS
1    2024-11-01T23:59:27Z  404     GET     /v1/users  -          not_found_error  -      …
    ! did you mean /v1/organizations/users?
`, "", "requests")
	}
}

func TestRequests(t *testing.T) {
	s := contract(t)
	wantPrinted(t, "", "antechamber: no requests in the journal\n", "requests")
	s.request("GET", "/v1/organizations/workspaces?limit=1", defaultAdminKey, "")
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"ada@example.com","role":"developer"}`)
	s.request("GET", "/v1/organizations/invites/no%0Abody", defaultAdminKey, "")
	execute(t, "", "fault", "add", "drop", "--times", "9")
	r, err := http.NewRequest("DELETE", s.url+"/v1/organizations/users/user_01WCz1FkmYMm4gnmykNKUu3Q", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-api-key", defaultAdminKey)
	r.Header.Set("anthropic-version", "2023-06-01")
	if _, err := client.Do(r); err == nil {
		t.Fatal("the connection was not dropped")
	}
	wantPrinted(t, `SEQ  TIME                  STATUS   METHOD  PATH                                                   OPERATION                 ERROR            FAULT    MS
1    2024-11-01T23:59:27Z  200      GET     /v1/organizations/workspaces?limit=1                   listWorkspaces            -                -        …
2    2024-11-01T23:59:27Z  200      POST    /v1/organizations/invites                              createOrganizationInvite  -                -        …
3    2024-11-01T23:59:27Z  404      GET     /v1/organizations/invites/no�body                      getOrganizationInvite     not_found_error  -        …
4    2024-11-01T23:59:27Z  dropped  DELETE  /v1/organizations/users/user_01WCz1FkmYMm4gnmykNKUu3Q  removeOrganizationMember  -                fault_1  …
`, "", "requests")
	for args, seqs := range map[string]string{
		"--since 2":                            "3 4",
		"--operation createOrganizationInvite": "2",
		"--method get":                         "1 3",
		"--path /organizations/invites":        "2",
		"--path /v1/organizations/*":           "1 2",
		"--status 0":                           "4",
		"--status 200 --method POST":           "2",
		"--limit 1":                            "4",
		"--limit all":                          "1 2 3 4",
	} {
		out, _ := printed(t, append([]string{"requests"}, strings.Fields(args)...)...)
		var got []string
		for line := range strings.Lines(out) {
			got = append(got, strings.Fields(line)[0])
		}
		if want := "SEQ " + seqs; strings.Join(got, " ") != want {
			t.Errorf("requests %s prints %v, want %s", args, got, want)
		}
	}
	wantPrinted(t, "", "antechamber: no matching requests in the journal\n", "requests", "--status", "500")
	wantPrinted(t, "deleted 4 requests\n", "", "requests", "--clear")
}

func TestRequestsPrintsTheNewest(t *testing.T) {
	s := contract(t)
	for range 21 {
		s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	}
	out, errs := printed(t, "requests")
	if n := strings.Count(out, "\n"); n != 21 || errs != "antechamber: showing the newest 20 (--limit all shows all)\n" {
		t.Errorf("%d lines, stderr %s", n, errs)
	}
	if out, errs := printed(t, "requests", "--limit", "20"); strings.Count(out, "\n") != 21 || errs != "" {
		t.Errorf("with --limit 20: %s", errs)
	}
}

func TestRequestsPrintsBodies(t *testing.T) {
	s := contract(t)
	const workspace = "/v1/organizations/workspaces/wrkspc_02KxRvs8sQMB6BHy4ILGgGVK"
	_, response := s.request("POST", workspace+"/members", defaultAdminKey, `{"user_id":"user_02XDa2GlnYNn5hoozlNLVu4R","workspace_role":"workspace_user"}`)
	s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	want := `SEQ  TIME                  STATUS  METHOD  PATH                                                                  OPERATION               ERROR  FAULT  MS
1    2024-11-01T23:59:27Z  200     POST    ` + workspace + `/members  addWorkspaceMember      -      -      …
    > {"user_id":"user_02XDa2GlnYNn5hoozlNLVu4R","workspace_role":"workspace_user"}
    < ` + response + `
    * workspace_member.added user_02XDa2GlnYNn5hoozlNLVu4R in wrkspc_02KxRvs8sQMB6BHy4ILGgGVK
2    2024-11-01T23:59:27Z  200     GET     /v1/organizations/me                                                  getCurrentOrganization  -      -      …
    < {"id":"12345678-1234-5678-1234-567812345678","type":"organization","name":"Acme Corporation"}
`
	wantPrinted(t, want, "", "requests", "--bodies")
}

func TestRequestsRefuses(t *testing.T) {
	contract(t)
	for args, message := range map[string]string{
		"--operation getWorkspaces":          `invalid --operation "getWorkspaces": want an operation of the Admin API, such as listWorkspaces (did you mean "getWorkspace"?)`,
		"--follow --operation getWorkspaces": `invalid --operation "getWorkspaces": want an operation of the Admin API, such as listWorkspaces (did you mean "getWorkspace"?)`,
		"--status 99":                        "invalid --status 99: want a status from 100 to 599, or 0 for a dropped connection",
		"--path workspaces":                  "invalid --path \"workspaces\": want a path starting with a slash",
		"--since=-1":                         "invalid --since -1: want the seq of a request",
		"--clear --status 404":               "--clear cannot be combined with filters, --bodies, --full or --follow",
		"--clear --follow":                   "--clear cannot be combined with filters, --bodies, --full or --follow",
		"--follow --limit 3":                 "--follow and --limit cannot be combined (use --since N to start earlier)",
	} {
		wantRefusal(t, exitBadInput, "antechamber: "+message+"\n", append([]string{"requests"}, strings.Fields(args)...)...)
	}
}

// following is a command that follows the journal.
type following struct {
	t      *testing.T
	lines  *bufio.Reader
	stderr *buffer
	ended  chan int
	cancel context.CancelFunc
}

// follow follows the journal of the server in ANTECHAMBER_URL.
func follow(t *testing.T, args ...string) *following {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stdout, out := io.Pipe()
	f := &following{t, bufio.NewReader(stdout), new(buffer), make(chan int, 1), cancel}
	go func() {
		f.ended <- run(ctx, append([]string{"requests", "--follow"}, args...), &process{strings.NewReader(""), out, f.stderr, time.Now(), store.RealTime(), newBuild("", ""), false})
		out.Close()
	}()
	t.Cleanup(func() {
		cancel()
		io.Copy(io.Discard, stdout)
	})
	for range 500 { // until it is connected
		if strings.Contains(f.stderr.String(), "waiting for requests") {
			return f
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not connected: %s", f.stderr)
	return nil
}

// line returns the next line of output.
func (f *following) line() string {
	f.t.Helper()
	line, err := f.lines.ReadString('\n')
	if err != nil {
		f.t.Fatalf("ended: %v, %s", err, f.stderr)
	}
	return took.ReplaceAllString(line, "…")
}

func TestFollow(t *testing.T) {
	s := contract(t)
	f := follow(t, "--bodies")
	s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	for _, want := range []string{
		"SEQ   TIME                  STATUS   METHOD  PATH                                                          OPERATION                 ERROR                  FAULT    MS\n",
		"1     2024-11-01T23:59:27Z  200      GET     /v1/organizations/me                                          getCurrentOrganization    -                      -        …\n",
		`    < {"id":"12345678-1234-5678-1234-567812345678","type":"organization","name":"Acme Corporation"}` + "\n",
	} {
		if got := f.line(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	f.cancel()
	if code := <-f.ended; code != exitFine || f.stderr.String() != "antechamber: waiting for requests to "+s.url+", organization Acme Corporation (stop with Ctrl-C; --admin-key or --organization selects another)\n" {
		t.Errorf("exit code %d: %s", code, f.stderr)
	}
}

func TestFollowWithFilters(t *testing.T) {
	s := contract(t)
	s.request("GET", "/v1/organizations/users/nobody", defaultAdminKey, "")
	s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	f := follow(t, "--since", "0", "--status", "404", "--method", "get", "--path", "/organizations/users/{user_id}", "--json")
	s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	s.request("GET", "/v1/organizations/users/nobody2", defaultAdminKey, "")
	want := s.emulate("GET", "/requests?status=404", "")
	var all struct{ Data []json.RawMessage }
	if err := json.Unmarshal([]byte(want), &all); err != nil || len(all.Data) != 2 {
		t.Fatalf("%v: %s", err, want)
	}
	for _, entry := range all.Data {
		line, _ := f.lines.ReadString('\n')
		if line != string(entry)+"\n" {
			t.Errorf("got\n%swant\n%s", line, entry)
		}
	}
}

func TestFollowEndsWithTheServer(t *testing.T) {
	s := contract(t)
	f := follow(t)
	s.stopAndWait()
	if code := <-f.ended; code != exitFailed || !strings.HasSuffix(f.stderr.String(), "\nantechamber: connection to "+s.url+" closed: the server stopped or the organization was deleted\n") {
		t.Errorf("exit code %d: %s", code, f.stderr)
	}
}

func TestFollowReportsMissedRequests(t *testing.T) {
	t.Setenv("ANTECHAMBER_URL", serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_emulate/requests/stream" {
			fmt.Fprint(w, "event: missed\ndata: {\"missed\":3}\n\n: nothing new\n\nid: 4\nevent: request\ndata: {\"seq\":4}\n\n")
			return
		}
		fmt.Fprint(w, `{"data":[]}`)
	}))
	f := follow(t, "--json")
	if line := f.line(); line != "{\"seq\":4}\n" {
		t.Errorf("got %s", line)
	}
	if code := <-f.ended; code != exitFailed || !strings.Contains(f.stderr.String(), "antechamber: missed 3 requests: they arrived faster than they could be sent\n") {
		t.Errorf("exit code %d: %s", code, f.stderr)
	}
}

// TestCtrlCEndsFollowWithoutAnError interrupts a separate process.
func TestCtrlCEndsFollowWithoutAnError(t *testing.T) {
	s := contract(t)
	s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	// startProgram waits for the first line of output.
	p := startProgram(t, os.Args[0], programEnv(), "requests", "--follow", "--since", "0", "--url", s.url)
	p.signal(t, syscall.SIGINT)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("ended with %v: %s", err, p.stderr)
	}
}

func TestPathsMatchAsOnTheServer(t *testing.T) {
	s := contract(t)
	paths := []string{"/v1/organizations/users/user_1", "/v1/organizations/users/a%5Bb%5D", "/v1/organizations/users/a%5Cb", "/v1/organizations/users/a%3Fb", "/v1/organizations/users", "/v1/organizations/me"}
	for _, path := range paths {
		s.request("GET", path, defaultAdminKey, "")
	}
	var all struct{ Data []entry }
	if err := json.Unmarshal([]byte(s.emulate("GET", "/requests", "")), &all); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{
		"/v1/organizations/users/{user_id}", "/organizations/users/{user_id}", "/organizations/users/*", "/organizations/*/*", "/v1/organizations/us*rs/user_1",
		"/organizations/users/a[b]", "/organizations/users/[a-z]*", "/organizations/users/a\\b", "/organizations/users/a?b", "/organizations/users/u*_*", "/organizations/*", "/*", "/", "/organizations/users/",
	} {
		c := requestsCmd{Path: &pattern}
		var want struct{ Data []entry }
		if err := json.Unmarshal([]byte(s.emulate("GET", withQuery("/requests", c.filters()), "")), &want); err != nil {
			t.Fatal(err)
		}
		var got []entry
		for _, e := range all.Data {
			if c.selects(e) {
				got = append(got, e)
			}
		}
		if diff := cmp.Diff(want.Data, got, cmp.Transformer("seq", func(e entry) int { return int(e.Seq) })); len(got)+len(want.Data) > 0 && diff != "" {
			t.Errorf("%s (-server +cli):\n%s", pattern, diff)
		}
	}
}
