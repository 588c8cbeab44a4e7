package server

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/pdf"
	"flint/internal/tenant"
)

// invoiceDocument draws an invoice as it stands now. It is invoice.Service.PDF.
func (s *Server) invoiceDocument(ctx context.Context, v *invoice.Invoice) ([]byte, error) {
	d, picture := documentOf(v), ""
	err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
		if picture, err = s.dress(tx, v.Scope, &d); err != nil {
			return err
		}
		intents, err := payment.OfOrder(tx, v.Scope, v.OrderID, false)
		if err != nil {
			return err
		}
		for _, i := range intents {
			if i.Captured > 0 {
				d.Payments = append(d.Payments, pdf.Payment{At: i.CapturedAt, Method: paidBy(i), Amount: i.Captured})
			}
		}
		notes, _, err := creditnote.List(tx, creditnote.ListInput{Scope: v.Scope, InvoiceID: v.ID, Statuses: []string{creditnote.StatusIssued}, Limit: 100})
		for _, n := range notes {
			d.Credits = append(d.Credits, pdf.Entry{Label: n.Number, At: n.IssuedAt, Amount: n.Total})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	d.Logo = s.logos.Get(ctx, v.Scope, picture)
	now := s.Clock.Now()
	for k := range v.Entries {
		e := &v.Entries[k]
		label := strings.ToUpper(e.Kind[:1]) + e.Kind[1:]
		d.Schedule = append(d.Schedule, pdf.Installment{
			Label: label, DueAt: e.DueAt, Amount: e.Total, Outstanding: e.Outstanding(), State: strings.ReplaceAll(e.Status(now, v.Location()), "_", " "),
		})
	}
	d.Stamp = stampOf(v, v.Overdue(now))
	if v.Collectible() {
		if d.PayURL, err = s.Invoices.PublicURL(v); err != nil {
			return nil, err
		}
	}
	return s.Paper.Render(d)
}

// creditNoteDocument draws a credit note. It is creditnote.Service.PDF.
func (s *Server) creditNoteDocument(ctx context.Context, n *creditnote.Note, v *invoice.Invoice) ([]byte, error) {
	d := documentOf(v)
	d.Kind, d.Number, d.Corrects, d.IssuedAt = pdf.CreditNote, n.Number, v.Number, n.IssuedAt
	d.Reason = strings.ToUpper(n.Reason[:1]) + strings.ReplaceAll(n.Reason[1:], "_", " ")
	d.Terms, d.DueAt, d.Memo, d.RemitTo = "", d.ServiceAt, n.Memo, nil
	d.Lines, d.Discounts, d.Charges, d.Taxes, d.LateFees = nil, nil, nil, nil, nil
	t := pdf.Totals{Total: n.Total, Refunded: -n.Refunded, Credited: n.Allocated, Outstanding: n.Unallocated(), Balance: n.Status == creditnote.StatusIssued}
	for _, l := range n.Lines {
		row := pdf.Line{Name: l.Description, Quantity: l.Quantity, Tax: l.Tax, Amount: l.Subtotal}
		if l.Quantity > 0 {
			row.Unit = l.Subtotal / l.Quantity
		}
		d.Lines = append(d.Lines, row)
		t.Subtotal, t.Discount = t.Subtotal+l.Subtotal, t.Discount+l.Discount
		if l.TaxAdditive > 0 {
			t.Tax += l.TaxAdditive
		}
	}
	d.Totals = t
	if n.Status == creditnote.StatusVoid {
		d.Stamp = pdf.Void
	}
	picture := ""
	if err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
		picture, err = s.dress(tx, n.Scope, &d)
		return err
	}); err != nil {
		return nil, err
	}
	d.Logo = s.logos.Get(ctx, n.Scope, picture)
	return s.Paper.Render(d)
}

// dress gives a document the look of its merchant, but for the logo, of which it tells the address.
func (s *Server) dress(tx db.Tx, scope tenant.Scope, d *pdf.Document) (logoURL string, err error) {
	e, err := s.Settings.Effective(tx, scope)
	if err != nil {
		return "", err
	}
	d.Accent = e.Branding.PrimaryColor
	m, err := s.Merchants.Get(tx.Context(), tx, scope.MerchantID)
	if err != nil {
		return "", err
	}
	d.Seller.Name = cmp.Or(d.Seller.Name, m.BusinessName)
	if m.Logo != nil {
		logoURL = m.Logo.URL
	}
	return logoURL, nil
}

// documentOf is the frozen part of an invoice on paper.
func documentOf(v *invoice.Invoice) pdf.Document {
	snap := v.Snapshot
	d := pdf.Document{
		Kind: pdf.Invoice, Currency: v.Currency, Zone: v.Location(), Number: v.Number, IssuedAt: v.IssuedAt, DueAt: v.DueAt, ServiceAt: snap.ServiceAt,
		Reference: snap.Reference, PONumber: snap.PONumber, Memo: snap.Memo, Footer: snap.Footer, RemitTo: addressLines(snap.RemitTo),
		Seller: partyOf(snap.MerchantName, "", snap.MerchantAddress, snap.SellerTax),
		Buyer:  partyOf(snap.CustomerName, snap.CustomerEmail, snap.BillingAddress, snap.BuyerTax),
	}
	d.Locale = "en-GB"
	if d.Seller.Country == "US" || d.Seller.Country == "" {
		d.Locale = "en-US"
	}
	if v.Terms != nil {
		d.Terms = v.Terms.Name
	}
	for _, l := range snap.Lines {
		row := pdf.Line{Name: l.Line.Name, Description: l.Line.Description, Quantity: l.Line.Quantity, Unit: l.Line.UnitPrice, Tax: l.Line.TaxAmount, Amount: l.Line.Subtotal}
		if l.Line.SKU != "" {
			row.Details = append(row.Details, "SKU "+l.Line.SKU)
		}
		d.Lines = append(d.Lines, row)
	}
	for _, c := range snap.Charges {
		d.Charges = append(d.Charges, pdf.Entry{Label: c.Name, Amount: c.Applied})
	}
	for _, x := range snap.Discounts {
		d.Discounts = append(d.Discounts, pdf.Entry{Label: cmp.Or(x.Name, "Discount"), Amount: x.Applied})
	}
	d.Taxes = taxesOf(snap.Tax)
	for k := range v.Fees {
		f := &v.Fees[k]
		if charged := f.Amount - f.Waived; charged > 0 {
			d.LateFees = append(d.LateFees, pdf.Entry{Label: "Late fee", At: f.AssessedAt, Amount: charged})
		}
	}
	p, a := snap.Pricing, v.Amounts
	d.Totals = pdf.Totals{
		Subtotal: p.Subtotal, Discount: p.Discount, Charge: p.Charge, Tax: p.Tax, Tip: p.Tip, Total: p.Total, LateFees: a.Fees - a.Waived,
		Credited: a.Credited, WrittenOff: a.WrittenOff, Paid: a.Paid, Refunded: 0, Outstanding: v.Shown(), Balance: true,
	}
	if p.Tax == 0 && p.TaxIncluded > 0 {
		d.Totals.Tax, d.Totals.TaxIncluded = p.TaxIncluded, true
	}
	return d
}

// taxesOf adds the breakdowns up by authority and rate.
func taxesOf(t order.Tax) (out []pdf.Tax) {
	for _, b := range t.Breakdowns {
		row := pdf.Tax{Label: cmp.Or(b.Jurisdiction.Name, strings.ToUpper(strings.ReplaceAll(b.TaxType, "_", " "))), Inclusive: b.PriceMode == "inclusive"}
		if b.Percent != nil {
			row.Percent = *b.Percent
		}
		k := slices.IndexFunc(out, func(o pdf.Tax) bool {
			return o.Label == row.Label && o.Percent == row.Percent && o.Inclusive == row.Inclusive
		})
		if k < 0 {
			out, k = append(out, row), len(out)
		}
		out[k].Base += b.Taxable
		out[k].Amount += b.Amount
	}
	return out
}

func partyOf(name, email string, a *order.Address, tax *invoice.TaxIdentity) pdf.Party {
	p := pdf.Party{Name: name, Email: email, Lines: addressLines(a)}
	if a != nil {
		p.Country = a.Country
	}
	if tax == nil {
		return p
	}
	p.Name = cmp.Or(tax.LegalName, p.Name)
	if tax.RegisteredAddress != nil {
		p.Lines, p.Country = addressLines(tax.RegisteredAddress), tax.RegisteredAddress.Country
	}
	for _, id := range tax.TaxIDs {
		p.TaxIDs = append(p.TaxIDs, pdf.Entry{Label: strings.ToUpper(strings.ReplaceAll(cmp.Or(id.Type, "tax id"), "_", " ")), Note: id.Value})
	}
	return p
}

// addressLines writes an address down, each line of it that there is.
func addressLines(a *order.Address) (out []string) {
	if a == nil {
		return nil
	}
	town := strings.TrimSpace(strings.Join([]string{a.PostalCode, a.City}, " "))
	if a.Country == "US" || a.Country == "CA" {
		town = strings.TrimSpace(strings.Join([]string{strings.TrimSuffix(a.City+", "+a.State, ", "), a.PostalCode}, " "))
	}
	for _, line := range []string{a.Line1, a.Line2, town, a.Country} {
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

func paidBy(i *payment.Intent) string {
	switch src := i.Detail.Source; {
	case i.Processor == payment.Manual:
		return "Received by the merchant"
	case src == nil:
		return "Online payment"
	case src.Type == "ach_debit":
		return "Bank account •••• " + src.Last4
	default:
		return strings.ToUpper(cmp.Or(src.Brand, "card")[:1]) + cmp.Or(src.Brand, "card")[1:] + " •••• " + src.Last4
	}
}

func stampOf(v *invoice.Invoice, overdue bool) pdf.Stamp {
	switch {
	case v.Status == invoice.StatusOpen && !overdue, v.Status == invoice.StatusDraft:
		return ""
	case overdue:
		return pdf.Overdue
	}
	return pdf.Stamp(v.Status)
}
