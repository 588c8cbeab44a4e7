package checkout

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
)

// tipOptions are the percentages a session offers.
func tipOptions(t domain.Tip) []money.Percent {
	if len(t.Options) > 0 {
		return t.Options
	}
	return []money.Percent{15_0000, 18_0000, 20_0000}
}

// requestedTip is the tip that was chosen, nil without one.
func requestedTip(o *order.Order) *order.Tip {
	i := slices.IndexFunc(o.Tips, func(t order.Tip) bool { return t.Status == order.TipRequested })
	if i < 0 {
		return nil
	}
	return &o.Tips[i]
}

// tip sets or takes away the tip and shows the page again with the new total.
func (h *Handler) tip(w http.ResponseWriter, r *http.Request, v *visit) {
	back := page(v.session.ID) + "#tip"
	offer := v.tip()
	if offer == nil || v.state() != statePay {
		see(w, r, back)
		return
	}
	in := order.PatchInput{Scope: v.session.Scope, OrderID: v.order.ID, Cause: h.cause(v.session)}
	kind, value, _ := strings.Cut(r.PostFormValue("tip"), ":")
	// Enter in the custom field submits its form; an empty one means no tip.
	custom := strings.TrimSpace(r.PostFormValue("custom_tip"))
	switch {
	case kind == "custom" && offer.Custom && custom != "":
		minor, ok := parseMinor(custom, v.order.Currency.Digits())
		if !ok || minor < 0 {
			h.tipFault(w, r, v, h.Pages.text("", "pay.tip.bad", plainAmount(500, v.order.Currency.Digits())))
			return
		}
		in.ClearTip = minor == 0
		if minor > 0 {
			in.Tip = &order.TipInput{Amount: &money.Amount{Minor: minor, Currency: v.order.Currency}}
		}
	case kind == "percent":
		p, err := money.ParsePercent(value)
		if err != nil || v.session.Detail.Tip.Smart || !slices.Contains(tipOptions(v.session.Detail.Tip), p) {
			see(w, r, back)
			return
		}
		in.Tip = &order.TipInput{Percent: &p}
	case kind == "amount":
		minor, err := strconv.ParseInt(value, 10, 64)
		amount := money.Amount{Minor: minor, Currency: v.order.Currency}
		if err != nil || !v.session.Detail.Tip.Smart || !slices.Contains(v.session.Detail.Tip.SmartOptions, amount) {
			see(w, r, back)
			return
		}
		in.Tip = &order.TipInput{Amount: &amount}
	case kind == "none" || kind == "custom":
		in.ClearTip = true
	default:
		see(w, r, back)
		return
	}
	err := h.patch(r, v, in)
	switch e := fault.Of(err); {
	case err == nil:
		see(w, r, back)
	case e != nil && e.Class.Status() == http.StatusBadRequest:
		h.tipFault(w, r, v, "pay.tip.high")
	case e != nil && e.Class.Status() < 500:
		see(w, r, back) // the order has moved on; the page shows where to
	default:
		h.broken(w, r, err)
	}
}

// suggestion is the tip that a session chooses by itself, nil for none.
func suggestion(t domain.Tip) *order.TipInput {
	switch {
	case !t.Enabled:
		return nil
	case t.Smart && t.SmartDefault != nil:
		amount := *t.SmartDefault
		return &order.TipInput{Amount: &amount}
	case !t.Smart && t.Default != nil:
		percent := *t.Default
		return &order.TipInput{Percent: &percent}
	}
	return nil
}

func (h *Handler) tipFault(w http.ResponseWriter, r *http.Request, v *visit, message string) {
	out := h.payment(v, nil)
	out.Tip.Value, out.Tip.Error = r.PostFormValue("custom_tip"), message
	h.Pages.RenderPayment(w, r, out)
}

// patch changes the order on behalf of the session's buyer, while the session is open.
func (h *Handler) patch(r *http.Request, v *visit, in order.PatchInput) error {
	return h.DB.Write(r.Context(), func(tx db.Tx) error {
		if _, _, err := h.lock(tx, v); err != nil {
			return err
		}
		_, err := h.Orders.Patch(tx.Context(), tx, in)
		return err
	})
}

// suggestTip chooses the session's default tip when the buyer opens it and nobody has chosen before.
// That it cannot be set is no reason to turn the buyer away.
func (h *Handler) suggestTip(r *http.Request, sessionID string) {
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		session, err := domain.Find(tx, sessionID)
		if err != nil || !session.Open(h.Clock.Now()) {
			return err
		}
		suggested := suggestion(session.Detail.Tip)
		if suggested == nil {
			return nil
		}
		o, err := h.Orders.Load(tx, session.Scope, session.OrderID)
		if err != nil || len(o.Tips) > 0 || o.Settlement.Paid > 0 || o.ActiveAttemptID != "" || o.Status != order.StatusOpen {
			return err
		}
		_, err = h.Orders.Patch(tx.Context(), tx, order.PatchInput{Scope: session.Scope, OrderID: o.ID, Cause: h.cause(session), Tip: suggested})
		return err
	})
	if err != nil {
		h.Log.WarnContext(r.Context(), "the suggested tip was not set", "session", sessionID, "error", err)
	}
}
