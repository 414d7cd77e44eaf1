package pull

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

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
	jane, janeMail := standIn("user_1").name(0), p.email("user_1")
	cher, maria := standIn("user_2").name(0), standIn("user_3").name(0)
	for in, want := range map[string]string{
		"":                                 "",
		"CI":                               "CI",
		"Jane":                             "Jane",
		"Jane Doe":                         jane,
		"JANE  DOE":                        jane,
		"key of jane-doe (laptop)":         "key of " + jane + " (laptop)",
		"Jane Doe Jane Doe":                jane + " " + jane,
		"xJane Doe":                        "x" + jane,
		"Jane Doer":                        "Jane Doer",
		"Cher":                             cher,
		"cher!":                            cher + "!", // nothing else is there
		"for Cher":                         "for " + cher,
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

// crew are users of all kinds of names, by what finds them.
func crew() (p *people, users []user) {
	p = newPeople(testKey, false)
	for i, name := range []string{
		"山田太郎", "김철수", "王小明", "Cher", "Mary-Ann St. John-Smythe van der Berg y Silva", "Strauß Jürgen", "Zoë Smith", "Miles O'Brien",
		"Dr. Anna Maria Meyer (IT)", "Al", "Bo Li", "สมชาย ใจดี", "田中 花子", "van Beethoven, Ludwig", "★★", "Łukasz Żółć", "One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen Eighteen Nineteen Twenty",
		"Ann   Lee", "J. Park", "",
	} {
		users = append(users, user{ID: fmt.Sprintf("user_%02d", i), Email: plain(fmt.Sprintf("person.%c@corp.test", 'a'+i)), Name: plain(name)})
	}
	for i := range users {
		p.hideUser(&users[i])
		p.learnUser(users[i])
	}
	p.settle(users, nil)
	return p, users
}

func TestScrubKnowsPeopleHoweverTheyAreWritten(t *testing.T) {
	p, users := crew()
	for who, texts := range map[int][]string{
		0:  {"[] sandbox", "[]'s Individual Org", "key of []さん", "[]の鍵"},
		1:  {"[]-laptop", "[]님의 키", "Key[]"},
		2:  {"[]的密钥", "给[]"},
		3:  {"[]'s key", "key_[]_2", "[]2", "for[]"},
		4:  {"[]'s", "[] sandbox"},
		5:  {"key of [] 2"},
		10: {"[] key"},
	} {
		said := map[int][]string{
			0: {"山田太郎", "山田 太郎", "山\u200b田太郎"}, 1: {"김철수", "\u1100\u1175\u11b7\u110e\u1165\u11af\u1109\u116e"}, 2: {"王小明"}, 3: {"Cher", "CHER", "Ｃｈｅｒ", "Ch\u00ader"},
			4: {"Mary-Ann St. John-Smythe van der Berg y Silva", "mary ann st john smythe VAN DER BERG y silva", "Mary-Ann Silva", "Mary Silva", "Ann Silva", "Silva, Mary-Ann", "Mary-Ann Smythe"},
			5: {"STRAUSS JÜRGEN", "Jürgen Strauß", "ju\u0308rgen strauss", "Juergen Strauss", "jurgen.strauss", "J%C3%BCrgen+Strauss", "JürgenStrauss"}, 10: {"Bo Li", "BoLi", "Li, Bo"},
		}[who]
		for _, name := range said {
			for _, text := range texts {
				want := strings.ReplaceAll(text, "[]", p.userName(users[who]))
				in := strings.ReplaceAll(text, "[]", name)
				if got := p.show(p.scrub(plain(in))); got != want {
					t.Errorf("%q becomes %q, want %q", in, got, want)
				}
			}
		}
	}
	for in, who := range map[string]int{
		"ZoeSmith": 6, "zoe-smith": 6, "SMITH Zoé": 6, "zoesmith": 6, "Smith, Zoe": 6, "ZOËSMITH": 6, "Zoe Smіth": 6, "Zo%C3%AB%20Smith": 6,
		"OBrien, Miles": 7, "miles o’brien": 7, "MilesOBrien": 7, "milesobrien": 7, "miles_o_brien": 7,
		"Anna Meyer": 8, "Meyer Anna": 8, "Anna M. Meyer": 8, "Dr. Anna Meyer": 8, "Anna Maria Meyer": 8, "meyer, anna maria": 8, "Maria Meyer": 8, "AnnaMeyer": 8, "Dr. Anna Maria Meyer (IT)": 8,
		"Al": 9, "al!": 9, "Bo X. Li": 10, "สมชาย ใจดี": 11, "สมชายใจดี": 11, "田中花子": 12, "Ludwig van Beethoven": 13, "Ludwig Beethoven": 13, "Beethoven, L. Ludwig": 13,
		"★★": 14, "Lukasz Zolc": 15, "ŻÓŁĆ ŁUKASZ": 15, "Ann Q. Lee": 17, "lee/ann": 17, "J Park": 18,
		"One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen Eighteen Nineteen Twenty": 16, "One Twenty": 16,
		"person-b": 1, "Person.C": 2, // by the address
	} {
		got := p.show(p.scrub(plain(in)))
		if name := p.userName(users[who]); !strings.Contains(got, name) || strings.ContainsFunc(strings.Replace(got, name, "", 1), unicode.IsLetter) && !strings.Contains(in, "Dr.") && !strings.Contains(in, "L. ") {
			t.Errorf("%q becomes %q, want %q", in, got, name)
		}
	}
	for _, in := range []string{"Annex", "All of it", "also", "al dente", "Park", "Anna", "CI", "太郎", "", "boil", "lib", "2024", "API-key 1"} {
		if got := p.show(p.scrub(plain(in))); got != in {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

// Words are left out of long names, and titles are no names.
func TestScrubKnowsPartsOfNames(t *testing.T) {
	names := []string{
		"Prof. Dr. med. Anna-Lena von der Hügel (she/her)", "Karl Theodor zu Guttenbergen", "Prof. Dr. Max Musterlich", "Maria del Carmen García López",
		"Anna Luisa Maria Gomringer", "محمد بن سلمان", "שרה כהן",
	}
	p := newPeople(testKey, false)
	var users []user
	for i, name := range names {
		users = append(users, user{ID: fmt.Sprintf("user_%02d", i), Email: plain(fmt.Sprintf("person.%c@corp.test", 'a'+i)), Name: plain(name)})
		p.hideUser(&users[i])
		p.learnUser(users[i])
	}
	p.settle(users, nil)
	for in, who := range map[string]int{
		"Anna-Lena von der Hügel": 0, "Dr. Anna-Lena von der Hügel": 0, "Hügel, Anna-Lena": 0, "Dr. Hügel": 0, "Theodor zu Guttenbergen": 1, "zu Guttenbergen, Karl": 1,
		"Max Musterlich": 2, "Dr. Max Musterlich": 2, "Prof. Musterlich": 2, "Carmen García López": 3, "Maria López": 3, "del Carmen García López": 3,
		"Luisa Maria Gomringer": 4, "Gomringer Anna Maria": 4, "محمّد بن سلمان": 5, "שָׂרָה כֹּהֵן": 6,
	} {
		want := "key of " + p.userName(users[who])
		if got := p.show(p.scrub(plain("key of " + in))); got != want && !strings.HasSuffix(got, " "+p.userName(users[who])) {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"Prof. Dr. Eva Lind", "Prof. Dr. sandbox", "von der Leyen"} {
		if got := p.show(p.scrub(plain(in))); got != in {
			t.Errorf("%q becomes %q: nobody is called so", in, got)
		}
	}
}

func TestScrubKnowsAddressesHoweverTheyAreWritten(t *testing.T) {
	p, users := crew()
	want := p.userEmail(users[0])
	for _, in := range []string{
		"person.a@corp.test", "PERSON.A@CORP.TEST", "person.a＠corp．test", "person%2Ea%40corp%2etest", "person%252Ea%2540corp.test", "per\u00adson.a@cor\u200bp.test", "ｐｅｒｓｏｎ.a@corp.test", "person.a@corp。test",
	} {
		for _, text := range []string{"%s", "key of %s, old", "user=%s-old", "给%s的密钥", "%s person.b@corp.test"} {
			shown := strings.ReplaceAll(fmt.Sprintf(strings.Replace(text, "person.b@corp.test", p.userEmail(users[1]), 1), want), "%!", "")
			if got := p.show(p.scrub(plain(fmt.Sprintf(text, in)))); got != shown {
				t.Errorf("%q becomes %q, want %q", fmt.Sprintf(text, in), got, shown)
			}
		}
	}
}

// TestScrubLosesNothing checks that what is no name stays to the letter.
func TestScrubLosesNothing(t *testing.T) {
	p, _ := crew()
	for _, in := range []string{"100%2E %zz %4", "ｆｕｌｌ　width ﬁ ß É e\u0301", "a\u200bb", "%E5%B1", "한글 ひらがな", "@", "a@b", "%40"} {
		if got := p.show(p.scrub(plain(in))); got != in {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

func TestScrubAgainFindsWhoCameLater(t *testing.T) {
	p, users := crew()
	once := p.scrub(plain("Cher and Late Comer, late.comer@corp.test"))
	late := user{ID: "user_late", Email: plain("late.comer@corp.test"), Name: plain("Late Comer")}
	p.hideUser(&late)
	p.learnUser(late)
	users = append(users, late)
	p.settle(users, nil)
	twice := p.scrub(once)
	want := p.userName(users[3]) + " and " + p.userName(late) + ", " + p.userEmail(late)
	if got := p.show(twice); got != want || p.show(p.scrub(twice)) != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}

func TestEverybodyHasANameOfTheirOwn(t *testing.T) {
	p := newPeople(testKey, false)
	users := make([]user, 9_000)
	for i := range users {
		users[i].ID, users[i].AddedAt = fmt.Sprintf("user_%d", i), api.At(now.Add(time.Duration(i)))
	}
	p.settle(users, nil)
	first := map[string]string{}
	for _, u := range users {
		name := p.userName(u)
		if other, taken := first[name]; taken {
			t.Errorf("%s and %s are both %s", other, u.ID, name)
		}
		first[name] = u.ID
	}
	// Who comes later changes nobody's name.
	few := newPeople(testKey, false)
	few.settle(users[:6_000], nil)
	for _, u := range users[:6_000] {
		if few.userName(u) != p.userName(u) {
			t.Errorf("%s was %s and is %s", u.ID, few.userName(u), p.userName(u))
		}
	}
}

func TestAPersonKeepsTheStandInOverAccepting(t *testing.T) {
	in := func(status api.InviteStatus, users ...user) (*people, string) {
		p := newPeople(testKey, false)
		invites := []invite{
			{ID: "invite_2", Email: plain("New.Person@corp.test"), Status: status, InvitedAt: api.At(now.Add(time.Hour))},
			{ID: "invite_1", Email: plain("new.person@corp.test"), Status: api.InviteExpired, InvitedAt: api.At(now)},
		}
		for i := range users {
			p.hideUser(&users[i])
			p.learnUser(users[i])
		}
		for i := range invites {
			p.hideInvite(&invites[i])
			p.learnInvite(invites[i])
		}
		p.settle(users, invites)
		return p, p.show(p.scrub(plain("New Person, new.person@corp.test")))
	}
	_, before := in(api.InvitePending)
	u := user{ID: "user_1", Email: plain("new.person@corp.test"), Name: plain("New Person")}
	p, after := in(api.InviteAccepted, u)
	if before != after || before != standIn("invite_1").name(0)+", "+p.email("invite_1") || p.userEmail(u)+p.userName(u) != p.email("invite_1")+standIn("invite_1").name(0) {
		t.Errorf("before it is %q, after %q", before, after)
	}
	if p, _ := in(api.InvitePending, u); p.userEmail(u) != p.email("invite_1") {
		t.Error("an invite that was accepted since it was read does not count")
	}
	// Another user of the same address is somebody else, and so is one who was
	// there before every invite.
	twin := user{ID: "user_2", Email: plain("NEW.person@corp.test"), Name: plain("Twin")}
	if p, _ := in(api.InviteAccepted, u, twin); p.userEmail(twin) == p.userEmail(u) {
		t.Error("two users have one address")
	}
	if p, _ := in(api.InviteExpired, u); p.userEmail(u) != p.email("user_1") {
		t.Error("an invite that was not accepted counts")
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
	for _, s := range []string{"Jane Doe", "x jane.doe@corp.test y", "\xff@a.b", "a@b.c@d.e", "%40%40", "", "jane％２Ｅdoe＠corp.test", "%25%34%30", "e\u0301\u00adＪａｎｅ", "김철수", "\u1100\u1161\u11a8"} {
		f.Add(s)
	}
	p := newPeople(testKey, false)
	u := user{ID: "user_1", Email: plain("jane.doe@corp.test"), Name: plain("Jane Doe")}
	p.hideUser(&u)
	p.learnUser(u)
	p.settle([]user{u}, nil)
	f.Fuzz(func(t *testing.T, s string) {
		shown := p.show(p.scrub(plain(s)))
		if strings.Contains(fold(shown, false).s, "jane.doe@corp.test") {
			t.Errorf("%q becomes %q", s, shown)
		}
	})
}
