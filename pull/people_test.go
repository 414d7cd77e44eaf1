package pull

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"antechamber/api"
)

func TestScrub(t *testing.T) {
	p := newPeople(testKey, false)
	users := []user{
		{ID: "user_1", Email: plain("jane.doe@corp.test"), Name: plain("Jane Doe")},
		{ID: "user_2", Email: plain("cher@corp.test"), Name: plain("Cher")},
		{ID: "user_3", Email: plain("o@corp.test"), Name: plain("Maria del Carmen Núñez-O'Brien")},
	}
	for i := range users {
		p.hideUser(&users[i])
		p.learnUser(users[i])
	}
	p.settle(users, nil)
	jane, janeMail := standIn("user_1").name(), p.email("user_1")
	cher, maria := standIn("user_2").name(), standIn("user_3").name()
	for in, want := range map[string]string{
		"":                                 "",
		"CI":                               "CI",
		"Jane":                             "Jane",
		"Jane Doe":                         jane,
		"JANE  DOE":                        jane,
		"key of jane-doe (laptop)":         "key of " + jane + " (laptop)",
		"Jane Doe Jane Doe":                jane + " " + jane,
		"xJane Doe":                        "xJane Doe",
		"Cher":                             cher,
		"cher!":                            cher + "!", // nothing else is there
		"for Cher":                         "for Cher",
		"MARIA DEL CARMEN NÚÑEZ O'BRIEN’s": maria + "’s",
		"jane.doe@corp.test":               janeMail,
		"Jane.Doe@CORP.test.":              janeMail + ".",
		"<mailto:jane.doe%40corp.test>":    "<mailto:" + janeMail + ">",
		"a/jane.doe@corp.test/b":           "a/" + janeMail + "/b",
		"'jane.doe@corp.test'":             "'" + janeMail + "'",
		"Jane Doe <jane.doe@corp.test>":    jane + " <" + janeMail + ">",
		"deploy@prod":                      "deploy@prod",
	} {
		if got := p.show(p.scrub(plain(in))); got != want && !(in == "" && got == "") {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"xyz@nobody.test", "jän@bücher.de", "a+b@x-y.co.uk", "jane.doe@corp.test.evil.org"} {
		got := p.show(p.scrub(plain(in)))
		if !api.ValidEmail(strings.TrimSuffix(got, ".evil.org")) || !strings.Contains(got, "@example.com") || strings.Contains(got, strings.SplitN(in, "@", 2)[0]) {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

func TestStandInsAreDifferent(t *testing.T) {
	p := newPeople(testKey, false)
	users := make([]user, 30_000)
	for i := range users {
		users[i].ID = fmt.Sprintf("user_%d", i)
	}
	p.settle(users, nil)
	seen := map[string]bool{}
	for _, u := range users {
		email := p.email(u.ID)
		if seen[email] || !api.ValidEmail(email) {
			t.Errorf("%s is there twice, or no address", email)
		}
		seen[email] = true
	}
	// Whoever else is there, hardly anybody gets another address.
	few := newPeople(testKey, false)
	few.settle(users[:10], nil)
	for _, u := range users[:10] {
		if few.email(u.ID) != p.email(u.ID) {
			t.Logf("%s has %s and %s", u.ID, few.email(u.ID), p.email(u.ID))
		}
	}
}

func TestLongerAddressesTellApart(t *testing.T) {
	p := newPeople(testKey, false)
	p.digits = map[string]int{}
	p.distinguish([]string{"a", "a", "b"})
	if p.digits["a"] != fewestDigits || p.digits["b"] != fewestDigits {
		t.Errorf("digits: %v", p.digits)
	}
}

func TestNamesAreDistinct(t *testing.T) {
	for _, names := range [][]string{givenNames, familyNames} {
		if len(distinct(slices.Clone(names))) != len(names) {
			t.Errorf("some are there twice: %v", names)
		}
	}
}

func FuzzScrub(f *testing.F) {
	for _, s := range []string{"Jane Doe", "x jane.doe@corp.test y", "\xff@a.b", "a@b.c@d.e", "%40%40", ""} {
		f.Add(s)
	}
	p := newPeople(testKey, false)
	u := user{ID: "user_1", Email: plain("jane.doe@corp.test"), Name: plain("Jane Doe")}
	p.hideUser(&u)
	p.learnUser(u)
	p.settle([]user{u}, nil)
	f.Fuzz(func(t *testing.T, s string) {
		shown := p.show(p.scrub(plain(s)))
		if strings.Contains(strings.ToLower(shown), "jane.doe@corp.test") {
			t.Errorf("%q becomes %q", s, shown)
		}
	})
}
