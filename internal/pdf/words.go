package pdf

import (
	"strings"
	"time"

	"flint/internal/money"
)

// titles and stamps are the words of kinds and states.
func (k Kind) title() string {
	switch k {
	case CreditNote:
		return "Credit note"
	case Receipt:
		return "Receipt"
	}
	return "Invoice"
}

func (s Stamp) word() string {
	return strings.ToUpper(strings.ReplaceAll(string(s), "_", " "))
}

func (s Stamp) color() color {
	switch s {
	case Paid, Credited:
		return good
	case Void, Overdue:
		return bad
	case PartiallyPaid, Uncollectible:
		return waiting
	}
	return grey
}

// date writes a day as the locale's country does, with the month in letters so that nobody reads it wrongly.
func (d *Document) date(t time.Time) string {
	zone := d.Zone
	if zone == nil {
		zone = time.UTC
	}
	if d.american() {
		return t.In(zone).Format("January 2, 2006")
	}
	return t.In(zone).Format("2 January 2006")
}

func (d *Document) american() bool {
	return d.Locale == "" || strings.EqualFold(d.Locale, "en") || strings.EqualFold(strings.ReplaceAll(d.Locale, "_", "-"), "en-US")
}

func (d *Document) money(minor int64) string {
	return money.Format(money.Amount{Minor: minor, Currency: d.Currency}, d.Locale)
}

// letter tells of a seller whose country prints on Letter paper.
func (d *Document) letter() bool {
	switch d.Seller.Country {
	case "US", "CA", "MX", "PR", "PH", "CO", "CL", "VE", "GT", "CR", "DO", "PA", "SV", "NI":
		return true
	}
	return false
}

// zeroed leaves out amounts of nothing.
func zeroed(rows []Entry) (out []Entry) {
	for _, r := range rows {
		if r.Amount != 0 {
			out = append(out, r)
		}
	}
	return out
}
