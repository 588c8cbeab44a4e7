package webhook

import (
	"maps"
	"strings"
	"time"

	"flint/internal/event"
	"flint/internal/id"
)

// prefixes of the ids that samples show.
var prefixes = map[string]string{
	"order": id.Order, "payment_intent": id.PaymentIntent, "refund": id.Refund, "checkout_session": id.CheckoutSession,
	"customer": id.Customer,
}

// sample makes the data of a synthetic event: a fresh id that belongs to nothing, and the fields that
// the contract promises for the types a receiver most likely reads further.
func sample(ids *id.Source, t event.Type, now time.Time) (resourceID string, data map[string]any) {
	prefix, ok := prefixes[t.Resource]
	if !ok {
		prefix = "sample"
	}
	resourceID = ids.New(prefix)
	data = map[string]any{t.Resource + "_id": resourceID}
	set := func(fields map[string]any) {
		maps.Copy(data, fields)
	}
	group, action, _ := strings.Cut(t.Name, ".")
	money := func(amount int64) map[string]any { return map[string]any{"amount": amount, "currency": "USD"} }
	switch group {
	case "order":
		set(map[string]any{"status": "open", "payment_status": "unpaid", "refund_status": "none", "resource_updated_at": now, "order_number": "1001"})
		switch action {
		case "paid", "partially_paid":
			paid := map[string]int64{"paid": 3499, "partially_paid": 1000}[action]
			set(map[string]any{"payment_status": action, "total_money": money(3499), "paid_money": money(paid), "outstanding_money": money(3499 - paid),
				"order_payment_intent_ids": []string{ids.New(id.PaymentIntent)},
				"line_items":               []any{map[string]any{"order_line_item_id": ids.New(id.OrderLineItem), "name": "Sample item", "quantity": 1}}})
			delete(data, "refund_status")
			delete(data, "resource_updated_at")
			delete(data, "order_number")
		case "closed":
			set(map[string]any{"status": "closed"})
		case "refunded":
			set(map[string]any{"payment_status": "paid", "refund_status": "refunded"})
		}
	case "checkout_session":
		set(map[string]any{"status": action, "resource_updated_at": now})
		if reason, ok := map[string]string{"closed": "api", "expired": "expired", "invalidated": "order_mutated"}[action]; ok {
			set(map[string]any{"reason": reason})
		}
	case "payment_intent":
		set(map[string]any{"status": action})
	case "refund":
		set(map[string]any{"status": map[string]string{"created": "pending", "updated": "succeeded", "failed": "failed"}[action],
			"amount_money": money(3499)})
	}
	return resourceID, data
}
