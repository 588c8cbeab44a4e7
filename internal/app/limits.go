package app

import (
	"fmt"
	"slices"

	"flint/internal/fault"
	"flint/internal/money"
)

// Limits are what a merchant lets an install refund. An empty list limits nothing; a list that is not
// empty is complete, so a currency it does not name has the limit 0.
type Limits struct {
	RefundPerOrder      []money.Amount `json:"refund_per_order,omitempty"`
	RefundPerDay        []money.Amount `json:"refund_per_day,omitempty"`        // a day of the merchant's reporting time zone
	RefundApprovalAbove []money.Amount `json:"refund_approval_above,omitempty"` // more than this waits for the merchant
	OwnOrdersOnly       bool           `json:"own_orders_only,omitzero"`        // orders created with the app's tokens
}

// Use is what an install refunded so far, in minor units of one currency.
type Use struct {
	Order int64 // of the order in question
	Day   int64 // of today
}

// maxCurrencies bounds a list of limits.
const maxCurrencies = 40

// Validate reports every fault of the limits; param paths start at the fields of the wire.
func (l Limits) Validate() error {
	var faults fault.List
	for _, list := range []struct {
		param   string
		amounts []money.Amount
	}{{"refund_per_order_money", l.RefundPerOrder}, {"refund_per_day_money", l.RefundPerDay}, {"refund_approval_above_money", l.RefundApprovalAbove}} {
		if len(list.amounts) > maxCurrencies {
			faults.Add("RESOURCE_LIMIT_EXCEEDED", list.param, "A limit names at most %d currencies.", maxCurrencies)
			continue
		}
		for i, a := range list.amounts {
			at := fmt.Sprintf("%s[%d]", list.param, i)
			switch {
			case !a.Currency.Known():
				faults.Add("INVALID_CURRENCY", at+".currency", "This currency is not known.")
			case a.Minor < 0:
				faults.Add("INVALID_AMOUNT", at+".amount", "A limit is 0 or more.")
			case slices.ContainsFunc(list.amounts[:i], func(b money.Amount) bool { return b.Currency == a.Currency }):
				faults.Add("INVALID_CURRENCY", at+".currency", "This currency is listed twice.")
			}
		}
	}
	return faults.Err()
}

// limitFor is the limit of a currency; false when the list limits nothing.
func limitFor(list []money.Amount, c money.Currency) (int64, bool) {
	if len(list) == 0 {
		return 0, false
	}
	for _, a := range list {
		if a.Currency == c {
			return a.Minor, true
		}
	}
	return 0, true
}

// Check decides about a refund of an amount, given what was used. own tells that the order was created
// by the app. Faults: APP_OWN_ORDERS_ONLY; APP_REFUND_LIMIT_EXCEEDED with limit_money, used_money and
// requested_money.
func (l Limits) Check(requested money.Amount, used Use, own bool) error {
	if l.OwnOrdersOnly && !own {
		return fault.Forbidden("APP_OWN_ORDERS_ONLY", "The merchant lets this app refund only orders that the app created.")
	}
	for _, rule := range []struct {
		window string
		list   []money.Amount
		used   int64
	}{{"order", l.RefundPerOrder, used.Order}, {"day", l.RefundPerDay, used.Day}} {
		limit, limited := limitFor(rule.list, requested.Currency)
		if !limited {
			continue
		}
		// The used amount may exceed a limit that was lowered since; the difference cannot overflow, for
		// neither side is negative.
		if requested.Minor > limit-rule.used {
			in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: requested.Currency} }
			return fault.Forbidden("APP_REFUND_LIMIT_EXCEEDED", "The refund passes what the merchant lets this app give back per %s.", rule.window).
				With("limit_window", rule.window).With("limit_money", in(limit)).With("used_money", in(rule.used)).With("requested_money", requested).
				Then("Ask for less, wait for the next day where the limit is per day, or ask the merchant to raise it.")
		}
	}
	return nil
}

// NeedsApproval reports whether a refund within the limits waits for the merchant.
func (l Limits) NeedsApproval(requested money.Amount) bool {
	above, limited := limitFor(l.RefundApprovalAbove, requested.Currency)
	return limited && requested.Minor > above
}
