package account

import (
	"cmp"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/web/ui"
)

// row is a named amount.
type row struct {
	Name, Amount string
	Included     bool
}

// line is one line of an order.
type line struct {
	Name, Description, Each, Amount, ImageURL, ImageAlt string
	Refunded                                            string // how many units came back; empty for none
}

// Initial stands in for a picture.
func (l line) Initial() string {
	for _, r := range l.Name {
		return string(r)
	}
	return ""
}

// moved is a payment or a refund.
type moved struct {
	Date, What, Amount, State string // State is a key
	Kind                      string // of the badge: good, warn, bad or empty
}

// status is an order as its buyer sees it.
type status struct {
	Number, Placed    string
	State, Text       string // keys
	Over              bool   // nothing more happens with it
	Mark              string // good, warn or empty
	Lines             []line
	Bare              bool // no line has a picture
	Subtotal          string
	Discounts         []row
	Charges           []row
	Taxes             []row
	Tip, Total        string
	Paid, Refunded    string
	Exchanged         string // what moved to the orders that replace goods
	Due               string // what can be paid here, in the button
	Owed              string // what is owed, whether it can be paid here or not
	Payments, Refunds []moved
	Ways              []way
	Recipient         string
	Delivery          []string
	Note              string
	Receipt           bool // can be mailed
	ReceiptTo         string
	images            []string
}

// maxMoved is how many payments and refunds a page shows.
const maxMoved = 50

// status reads an order.
func (h *Handler) status(tx db.Tx, v *visit, o *order.Order) (*status, error) {
	legs, err := payment.OfOrder(tx, v.scope, o.ID, false)
	if err != nil {
		return nil, err
	}
	refunds, more, err := refund.List(tx, refund.ListInput{Scope: v.scope, OrderID: o.ID, Limit: maxMoved})
	if err != nil {
		return nil, err
	}
	share := shareOf(refunds, more != nil)
	m := func(minor int64) string { return v.money(minor, o.Currency) }
	p := o.Pricing
	s := &status{Number: o.Number, Placed: v.date(o.CreatedAt), Total: m(p.Total), Note: o.BuyerNote, Bare: true}
	for i := range o.Lines {
		l := &o.Lines[i]
		out := line{Name: l.Name, Description: l.Description, Amount: m(l.Subtotal)}
		if l.Quantity > 1 {
			out.Each = h.text("pay.each", l.Quantity, m(l.UnitPrice))
		}
		if l.RefundedQuantity > 0 {
			out.Refunded = h.UI.Language("").N("buyer.units."+share.kind(), int(l.RefundedQuantity))
		}
		if l.Image != nil {
			out.ImageURL, out.ImageAlt, s.Bare = l.Image.URL, l.Image.Alt, false
			s.images = append(s.images, ui.Origin(l.Image.URL))
		}
		s.Lines = append(s.Lines, out)
	}
	for i := range o.Discounts {
		if d := &o.Discounts[i]; d.Status != order.DiscountCanceled && d.Applied > 0 {
			s.Discounts = append(s.Discounts, row{Name: d.Name, Amount: m(-d.Applied)})
		}
	}
	for i := range o.Charges {
		s.Charges = append(s.Charges, row{Name: o.Charges[i].Name, Amount: m(o.Charges[i].Applied)})
	}
	if p.Tax != 0 {
		s.Taxes = append(s.Taxes, row{Name: h.text("pay.tax"), Amount: m(p.Tax)})
	}
	if p.TaxIncluded != 0 {
		s.Taxes = append(s.Taxes, row{Name: h.text("pay.tax"), Amount: m(p.TaxIncluded), Included: true})
	}
	if p.Tip != 0 {
		s.Tip = m(p.Tip)
	}
	if len(s.Discounts)+len(s.Charges)+len(s.Taxes) > 0 || s.Tip != "" {
		s.Subtotal = m(p.Subtotal)
	}
	if o.Settlement.Paid > 0 {
		s.Paid = m(o.Settlement.Paid)
	}
	if back := o.Settlement.Refunded - share.moved; back > 0 {
		s.Refunded = m(-back)
	}
	if share.moved > 0 {
		s.Exchanged = m(-share.moved)
	}
	if due := o.Outstanding(); due > 0 && o.Status == order.StatusOpen {
		s.Owed = m(due)
		if o.ActiveAttemptID == "" && h.Payable(v.scope) {
			s.Due = s.Owed
		}
	}
	s.State, s.Mark = stateOf(o, share)
	s.Over = s.State == "refunded" || s.State == "exchanged" || s.State == "closed"
	s.State = "buyer.state." + s.State
	s.Text = s.State + ".text"
	if share.kind() == "both" && (s.State == "buyer.state.refunded" || s.State == "buyer.state.partrefunded") {
		s.Text = s.State + ".both"
	}
	for _, l := range legs[:min(len(legs), maxMoved)] {
		if l.Captured > 0 || l.Authorized > 0 || l.Status == "processing" {
			s.Payments = append(s.Payments, h.payment(v, l))
		}
	}
	slices.Reverse(s.Payments)
	for _, r := range refunds {
		s.Refunds = append(s.Refunds, h.refunded(v, r))
	}
	if d := o.Delivery; d != nil {
		s.Recipient = d.RecipientName
		s.Delivery = addressLines(d.Address.Line1, d.Address.Line2, d.Address.City, d.Address.State, d.Address.PostalCode, d.Address.Country)
	}
	if s.Ways, err = h.ways(tx, v, o); err != nil {
		return nil, err
	}
	s.ReceiptTo = h.receiptAddress(v, o)
	s.Receipt = s.ReceiptTo != "" && o.DerivePaymentStatus() == order.PaymentPaid && h.Mails.Sender != nil
	return s, nil
}

// receiptAddress is where a receipt would go, the way the receipts decide it.
func (h *Handler) receiptAddress(v *visit, o *order.Order) string {
	if b := o.BuyerContact; b != nil && (b.Email != "" || b.EmailCleared) {
		return b.Email
	}
	if v.me != nil {
		return v.me.Email
	}
	return ""
}

// stateOf says in one word where an order stands, and how that looks. What was only exchanged was not refunded.
func stateOf(o *order.Order, s share) (state, mark string) {
	paid := o.DerivePaymentStatus()
	switch {
	case o.DeriveRefundStatus() == order.RefundRefunded && s.kind() == "exchanged":
		return "exchanged", ""
	case o.DeriveRefundStatus() == order.RefundRefunded:
		return "refunded", ""
	case o.ActiveAttemptID != "":
		return "processing", ""
	case o.DeriveRefundStatus() == order.RefundPartiallyRefunded && paid == order.PaymentPaid && s.kind() == "exchanged":
		return "partexchanged", "good"
	case o.DeriveRefundStatus() == order.RefundPartiallyRefunded && paid == order.PaymentPaid:
		return "partrefunded", "good"
	case paid == order.PaymentPaid:
		return "paid", "good"
	case o.Status == order.StatusClosed:
		return "closed", ""
	case paid == order.PaymentPartiallyPaid:
		return "partpaid", "warn"
	}
	return "unpaid", "warn"
}

// kindOf is how the status of a payment or refund looks.
func kindOf(status string) string {
	switch status {
	case "succeeded":
		return "good"
	case "failed", "canceled", "expired":
		return "bad"
	}
	return ""
}

// share tells what of the value given back of an order moved to the orders that replace its goods.
type share struct {
	moved int64 // minor units that arrived there
	only  bool  // all of it goes there
	some  bool
}

// shareOf adds it up. Where there are more refunds than those listed, all of it is called refunded: that is what it is
// to the order, and a sum of some of them would be wrong.
func shareOf(refunds []*refund.Refund, more bool) share {
	if more {
		return share{}
	}
	s := share{only: true}
	for _, r := range refunds {
		switch {
		case r.Status == refund.StatusFailed || r.Status == refund.StatusCanceled:
		case r.Method() != refund.MethodExchangeCredit:
			s.only = false
		default:
			s.some = true
			if r.Status == refund.StatusSucceeded {
				s.moved += r.Amount
			}
		}
	}
	return s
}

// kind is refunded, exchanged or both.
func (s share) kind() string {
	switch {
	case !s.some:
		return "refunded"
	case s.only:
		return "exchanged"
	}
	return "both"
}

// refunded is a refund, with how it reaches the buyer where that is not the way of its payment.
func (h *Handler) refunded(v *visit, r *refund.Refund) moved {
	out := moved{Date: v.date(r.CreatedAt), What: h.text("buyer.refund"), Amount: v.money(r.Amount, r.Currency), State: "buyer.refund." + r.Status, Kind: kindOf(r.Status)}
	switch r.Method() {
	case refund.MethodManual:
		out.What = h.text("buyer.refund.otherwise")
	case refund.MethodExchangeCredit:
		out.What, out.State = h.text("buyer.refund.exchange"), "buyer.refund.credited"
	}
	return out
}

func (h *Handler) payment(v *visit, l *payment.Intent) moved {
	out := moved{Date: v.date(l.CreatedAt), What: h.text("buyer.payment"), Amount: v.money(max(l.Captured, l.Authorized, 0), l.Currency), State: "buyer.payment." + l.Status, Kind: kindOf(l.Status)}
	if l.Captured == 0 && l.Authorized == 0 {
		out.Amount = v.money(l.Amount, l.Currency)
	}
	if s := l.Detail.Source; s != nil {
		switch {
		case s.Type == "ach_debit":
			out.What = h.text("pay.stored.bank", s.Last4)
		case s.Brand != "":
			out.What = h.text("pay.stored.brand", brandName(s.Brand), s.Last4)
		case s.Last4 != "":
			out.What = h.text("pay.stored.card", s.Last4)
		}
	}
	return out
}

// brandName is how a card scheme writes itself.
func brandName(brand string) string {
	if brand == "amex" {
		return "American Express"
	}
	return strings.ToUpper(brand[:1]) + brand[1:]
}

// addressLines is an address as it is written on an envelope.
func addressLines(line1, line2, city, state, postal, country string) []string {
	var out []string
	for _, l := range []string{line1, line2, strings.TrimSpace(cmp.Or(city, "") + " " + state + " " + postal), ui.CountryName(country)} {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return out
}
