package refund

import (
	"cmp"
	"fmt"
	"slices"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
)

// tender is how much one payment gives back.
type tender struct {
	intent *payment.Intent
	amount int64
}

// chooseTenders spreads the refund over payments: as the caller says, or newest capture first, each up
// to what it can still give. want is what lines and charges come to, -1 without any.
func chooseTenders(o *order.Order, intents []*payment.Intent, in CreateInput, want int64) ([]tender, error) {
	if len(in.Tenders) > 0 {
		return namedTenders(o, intents, in, want)
	}
	pool := slices.Clone(intents)
	if in.PaymentIntentID != "" {
		pool = slices.DeleteFunc(pool, func(i *payment.Intent) bool { return i.ID != in.PaymentIntentID })
		if len(pool) == 0 {
			return nil, fault.Invalid("PAYMENT_INTENT_NOT_PART_OF_ORDER", "payment_intent_id", "The order has no such payment intent.")
		}
		if pool[0].Captured == 0 {
			return nil, fault.Invalid("PAYMENT_INTENT_NOT_REFUNDABLE", "payment_intent_id", "The payment has not been captured.")
		}
	}
	slices.SortStableFunc(pool, func(a, b *payment.Intent) int {
		return cmp.Or(b.CapturedAt.Compare(a.CapturedAt), cmp.Compare(b.ID, a.ID))
	})
	var captured, refundable int64
	for _, i := range pool {
		captured += i.Captured
		refundable += in.room(i)
	}
	if captured == 0 {
		return nil, fault.Invalid("NO_PAYMENTS_FOR_ORDER", "order_id", "Nothing was collected on the order, so there is nothing to refund.")
	}
	param := "amount_money"
	amount := refundable
	switch {
	case in.Amount != nil && in.Amount.Currency != o.Currency:
		return nil, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The order is in another currency.")
	case in.Amount != nil && in.Amount.Minor < 1:
		return nil, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A refund gives back at least one minor unit.")
	case in.Amount != nil:
		amount = in.Amount.Minor
	case want >= 0:
		amount, param = want, "line_items"
	}
	if !in.DespiteDispute {
		clean := slices.DeleteFunc(slices.Clone(pool), (*payment.Intent).UnderDispute)
		var free int64
		for _, i := range clean {
			free += in.room(i)
		}
		if len(clean) < len(pool) && (amount > free || amount == 0) {
			return nil, disputed("payment_intent_id", pool)
		}
		pool = clean
	}
	if amount > refundable || amount == 0 {
		return nil, tooMuch(param, refundable, o.Currency)
	}
	var out []tender
	for _, i := range pool {
		part := min(amount, in.room(i))
		if part > 0 {
			out = append(out, tender{i, part})
			amount -= part
		}
	}
	return out, nil
}

func namedTenders(o *order.Order, intents []*payment.Intent, in CreateInput, want int64) ([]tender, error) {
	var (
		faults fault.List
		out    []tender
		sum    int64
	)
	for n, t := range in.Tenders {
		at := fmt.Sprintf("tender_allocations[%d]", n)
		k := slices.IndexFunc(intents, func(i *payment.Intent) bool { return i.ID == t.PaymentIntentID })
		switch {
		case k < 0:
			faults.Add("REFUND_TENDER_NOT_FOUND", at+".payment_intent_id", "The order has no such payment intent.")
			continue
		case slices.ContainsFunc(out, func(o tender) bool { return o.intent == intents[k] }):
			faults.Add("REFUND_TENDER_CAPACITY_CONFLICT", at+".payment_intent_id", "A payment intent can be named once.")
			continue
		case t.Amount.Currency != o.Currency:
			faults.Add("CURRENCY_MISMATCH", at+".amount_money.currency", "The order is in another currency.")
			continue
		case t.Amount.Minor < 1:
			faults.Add("INVALID_AMOUNT", at+".amount_money.amount", "A refund gives back at least one minor unit.")
			continue
		case !in.DespiteDispute && intents[k].UnderDispute():
			return nil, disputed(at+".payment_intent_id", intents[k:k+1])
		case t.Amount.Minor > in.room(intents[k]):
			return nil, tooMuch(at+".amount_money", in.room(intents[k]), o.Currency)
		}
		out = append(out, tender{intents[k], t.Amount.Minor})
		sum += t.Amount.Minor
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if in.Amount != nil {
		want = in.Amount.Minor
	}
	if want >= 0 && sum != want {
		return nil, fault.Invalid("REFUND_AMOUNT_NOT_ALLOCATED", "tender_allocations", "The allocations do not come to the amount of the refund.").
			With("required_money", money.Amount{Minor: want, Currency: o.Currency})
	}
	return out, nil
}

// room is what a payment can still give back in the way that is asked for. Money that no processor holds, because
// it was received elsewhere, can only be given back elsewhere or stay as credit.
func (in *CreateInput) room(i *payment.Intent) int64 {
	if in.Method == "" || in.Method == MethodOriginal {
		return i.Refundable()
	}
	return i.Returnable()
}

// disputed refuses a refund of payments whose buyer has asked the bank for the same money.
func disputed(param string, pool []*payment.Intent) error {
	var ids []string
	for _, i := range pool {
		if i.UnderDispute() {
			ids = append(ids, i.ID)
		}
	}
	e := fault.Conflict("PAYMENT_INTENT_DISPUTED", "The payment is under dispute; a refund might give the money back twice.").
		Then("Wait for the end of the dispute. What is not disputed can be refunded with allow_disputed and the permission for it.").
		With("payment_intent_ids", ids)
	e.Param = param
	return e
}
