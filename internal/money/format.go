package money

import (
	"strconv"
	"strings"
)

const (
	noBreakSpace       = "\u00a0"
	narrowNoBreakSpace = "\u202f"
)

// Format writes an amount for people, in the conventions of a locale such as "en", "de-DE" or
// "fr_CA": "$34.99", "34,99 €", "¥1,200". A currency without a well-known sign is written by its
// code, "KWD 1.234". Only the language counts; an unknown one is written as English. The result is
// for pages, never for machines.
func Format(a Amount, locale string) string {
	s := styleOf(locale)
	var b strings.Builder
	if a.Minor < 0 {
		b.WriteByte('-')
	}
	sign, known := symbol(a.Currency)
	if !s.after {
		b.WriteString(sign)
		if !known {
			b.WriteByte(' ')
		}
	}
	writeNumber(&b, magnitude(a.Minor), a.Currency.Digits(), s)
	if s.after {
		b.WriteString(noBreakSpace)
		b.WriteString(sign)
	}
	return b.String()
}

type style struct {
	group, point string
	after        bool // the sign stands behind the number
}

func styleOf(locale string) style {
	language, _, _ := strings.Cut(locale, "-")
	language, _, _ = strings.Cut(language, "_")
	switch strings.ToLower(language) {
	case "de", "it", "da":
		return style{".", ",", true}
	case "fr":
		return style{narrowNoBreakSpace, ",", true}
	case "sv", "nb", "nn", "no", "fi", "cs":
		return style{noBreakSpace, ",", true}
	default:
		return style{",", ".", false}
	}
}

func writeNumber(b *strings.Builder, m uint64, decimals int, s style) {
	n := strconv.FormatUint(m, 10)
	if pad := decimals + 1 - len(n); pad > 0 {
		n = strings.Repeat("0", pad) + n
	}
	integer, fraction := n[:len(n)-decimals], n[len(n)-decimals:]
	for i := range len(integer) {
		if i > 0 && (len(integer)-i)%3 == 0 {
			b.WriteString(s.group)
		}
		b.WriteByte(integer[i])
	}
	if fraction != "" {
		b.WriteString(s.point)
		b.WriteString(fraction)
	}
}

// symbol is the sign that names the currency without doubt, or its code.
func symbol(c Currency) (string, bool) {
	switch c {
	case "USD":
		return "$", true
	case "EUR":
		return "€", true
	case "GBP":
		return "£", true
	case "JPY":
		return "¥", true
	case "CNY":
		return "CN¥", true
	case "KRW":
		return "₩", true
	case "INR":
		return "₹", true
	case "VND":
		return "₫", true
	case "ILS":
		return "₪", true
	case "PHP":
		return "₱", true
	case "BRL":
		return "R$", true
	case "CAD":
		return "CA$", true
	case "AUD":
		return "A$", true
	case "NZD":
		return "NZ$", true
	case "MXN":
		return "MX$", true
	case "HKD":
		return "HK$", true
	case "TWD":
		return "NT$", true
	default:
		return string(c), false
	}
}
