// Package guess finds the word that was probably meant.
package guess

import "strings"

// longest is how many bytes a word has at most that is compared: the time goes
// with its length.
const longest = 100

// Nearest returns the one of the words that is nearest to another, where one is
// near: some letters differ, or were left out. It is empty where none is.
func Nearest[T ~string](word T, words []T) T {
	wrong := strings.ToLower(string(word))
	if len(wrong) > longest {
		return ""
	}
	best, distance := T(""), 1+max(1, len(wrong)/3)
	for _, w := range words {
		if d := edits(wrong, strings.ToLower(string(w))); d < distance {
			best, distance = w, d
		}
	}
	if best != "" || len(wrong) <= 3 {
		return best
	}
	for _, w := range words {
		// createInvite, for createOrganizationInvite.
		if isSubsequence(wrong, strings.ToLower(string(w))) {
			return w
		}
	}
	return ""
}

// Operation is Nearest for names of operations, of which people leave out or
// change what the Admin API alone says: removeOrganizationMember is deleteUser to
// most.
func Operation(word string, ids []string) string {
	if len(word) > longest {
		return ""
	}
	if best := Nearest(word, ids); best != "" && edits(strings.ToLower(word), strings.ToLower(best)) <= 2 {
		return best
	}
	said := make([]string, len(ids))
	for i, id := range ids {
		said[i] = ordinary.Replace(id)
	}
	near := Nearest(ordinary.Replace(word), said)
	for i := range ids {
		if near != "" && said[i] == near {
			return ids[i]
		}
	}
	return Nearest(word, ids)
}

// ordinary turns the words of the Admin API into one of those that people use
// for the same.
var ordinary = strings.NewReplacer(
	"OrganizationMember", "User", "OrganizationInvite", "Invite", "WorkspaceMember", "Member", "CurrentOrganization", "Me",
	"remove", "delete", "retrieve", "get", "change", "update", "add", "create", "new", "create", "invite", "createInvite",
)

// edits counts the bytes to insert, delete or replace to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func isSubsequence(short, long string) bool {
	for i := range len(long) {
		if short != "" && short[0] == long[i] {
			short = short[1:]
		}
	}
	return short == ""
}
