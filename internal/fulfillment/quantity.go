package fulfillment

import "flint/internal/order"

// Statuses of an order's fulfilment.
const (
	OrderNotFulfilled       = "not_fulfilled"
	OrderPartiallyFulfilled = "partially_fulfilled"
	OrderFulfilled          = "fulfilled"
	OrderCanceled           = "canceled"
)

// Held counts the units of each order line that fulfillments preserve or fulfil. No more of a line can be
// fulfilled than it has beyond them.
func Held(all []*Fulfillment) map[string]int64 {
	return count(all, func(f *Fulfillment) bool { return f.Effect != EffectRelease })
}

// Delivered counts the units of each order line that were fulfilled.
func Delivered(all []*Fulfillment) map[string]int64 {
	return count(all, func(f *Fulfillment) bool { return f.Effect == EffectFulfill })
}

func count(all []*Fulfillment, counts func(*Fulfillment) bool) map[string]int64 {
	out := map[string]int64{}
	for _, f := range all {
		if !counts(f) {
			continue
		}
		for _, l := range f.Lines {
			out[l.OrderLineItemID] += l.Quantity
		}
	}
	return out
}

// OrderStatus derives Order.FulfillmentStatus: fulfilled when every unit of every line was, canceled when there
// are fulfillments and all were canceled.
func OrderStatus(lines []order.Line, all []*Fulfillment) string {
	done := Delivered(all)
	some, every := false, len(lines) > 0
	for i := range lines {
		some = some || done[lines[i].ID] > 0
		every = every && done[lines[i].ID] >= lines[i].Quantity
	}
	switch {
	case every:
		return OrderFulfilled
	case some:
		return OrderPartiallyFulfilled
	}
	for _, f := range all {
		if f.Status != StatusCanceled {
			return OrderNotFulfilled
		}
	}
	if len(all) > 0 {
		return OrderCanceled
	}
	return OrderNotFulfilled
}
