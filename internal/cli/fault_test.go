package cli

import (
	"strings"
	"testing"
)

// trap is what is said of a fault that official SDKs survive.
func trap(often string) string {
	return "antechamber: official SDKs try this again, twice: their users see nothing of it when it fires " + often + ". With --times 3, or without --times, they do\n"
}

func TestFaults(t *testing.T) {
	contract(t)
	does(t, "", "antechamber: there is no fault; antechamber fault add arms one\n", "fault")
	for _, test := range []struct{ args, stdout, stderr string }{
		{"error --status 529 --times 3", "error status=529, on every request, 3 times", ""},
		{"error --status 429 --retry-after 2 --times 1 --method post", "error status=429 retry_after=2, on POST, once", trap("once")},
		{"error --status 403 --message No --error-code already_member --times 1", "error status=403 message=No error_code=already_member, on every request, once", ""},
		{"delay --duration 250ms --path /v1/organizations/workspaces/*", "delay duration=250ms, on /v1/organizations/workspaces/*, every time", ""},
		{"delay --distribution uniform --min 1ms --max 2ms", "delay distribution=uniform min=1ms max=2ms, on every request, every time", ""},
		{"delay --distribution lognormal --median 1ms --sigma 0.5 --after 2", "delay distribution=lognormal median=1ms sigma=0.5, on every request, every time after the first 2", ""},
		{"drop --times 2", "drop, on every request, twice", trap("twice")},
		{`drop_after_commit --operation createWorkspace --body {"name":"a"} --times 1`, `drop_after_commit, on createWorkspace with {"name":"a"}, once`, ""},
		{"truncate --bytes 0 --probability 0.1", "truncate bytes=0, on every request, every time with a probability of 0.1", ""},
		{"malformed", "malformed, on every request, every time", ""},
		{"stale_read --writes 1 --operation getWorkspace", "stale_read writes=1, on getWorkspace, every time", ""},
	} {
		does(t, "armed fault_1: "+test.stdout+"\n", test.stderr, append([]string{"fault", "add"}, strings.Fields(test.args)...)...)
		does(t, "deleted fault_1\n", "", "fault", "delete", "fault_1")
		does(t, "Acme Corporation is as it began, at 2024-11-01T23:59:27Z\n", "", "reset")
	}
}

func TestFaultsAreListed(t *testing.T) {
	s := contract(t)
	execute(t, "", "fault", "add", "error", "--status", "404", "--operation", "getWorkspace")
	execute(t, "", "fault", "add", "drop")
	s.request("GET", "/v1/organizations/workspaces/wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", defaultAdminKey, "")
	does(t, "ID       HITS  ACTION            ON             HOW OFTEN\n"+
		"fault_1  1     error status=404  getWorkspace   every time\n"+
		"fault_2  0     drop              every request  every time\n", "", "fault")
	refuses(t, exitBadInput, "antechamber: Fault `fault_9` not found (antechamber fault lists the armed faults)\n", "fault", "delete", "fault_9")
	refuses(t, exitBadInput, "antechamber: expected the id of a fault, not nothing\n", "fault", "delete", "")
	does(t, "deleted 2 faults\n", "", "fault", "clear")
}

func TestAFaultFromAFile(t *testing.T) {
	contract(t)
	files(t, map[string]string{"fault.json": `{"action": {"type": "drop"}, "times": 1}`, "empty.json": " ", "faulty.json": `{"action": {"type": "drop"}, "tims": 1}`})
	does(t, "armed fault_1: drop, on every request, once\n", trap("once"), "fault", "add", "--file", "fault.json")
	if code, stdout, _ := execute(t, `{"action": {"type": "malformed"}}`, "fault", "add", "-"); code != exitFine || stdout != "armed fault_2: malformed, on every request, every time\n" {
		t.Errorf("from standard input it exits with %d: %s", code, stdout)
	}
	const beside = "antechamber: the JSON of a fault says all of it: expected no other argument beside it\n"
	for _, args := range []string{"drop --file fault.json", "--file fault.json --times 2", "- --operation getWorkspace", "- --body x"} {
		refuses(t, exitBadInput, beside, append([]string{"fault", "add"}, strings.Fields(args)...)...)
	}
	refuses(t, exitBadInput, "antechamber: cannot read the fault none.json: no such file or directory\n", "fault", "add", "--file", "none.json")
	refuses(t, exitBadInput, "antechamber: there is nothing in empty.json: expected a fault in JSON\n", "fault", "add", "--file", "empty.json")
	refuses(t, exitBadInput, "antechamber: there is nothing in stdin: expected a fault in JSON\n", "fault", "add", "-")
	refuses(t, exitBadInput, `antechamber: faulty.json: unknown field "tims" (allowed: match, action, times, after, probability) (did you mean "times"?)`+"\n", "fault", "add", "--file", "faulty.json")
}

func TestFaultsThatAreRefused(t *testing.T) {
	contract(t)
	for args, sentence := range map[string]string{
		"":                                "expected what is to happen: error, delay, drop, drop_after_commit, truncate, malformed or stale_read (see antechamber fault add --help)",
		"--status 500":                    "expected what is to happen: error, delay, drop, drop_after_commit, truncate, malformed or stale_read (see antechamber fault add --help)",
		"eror --status 500":               `invalid ACTION: want an action (did you mean "error"?)`,
		"error":                           "missing --status",
		"drop --operation createWorkspac": `invalid --operation: want an operation of the Admin API, such as listWorkspaces (did you mean "createWorkspace"?)`,
		"error --status 200":              "invalid --status: want a whole number from 400 to 599",
		"drop --status 500":               "drop takes no --status (allowed: none)",
		"error --status 500 --duration 1s --times 0": "error takes no --duration (allowed: --status, --message, --error-code, --retry-after)\n" +
			"antechamber: invalid --times: want a whole number of at least 1 (leave it out to fire every time)",
		"delay --distribution uniform --max 1s --duration 1s": "delay with --distribution uniform takes no --duration (allowed: --distribution, --min, --max)",
		`drop --body {"a":1,"a":2}`:                           "repeated --body.a",
		"drop --body {":                                       `--body: expected JSON, such as {"name":"Research"}, not "{"`,
		"drop --times 0":                                      "invalid --times: want a whole number of at least 1 (leave it out to fire every time)",
	} {
		refuses(t, exitBadInput, "antechamber: "+sentence+"\n", append([]string{"fault", "add"}, strings.Fields(args)...)...)
	}
	for _, sigma := range []string{"NaN", "Inf", "1e999", "x"} {
		refuses(t, exitBadInput, `antechamber: invalid --sigma "`+sigma+"\": want a number (see antechamber fault add --help)\n",
			"fault", "add", "delay", "--sigma", sigma)
	}
}
