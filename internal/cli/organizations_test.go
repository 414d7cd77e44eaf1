package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// masked runs a command and returns its output with times and generated keys masked.
func masked(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, out, errs := execute(t, "", args...)
	if code != exitFine {
		t.Errorf("exit code %d: %s", code, errs)
	}
	return regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`).ReplaceAllString(out, "TIME"), errs
}

func want(t *testing.T, what, want, got string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%swant\n%s", what, got, want)
	}
}

func TestOrganizations(t *testing.T) {
	s := contract(t)
	t.Setenv("ANTECHAMBER_ORGANIZATION", "12345678-1234-5678-1234-567812345678")
	out, _ := masked(t, "organizations")
	want(t, "one", "ID NAME ORIGIN ADMIN KEY LAST ACTIVITY EXPIRES AT\n12345678-1234-5678-1234-567812345678 Acme Corporation seed sk-ant-admin01-antechamber TIME -\n",
		regexp.MustCompile(" +").ReplaceAllString(out, " "))

	execute(t, "", "snapshot", "take", "before")
	out, _ = masked(t, "organizations", "create", "--from", "before", "--name", "For one test", "--key", "sk-ant-admin01-onetest", "--ttl", "10m")
	want(t, "create", "created For one test: id 11a9dca0-97d2-42da-9b2f-650461080812, admin key sk-ant-admin01-onetest, expires at TIME\n", out)
	out, _ = masked(t, "organizations", "list", "--search", "ONETEST")
	if !regexp.MustCompile(`(?m)^11a9dca0-97d2-42da-9b2f-650461080812 +For one test +snapshot +sk-ant-admin01-onetest +TIME +TIME$`).MatchString(out) || strings.Count(out, "\n") != 2 {
		t.Errorf("search: %s", out)
	}
	want(t, "delete", "deleted organization 11a9dca0-97d2-42da-9b2f-650461080812\n", func() string {
		out, _ := masked(t, "organizations", "delete", "11a9dca0-97d2-42da-9b2f-650461080812")
		return out
	}())
	out, errs := masked(t, "organizations", "--search", "onetest")
	want(t, "none", "antechamber: no matching organizations\n", out+errs)

	for i := range 1005 {
		s.emulate("POST", "/organizations", fmt.Sprintf(`{"admin_key":"sk-ant-admin01-%d"}`, i))
	}
	out, errs = masked(t, "organizations")
	want(t, "many", "21 rows, antechamber: showing the 20 most recently used (--limit all shows all)\n", fmt.Sprintf("%d rows, %s", strings.Count(out, "\n"), errs))
	out, errs = masked(t, "organizations", "--limit", "all")
	want(t, "all", "1007 rows, ", fmt.Sprintf("%d rows, %s", strings.Count(out, "\n"), errs))
	out, _ = masked(t, "organizations", "--limit", "all", "--json")
	total := 0
	for line := range strings.Lines(out) {
		var page organizationList
		if err := json.Unmarshal([]byte(line), &page); err != nil {
			t.Fatal(err)
		}
		total += len(page.Data)
	}
	want(t, "all as JSON", "1006", fmt.Sprint(total))
}

// A server that ignores the position of a page is an error, not a list without an end.
func TestOrganizationsOnTheSamePage(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests > 10 {
			t.Error("the list does not end")
			http.Error(w, "", http.StatusTeapot)
			return
		}
		fmt.Fprint(w, `{"data":[],"has_more":true,"next_page":"1_a"}`)
	}))
	t.Cleanup(server.Close)
	_, _, errs := execute(t, "", "organizations", "--limit", "all", "--url", server.URL)
	want(t, "error", "antechamber: unexpected response from the control plane: the next page is the same one\n", errs)
}

func TestOutbox(t *testing.T) {
	s := contract(t)
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"ada@example.com","role":"developer"}`)
	s.emulate("POST", "/clock", `{"advance":"20d"}`)
	out, _ := masked(t, "outbox")
	if strings.Count(out, "\n") != 3 || !strings.Contains(out, "ada@example.com") || !strings.Contains(out, "invite as developer") {
		t.Errorf("outbox: %s", out)
	}
	accept := regexp.MustCompile(`(?m)ada@example\.com .*antechamber (accept invite_\w+)$`).FindStringSubmatch(out)
	if accept == nil {
		t.Fatalf("no command accepts the invite:\n%s", out)
	}
	masked(t, strings.Fields(accept[1])...)
	out, _ = masked(t, "outbox")
	if !regexp.MustCompile(`(?m)ada@example\.com .* accepted .* -$`).MatchString(out) {
		t.Errorf("after accepting: %s", out)
	}
	s = startServer(t, "", "--seed", "empty")
	out, errs := masked(t, "outbox", "--url", s.url)
	want(t, "none", "antechamber: no emails: no invites were created\n", out+errs)
}

func TestLongBodiesAreCut(t *testing.T) {
	s := contract(t)
	name := strings.Repeat("ä", 150)
	s.request("POST", "/v1/organizations/invites", defaultAdminKey, `{"email":"a@b.c","role":"`+name+name+`"}`)
	out, _ := masked(t, "requests", "--bodies")
	line := regexp.MustCompile(`(?m)^    > (.*)$`).FindStringSubmatch(out)
	if line == nil || !regexp.MustCompile(`^.{200}… \(\d+ bytes; --full prints all\)$`).MatchString(line[1]) {
		t.Errorf("--bodies prints %q", line)
	}
	out, _ = masked(t, "requests", "--full")
	if !strings.Contains(out, name+name) || strings.Contains(out, "…") {
		t.Errorf("--full prints %s", out)
	}
}
