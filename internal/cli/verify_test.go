package cli

import (
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	s := contract(t)
	does(t, "the journal is as expected\n", "", "verify", "--no-others")
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"ada@example.com","role":"developer"}`)
	s.request("GET", "/v1/organizations/users/nobody?x=1", defaultAdminKey, "")
	for _, args := range []string{
		"--operation createOrganizationInvite",
		`--operation createOrganizationInvite --body {"email":"ada@example.com"} --times 1`,
		"--method get --path /v1/organizations/users/* --status 404",
		"--operation archiveWorkspace --times 0",
	} {
		does(t, "the journal is as expected\n", "", append([]string{"verify"}, strings.Fields(args)...)...)
	}
	files(t, map[string]string{"expected.json": `{"expect": [{"status": 200}, {"operation": "getOrganizationMember"}], "no_others": true, "in_order": true}`})
	does(t, "the journal is as expected\n", "", "verify", "expected.json")
	if code, stdout, _ := execute(t, `{"expect": [{"status": 404}]}`, "verify", "-"); code != exitFine || stdout != "the journal is as expected\n" {
		t.Errorf("from standard input it exits with %d: %s", code, stdout)
	}
}

func TestVerifyUnmet(t *testing.T) {
	s := contract(t)
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"ada@example.com","role":"developer"}`)
	s.request("GET", "/v1/organizations/users/nobody?x=1", defaultAdminKey, "")
	refuses(t, exitNotReady, `expect[0] {"operation":"createOrganizationInvite","body":{"email":"bob@example.com"},"times":1}
  expected exactly 1 call, found no call
  nearly: request 1, POST /v1/organizations/invites, 200 createOrganizationInvite
    body.email: expected "bob@example.com", got "ada@example.com"
  nearly: request 2, GET /v1/organizations/users/nobody?x=1, 404 getOrganizationMember
    operation: expected "createOrganizationInvite", got "getOrganizationMember"
not expected: request 1, POST /v1/organizations/invites, 200 createOrganizationInvite
not expected: request 2, GET /v1/organizations/users/nobody?x=1, 404 getOrganizationMember
antechamber: the journal is not as expected: 1 expectation not met, 2 calls not expected
`, "verify", "--operation", "createOrganizationInvite", "--body", `{"email":"bob@example.com"}`, "--times", "1", "--no-others")
	code, stdout, stderr := execute(t, "", "verify", "--operation", "archiveWorkspace", "--json")
	if code != exitNotReady || !strings.HasPrefix(stdout, `{"error":{"code":"not_satisfied",`) || !strings.HasPrefix(stderr, "expect[0] ") {
		t.Errorf("with --json it exits with %d: %s%s", code, stdout, stderr)
	}
}

func TestVerifyRefuses(t *testing.T) {
	contract(t)
	files(t, map[string]string{"expected.json": `{"expect": [{"operation": "createWorkspace", "tims": 1}]}`, "broken.json": "{", "several.json": `{"expect": [{"operation": "createWorkspac"}, {"status": 200, "times": -1}]}`})
	for args, sentence := range map[string]string{
		"":                          "expected a file, or flags that say which call is expected (see antechamber verify --help)",
		"--times 1":                 "--times: expected a call to count; name its --operation, --method, --path, --body or --status",
		"--body {":                  `--body: expected JSON, such as {"email":"a@b.c"}, not "{"`,
		"expected.json --no-others": "the file says all that is expected: expected no other flag about calls beside it",
		"none.json":                 "cannot read the verification none.json: no such file or directory",
		"expected.json":             `expected.json: unknown field "expect[0].tims" (allowed: operation, method, path, query, body, status, times) (did you mean "times"?)`,
		"several.json": `several.json: invalid expect[0].operation: want an operation of the Admin API, such as listWorkspaces (did you mean "createWorkspace"?)
antechamber: several.json: invalid expect[1].times: want a whole number of at least 0`,
		"--operation createWorkspac --times=-1": `invalid --operation: want an operation of the Admin API, such as listWorkspaces (did you mean "createWorkspace"?)
antechamber: invalid --times: want a whole number of at least 0`,
		"broken.json":                "broken.json: expected a verification in JSON: unexpected end of JSON input (byte 1)",
		"--operation createWorkspac": `invalid --operation: want an operation of the Admin API, such as listWorkspaces (did you mean "createWorkspace"?)`,
	} {
		refuses(t, exitBadInput, "antechamber: "+sentence+"\n", append([]string{"verify"}, strings.Fields(args)...)...)
	}
}
