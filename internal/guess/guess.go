// Package guess suggests corrections for misspelled words.
package guess

import "strings"

// maxLength is the length in bytes up to which a word is compared. The time grows
// with it.
const maxLength = 100

// Nearest returns the word nearest to a misspelled one: only a few letters differ, or
// letters were omitted. It returns "" if none is near.
func Nearest[T ~string](word T, words []T) T {
	lower := strings.ToLower(string(word))
	if len(lower) > maxLength {
		return ""
	}
	best, distance := T(""), 1+max(1, len(lower)/3)
	for _, w := range words {
		if d := edits(lower, strings.ToLower(string(w))); d < distance && d < len(lower) { // some letters agree
			best, distance = w, d
		}
	}
	if best != "" || len(lower) <= 3 {
		return best
	}
	for _, w := range words {
		// For example, createInvite for createOrganizationInvite.
		if isSubsequence(lower, strings.ToLower(string(w))) {
			return w
		}
	}
	return ""
}

// Operation is Nearest for operation ids. It knows that people often use other terms
// than the Admin API, such as deleteUser for removeOrganizationMember.
func Operation(word string, ids []string) string {
	if len(word) > maxLength {
		return ""
	}
	if best := Nearest(word, ids); best != "" && edits(strings.ToLower(word), strings.ToLower(best)) <= 2 {
		return best
	}
	common := make([]string, len(ids))
	for i, id := range ids {
		common[i] = commonTerms.Replace(id)
	}
	near := Nearest(commonTerms.Replace(word), common)
	for i := range ids {
		if near != "" && common[i] == near {
			return ids[i]
		}
	}
	return Nearest(word, ids)
}

// commonTerms replaces terms of the Admin API, and their synonyms, by common ones.
var commonTerms = strings.NewReplacer(
	"OrganizationMember", "User", "OrganizationInvite", "Invite", "WorkspaceMember", "Member", "CurrentOrganization", "Me",
	"remove", "delete", "retrieve", "get", "change", "update", "add", "create", "new", "create", "invite", "createInvite",
)

// edits returns how many bytes must be inserted, deleted or replaced to turn a into
// b.
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
