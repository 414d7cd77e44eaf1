package pull

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"antechamber/api"
)

// people takes e-mail addresses and full names out of what was read, and puts
// stand-ins in their place. In between only codes of them are kept, made with
// the admin key, so that nobody without the key can try out addresses.
type people struct {
	keep bool // leave everything as it is
	mac  hash.Hash

	// What belongs to somebody, by its code. Names are those of users, in every
	// form that they may be written in.
	emails, names map[string]bool
	longest       int // letters that a name has at most

	// Who it belongs to, once everything is read.
	persona               map[string]string // of a user: the id that the stand-in is made of
	emailOwner, nameOwner map[string]string
	digits                map[string]int    // how many tell an owner from all others
	called                map[string]string // the owners that are users
}

func newPeople(key string, keep bool) *people {
	return &people{keep: keep, mac: hmac.New(sha256.New, []byte(key)), emails: map[string]bool{}, names: map[string]bool{}}
}

func (p *people) code(kind, s string) string {
	p.mac.Reset()
	p.mac.Write([]byte(kind + "\n" + s))
	return hex.EncodeToString(p.mac.Sum(nil)[:16])
}

func (p *people) emailCode(email string) string { return p.code("email", fold(email, false).s) }

// nameCode is the code of a name, or of another form of one, by its letters.
func (p *people) nameCode(letters string) string { return p.code("name", letters) }

// known are the codes of the forms that a name may be written in.
type known struct {
	Codes   []string `json:"codes,omitempty"`
	Longest int      `json:"longest,omitempty"` // letters of a form at most, and not to the letter
}

func (p *people) known(forms []string) (k known) {
	const step = 16 // by which the length tells next to nothing
	for _, form := range forms {
		k.Codes = append(k.Codes, p.nameCode(form))
		k.Longest = max(k.Longest, (utf8.RuneCountInString(form)+step-1)/step*step)
	}
	return k
}

func (p *people) hideUser(u *user) {
	if p.keep {
		return
	}
	email, name := u.Email.plain(), u.Name.plain()
	all := forms(name)
	u.Forms = p.known(unique(append(slices.Clone(all), formsOfAddress(email)...)))
	u.Email, u.Name = text{{Email: p.emailCode(email)}}, text{{Name: p.nameCode(letters(name))}}
}

func (p *people) learnUser(u user) {
	p.learn(u.Forms, u.Email)
}

func (p *people) hideInvite(i *invite) {
	if !p.keep {
		email := i.Email.plain()
		i.Forms = p.known(formsOfAddress(email))
		i.Email = text{{Email: p.emailCode(email)}}
	}
}

func (p *people) learnInvite(i invite) { p.learn(i.Forms, i.Email) }

func (p *people) learn(forms known, email text) {
	for _, piece := range email {
		if piece.Email != "" {
			p.emails[piece.Email] = true
		}
	}
	for _, code := range forms.Codes {
		p.names[code] = true
	}
	p.longest = max(p.longest, forms.Longest)
}

func (p *people) hideWorkspace(w *workspace) {
	if w.Name.plain() != defaultName { // by which the Default Workspace is found
		w.Name = p.scrub(w.Name)
	}
	for i := range w.Tags {
		w.Tags[i].Key, w.Tags[i].Value = p.scrub(w.Tags[i].Key), p.scrub(w.Tags[i].Value)
	}
	if w.ExternalKeyID != nil {
		scrubbed := p.scrub(*w.ExternalKeyID)
		w.ExternalKeyID = &scrubbed
	}
}

func (p *people) hideKey(k *apiKey) { k.Name = p.scrub(k.Name) }

// scrub takes addresses and names of users out of a text. What was taken out
// before stays so.
func (p *people) scrub(t text) (out text) {
	if p.keep {
		return t
	}
	for _, piece := range t {
		if piece.Plain == "" {
			out = append(out, piece)
			continue
		}
		out = append(out, p.scrubPlain(piece.Plain)...)
	}
	return out
}

// address finds what may be an e-mail address in a folded text: rather too
// much than too little.
var address = regexp.MustCompile("[\\p{L}\\p{M}\\p{N}.!#$%&'*+/=?^_`{|}~-]+@" + `[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+)*`)

func (p *people) scrubPlain(s string) (out text) {
	f, done := fold(s, false), 0
	for pos := 0; ; {
		at := address.FindStringIndex(f.s[pos:])
		if at == nil {
			return append(out, p.scrubNames(s[done:])...)
		}
		from, to, known := p.exact(f, pos+at[0], pos+at[1])
		pos = to
		if !known && !strings.Contains(f.s[strings.LastIndex(f.s[from:to], "@")+from:to], ".") { // deploy@prod
			continue
		}
		begin, end := f.span(from, to)
		begin = max(begin, done)
		out = append(out, p.scrubNames(s[done:begin])...)
		out = append(out, piece{Email: p.code("email", f.s[from:to])})
		done = end
	}
}

// longestSide is how many bytes there are on a side of an @ at most.
const longestSide = 320

// exact gives the part of a find that is an address of somebody, such as that
// in user=jane@example.com-old, or else all of it.
func (p *people) exact(f folded, from, to int) (int, int, bool) {
	at := from + strings.IndexByte(f.s[from:to], '@')
	for begin := max(from, at-longestSide); begin < at; begin++ {
		if begin != from && !f.boundary(begin) {
			continue
		}
		for end := min(to, at+longestSide); end > at; end-- {
			if (end == to || f.boundary(end)) && p.emails[p.code("email", f.s[begin:end])] {
				return begin, end, true
			}
		}
	}
	return from, to, false
}

func (p *people) scrubNames(s string) (out text) {
	f, done := fold(s, true), 0
	for all, i := f.atoms(), 0; i < len(all); {
		n, code := p.nameAt(f, all, i)
		if n == 0 {
			i++
			continue
		}
		begin, end := f.span(all[i].from, all[i+n-1].to)
		if begin > done {
			out = append(out, piece{Plain: s[done:begin]})
		}
		out = append(out, piece{Name: code})
		done, i = end, i+n
	}
	if code := p.nameCode(letters(s)); done == 0 && s != "" && p.names[code] { // a name of signs
		return text{{Name: code}}
	}
	if done < len(s) {
		out = append(out, piece{Plain: s[done:]})
	}
	return out
}

// nameAt gives of how many atoms from the one at i on a name is, the longest
// one, and its code.
func (p *people) nameAt(f folded, all []atom, i int) (n int, code string) {
	said, short := "", "" // short is without single letters in the middle
	for j := i; j < len(all); j++ {
		word := f.s[all[j].from:all[j].to]
		said += word
		if utf8.RuneCountInString(said) > p.longest+mostInitials {
			break
		}
		if worth(all, i, j, said) {
			for _, letters := range unique([]string{said, short + word}) {
				if c := p.nameCode(letters); p.names[c] {
					n, code = j-i+1, c
				}
			}
		}
		if j == i || len(word) > 1 {
			short += word
		}
	}
	return n, code
}

// mostInitials is how many single letters may stand in a name that has none.
const mostInitials = 4

// worth tells whether some atoms are looked at as a name: a short word may be
// any other, unless nothing else is there.
func worth(all []atom, i, j int, letters string) bool {
	if i == 0 && j == len(all)-1 {
		return true
	}
	if !strings.ContainsFunc(letters, unicode.IsLetter) {
		return false
	}
	ascii := !strings.ContainsFunc(letters, func(r rune) bool { return r >= utf8.RuneSelf })
	apart := slices.ContainsFunc(all[i+1:j+1], func(a atom) bool { return !a.joined })
	switch n := utf8.RuneCountInString(letters); {
	case apart:
		return n >= 2
	case ascii:
		return n >= 3
	default:
		return n >= 2
	}
}

// settle decides whose stand-in takes the place of each address and name. That
// of an address is the oldest invite's to it, also of the user that it became,
// and else the user's; where two users have one name, it is the one's who
// joined first.
func (p *people) settle(users []user, invites []invite) {
	p.persona, p.emailOwner, p.nameOwner = map[string]string{}, map[string]string{}, map[string]string{}
	users, invites = slices.Clone(users), slices.Clone(invites)
	slices.SortFunc(users, func(a, b user) int {
		return cmp.Or(a.AddedAt.Compare(b.AddedAt.Time), strings.Compare(a.ID, b.ID))
	})
	slices.SortFunc(invites, func(a, b invite) int {
		return cmp.Or(a.InvitedAt.Compare(b.InvitedAt.Time), strings.Compare(a.ID, b.ID))
	})
	p.settleAddresses(users, invites)
	p.settleNames(users, invites)
	var owners []string
	for _, u := range users {
		owners = append(owners, u.ID, p.persona[u.ID])
	}
	for _, i := range invites {
		owners = append(owners, i.ID)
	}
	p.digits = map[string]int{}
	p.distinguish(owners)
	p.call(users)
}

// own makes somebody the owner of a code that nobody has.
func own(of map[string]string, code, id string) {
	if _, taken := of[code]; code != "" && !taken {
		of[code] = id
	}
}

func (t text) emailCode() (code string) {
	for _, piece := range t {
		code = cmp.Or(code, piece.Email)
	}
	return code
}

func (p *people) settleAddresses(users []user, invites []invite) {
	invited, accepted := map[string]string{}, map[string]bool{}
	for _, i := range invites {
		code := i.Email.emailCode()
		own(invited, code, i.ID)
		// One that is pending and to a user was accepted since it was read.
		accepted[code] = accepted[code] || i.Status == api.InviteAccepted || i.Status == api.InvitePending
	}
	for _, u := range users {
		code := u.Email.emailCode()
		p.persona[u.ID] = u.ID
		if _, taken := p.emailOwner[code]; code != "" && accepted[code] && !taken {
			p.persona[u.ID] = invited[code]
		}
		own(p.emailOwner, code, p.persona[u.ID])
	}
	for _, i := range invites {
		own(p.emailOwner, i.Email.emailCode(), i.ID)
	}
}

func (p *people) settleNames(users []user, invites []invite) {
	for _, u := range users {
		for _, piece := range u.Name {
			own(p.nameOwner, piece.Name, p.persona[u.ID])
		}
	}
	for _, u := range users {
		for _, code := range u.Forms.Codes {
			own(p.nameOwner, code, p.persona[u.ID])
		}
	}
	for _, i := range invites {
		for _, code := range i.Forms.Codes {
			own(p.nameOwner, code, p.emailOwner[i.Email.emailCode()])
		}
	}
}

// call gives every user a name of its own: who joined later gets initials.
func (p *people) call(users []user) {
	p.called = map[string]string{}
	taken := map[string]bool{}
	for _, u := range users {
		owner := p.persona[u.ID]
		for initials := 0; ; initials++ {
			name := standIn(owner).name(initials)
			if !taken[name] {
				p.called[owner], taken[name] = name, true
				break
			}
		}
	}
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
	hash          []byte
}

// standIn makes the stand-in of an id: always the same.
func standIn(id string) person {
	h := sha256.Sum256([]byte("antechamber stand-in\n" + id))
	pick := func(b []byte, names []string) string { return names[(int(b[0])<<8|int(b[1]))%len(names)] }
	return person{pick(h[0:], givenNames), pick(h[2:], familyNames), h[4:]}
}

// name is what the stand-in is called, with so many initials.
func (p person) name(initials int) string {
	name := p.given
	for i := range initials {
		name += fmt.Sprintf(" %c.", 'A'+p.hash[i%len(p.hash)]%26)
	}
	return name + " " + p.family
}

func (p person) email(digits int) string {
	hash := hex.EncodeToString(p.hash)
	return strings.ToLower(p.given+"."+p.family) + "." + hash[:min(digits, len(hash))] + "@example.com"
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
			owner := cmp.Or(p.nameOwner[piece.Name], "name "+piece.Name)
			b.WriteString(cmp.Or(p.called[owner], standIn(owner).name(0)))
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
	return p.email(p.persona[u.ID])
}

func (p *people) userName(u user) string {
	if p.keep {
		return u.Name.plain()
	}
	return p.called[p.persona[u.ID]]
}
