package account

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/web/ui"
)

// bill is one invoice in the list.
type bill struct {
	URL, Number, Issued string
	Due                 string // day, empty without one or when nothing is due
	Total, Owed         string // Owed is empty when nothing is collected any more
	Pay                 string // what the button collects, empty for no button
	State, Mark         string
}

type invoicesPage struct {
	shown
	Invoices []bill
	Next     string
	First    bool
}

// invoices lists what was issued to the customer, newest first.
func (h *Handler) invoices(w http.ResponseWriter, r *http.Request, v *visit) {
	at := r.URL.Query().Get("page")
	if at != "" && !id.Valid(id.Invoice, at) {
		see(w, r, v.home()+"/invoices")
		return
	}
	page := invoicesPage{First: at == ""}
	var next *listing.Cursor
	found, err := read(r.Context(), h.DB, func(tx db.Tx) (found []*invoice.Invoice, err error) {
		var after *listing.Cursor
		if at != "" {
			last, err := h.ownInvoice(tx, v, at)
			if err != nil {
				return nil, err
			}
			after = &listing.Cursor{Key: listing.Time(last.CreatedAt), ID: last.ID}
		}
		found, next, err = h.Invoices.List(tx, invoice.ListInput{Scope: v.scope, CustomerID: v.me.ID, IssuedOnly: true, After: after, Limit: ordersAPage})
		return found, err
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	for _, x := range found {
		page.Invoices = append(page.Invoices, h.bill(v, x))
	}
	if next != nil {
		page.Next = v.home() + "/invoices?page=" + url.QueryEscape(next.ID)
	}
	page.shown = h.shown(r, v, "invoices")
	h.render(w, r, v, ui.Page{Name: "account/invoices", Title: h.text("buyer.invoices"), View: page})
}

func (h *Handler) bill(v *visit, x *invoice.Invoice) bill {
	day := func(t time.Time) string { return t.In(x.Location()).Format("2 January 2006") }
	out := bill{
		URL: v.home() + "/invoices/" + x.ID, Number: x.Number, Issued: day(x.IssuedAt), Total: v.money(x.Amounts.Total, x.Currency), State: "buyer.invoice.state." + x.Status,
	}
	switch {
	case x.Overdue(v.now):
		out.State, out.Mark = "buyer.invoice.state.overdue", "warn"
	case x.Status == invoice.StatusPaid, x.Status == invoice.StatusCredited:
		out.Mark = "good"
	}
	if !x.Collectible() {
		return out
	}
	out.Owed = v.money(x.Amounts.Outstanding(), x.Currency)
	if due := x.OverdueAt(); !due.IsZero() {
		out.Due = day(due)
	}
	if amount, ok := x.Collecting(v.now, ""); ok && h.Payable(v.scope) {
		out.Pay = v.money(amount, x.Currency)
	}
	return out
}

// ownInvoice reads an issued invoice of the customer; others' do not exist.
func (h *Handler) ownInvoice(tx db.Tx, v *visit, invoiceID string) (*invoice.Invoice, error) {
	x, err := invoice.Get(tx, v.scope, invoiceID)
	if err == nil && (!x.Issued() || x.CustomerID != v.me.ID) {
		err = fault.NotFound("invoice")
	}
	return x, err
}

// invoiceFile sends an invoice as a PDF.
func (h *Handler) invoiceFile(w http.ResponseWriter, r *http.Request, v *visit) {
	x, err := read(r.Context(), h.DB, func(tx db.Tx) (*invoice.Invoice, error) { return h.ownInvoice(tx, v, r.PathValue("id")) })
	var data []byte
	if err == nil {
		data, err = h.drawn(r.Context(), x)
	}
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", `attachment; filename="`+x.Number+`.pdf"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // a reader who has gone cannot be told
}

func (h *Handler) drawn(ctx context.Context, x *invoice.Invoice) ([]byte, error) {
	if h.Invoices.PDF == nil {
		return nil, errors.New("account: nothing draws invoices")
	}
	return h.Invoices.PDF(ctx, x)
}

// payInvoice leads to the invoice's own checkout.
func (h *Handler) payInvoice(w http.ResponseWriter, r *http.Request, v *visit) {
	if h.busy(w, r, v, "pay") {
		return
	}
	here, back := h.Here(r.Host), v.home()+"/invoices"
	var session *checkout.Session
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		x, err := h.ownInvoice(tx, v, r.PathValue("id"))
		if err != nil {
			return err
		}
		open, err := h.Invoices.Checkout(tx.Context(), tx, invoice.CheckoutInput{
			Scope: v.scope, InvoiceID: x.ID, SuccessURL: here + back, CancelURL: here + back, Cause: v.cause(),
		})
		if err != nil {
			return err
		}
		session, err = checkout.Get(tx, v.scope, open.SessionID)
		return err
	})
	f := fault.Of(err)
	switch {
	case f != nil && f.Class == fault.ClassNotFound:
		h.failed(w, r, v, err)
	case fault.Is(err, "INVOICE_PAYMENT_RESOLVING"), fault.Is(err, "INVOICE_PAYMENT_PROCESSING"):
		see(w, r, back+"?done=underway")
	case f != nil && f.Class.Status() < 500:
		see(w, r, back+"?done=uncollectible")
	case err != nil:
		h.failed(w, r, v, err)
	default:
		h.lead(w, r, v, session, back)
	}
}
