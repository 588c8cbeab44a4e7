package checkout

import (
	"net/http"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// promotions is the section of codes; nil when the session takes none, or when money has moved already.
func (v *visit) promotions() *Promotions {
	if !v.codes || v.order.Settlement.Paid > 0 {
		return nil
	}
	out := &Promotions{}
	for i := range v.order.Discounts {
		if d := &v.order.Discounts[i]; d.Code != "" && d.Status == order.DiscountPending {
			out.Codes = append(out.Codes, AppliedCode{ID: d.ID, Code: d.Code, Amount: v.money(-d.Applied)})
		}
	}
	return out
}

// promotion applies a code or takes one away, and shows the page again with the new total.
func (h *Handler) promotion(w http.ResponseWriter, r *http.Request, v *visit) {
	back := page(v.session.ID) + "#promotions"
	offer := v.promotions()
	code, remove := strings.TrimSpace(r.PostFormValue("promotion_code")), r.PostFormValue("remove")
	if offer == nil || v.state() != statePay || (code == "" && remove == "") {
		see(w, r, back)
		return
	}
	if remove != "" && !slices.ContainsFunc(offer.Codes, func(c AppliedCode) bool { return c.ID == remove }) {
		see(w, r, back)
		return
	}
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		if _, _, err := h.lock(tx, v); err != nil {
			return err
		}
		scope, orderID, cause := v.session.Scope, v.order.ID, h.cause(v.session)
		if remove != "" {
			_, err := h.Orders.RemoveDiscounts(tx.Context(), tx, order.RemoveDiscountsInput{Scope: scope, Cause: cause, OrderID: orderID, DiscountIDs: []string{remove}})
			return err
		}
		_, err := h.Orders.ApplyDiscount(tx.Context(), tx, order.ApplyDiscountInput{
			Scope: scope, Cause: cause, OrderID: orderID, Promotion: &order.PromotionAsk{Code: code, SessionID: v.session.ID},
		})
		return err
	})
	switch e := fault.Of(err); {
	case err == nil:
		see(w, r, back)
	case e != nil && e.Code == "PROMOTION_DECLINED":
		h.promotionFault(w, r, v, code, "promotion."+reasonOf(e))
	case e != nil && e.Class.Status() == http.StatusBadRequest:
		h.promotionFault(w, r, v, code, "promotion.code_invalid")
	case e != nil && e.Class.Status() < 500:
		see(w, r, back) // the order has moved on; the page shows where to
	default:
		h.broken(w, r, err)
	}
}

func (h *Handler) promotionFault(w http.ResponseWriter, r *http.Request, v *visit, code, message string) {
	out := h.payment(v, nil)
	out.Promotions.Value, out.Promotions.Error = code, message
	h.Pages.RenderPayment(w, r, out)
}

// reasonOf is why a promotion was declined.
func reasonOf(e *fault.Error) string {
	reason, _ := e.Extra["promotion_decline_reason"].(string)
	return reason
}
