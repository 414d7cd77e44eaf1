package store_test

import (
	"testing"
	"time"

	"antechamber/api"
	"antechamber/store"
)

// openWithExpiries builds an organization with an invite and a key that expire
// within days.
func openWithExpiries(t tb) *org {
	c := store.Contents{
		Invites: []api.Invite{invite("a", "user", "pending")},
		APIKeys: []store.APIKey{expiring(at(2*day), key("a", defaultWorkspaceID, "active"))},
	}
	c.Invites[0].ExpiresAt = at(3 * day)
	return open(t, c)
}

func TestAdvanceReturnsEffects(t *testing.T) {
	o := openWithExpiries(t)
	now, effects, err := o.Advance(5 * day)
	diff(t, "error", nil, err)
	diff(t, "now", at(5*day), now)
	diff(t, "effects in order of time", []store.Effect{
		{Type: store.APIKeyExpired, ID: "apikey_a", At: at(2 * day)},
		{Type: store.InviteExpired, ID: "invite_a", At: at(3 * day)},
	}, effects)
	diff(t, "the clock", at(5*day), o.Now())
	o.real.advance(time.Hour)
	diff(t, "the clock runs on", at(5*day+time.Hour), o.Now())
	if _, effects, _ := o.Advance(day); len(effects) != 0 {
		t.Errorf("expired again: %v", effects)
	}
}

func TestFreezeAndResume(t *testing.T) {
	o := openWithExpiries(t)
	o.real.advance(time.Hour)
	_, _, err := o.FreezeClock()
	diff(t, "error", nil, err)
	o.real.advance(30 * day)
	diff(t, "a frozen clock", at(time.Hour), o.Now())
	diff(t, "status", api.InvitePending, object(o.GetOrganizationInvite("invite_a"))(t).Status)
	now, _, _ := o.Advance(time.Minute)
	diff(t, "a frozen clock after Advance", at(time.Hour+time.Minute), now)
	o.ResumeClock()
	o.real.advance(day)
	diff(t, "a resumed clock", at(time.Hour+time.Minute+day), o.Now())
}

func TestFreezeClockAt(t *testing.T) {
	o := openWithExpiries(t)
	o.real.advance(time.Hour)
	now, effects, err := o.FreezeClockAt(at(2 * day))
	diff(t, "error", nil, err)
	diff(t, "now", at(2*day), now)
	diff(t, "effects", []store.Effect{{Type: store.APIKeyExpired, ID: "apikey_a", At: at(2 * day)}}, effects)
	o.real.advance(30 * day)
	diff(t, "a frozen clock", store.FrozenAt(at(2*day).Time), o.Clock())
	now, _, err = o.FreezeClockAt(at(2*day + time.Microsecond))
	diff(t, "error", nil, err)
	diff(t, "a frozen clock after another move", at(2*day+time.Microsecond), now)
}

// A refusal leaves a running clock running.
func TestRefusedFreezeClockAtChangesNothing(t *testing.T) {
	o := openWithExpiries(t)
	o.real.advance(time.Hour)
	clock := o.Clock()
	_, _, err := o.FreezeClockAt(at(time.Hour - time.Microsecond))
	wantRefusal(t, store.Error{Code: "clock_backwards"}, err)
	_, _, err = o.FreezeClockAt(api.At(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)))
	wantRefusal(t, store.Error{Code: "clock_out_of_range"}, err)
	diff(t, "the clock", clock, o.Clock())
}

func TestClockNeverGoesBackwards(t *testing.T) {
	for name, move := range map[string]func(o *org) error{
		"advance": func(o *org) error { _, _, err := o.Advance(-time.Microsecond); return err },
		"set":     func(o *org) error { _, _, err := o.SetClock(at(-time.Microsecond)); return err },
		"freeze":  func(o *org) error { _, _, err := o.FreezeClockAt(at(-time.Microsecond)); return err },
		"past 9998": func(o *org) error {
			_, _, err := o.SetClock(api.At(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := openWithExpiries(t)
			before := o.Contents()
			if err := move(o); err == nil {
				t.Error("the move was not refused")
			}
			diff(t, "contents", before, o.Contents())
		})
	}
	o := openWithExpiries(t)
	if now, _, err := o.SetClock(at(day)); err != nil || !now.Equal(at(day)) {
		t.Errorf("now is %v, error %v", now, err)
	}
}

func TestResumeRefusesATimeTooFarAhead(t *testing.T) {
	o := open(t, store.Contents{Clock: store.FrozenAt(time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC))})
	_, _, err := o.ResumeClock()
	wantRefusal(t, store.Error{Code: "clock_out_of_range", Message: "290"}, err)
}
