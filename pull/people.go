package pull

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"antechamber/api"
)

// people takes e-mail addresses and full names out of what was read, and puts
// stand-ins in their place. In between only codes of them are kept, made with
// the admin key, so that nobody without the key can try out addresses.
type people struct {
	keep bool // leave everything as it is
	key  []byte

	// What belongs to somebody, by its code. Names are those of users.
	emails, names map[string]bool

	// Who it belongs to, once everything is read.
	emailOwner, nameOwner map[string]string
	digits                map[string]int // how many tell an owner from all others
}

func newPeople(key string, keep bool) *people {
	return &people{keep: keep, key: []byte(key), emails: map[string]bool{}, names: map[string]bool{}}
}

func (p *people) code(kind, s string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(kind + "\n" + s))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

func (p *people) emailCode(email string) string { return p.code("email", strings.ToLower(email)) }

// nameCode is the code of a full name, whatever its case and whatever stands
// between its words.
func (p *people) nameCode(name string) string {
	spans := words(name)
	if len(spans) == 0 {
		return p.code("name", strings.ToLower(name))
	}
	said := make([]string, len(spans))
	for i, s := range spans {
		said[i] = strings.ToLower(name[s.from:s.to])
	}
	return p.code("name", strings.Join(said, " "))
}

func (p *people) hideUser(u *user) {
	if p.keep {
		return
	}
	u.Email = text{{Email: p.emailCode(u.Email.plain())}}
	u.Name = text{{Name: p.nameCode(u.Name.plain())}}
}

func (p *people) learnUser(u user) {
	for _, piece := range slices.Concat(u.Email, u.Name) {
		p.learn(piece)
	}
}

func (p *people) hideInvite(i *invite) {
	if !p.keep {
		i.Email = text{{Email: p.emailCode(i.Email.plain())}}
	}
}

func (p *people) learnInvite(i invite) {
	for _, piece := range i.Email {
		p.learn(piece)
	}
}

func (p *people) learn(piece piece) {
	if piece.Email != "" {
		p.emails[piece.Email] = true
	}
	if piece.Name != "" {
		p.names[piece.Name] = true
	}
}

func (p *people) hideWorkspace(w *workspace) {
	w.Name = p.scrub(w.Name)
	for i := range w.Tags {
		w.Tags[i] = tag{p.scrub(w.Tags[i].Key), p.scrub(w.Tags[i].Value)}
	}
}

func (p *people) hideKey(k *apiKey) { k.Name = p.scrub(k.Name) }

// address finds what may be an e-mail address: rather too much than too
// little.
var address = regexp.MustCompile("[\\p{L}\\p{M}\\p{N}.!#$%&'*+/=?^_`{|}~-]+(?:@|%40)" + `[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+)+`)

// scrub takes addresses and full names of users out of a text.
func (p *people) scrub(t text) text {
	s, out := t.plain(), text(nil)
	if p.keep || s == "" {
		return t
	}
	if code := p.nameCode(s); p.names[code] { // also one word, when nothing else is there
		return around(s, words(s), code)
	}
	for {
		at := address.FindStringIndex(s)
		if at == nil {
			break
		}
		from, to := p.exact(s, at[0], at[1])
		out = append(out, p.scrubNames(s[:from])...)
		out = append(out, piece{Email: p.emailCode(unescaped(s[from:to]))})
		s = s[to:]
	}
	return append(out, p.scrubNames(s)...)
}

// around puts the code of a name in the place of all words of a text.
func around(s string, spans []span, code string) (out text) {
	from, to := 0, len(s)
	if len(spans) > 0 {
		from, to = spans[0].from, spans[len(spans)-1].to
	}
	if from > 0 {
		out = append(out, piece{Plain: s[:from]})
	}
	out = append(out, piece{Name: code})
	if to < len(s) {
		out = append(out, piece{Plain: s[to:]})
	}
	return out
}

func unescaped(email string) string { return strings.ReplaceAll(email, "%40", "@") }

// exact gives the part of a find that is an address of somebody, such as that
// in user=jane@example.com-old, or else all of it.
func (p *people) exact(s string, from, to int) (int, int) {
	inside := func(i int) bool {
		return i > from && i < to && (s[i-1] < 0x80 && !isWord(rune(s[i-1])) || s[i] < 0x80 && !isWord(rune(s[i])))
	}
	for f := from; f < to; f++ {
		if f != from && !inside(f) {
			continue
		}
		for e := to; e > f; e-- {
			if (e == to || inside(e)) && p.emails[p.emailCode(unescaped(s[f:e]))] {
				return f, e
			}
		}
	}
	return from, to
}

// mostWords is how many words of a text are looked at as one name.
const mostWords = 8

func (p *people) scrubNames(s string) text {
	spans, out, done := words(s), text(nil), 0
	for i := 0; i < len(spans); i++ {
		for n := min(mostWords, len(spans)-i); n >= 2; n-- {
			from, to := spans[i].from, spans[i+n-1].to
			code := p.nameCode(s[from:to])
			if !p.names[code] {
				continue
			}
			if from > done {
				out = append(out, piece{Plain: s[done:from]})
			}
			out = append(out, piece{Name: code})
			done = to
			i += n - 1
			break
		}
	}
	if done < len(s) {
		out = append(out, piece{Plain: s[done:]})
	}
	return out
}

type span struct{ from, to int }

func isWord(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.N) }

// words gives where the words of a text stand. Mei-Ling are two.
func words(s string) (spans []span) {
	from := -1
	for i, r := range s {
		switch {
		case isWord(r) && from < 0:
			from = i
		case !isWord(r) && from >= 0:
			spans, from = append(spans, span{from, i}), -1
		}
	}
	if from >= 0 {
		spans = append(spans, span{from, len(s)})
	}
	return spans
}

// settle decides whose stand-in takes the place of each address and name: the
// user's, or else that of the oldest invite to the address; where two users
// have one name, the one's who joined first.
func (p *people) settle(users []user, invites []invite) {
	p.emailOwner, p.nameOwner, p.digits = map[string]string{}, map[string]string{}, map[string]int{}
	var owners []string
	own := func(of map[string]string, code, id string) {
		if _, taken := of[code]; code != "" && !taken {
			of[code] = id
		}
	}
	users, invites = slices.Clone(users), slices.Clone(invites)
	slices.SortFunc(users, func(a, b user) int {
		return cmp.Or(a.AddedAt.Compare(b.AddedAt.Time), strings.Compare(a.ID, b.ID))
	})
	slices.SortFunc(invites, func(a, b invite) int {
		return cmp.Or(a.InvitedAt.Compare(b.InvitedAt.Time), strings.Compare(a.ID, b.ID))
	})
	for _, u := range users {
		owners = append(owners, u.ID)
		for _, piece := range slices.Concat(u.Email, u.Name) {
			own(p.emailOwner, piece.Email, u.ID)
			own(p.nameOwner, piece.Name, u.ID)
		}
	}
	for _, i := range invites {
		for _, piece := range i.Email {
			own(p.emailOwner, piece.Email, i.ID)
		}
		owners = append(owners, i.ID)
	}
	p.distinguish(owners)
}

// fewestDigits is how many hexadecimal digits an address of a stand-in has at
// least.
const fewestDigits = 6

// distinguish finds how many digits tell every owner from all others.
func (p *people) distinguish(owners []string) {
	alike := map[string][]string{"": distinct(owners)}
	for n := fewestDigits; len(alike) > 0 && n <= 2*sha256.Size; n++ {
		again := map[string][]string{}
		for _, ids := range alike {
			byEmail := map[string][]string{}
			for _, id := range ids {
				email := standIn(id).email(n)
				byEmail[email] = append(byEmail[email], id)
			}
			for email, ids := range byEmail {
				if len(ids) > 1 {
					again[email] = ids
				}
				for _, id := range ids {
					p.digits[id] = n
				}
			}
		}
		alike = again
	}
}

func distinct(s []string) []string { return slices.Compact(slices.Sorted(slices.Values(s))) }

// person is somebody who there is not.
type person struct {
	given, family string
	hash          string
}

// standIn makes the stand-in of an id: always the same.
func standIn(id string) person {
	h := sha256.Sum256([]byte("antechamber stand-in\n" + id))
	pick := func(b []byte, names []string) string { return names[(int(b[0])<<8|int(b[1]))%len(names)] }
	return person{pick(h[0:], givenNames), pick(h[2:], familyNames), hex.EncodeToString(h[4:])}
}

func (p person) name() string { return p.given + " " + p.family }

func (p person) email(digits int) string {
	return strings.ToLower(p.given+"."+p.family) + "." + p.hash[:min(digits, len(p.hash))] + "@example.com"
}

func (p *people) email(id string) string {
	return standIn(id).email(cmp.Or(p.digits[id], 2*fewestDigits))
}

// show puts the stand-ins into a text.
func (p *people) show(t text) string {
	var b strings.Builder
	for _, piece := range t {
		switch {
		case piece.Email != "":
			b.WriteString(p.email(cmp.Or(p.emailOwner[piece.Email], "email "+piece.Email)))
		case piece.Name != "":
			b.WriteString(standIn(cmp.Or(p.nameOwner[piece.Name], "name "+piece.Name)).name())
		default:
			b.WriteString(piece.Plain)
		}
	}
	return b.String()
}

// userEmail and userName are what a user is called in the copy.
func (p *people) userEmail(u user) string {
	if email := u.Email.plain(); p.keep && api.ValidEmail(email) {
		return email
	}
	return p.email(u.ID)
}

func (p *people) userName(u user) string {
	if p.keep {
		return u.Name.plain()
	}
	return standIn(u.ID).name()
}
