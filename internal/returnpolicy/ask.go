package returnpolicy

import (
	"slices"
	"strconv"

	"flint/internal/fault"
	"flint/internal/order"
)

// Assign finds the fulfilment of every request that names none, so that Evaluate can judge it. Faults have
// the path of a list line_items below at.
//
// Faults: RESOURCE_NOT_FOUND for a line that the order does not have or a fulfilment that did not deliver it,
// RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS, RETURN_INVALID for a quantity below 1 or a pair that is there twice.
func Assign(o *order.Order, fulfilled []FulfilledLine, requests []Request, at string) ([]Request, error) {
	var l fault.List
	out := slices.Clone(requests)
	for i := range out {
		r, param := &out[i], at+"line_items["+strconv.Itoa(i)+"]"
		if r.Quantity < 1 {
			l.Add("RETURN_INVALID", param+".requested_quantity", "A quantity is a whole number of at least 1.")
		}
		if !slices.ContainsFunc(o.Lines, func(line order.Line) bool { return line.ID == r.OrderLineItemID }) {
			l.Add("RESOURCE_NOT_FOUND", param+".order_line_item_id", "The order has no such line item.")
			continue
		}
		var from []FulfilledLine
		for _, f := range fulfilled {
			if f.OrderLineItemID == r.OrderLineItemID && (r.FulfillmentID == "" || r.FulfillmentID == f.FulfillmentID) {
				from = append(from, f)
			}
		}
		switch {
		case len(from) == 0 && r.FulfillmentID != "":
			l.Add("RESOURCE_NOT_FOUND", param+".fulfillment_id", "No such fulfillment delivered this line item.")
			continue
		case len(from) == 0: // Evaluate says that there is nothing to return
			continue
		case len(from) > 1:
			l.Add("RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS", param+".fulfillment_id", "The line item was fulfilled in several parts; name one.")
			continue
		}
		r.FulfillmentID = from[0].FulfillmentID
		if slices.ContainsFunc(out[:i], func(x Request) bool {
			return x.OrderLineItemID == r.OrderLineItemID && x.FulfillmentID == r.FulfillmentID
		}) {
			l.Add("RETURN_INVALID", param, "The same line item of the same fulfillment is there twice.")
		}
	}
	return out, l.Err()
}

// Everything asks all units back that are still with the buyer, in the order of the lines.
func Everything(o *order.Order, fulfilled []FulfilledLine) []Request {
	var out []Request
	for _, line := range o.Lines {
		for _, f := range fulfilled {
			if f.OrderLineItemID == line.ID && f.Available() > 0 {
				out = append(out, Request{OrderLineItemID: line.ID, FulfillmentID: f.FulfillmentID})
			}
		}
	}
	return out
}
