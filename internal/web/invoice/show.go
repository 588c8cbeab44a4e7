package invoice

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"flint/internal/creditnote"
	"flint/internal/db"
	domain "flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/web/ui"
)

// show writes the invoice's page and notes the first look at it.
func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	var v *domain.Invoice
	var out view
	look := func(tx db.Tx) (err error) {
		if v, err = h.opened(tx, r); err != nil {
			return err
		}
		out, err = h.view(tx, v, localeOf(r))
		return err
	}
	err := h.DB.Read(r.Context(), look)
	if err == nil && v.ViewedAt.IsZero() && r.Method == http.MethodGet {
		err = h.DB.Write(r.Context(), func(tx db.Tx) error {
			_, err := h.Invoices.View(tx, v.Scope, v.ID, h.cause(v))
			return err
		})
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	switch r.URL.Query().Get("notice") {
	case "underway":
		out.Alert = &alert{"warn", "status", "inv.notice.underway"}
	case "unavailable":
		out.Alert = &alert{"bad", "alert", "inv.notice.unavailable"}
	}
	p := ui.Page{Name: "invoice/invoice", Title: h.text("inv.title", v.Number, out.Merchant.Name), View: out, Brand: out.Merchant.Brand}
	if out.Merchant.LogoURL != "" {
		p.Policy.ImgSrc = []string{ui.Origin(out.Merchant.LogoURL)}
	}
	p.Policy.FormAction = []string{ui.Origin(h.Here(r.Host))}
	h.UI.Render(w, r, p)
}

func radius(px int64) *int {
	n := int(px)
	return &n
}

func localeOf(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	first, _, _ = strings.Cut(first, ";")
	return strings.TrimSpace(first)
}

// view reads what belongs to the page and formats it.
func (h *Handler) view(tx db.Tx, v *domain.Invoice, locale string) (view, error) {
	e, err := h.Settings(tx, v.Scope)
	if err != nil {
		return view{}, err
	}
	m, err := h.Merchants.Get(tx.Context(), tx, v.Scope.MerchantID)
	if err != nil {
		return view{}, err
	}
	notes, _, err := creditnote.List(tx, creditnote.ListInput{
		Scope: v.Scope, InvoiceID: v.ID, Statuses: []string{creditnote.StatusIssued, creditnote.StatusVoid}, Limit: 100,
	})
	if err != nil {
		return view{}, err
	}
	now := h.Clock.Now()
	write := func(minor int64) string { return money.Format(v.Money(minor), locale) }
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(v.Location()).Format("2 January 2006")
	}
	out := view{
		Merchant: merchant{Name: cmp.Or(v.Snapshot.MerchantName, m.BusinessName), Brand: ui.Brand{Accent: e.Branding.PrimaryColor, Radius: radius(e.Branding.CornerRadius)}},
		Test:     !strings.HasPrefix(v.Scope.EnvironmentID, "menv_"), Number: v.Number, PDF: page(v.LinkID) + "/invoice.pdf",
		Memo: v.Snapshot.Memo, Footer: v.Snapshot.Footer, Help: m.SupportEmail,
	}
	if m.Logo != nil {
		out.Merchant.LogoURL = m.Logo.URL
	}
	out.state(v, now, write, day)
	if amount, ok := v.Collecting(now, ""); ok {
		p := v.Part(amount)
		out.Pay = &pay{page(v.LinkID) + "/pay", write(amount)}
		out.asks(v, p, amount, write, day)
	}
	for k := range v.Entries {
		en := &v.Entries[k]
		out.Schedule = append(out.Schedule, part{"inv.kind." + en.Kind, "inv.entry." + en.Status(now, v.Location()), day(en.DueAt), write(en.Total)})
	}
	out.document(v, write, day)
	for _, n := range notes {
		out.Notes = append(out.Notes, note{n.Number, write(n.Total), page(v.LinkID) + "/credit-notes/" + n.ID, n.Status == creditnote.StatusVoid})
	}
	return out, nil
}

// state says what is owed and until when, or why nothing is.
func (out *view) state(v *domain.Invoice, now time.Time, write func(int64) string, day func(time.Time) string) {
	out.Amount, out.When = write(v.Amounts.Outstanding()), day(v.DueAt)
	switch {
	case v.Status == domain.StatusVoid:
		out.Headline, out.Sentence, out.Amount = "inv.void.title", "inv.void.text", write(v.Amounts.Total)
		out.Alert = &alert{"bad", "status", "inv.void.alert"}
	case v.Status == domain.StatusUncollectible:
		out.Headline, out.Sentence = "inv.closed.title", "inv.closed.text"
	case v.Status == domain.StatusCredited:
		out.Headline, out.Sentence, out.Amount = "inv.credited.title", "inv.credited.text", write(v.Amounts.Credited)
	case v.Status == domain.StatusPaid:
		out.Headline, out.Sentence, out.Amount, out.When = "inv.paid.title", "inv.paid.text", write(v.Amounts.Paid), day(v.PaidAt)
	case v.Overdue(now):
		out.Headline, out.Sentence, out.When = "inv.due.title", "inv.overdue.text", day(v.OverdueAt())
		out.Alert = &alert{"warn", "status", "inv.overdue.alert"}
	case v.DueAt.IsZero():
		out.Headline, out.Sentence = "inv.due.title", "inv.receipt.text"
	default:
		out.Headline, out.Sentence = "inv.due.title", "inv.due.text"
	}
}

// asks says of an invoice that is paid in parts what is asked for now, in place of all that is outstanding.
func (out *view) asks(v *domain.Invoice, p domain.Part, amount int64, write func(int64) string, day func(time.Time) string) {
	if p.Kind == "" || p.Kind == domain.PartRest {
		return
	}
	out.Amount, out.Part, out.Later = write(amount), "inv.part."+p.Kind, write(p.Later)
	for i := range v.Entries {
		if e := &v.Entries[i]; e.Outstanding() > 0 {
			if out.Sentence == "inv.due.text" || out.Sentence == "inv.receipt.text" {
				out.When, out.Sentence = day(e.DueAt), "inv.due.text"
				if e.DueAt.IsZero() {
					out.Sentence = "inv.receipt.text"
				}
			}
			return
		}
	}
}

// document shows what was frozen when the invoice was issued, and what became of it.
func (out *view) document(v *domain.Invoice, write func(int64) string, day func(time.Time) string) {
	snap := v.Snapshot
	out.From = party{Title: "inv.from", Name: out.Merchant.Name, Lines: address(snap.MerchantAddress)}
	out.To = party{Title: "inv.to", Name: cmp.Or(snap.CustomerName, snap.CustomerEmail), Lines: address(snap.BillingAddress)}
	for _, f := range []fact{
		{"inv.fact.issued", day(v.IssuedAt)}, {"inv.fact.due", day(v.DueAt)}, {"inv.fact.supplied", day(snap.ServiceAt)},
		{"inv.fact.reference", snap.Reference}, {"inv.fact.po", snap.PONumber},
	} {
		if f.Value != "" {
			out.Facts = append(out.Facts, f)
		}
	}
	for _, l := range snap.Lines {
		out.Lines = append(out.Lines, line{l.Line.Name, l.Line.Description, l.Line.Quantity, write(l.Line.UnitPrice), write(l.Line.Subtotal)})
	}
	p, a := snap.Pricing, v.Amounts
	out.Rows = append(out.Rows, row{Key: "pay.subtotal", Amount: write(p.Subtotal)})
	for _, d := range snap.Discounts {
		out.Rows = append(out.Rows, row{Name: cmp.Or(d.Name, "Discount"), Amount: write(-d.Applied)})
	}
	for _, c := range snap.Charges {
		out.Rows = append(out.Rows, row{Name: c.Name, Amount: write(c.Applied)})
	}
	add := func(key string, minor int64) {
		if minor != 0 {
			out.Rows = append(out.Rows, row{Key: key, Amount: write(minor)})
		}
	}
	add("pay.tax", p.Tax)
	add("pay.tip", p.Tip)
	out.Rows = append(out.Rows, row{Key: "pay.total", Amount: write(p.Total), Strong: true})
	add("inv.fees", a.Fees-a.Waived)
	add("inv.credit", -a.Credited)
	add("pay.paid", -a.Paid)
	add("inv.written", -a.WrittenOff)
	out.Rows = append(out.Rows, row{Key: "inv.balance", Amount: write(v.Shown()), Strong: true})
}

func address(a *order.Address) (lines []string) {
	if a == nil {
		return nil
	}
	for _, l := range []string{a.Line1, a.Line2, strings.TrimSpace(a.PostalCode + " " + a.City), a.State, ui.CountryName(a.Country)} {
		if l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}
