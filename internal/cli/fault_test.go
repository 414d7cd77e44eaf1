package cli

import (
	"strings"
	"testing"
)

// retryNote returns the note about a fault that the retries of official SDKs hide.
func retryNote(frequency string) string {
	return "antechamber: note: fault_1: official SDKs retry such a failure twice, so their users don't see it if it happens " + frequency + " (use --times 3, or omit --times)\n"
}

func TestFaultAdd(t *testing.T) {
	contract(t)
	wantOutput(t, "", "antechamber: no faults (antechamber fault add arms one)\n", "fault")
	for _, test := range []struct{ args, stdout, stderr string }{
		{"error --status 529 --times 3", "error status=529, on every request, 3 times", ""},
		{"error --status 429 --retry-after 2 --times 1 --method post", "error status=429 retry_after=2, on POST, once", retryNote("once")},
		{"error --status 400 --message No --error-code already_member --times 1", "error status=400 message=No error_code=already_member, on every operation with this code, once", ""},
		{"error --error-code external_key_changed --times 1", "error status=409 error_code=external_key_changed, on every operation with this code, once", retryNote("once")},
		{
			`error --error-code workspace_policy_violation --operation createWorkspace`,
			`error status=400 error_code=workspace_policy_violation details={"field":"external_key_id"}, on createWorkspace, every time`, "",
		},
		{
			`error --error-code approval_required --details {"field":"tags"}`,
			`error status=400 error_code=approval_required details={"field":"tags"}, on every operation with this code, every time`, "",
		},
		{"delay --duration 250ms --path /v1/organizations/workspaces/*", "delay duration=250ms, on /v1/organizations/workspaces/*, every time", ""},
		{"delay --distribution uniform --min 1ms --max 2ms", "delay distribution=uniform min=1ms max=2ms, on every request, every time", ""},
		{"delay --distribution lognormal --median 1ms --sigma 0.5 --after 2", "delay distribution=lognormal median=1ms sigma=0.5, on every request, every time after the first 2", ""},
		{"drop --times 2", "drop, on every request, twice", retryNote("twice")},
		{`drop_after_commit --operation createWorkspace --body {"name":"a"} --times 1`, `drop_after_commit, on createWorkspace with {"name":"a"}, once`, ""},
		{"truncate --bytes 0 --probability 0.1", "truncate bytes=0, on every request, every time with a probability of 0.1", ""},
		{"malformed", "malformed, on every request, every time", ""},
		{"stale_read --writes 1 --operation getWorkspace", "stale_read writes=1, on getWorkspace, every time", ""},
	} {
		wantOutput(t, "armed fault_1: "+test.stdout+"\n", test.stderr, append([]string{"fault", "add"}, strings.Fields(test.args)...)...)
		wantOutput(t, "deleted fault_1\n", "", "fault", "delete", "fault_1")
		wantOutput(t, "reset Acme Corporation to its initial state at 2024-11-01T23:59:27Z\n", "", "reset")
	}
}

func TestFaultList(t *testing.T) {
	s := contract(t)
	execute(t, "", "fault", "add", "error", "--status", "404", "--operation", "getWorkspace")
	execute(t, "", "fault", "add", "drop")
	s.request("GET", "/v1/organizations/workspaces/wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", defaultAdminKey, "")
	wantOutput(t, "ID       HITS  ACTION            MATCH          TIMES\n"+
		"fault_1  1     error status=404  getWorkspace   every time\n"+
		"fault_2  0     drop              every request  every time\n", "", "fault")
	wantRefusal(t, exitBadInput, "antechamber: "+s.refusal("DELETE", "/faults/fault_9", "")+" (antechamber fault lists the armed faults)\n", "fault", "delete", "fault_9")
	wantRefusal(t, exitBadInput, "antechamber: invalid <ID> \"\": want the id of a fault\n", "fault", "delete", "")
	wantOutput(t, "deleted 2 faults\n", "", "fault", "clear")
}

func TestFaultAddFromAFile(t *testing.T) {
	contract(t)
	files(t, map[string]string{"fault.json": `{"action": {"type": "drop"}, "times": 1}`, "empty.json": " ", "array.json": "\n[]", "invalid.json": `{"action": {"type": "drop"}, "tims": 1}`})
	wantOutput(t, "armed fault_1: drop, on every request, once\n", retryNote("once"), "fault", "add", "--file", "fault.json")
	if code, stdout, _ := execute(t, `{"action": {"type": "malformed"}}`, "fault", "add", "-"); code != exitFine || stdout != "armed fault_2: malformed, on every request, every time\n" {
		t.Errorf("from standard input: exit code %d: %s", code, stdout)
	}
	for args, source := range map[string]string{
		"drop --file fault.json": "--file", "--file fault.json --times 2": "--file", "- --operation getWorkspace": "- (standard input)", "- --body x": "- (standard input)", "- --details x": "- (standard input)",
	} {
		conflict := "flags that describe a fault"
		if source == "--file" {
			conflict = "an action or flags that describe a fault"
		}
		wantRefusal(t, exitBadInput, "antechamber: "+source+" cannot be combined with "+conflict+"\n", append([]string{"fault", "add"}, strings.Fields(args)...)...)
	}
	wantRefusal(t, exitBadInput, "antechamber: cannot read fault file none.json: no such file or directory\n", "fault", "add", "--file", "none.json")
	wantRefusal(t, exitBadInput, "antechamber: empty.json is empty: want a fault as JSON\n", "fault", "add", "--file", "empty.json")
	wantRefusal(t, exitBadInput, "antechamber: stdin is empty: want a fault as JSON\n", "fault", "add", "-")
	wantRefusal(t, exitBadInput, "antechamber: array.json:2:1: invalid fault: want a JSON object\n", "fault", "add", "--file", "array.json")
	wantRefusal(t, exitBadInput, `antechamber: invalid.json: unknown field "tims" (allowed: match, action, times, after, probability) (did you mean "times"?)`+"\n", "fault", "add", "--file", "invalid.json")
}

func TestFaultAddRefuses(t *testing.T) {
	contract(t)
	for args, message := range map[string]string{
		"":                                "missing fault action: want error, delay, drop, drop_after_commit, truncate, malformed or stale_read (see antechamber fault add --help)",
		"--status 500":                    "missing fault action: want error, delay, drop, drop_after_commit, truncate, malformed or stale_read (see antechamber fault add --help)",
		"eror --status 500":               `invalid <ACTION> "eror": want error, delay, drop, drop_after_commit, truncate, malformed or stale_read (did you mean "error"?)`,
		"error":                           "--status is required: want a whole number from 400 to 599",
		"drop --operation createWorkspac": `invalid --operation "createWorkspac": want an operation of the Admin API, such as listWorkspaces (did you mean "createWorkspace"?)`,
		"error --status 200":              "invalid --status 200: want a whole number from 400 to 599",
		"drop --status 500":               "--status cannot be combined with drop (allowed: none)",
		"error --status 500 --duration 1s --times 0": "--duration cannot be combined with error (allowed: --status, --message, --error-code, --details, --retry-after)\n" +
			"antechamber: invalid --times 0: want a whole number of at least 1 (leave it out to fire every time)",
		"delay --distribution uniform --max 1s --duration 1s":        "--duration cannot be combined with delay --distribution uniform (allowed: --distribution, --min, --max)",
		`drop --body {"a":1,"a":2}`:                                  "repeated --body.a",
		"drop --body {":                                              `invalid --body "{": want JSON, such as {"name":"Research"}`,
		"drop --details {}":                                          "--details cannot be combined with drop (allowed: none)",
		"error --error-code already_member --details {":              `invalid --details "{": want JSON, such as {"field":"external_key_id"}`,
		"error --error-code already_member --details 7":              "invalid --details 7: want an object",
		`error --error-code approval_required --details {"field":7}`: "invalid --details.field 7: want a non-empty string",
		`error --error-code already_member --details {"field":"x"}`:  "unknown --details.field (allowed: none)",
		`error --status 400 --details {"field":"x"}`:                 "--error-code is required: want the code that has these details",
		"error --status 400 --error-code external_key_changed":       "invalid --status 400: want 409, the status of external_key_changed",
		"error --error-code external_key_changed --method get": `invalid --error-code "external_key_changed": want a code that a matching operation documents ` +
			"(the operations with this code: createWorkspace, updateWorkspace)",
		"drop --times 0": "invalid --times 0: want a whole number of at least 1 (leave it out to fire every time)",
	} {
		wantRefusal(t, exitBadInput, "antechamber: "+message+"\n", append([]string{"fault", "add"}, strings.Fields(args)...)...)
	}
	for _, sigma := range []string{"NaN", "Inf", "1e999", "x"} {
		wantRefusal(t, exitBadInput, `antechamber: invalid --sigma "`+sigma+"\": want a number (see antechamber fault add --help)\n",
			"fault", "add", "delay", "--sigma", sigma)
	}
}
