package notification

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"

	"flint/internal/money"
	"flint/internal/tenant"
)

// Order is what a receipt says of an order. Amounts are minor units of Currency, and
// Subtotal + charges - Discount + Tax + Tip is Total.
type Order struct {
	Number        string
	Paid          bool   // everything due was settled; money only, never an authorization
	MerchantSends bool   // the merchant sends its own receipts
	Email         string // address on file, may be empty
	Locale        string // of the buyer, for amounts; may be empty
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

//go:embed receipt.html
var receiptHTML string

// page is what both renderings show: rows of a name and a written amount.
type page struct {
	Title, Merchant, Number, Date string
	Test                          bool
	Items, Sums                   []row
	Contact                       []string
	Address                       []string
}

type row struct {
	Name, Amount string
	Strong       bool
}

func render(o Order, scope tenant.Scope) (Message, error) {
	p := newPage(o, scope.Mode() == tenant.ModeTest)
	t, err := template.New("receipt").Parse(receiptHTML)
	if err != nil {
		return Message{}, fmt.Errorf("read the receipt's template: %w", err)
	}
	var page strings.Builder
	if err := t.Execute(&page, p); err != nil {
		return Message{}, fmt.Errorf("render a receipt: %w", err)
	}
	return Message{FromName: p.Merchant, ReplyTo: o.Merchant.SupportEmail, Subject: p.Title, Text: p.text(), HTML: page.String()}, nil
}

func newPage(o Order, test bool) page {
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	p := page{Merchant: oneLine(o.Merchant.Name), Number: oneLine(o.Number), Date: o.PaidAt.In(zone).Format("2 January 2006"), Test: test}
	p.Title = "Receipt for order " + p.Number
	if p.Merchant != "" {
		p.Title += " from " + p.Merchant
	}
	if test {
		p.Title = "[Test] " + p.Title
	}
	amount := func(minor int64) string {
		return money.Format(money.Amount{Minor: minor, Currency: o.Currency}, o.Locale)
	}
	for _, i := range o.Items {
		name := oneLine(i.Name)
		if i.Quantity != 1 {
			name = fmt.Sprintf("%d × %s", i.Quantity, name)
		}
		p.Items = append(p.Items, row{Name: name, Amount: amount(i.Amount)})
	}
	sum := func(show bool, name string, minor int64) {
		if show {
			p.Sums = append(p.Sums, row{Name: name, Amount: amount(minor)})
		}
	}
	sum(true, "Subtotal", o.Subtotal)
	sum(o.Discount != 0, "Discount", -o.Discount)
	for _, c := range o.Charges {
		sum(true, oneLine(c.Name), c.Amount)
	}
	sum(o.Tax != 0, "Tax", o.Tax)
	sum(o.Tip != 0, "Tip", o.Tip)
	sum(true, "Total", o.Total)
	p.Sums[len(p.Sums)-1].Strong = true
	sum(o.TaxIncluded != 0, "Tax included in the prices", o.TaxIncluded)
	sum(true, "Paid", o.Received)
	sum(o.Refunded != 0, "Refunded", o.Refunded)
	for _, c := range []string{o.Merchant.SupportEmail, o.Merchant.SupportPhone, o.Merchant.SupportURL} {
		if c != "" {
			p.Contact = append(p.Contact, oneLine(c))
		}
	}
	for _, l := range o.Merchant.Address {
		p.Address = append(p.Address, oneLine(l))
	}
	return p
}

func (p page) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if p.Test {
		line("This is a test: no money was moved.\n")
	}
	line("%s", p.Merchant)
	line("Receipt for order %s", p.Number)
	line("Paid on %s\n", p.Date)
	for _, r := range p.Items {
		line("%s: %s", r.Name, r.Amount)
	}
	line("")
	for _, r := range p.Sums {
		line("%s: %s", r.Name, r.Amount)
	}
	if len(p.Contact) > 0 {
		line("\nQuestions? %s", strings.Join(p.Contact, ", "))
	}
	for i, l := range p.Address {
		if i == 0 {
			line("")
		}
		line("%s", l)
	}
	return b.String()
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
