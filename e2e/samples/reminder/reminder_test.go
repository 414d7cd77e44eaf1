package reminder_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"antechamber/admintest"
	"antechamber/api"
	"antechamber/e2e/samples/reminder"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const day = 24 * time.Hour

// Invites last 21 days. At the start, late expired 9 days ago, soon expires in 2 days
// and new in 20.
const acme = `{
	"name": "Acme Corporation",
	"users": [{"email": "ada@example.com", "role": "admin"}],
	"invites": [
		{"email": "late@example.com", "role": "developer", "invited_at": "-30d"},
		{"email": "soon@example.com", "role": "user", "invited_at": "-19d"},
		{"email": "new@example.com", "role": "billing", "invited_at": "-1d"},
		{"email": "done@example.com", "role": "user", "invited_at": "-30d", "status": "accepted", "accepted_at": "-29d"}
	]
}`

func start(t *testing.T, opts ...admintest.Option) *admintest.Server {
	t.Helper()
	return admintest.Connect(t, os.Getenv("ANTECHAMBER_URL"), append([]admintest.Option{admintest.SeedJSON(acme)}, opts...)...)
}

// reminders are the reminders sent: the time left, by address.
type reminders map[string]time.Duration

// newReminder returns a Reminder that uses the server's clock and reminds people three
// days before the expiry. The SDK retries the given number of times.
func newReminder(srv *admintest.Server, retries int) (*reminder.Reminder, reminders) {
	sent := reminders{}
	return &reminder.Reminder{
		Client: anthropic.NewClient(
			option.WithoutEnvironmentDefaults(), option.WithMaxRetries(retries),
			option.WithBaseURL(srv.URL), option.WithAPIKey(srv.AdminKey), option.WithHTTPClient(srv.Client())),
		Now:    srv.Clock.Now,
		Within: 3 * day,
		Remind: func(_ context.Context, email string, left time.Duration) error {
			sent[email] = left
			return nil
		},
	}, sent
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func run(t *testing.T, r *reminder.Reminder) reminder.Report {
	t.Helper()
	report, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestReminder(t *testing.T) {
	srv := start(t)
	r, sent := newReminder(srv, 0)

	same(t, "report", reminder.Report{
		Reminded:  []string{"soon@example.com"},
		Reinvited: []string{"late@example.com"},
		Skipped:   map[string]string{"done@example.com": "accepted", "new@example.com": "pending"},
	}, run(t, r))
	same(t, "reminders", reminders{"soon@example.com": 2 * day}, sent)

	outbox := srv.Outbox()
	if outbox[0].To != "late@example.com" || !outbox[0].SentAt.Equal(api.At(srv.Clock.Now())) {
		t.Errorf("newest mail: %+v", outbox[0])
	}
	invites := srv.Requests(admintest.CreateOrganizationInvite)
	if len(invites) != 1 {
		t.Fatalf("%d invites were created, want 1", len(invites))
	}
	var body anthropic.OrganizationInvite
	if err := invites[0].Decode(&body); err != nil {
		t.Fatal(err)
	}
	if body.Role != anthropic.OrganizationRoleDeveloper {
		t.Errorf("invited again with role %s", body.Role)
	}

	// The next run finds the new invite of late.
	srv.ClearRequests()
	same(t, "second report", reminder.Report{
		Reminded: []string{"soon@example.com"},
		Skipped:  map[string]string{"done@example.com": "accepted", "new@example.com": "pending", "late@example.com": "pending"},
	}, run(t, r))
	srv.VerifyOnly(admintest.Call{Operation: admintest.ListOrganizationInvites})
}

// Up to the last microsecond before the expiry people are reminded, and from the expiry
// on they are invited again.
func TestExpiryBoundary(t *testing.T) {
	srv := start(t)
	soon := srv.Outbox()[1] // the newest email is for new
	if soon.To != "soon@example.com" {
		t.Fatalf("the second mail is for %s", soon.To)
	}
	expires := soon.ExpiresAt.Time
	srv.Snapshot("start")
	for name, test := range map[string]struct {
		at        time.Time
		reminded  bool
		reinvited bool
	}{
		"before":              {expires.Add(-time.Microsecond), true, false},
		"a nanosecond before": {expires.Add(-time.Nanosecond), true, false},
		"at":                  {expires, false, true},
		"after":               {expires.Add(time.Microsecond), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			srv := srv.In(t)
			srv.Restore("start")
			srv.ClearRequests()
			effects := srv.Clock.Set(test.at)
			if expired := len(effects) == 1; expired != test.reinvited {
				t.Errorf("effects: %v", effects)
			}
			r, sent := newReminder(srv, 0)
			run(t, r)
			if _, reminded := sent["soon@example.com"]; reminded != test.reminded {
				t.Errorf("reminded: %v", reminded)
			}
			times := 0
			if test.reinvited {
				times = 1
			}
			srv.Verify(admintest.Call{
				Operation: admintest.CreateOrganizationInvite,
				Body:      map[string]any{"email": "soon@example.com", "role": "user"}, Times: &times,
			})
		})
	}
}

// People are reminded when exactly three days are left.
func TestReminderBoundary(t *testing.T) {
	srv := start(t)
	r, sent := newReminder(srv, 0)
	srv.Clock.Set(admintest.Start.Add(17*day - time.Microsecond)) // new expires after 20 days
	run(t, r)
	if _, ok := sent["new@example.com"]; ok {
		t.Error("new was reminded a microsecond early")
	}
	srv.Clock.Advance(time.Microsecond)
	run(t, r)
	same(t, "time left for new", 3*day, sent["new@example.com"])
}

// In a year of daily runs, a person who never accepts is invited every 21 days and
// reminded on the three days before each expiry. A person who accepts is skipped.
func TestDailyRunsForAYear(t *testing.T) {
	srv := start(t)
	r, _ := newReminder(srv, 0)
	run(t, r)
	srv.AcceptInvite("new@example.com")
	srv.AcceptInvite("soon@example.com")
	reminded, reinvited := 0, 0
	for range 365 {
		srv.Clock.Advance(day)
		report := run(t, r)
		reminded += len(report.Reminded)
		reinvited += len(report.Reinvited)
	}
	if reminded != 17*3 || reinvited != 17 {
		t.Errorf("reminded %d times, reinvited %d times", reminded, reinvited)
	}
}

// A person who joined in another way is not invited again.
func TestMembersAreSkipped(t *testing.T) {
	srv := start(t)
	srv.AddUser("Late@example.com", api.RoleDeveloper)
	r, _ := newReminder(srv, 0)
	report := run(t, r)
	same(t, "late", "already a member", report.Skipped["late@example.com"])
	srv.Verify(admintest.Call{Operation: admintest.CreateOrganizationInvite, Status: new(400), Times: new(1)})
}

// After the invite to one address fails, the run still reminds the others.
func TestFailuresDoNotStopTheRun(t *testing.T) {
	srv := start(t)
	t.Run("domain is not allowed", func(t *testing.T) {
		srv := srv.Fork(t)
		srv.UpdateSettings(map[string]any{"allowed_invite_domains": []string{"example.org"}})
		checkFailure(t, srv, "late@example.com: ")
	})
	t.Run("organization is full", func(t *testing.T) {
		srv := srv.Fork(t)
		srv.UpdateSettings(map[string]any{"member_limit": 3})
		checkFailure(t, srv, "late@example.com: ")
	})
	t.Run("request is refused", func(t *testing.T) {
		srv := srv.Fork(t)
		srv.Fault(admintest.Fault{
			Operation: admintest.CreateOrganizationInvite, Body: map[string]any{"email": "late@example.com"},
			Action: admintest.Error{Status: 403, Message: "no"},
		})
		checkFailure(t, srv, "late@example.com: ")
	})
}

// checkFailure runs a reminder whose error must begin with prefix.
func checkFailure(t *testing.T, srv *admintest.Server, prefix string) {
	t.Helper()
	r, sent := newReminder(srv, 0)
	_, err := r.Run(t.Context())
	if err == nil || err.Error()[:len(prefix)] != prefix {
		t.Errorf("got %v", err)
	}
	if _, ok := errors.AsType[*anthropic.Error](err); !ok {
		t.Errorf("got %v", err)
	}
	same(t, "reminders", reminders{"soon@example.com": 2 * day}, sent)
}

// The response to an invite is lost. The SDK retries, and the API refuses the retry
// because the first attempt created the invite.
func TestLostResponse(t *testing.T) {
	srv := start(t)
	for name, action := range map[string]admintest.Action{
		"drop after commit": admintest.DropAfterCommit{},
		"truncate":          admintest.Truncate{Bytes: 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := srv.Fork(t)
			srv.Fault(admintest.Fault{Operation: admintest.CreateOrganizationInvite, Action: action, Times: new(1)})
			r, _ := newReminder(srv, 1)
			same(t, "reinvited", []string{"late@example.com"}, run(t, r).Reinvited)
			attempts := srv.Requests(admintest.CreateOrganizationInvite)
			if len(attempts) != 2 || attempts[1].ErrorCode != api.InviteAlreadyExists || attempts[1].RetryCount != 1 {
				t.Errorf("attempts: %+v", attempts)
			}
		})
	}
}

// A stale list still shows the expired invite on the second run, but the person is
// invited only once.
func TestStaleList(t *testing.T) {
	srv := start(t)
	r, _ := newReminder(srv, 0)
	// The list stays as it is now, before the first run.
	srv.Fault(admintest.Fault{Operation: admintest.ListOrganizationInvites, Action: admintest.StaleRead{}})
	for range 2 {
		same(t, "reinvited", []string{"late@example.com"}, run(t, r).Reinvited)
	}
	srv.Verify(
		admintest.Call{Operation: admintest.CreateOrganizationInvite, Status: new(200), Times: new(1)},
		admintest.Call{Operation: admintest.CreateOrganizationInvite, Status: new(400), Times: new(1)},
	)
}
