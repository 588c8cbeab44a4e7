package notification

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"flint/internal/money"
)

// Order is what a receipt says of an order. Amounts are minor units of Currency, and
// Subtotal + charges - Discount + Tax + Tip is Total.
type Order struct {
	Number        string
	Paid          bool   // everything due was settled; money only, never an authorization
	MerchantSends bool   // the merchant sends its own receipts
	OnRequest     bool   // the merchant wants none sent that nobody asked for
	Email         string // address on file, may be empty
	Locale        string // of the buyer, for amounts; may be empty
	Header        string // the merchant's text above the items; may be empty
	Footer        string // and below the sums
	Brief         bool   // sums alone, without the items
	PaidAt        time.Time
	Zone          *time.Location // in which PaidAt is shown; UTC when nil
	Merchant      Merchant
	Currency      money.Currency
	Items         []Item
	Charges       []Item
	Subtotal      int64
	Discount      int64
	Tax           int64 // on top of the prices
	TaxIncluded   int64 // inside them
	Tip           int64
	Total         int64
	Received      int64 // settled
	Refunded      int64
}

// Item is a line or a charge before discounts and taxes.
type Item struct {
	Name     string
	Quantity int64 // 0 for charges
	Amount   int64
}

// Merchant is who sold.
type Merchant struct {
	Name         string
	SupportEmail string
	SupportPhone string
	SupportURL   string
	Address      []string // lines
}

// receipt is what the receipt of an order says.
func (o Order) receipt() content {
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	number := oneLine(o.Number)
	c := content{Family: FamilyReceipts, Heading: "Receipt for order " + number, Footer: o.Footer, Locale: o.Locale}
	c.Subject = c.Heading
	if name := oneLine(o.Merchant.Name); name != "" {
		c.Subject += " from " + name
	}
	amount := func(minor int64) string {
		return money.Format(money.Amount{Minor: minor, Currency: o.Currency}, o.Locale)
	}
	c.Blocks = append(c.Blocks, Paragraph("Paid on "+o.PaidAt.In(zone).Format("2 January 2006")))
	if o.Header != "" {
		c.Blocks = append(c.Blocks, Paragraph(o.Header))
	}
	var items, sums []Fact
	if !o.Brief {
		for _, i := range o.Items {
			name := oneLine(i.Name)
			if i.Quantity != 1 {
				name = fmt.Sprintf("%d × %s", i.Quantity, name)
			}
			items = append(items, Fact{Name: name, Value: amount(i.Amount)})
		}
		c.Blocks = append(c.Blocks, Facts(items...))
	}
	sum := func(show bool, name string, minor int64) {
		if show {
			sums = append(sums, Fact{Name: name, Value: amount(minor)})
		}
	}
	sum(!o.Brief, "Subtotal", o.Subtotal)
	sum(o.Discount != 0, "Discount", -o.Discount)
	for _, i := range o.Charges {
		sum(!o.Brief, oneLine(i.Name), i.Amount)
	}
	sum(o.Tax != 0, "Tax", o.Tax)
	sum(o.Tip != 0, "Tip", o.Tip)
	sums = append(sums, Fact{Name: "Total", Value: amount(o.Total), Strong: true})
	sum(o.TaxIncluded != 0, "Tax included in the prices", o.TaxIncluded)
	sum(true, "Paid", o.Received)
	sum(o.Refunded != 0, "Refunded", o.Refunded)
	c.Blocks = append(c.Blocks, Facts(sums...))
	return c
}

// oneLine keeps what callers wrote from adding lines or header fields to a mail.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\r' || c == '\t' || c == '\u2028' || c == '\u2029':
			return ' '
		case unicode.IsControl(c):
			return -1
		}
		return c
	}, s))
}
