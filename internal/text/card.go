package text

import "strings"

// A card number has 13 to 19 digits (ISO/IEC 7812 allows up to 19), the last a check digit.
const (
	shortestCard = 13
	longestCard  = 19
)

// group is a run of digits s[from:to].
type group struct{ from, to int }

// HoldsCard reports whether a text contains a card number: such a text is never stored. A card number is 13 to
// 19 digits that begin as the numbers of some brand of that length do and pass the check of card numbers; a moment
// of this century in milliseconds or nanoseconds, unbroken, is none. What it refuses, a merchant can always change;
// what it lets through by mistake is still hidden from logs by MaskCards.
func HoldsCard(s string) bool {
	digits := 0
	for i := range len(s) {
		if digit(s[i]) {
			digits++
		}
	}
	return digits >= shortestCard && mask(s, "", isCard) != s
}

// MaskCards puts replacement in the place of everything in s that could be a card number of any issuer, known or
// not: 13 to 19 digits that pass the check of card numbers. It hides one in ten of other numbers as well, which
// costs little where people read.
func MaskCards(s, replacement string) string { return mask(s, replacement, couldBeCard) }

// mask replaces the numbers that is tells. Groups of digits that a single space or dash separates may form a number
// together; any part of such a chain that begins and ends with whole groups is tried.
func mask(s, replacement string, is func(digits string, groups int) bool) string {
	var buf [16]group
	chain := buf[:0]
	out, copied := "", 0
	flush := func() {
		for i := 0; i < len(chain); {
			n := cardAt(s, chain[i:], is)
			if n == 0 {
				i++
				continue
			}
			out += s[copied:chain[i].from] + replacement
			copied = chain[i+n-1].to
			i += n
		}
		chain = chain[:0]
	}
	for i := 0; i < len(s); {
		if !digit(s[i]) {
			i++
			continue
		}
		n := len(s[i:]) - len(strings.TrimLeft(s[i:], "0123456789"))
		if len(chain) > 0 && !joins(s[chain[len(chain)-1].to:i]) {
			flush()
		}
		chain = append(chain, group{i, i + n})
		i += n
	}
	flush()
	return out + s[copied:]
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func joins(between string) bool { return between == " " || between == "-" }

// cardAt tells how many of the first groups form a card number, 0 when none do; the longest wins.
func cardAt(s string, chain []group, is func(string, int) bool) int {
	var buf [longestCard]byte
	digits, best := buf[:0], 0
	for i, g := range chain {
		if len(digits)+g.to-g.from > longestCard {
			break
		}
		digits = append(digits, s[g.from:g.to]...)
		if len(digits) >= shortestCard && is(string(digits), i+1) {
			best = i + 1
		}
	}
	return best
}

func isCard(digits string, groups int) bool {
	return luhn(digits) && issued(digits) && (groups > 1 || !isTime(digits))
}

// couldBeCard knows no brands. All zeros pass the check and are no number.
func couldBeCard(digits string, _ int) bool {
	return luhn(digits) && strings.Trim(digits, "0") != ""
}

// luhn is the check of ISO/IEC 7812-1, annex B.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
