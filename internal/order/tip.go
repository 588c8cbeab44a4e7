package order

import (
	"maps"
	"slices"
	"time"

	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/text"
)

// TipInput asks for a tip: exactly one of Amount and Percent.
type TipInput struct {
	Amount      *money.Amount
	Percent     *money.Percent // 1 to 100, of the merchandise after discounts
	Name        string
	Description string
	Metadata    map[string]string
}

func (in *TipInput) check(l *fault.List, param string) {
	switch {
	case (in.Amount == nil) == (in.Percent == nil):
		l.Add("INVALID_TIP", param, "A tip has either an amount or a percentage.")
	case in.Amount != nil && (in.Amount.Minor < 1 || in.Amount.Minor > MaxAmount):
		l.Add("INVALID_TIP_AMOUNT", param+".amount_money.amount", "A tip is at least 1 and at most %d minor units.", int64(MaxAmount))
	case in.Percent != nil && (*in.Percent < 10000 || *in.Percent > maxTaxPercent):
		l.Add("INVALID_TIP_PERCENT", param+".percent", "A tip is between 1 and 100 percent.")
	}
	text.Rule{Max: maxName, TooLong: "NAME_TOO_LONG"}.Check(l, param+".name", in.Name)
	checkDescription(l, param+".description", in.Description)
	l.AddError(param+".metadata", metadata.Check(in.Metadata))
}

// requestedTip is the live request, nil when there is none.
func requestedTip(o *Order) *Tip {
	i := slices.IndexFunc(o.Tips, func(t Tip) bool { return t.Status == TipRequested })
	if i < 0 {
		return nil
	}
	return &o.Tips[i]
}

// request sets the order's tip, replacing the one asked for before, and tells the activity.
func (in *TipInput) request(o *Order, ids *id.Source, now time.Time) (NewActivity, error) {
	if in.Amount != nil && in.Amount.Currency != o.Currency {
		return NewActivity{}, fault.Invalid("TIP_CURRENCY_MISMATCH", "requested_tip.amount_money.currency", "The tip is not in the currency of the order.")
	}
	a := NewActivity{Type: ActivityTipUpdated, Description: "Tip changed.", RefType: RefTip}
	tip := requestedTip(o)
	if tip == nil {
		if len(o.Tips) >= MaxTips {
			return a, fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "An order keeps at most %d tips.", MaxTips)
		}
		o.Tips = append(o.Tips, Tip{ID: ids.New(id.OrderTip), Status: TipRequested, CreatedAt: now, UpdatedAt: now})
		tip = &o.Tips[len(o.Tips)-1]
		a.Type, a.Description = ActivityTipAdded, "Tip added."
	}
	if tip.Settled > 0 {
		return a, tipCarried()
	}
	a.RefID = tip.ID
	before := *tip
	tip.Amount, tip.Percent = nil, in.Percent
	if in.Amount != nil {
		tip.Amount = &in.Amount.Minor
	}
	tip.Name, tip.Description, tip.Metadata = in.Name, in.Description, in.Metadata
	if !sameTip(before, *tip) {
		tip.UpdatedAt = now
	}
	return a, nil
}

// cancelTip withdraws the requested tip, which the caller found.
func cancelTip(tip *Tip, now time.Time) (NewActivity, error) {
	if tip.Settled > 0 {
		return NewActivity{}, tipCarried()
	}
	tip.Status, tip.UpdatedAt = TipCanceled, now
	return NewActivity{Type: ActivityTipRemoved, Description: "Tip removed.", RefType: RefTip, RefID: tip.ID}, nil
}

func tipCarried() error {
	return fault.Conflict("ORDER_FINANCIAL_MUTATION_NOT_ALLOWED", "Part of the tip was already paid, so it does not change.")
}

// carryTip books the part of the requested tip that a payment carried and returns it; never more than
// is left of the tip. A tip that was carried in full is settled. One that was carried in part, or not
// at all by the first money, keeps its amount from now on, whatever is bought in addition.
func carryTip(o *Order, paymentIntentID string, amount int64, now time.Time) int64 {
	t := requestedTip(o)
	if t == nil {
		return 0
	}
	part := min(amount, t.Effective-t.Settled)
	t.Settled += part
	t.UpdatedAt = now
	if part > 0 {
		if k := slices.IndexFunc(t.Allocations, func(a TipAllocation) bool { return a.PaymentIntentID == paymentIntentID }); k >= 0 {
			t.Allocations[k].Amount += part
		} else {
			t.Allocations = append(t.Allocations, TipAllocation{PaymentIntentID: paymentIntentID, Amount: part})
		}
	}
	if t.Settled == t.Effective {
		t.Status = carriedStatus(t)
		return part
	}
	fixed := t.Effective
	t.Amount, t.Percent = &fixed, nil
	return part
}

// uncarryTip takes the tip back that a payment carried, as far as amount goes and nothing of it was
// refunded, and returns it: that part of the tip is asked for again, at the same amount.
func uncarryTip(o *Order, paymentIntentID string, amount int64, now time.Time) int64 {
	for i := range o.Tips {
		t := &o.Tips[i]
		k := slices.IndexFunc(t.Allocations, func(a TipAllocation) bool { return a.PaymentIntentID == paymentIntentID })
		if k < 0 || t.Status == TipCanceled {
			continue
		}
		part := min(amount, t.Allocations[k].Amount, t.Settled-t.Refunded)
		if part == 0 || t.Status != TipRequested && (t.Refunded > 0 || requestedTip(o) != nil) {
			continue // a tip that was given back in part stays what it is
		}
		if t.Allocations[k].Amount -= part; t.Allocations[k].Amount == 0 {
			t.Allocations = slices.Delete(t.Allocations, k, k+1)
		}
		fixed := t.Effective
		t.Settled -= part
		t.Status, t.Amount, t.Percent, t.UpdatedAt = TipRequested, &fixed, nil, now
		return part
	}
	return 0
}

// refundTips books amount as given back of the settled tips, oldest first; a negative amount takes a
// refund back, newest first. It returns what did not fit.
func refundTips(o *Order, amount int64, now time.Time) (rest int64) {
	rest = amount
	for k := range o.Tips {
		i := k
		if amount < 0 {
			i = len(o.Tips) - 1 - k
		}
		t := &o.Tips[i]
		part := min(max(rest, -t.Refunded), t.Settled-t.Refunded)
		if part == 0 {
			continue
		}
		t.Refunded += part
		rest -= part
		t.UpdatedAt = now
		if t.Status != TipRequested { // a tip that was carried in part is still to be paid
			t.Status = carriedStatus(t)
		}
	}
	return rest
}

func carriedStatus(t *Tip) string {
	switch t.Refunded {
	case 0:
		return TipSettled
	case t.Settled:
		return TipRefunded
	default:
		return TipPartiallyRefunded
	}
}

func sameTip(a, b Tip) bool {
	samePointer := func(x, y *int64) bool { return (x == nil) == (y == nil) && (x == nil || *x == *y) }
	samePercent := func(x, y *money.Percent) bool { return (x == nil) == (y == nil) && (x == nil || *x == *y) }
	return samePointer(a.Amount, b.Amount) && samePercent(a.Percent, b.Percent) && a.Name == b.Name && a.Description == b.Description &&
		maps.Equal(a.Metadata, b.Metadata)
}
