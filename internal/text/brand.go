package text

// brand is a range of issuer prefixes, of as many digits as both ends have, and the lengths of its numbers.
type brand struct {
	name              string
	from, to          int64
	prefix            int // digits of from and to
	shortest, longest int // digits of a whole number
}

// brands are the issuers of ISO/IEC 7812 whose cards pay for goods, as their networks publish the ranges.
// Maestro's shorter numbers of 12 digits are left out: telephone numbers with their country have as many.
var brands = []brand{
	{"visa", 4, 4, 1, 13, 13},
	{"visa", 4, 4, 1, 16, 16},
	{"visa", 4, 4, 1, 19, 19},
	{"mastercard", 51, 55, 2, 16, 16},
	{"mastercard", 2221, 2720, 4, 16, 16},
	{"american express", 34, 34, 2, 15, 15},
	{"american express", 37, 37, 2, 15, 15},
	{"discover", 6011, 6011, 4, 16, 19},
	{"discover", 644, 649, 3, 16, 19},
	{"discover", 65, 65, 2, 16, 19},
	{"diners club", 300, 305, 3, 14, 19},
	{"diners club", 3095, 3095, 4, 14, 19},
	{"diners club", 36, 36, 2, 14, 19},
	{"diners club", 38, 39, 2, 14, 19},
	{"jcb", 3528, 3589, 4, 16, 19},
	{"unionpay", 62, 62, 2, 16, 19},
	{"unionpay", 81, 81, 2, 16, 19},
	{"rupay", 82, 82, 2, 16, 16},
	{"mir", 2200, 2204, 4, 16, 19},
	{"borica", 2205, 2205, 4, 16, 16},
	{"uzcard", 8600, 8600, 4, 16, 16},
	{"troy", 9792, 9792, 4, 16, 16},
	{"humo", 9860, 9860, 4, 16, 16},
	{"maestro", 50, 50, 2, shortestCard, longestCard},
	{"maestro", 56, 58, 2, shortestCard, longestCard},
	{"maestro", 6, 6, 1, shortestCard, longestCard},
}

// issued tells whether some brand gives out numbers that begin and are as long as this one of 13 to 19 digits.
func issued(digits string) bool {
	for i := range brands {
		b := &brands[i]
		if len(digits) < b.shortest || len(digits) > b.longest {
			continue
		}
		if p := number(digits[:b.prefix]); p >= b.from && p <= b.to {
			return true
		}
	}
	return false
}

// The first moments of 2001 and of 2100, in milliseconds since 1970.
const (
	timesFrom int64 = 978_307_200_000
	timesTo   int64 = 4_102_444_800_000
)

// isTime tells whether digits that stand unbroken are a moment of this century in milliseconds or nanoseconds.
// Those overlap with the edges of brands that give out no such numbers to anybody today: 13 digits of Visa
// below 4102…, and 19 digits of Visa, Diners Club and JCB.
func isTime(digits string) bool {
	switch len(digits) {
	case 13:
		n := number(digits)
		return n >= timesFrom && n < timesTo
	case 19:
		n := number(digits) / 1_000_000 // 19 digits fit: those that do not would be later
		return n >= timesFrom && n < timesTo
	}
	return false
}

func number(digits string) (n int64) {
	for i := range len(digits) {
		n = n*10 + int64(digits[i]-'0')
	}
	return n
}
