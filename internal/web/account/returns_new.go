package account

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
	"flint/internal/web/ui"
)

// option is a choice of a list.
type option struct {
	Value, Text string
	Chosen      bool
}

// wanted is one line of an order in the form of a return, with what was chosen of it.
type wanted struct {
	N                   int
	LineID, Fulfillment string
	line
	Until, Verdict       string // texts: the end of the window, and why it cannot come back or who decides
	Open                 bool   // it can be chosen
	NoteFor              string // text: the reasons that need a note; empty for none
	NoteNeeded           bool   // the chosen reason is one of them
	Quantities           []option
	Reasons, Wishes      []option
	Quantity             int64
	ReasonID, Wish, Note string
	Errors               map[string]string // name of a field to the key of a text

	Value string
	Fees  []row
}

type returnForm struct {
	shown
	Base, Back, Number string
	Lines              []*wanted
	AnyOpen            bool
	Problem            string // key
	images             []string

	// Of the review.
	Chosen                             []*wanted
	Hash, Total, Value                 string
	Get                                string // key: what Total is called
	Fees                               []row
	Keep, Carrier, Reviewed, SendsBack bool
	Decided, Final                     bool // nobody decides; and it cannot be withdrawn once it is sent
}

// Images are left out where no line has one.
func (f *returnForm) Bare() bool { return len(f.images) == 0 }

const maxReturnNote = 500

// returnForm is the form of a return as the request filled it, judged for what was chosen. Nothing is stored.
func (h *Handler) returnForm(tx db.Tx, v *visit, r *http.Request, o *order.Order) (*returnForm, error) {
	base := v.home() + "/orders/" + o.ID
	f := &returnForm{Base: base + "/return", Back: base, Number: o.Number}
	goods, err := h.HandedOver(tx, o)
	if err != nil {
		return nil, err
	}
	reasons, err := h.Policies.Reasons(tx, v.scope)
	if err != nil {
		return nil, err
	}
	all, err := h.Policies.Judge(tx, o, goods, returnpolicy.Everything(o, goods), v.now)
	if err != nil {
		return nil, err
	}
	var asked []returnpolicy.Request
	for n := range all.Lines {
		l := h.wanted(v, r, o, &all.Lines[n], reasons, n)
		if l.ImageURL != "" {
			f.images = append(f.images, ui.Origin(l.ImageURL))
		}
		f.AnyOpen = f.AnyOpen || l.Open
		f.Lines = append(f.Lines, l)
		if l.Open && l.Quantity > 0 {
			f.Chosen = append(f.Chosen, l)
			asked = append(asked, returnpolicy.Request{OrderLineItemID: l.LineID, FulfillmentID: l.Fulfillment, Quantity: l.Quantity, ReasonID: l.ReasonID, ResolutionType: l.Wish})
		}
	}
	e, err := h.Policies.Judge(tx, o, goods, asked, v.now)
	if err != nil {
		return nil, err
	}
	f.Hash, err = e.Hash()
	h.review(v, o, f, &e)
	return f, err
}

// wanted is a line with its choices.
func (h *Handler) wanted(v *visit, r *http.Request, o *order.Order, l *returnpolicy.LineEvaluation, reasons []*returnpolicy.Reason, n int) *wanted {
	at := strconv.Itoa(n)
	out := &wanted{N: n, LineID: l.OrderLineItemID, Fulfillment: l.FulfillmentID, Open: l.Open(), Errors: map[string]string{}}
	if i := slices.IndexFunc(o.Lines, func(x order.Line) bool { return x.ID == l.OrderLineItemID }); i >= 0 {
		x := &o.Lines[i]
		out.line = line{Name: x.Name, Description: x.Description, Amount: v.money(x.UnitPrice, o.Currency)}
		if x.Image != nil {
			out.ImageURL, out.ImageAlt = x.Image.URL, x.Image.Alt
		}
	}
	if !l.ExpiresAt.IsZero() && out.Open {
		out.Until = h.text("buyer.return.until", v.date(l.ExpiresAt))
	}
	switch {
	case !out.Open:
		out.Verdict = l.Message
	case l.Status == returnpolicy.ReviewRequired:
		out.Verdict = h.text("buyer.return.review")
	}
	// A form names the line, so that one that was made of another state of the order chooses nothing wrong.
	if r.PostFormValue("line."+at) == l.OrderLineItemID && r.PostFormValue("part."+at) == l.FulfillmentID {
		out.Quantity, _ = strconv.ParseInt(r.PostFormValue("quantity."+at), 10, 64)
		out.Quantity = min(max(out.Quantity, 0), l.EligibleQuantity)
		out.ReasonID, out.Wish = r.PostFormValue("reason."+at), r.PostFormValue("wish."+at)
		out.Note = strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("note."+at), "\r\n", "\n"))
	}
	for q := range min(l.EligibleQuantity, 999) + 1 {
		text := strconv.FormatInt(q, 10)
		if q == 0 {
			text = h.text("buyer.return.none")
		}
		out.Quantities = append(out.Quantities, option{strconv.FormatInt(q, 10), text, q == out.Quantity})
	}
	out.Reasons = []option{{"", h.text("buyer.return.reason.choose"), out.ReasonID == ""}}
	known := false
	var needing []string
	for _, reason := range reasons {
		if slices.Contains(l.SuggestedReasonIDs, reason.ID) {
			out.Reasons = append(out.Reasons, option{reason.ID, reason.Name, reason.ID == out.ReasonID})
			known = known || reason.ID == out.ReasonID
			if reason.NoteRequired {
				needing = append(needing, reason.Name)
				out.NoteNeeded = out.NoteNeeded || reason.ID == out.ReasonID
			}
		}
	}
	if len(needing) > 0 {
		out.NoteFor = h.text("buyer.return.note.for", strings.Join(needing, ", "))
	}
	if len(l.AllowedResolutionTypes) > 1 {
		out.Wishes = append(out.Wishes, option{"", h.text("buyer.return.wish.open"), out.Wish == ""})
		for _, t := range l.AllowedResolutionTypes {
			out.Wishes = append(out.Wishes, option{t, h.text("buyer.return.type." + t), t == out.Wish})
		}
	}
	if out.Quantity > 0 {
		if !known {
			out.Errors["reason"], out.ReasonID = "buyer.return.error.reason", ""
		}
		if out.Wish != "" && !slices.Contains(l.AllowedResolutionTypes, out.Wish) {
			out.Wish = ""
		}
		switch {
		case out.NoteNeeded && out.Note == "":
			out.Errors["note"] = "buyer.return.error.note"
		case utf8.RuneCountInString(out.Note) > maxReturnNote:
			out.Errors["note"] = "buyer.return.error.long"
		}
	}
	return out
}

// review adds what the chosen lines are worth.
func (h *Handler) review(v *visit, o *order.Order, f *returnForm, e *returnpolicy.Evaluation) {
	m := func(minor int64) string { return v.money(minor, o.Currency) }
	var value, fees int64
	seen := returns.Foresee(o, e)
	f.Decided, f.Final = seen.Decided, seen.Final
	f.Keep = len(e.Lines) > 0
	outcomes, sums := map[string]bool{}, tally{}
	for i := range e.Lines {
		l := &e.Lines[i]
		outcome := wishedFor(l, f.Chosen[i].Wish)
		if outcome != returns.ResolutionNoMoney {
			outcomes[outcome] = true
			value += l.Value.Total
			fees += l.Fees()
			f.Chosen[i].Value = m(l.Value.Total)
		}
		for _, a := range l.Adjustments {
			if outcome == returns.ResolutionNoMoney {
				continue
			}
			key := "buyer.return.fee." + a.Type
			if a.Type != returnpolicy.RestockingFee && a.Type != returnpolicy.ReturnShippingFee {
				key = "buyer.return.fee.other"
			}
			sums.add(key, -a.Calculated)
		}
		f.Reviewed = f.Reviewed || l.Status == returnpolicy.ReviewRequired
		f.SendsBack = f.SendsBack || l.MerchandiseRequired
		f.Keep = f.Keep && l.RevisionID != "" && !l.MerchandiseRequired
		paid := slices.ContainsFunc(l.Adjustments, func(a returnpolicy.Adjustment) bool { return a.Type == returnpolicy.ReturnShippingFee })
		f.Carrier = f.Carrier || l.ShippingPayer == returnpolicy.PayerBuyer && !paid
		if l.Status == returnpolicy.Ineligible {
			f.Chosen[i].Errors["quantity"] = "buyer.return.error.refused"
		}
	}
	for _, s := range sums {
		f.Fees = append(f.Fees, row{Name: h.text(s.key), Amount: m(s.minor)})
	}
	f.Value, f.Total, f.Get = m(value), m(value-fees), "buyer.return.get"
	if len(outcomes) > 0 && !outcomes[""] && !outcomes[returns.ResolutionRefund] {
		f.Get = "buyer.return.credited"
	}
	if slices.ContainsFunc(f.Fees, func(r row) bool { return r.Name == h.text("buyer.return.fee.return_shipping_fee") }) {
		f.Carrier = false
	}
}

// wishedFor is what becomes of the value of a line as far as it is known: what its policy selects, or the buyer's wish.
func wishedFor(l *returnpolicy.LineEvaluation, wish string) string {
	if l.Proposal != nil && l.Proposal.SelectedResolutionType != "" {
		return l.Proposal.SelectedResolutionType
	}
	return wish
}

// newReturn is the form of a return, its review and its sending; what a button says is in the field do.
func (h *Handler) newReturn(w http.ResponseWriter, r *http.Request, v *visit) {
	f, err := read(r.Context(), h.DB, func(tx db.Tx) (*returnForm, error) {
		o, err := h.owned(tx, v, r.PathValue("id"), v.me.ID)
		if err != nil {
			return nil, err
		}
		f, err := h.returnForm(tx, v, r, o)
		return f, err
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	f.shown = h.shown(r, v, "orders")
	page := ui.Page{Name: "account/return_new", Title: h.text("buyer.return.title", f.Number), View: f, Policy: ui.Policy{ImgSrc: f.images}}
	do := r.PostFormValue("do")
	if r.Method == http.MethodGet || do == "edit" {
		for _, l := range f.Lines {
			l.Errors = nil
		}
		h.render(w, r, v, page)
		return
	}
	switch {
	case len(f.Chosen) == 0:
		f.Problem = "buyer.return.error.none"
	case slices.ContainsFunc(f.Chosen, func(l *wanted) bool { return len(l.Errors) > 0 }):
		f.Problem = "buyer.return.error"
	case do == "send" && r.PostFormValue("quote") == f.Hash:
		h.sendReturn(w, r, v, f)
		return
	default:
		if do == "send" {
			f.Problem = "buyer.return.stale"
		}
		page.Name, page.Title = "account/return_check", h.text("buyer.return.check")
	}
	if page.Name == "account/return_new" {
		page.Status = http.StatusUnprocessableEntity
	}
	h.render(w, r, v, page)
}

// sendReturn makes the return that was shown. What was judged otherwise in the meantime is shown once more.
func (h *Handler) sendReturn(w http.ResponseWriter, r *http.Request, v *visit, f *returnForm) {
	if h.busy(w, r, v, "return") {
		return
	}
	var made *returns.Return
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		o, err := h.owned(tx, v, r.PathValue("id"), v.me.ID)
		if err != nil {
			return err
		}
		now, err := h.returnForm(tx, v, r, o)
		if err != nil {
			return err
		}
		if now.Hash != f.Hash {
			return fault.Conflict("RETURN_QUOTE_STALE", "The judgement is another one than the buyer was shown.")
		}
		in := returns.CreateInput{Scope: v.scope, OrderID: o.ID, InitiatedBy: returns.ActorBuyer, Cause: v.cause()}
		for _, l := range f.Chosen {
			in.Lines = append(in.Lines, returns.LineInput{
				OrderLineID: l.LineID, FulfillmentID: l.Fulfillment, Quantity: l.Quantity, ReasonID: l.ReasonID, ResolutionType: l.Wish, BuyerNote: l.Note,
			})
		}
		made, err = h.Returns.Create(tx, in)
		return err
	})
	c := fault.Of(err)
	switch {
	case err == nil:
		see(w, r, v.home()+"/returns/"+made.ID+"?done=returned")
	case c != nil && c.Class.Status() < 500 && c.Class != fault.ClassNotFound:
		f.Problem = "buyer.return.stale"
		h.render(w, r, v, ui.Page{Name: "account/return_check", Title: h.text("buyer.return.check"), View: f, Policy: ui.Policy{ImgSrc: f.images}, Status: http.StatusConflict})
	default:
		h.failed(w, r, v, err)
	}
}
