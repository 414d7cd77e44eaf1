package cli

import (
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	s := contract(t)
	wantOutput(t, "all expectations met\n", "", "verify", "--no-others")
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"ada@example.com","role":"developer"}`)
	s.request("GET", "/v1/organizations/users/nobody?x=1", defaultAdminKey, "")
	for _, args := range []string{
		"--operation createOrganizationInvite",
		`--operation createOrganizationInvite --body {"email":"ada@example.com"} --times 1`,
		"--method get --path /v1/organizations/users/* --status 404",
		"--operation archiveWorkspace --times 0",
	} {
		wantOutput(t, "all expectations met\n", "", append([]string{"verify"}, strings.Fields(args)...)...)
	}
	files(t, map[string]string{"expected.json": `{"expect": [{"status": 200}, {"operation": "getOrganizationMember"}], "no_others": true, "in_order": true}`})
	wantOutput(t, "all expectations met\n", "", "verify", "expected.json")
	if code, stdout, _ := execute(t, `{"expect": [{"status": 404}]}`, "verify", "-"); code != exitFine || stdout != "all expectations met\n" {
		t.Errorf("from standard input: exit code %d: %s", code, stdout)
	}
}

func TestVerifyUnmet(t *testing.T) {
	s := contract(t)
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"ada@example.com","role":"developer"}`)
	s.request("GET", "/v1/organizations/users/nobody?x=1", defaultAdminKey, "")
	wantRefusal(t, exitNotReady, `expect[0] {"operation":"createOrganizationInvite","body":{"email":"bob@example.com"},"times":1}
  want exactly 1 call, got none
  nearest: request 1, POST /v1/organizations/invites, 200 createOrganizationInvite
    body.email: want "bob@example.com", got "ada@example.com"
unexpected: request 1, POST /v1/organizations/invites, 200 createOrganizationInvite
unexpected: request 2, GET /v1/organizations/users/nobody?x=1, 404 getOrganizationMember
antechamber: verification failed: 1 expectation not met, 2 unexpected calls
`, "verify", "--operation", "createOrganizationInvite", "--body", `{"email":"bob@example.com"}`, "--times", "1", "--no-others")
	code, stdout, stderr := execute(t, "", "verify", "--operation", "archiveWorkspace", "--json")
	if code != exitNotReady || !strings.HasPrefix(stdout, `{"error":{"code":"not_satisfied",`) || !strings.HasPrefix(stderr, "expect[0] ") {
		t.Errorf("with --json: exit code %d: %s%s", code, stdout, stderr)
	}
}

func TestVerifyRefuses(t *testing.T) {
	contract(t)
	files(t, map[string]string{"expected.json": `{"expect": [{"operation": "createWorkspace", "tims": 1}]}`, "broken.json": "{", "several.json": `{"expect": [{"operation": "createWorkspac"}, {"status": 200, "times": -1}]}`})
	for args, message := range map[string]string{
		"":                          "missing expectation: want <FILE>, --operation, --method, --path, --body, --status or --no-others (see antechamber verify --help)",
		"--times 1":                 "--times requires --operation, --method, --path, --body or --status",
		"--body {":                  `invalid --body "{": want JSON, such as {"email":"a@b.c"}`,
		"expected.json --no-others": "<FILE> cannot be combined with flags that describe an expectation",
		"none.json":                 "cannot read verification file none.json: no such file or directory",
		"expected.json":             `expected.json: unknown field "expect[0].tims" (allowed: operation, method, path, query, body, status, times) (did you mean "times"?)`,
		"several.json": `several.json: invalid expect[0].operation "createWorkspac": want an operation of the Admin API, such as listWorkspaces (did you mean "createWorkspace"?)
antechamber: several.json: invalid expect[1].times -1: want a whole number of at least 0`,
		"--operation createWorkspac --times=-1": `invalid --operation "createWorkspac": want an operation of the Admin API, such as listWorkspaces (did you mean "createWorkspace"?)
antechamber: invalid --times -1: want a whole number of at least 0`,
		"broken.json":                "broken.json:1:2: invalid JSON: unexpected end of input",
		"--operation createWorkspac": `invalid --operation "createWorkspac": want an operation of the Admin API, such as listWorkspaces (did you mean "createWorkspace"?)`,
	} {
		wantRefusal(t, exitBadInput, "antechamber: "+message+"\n", append([]string{"verify"}, strings.Fields(args)...)...)
	}
}
