package text

import (
	"slices"
	"strings"
)

// A card number has 13 to 19 digits (ISO/IEC 7812 allows up to 19), the last a check digit.
const (
	shortestCard = 13
	longestCard  = 19
)

// group is a run of digits s[from:to].
type group struct{ from, to int }

// HoldsCard reports whether a text contains a card number: such a text is never stored.
func HoldsCard(s string) bool {
	digits := 0
	for i := range len(s) {
		if digit(s[i]) {
			digits++
		}
	}
	return digits >= shortestCard && MaskCards(s, "") != s
}

// MaskCards puts mask in the place of every card number in s: 13 to 19 digits that pass the check of card
// numbers. Groups of digits that a single space or dash separates may form a number together; any part of
// such a chain that begins and ends with whole groups is tried.
func MaskCards(s, mask string) string {
	var buf [16]group
	chain := buf[:0]
	out, copied := "", 0
	flush := func() {
		for i := 0; i < len(chain); {
			n := cardAt(s, chain[i:])
			if n == 0 {
				i++
				continue
			}
			out += s[copied:chain[i].from] + mask
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
func cardAt(s string, chain []group) int {
	digits, best := 0, 0
	for i, g := range chain {
		digits += g.to - g.from
		if digits > longestCard {
			break
		}
		if digits >= shortestCard && luhn(s, chain[:i+1]) {
			best = i + 1
		}
	}
	return best
}

// luhn is the check of ISO/IEC 7812-1, annex B. All zeros pass it and are no number.
func luhn(s string, chain []group) bool {
	sum, double, zeros := 0, false, true
	for _, c := range slices.Backward(chain) {
		for j := c.to - 1; j >= c.from; j-- {
			d := int(s[j] - '0')
			zeros = zeros && d == 0
			if double {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
			double = !double
		}
	}
	return sum%10 == 0 && !zeros
}
