package refund

import (
	"fmt"
	"slices"

	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
)

// targeted tells whether the refund names what it is for.
func (in *CreateInput) targeted() bool {
	return len(in.Lines)+len(in.Charges)+len(in.Taxes) > 0 || in.Goodwill != nil || in.Extra != 0
}

// target computes what lines, charges and taxes ask for, and goodwill adds: their sum, or -1 when none is named.
func (s *Service) target(o *order.Order, past history, in CreateInput, r *Refund) (int64, error) {
	if !in.targeted() {
		return -1, nil
	}
	held := past.held
	var faults fault.List
	var sum int64
	for n, l := range in.Lines {
		at := fmt.Sprintf("line_items[%d]", n)
		if slices.ContainsFunc(r.Detail.Lines, func(p LineAllocation) bool { return p.LineID == l.LineID }) {
			faults.Add("DUPLICATE_LINE_ITEM_TARGET", at+".order_line_item_id", "A line can be named once.")
			continue
		}
		part, err := s.targetLine(o, past, l, in.Cause)
		if err != nil {
			faults.AddError(at, err)
			continue
		}
		r.Detail.Lines = append(r.Detail.Lines, part)
		sum += part.Refunded
	}
	for n, c := range in.Charges {
		at := fmt.Sprintf("charges[%d]", n)
		if slices.ContainsFunc(r.Detail.Charges, func(p ChargePart) bool { return p.ChargeID == c.ChargeID }) {
			faults.Add("DUPLICATE_CHARGE_TARGET", at+".order_charge_id", "A charge can be named once.")
			continue
		}
		part, err := targetCharge(o, held[c.ChargeID], c)
		if err != nil {
			faults.AddError(at, err)
			continue
		}
		r.Detail.Charges = append(r.Detail.Charges, part)
		sum += part.Amount
	}
	for n, tax := range in.Taxes {
		amount, err := targetTax(o, past, tax, r)
		if err != nil {
			faults.AddError(fmt.Sprintf("tax_breakdown_refunds[%d]", n), err)
		}
		sum += amount
	}
	if g := in.Goodwill; g != nil {
		switch {
		case g.Currency != o.Currency:
			faults.Add("CURRENCY_MISMATCH", "goodwill_money.currency", "The order is in another currency.")
		case g.Minor < 1:
			faults.Add("INVALID_AMOUNT", "goodwill_money.amount", "Goodwill is at least one minor unit.")
		}
		r.Detail.Goodwill = g.Minor
		sum += g.Minor
	}
	if err := faults.Err(); err != nil {
		return 0, err
	}
	sum += in.Extra
	if in.Amount != nil {
		switch {
		case sum > in.Amount.Minor:
			return 0, fault.Invalid("REFUND_TARGETS_EXCEED_REFUND_AMOUNT", "amount_money", "The lines and charges named come to more than the amount.").
				With("required_money", money.Amount{Minor: sum, Currency: o.Currency})
		case sum < in.Amount.Minor:
			return 0, fault.Invalid("REFUND_AMOUNT_NOT_ALLOCATED", "amount_money", "The lines and charges named come to less than the amount.").
				With("required_money", money.Amount{Minor: sum, Currency: o.Currency})
		}
	}
	if sum == 0 {
		return 0, fault.Invalid("NOTHING_TO_REFUND_FOR_LINE_ITEM", "line_items", "Nothing is left to refund for what was named.")
	}
	return sum, nil
}

// targetLine is the part of one line: its share, with explicit tax, less adjustments, and what earlier refunds
// withheld of it and this one gives back.
func (s *Service) targetLine(o *order.Order, past history, in LineInput, cause event.Cause) (LineAllocation, error) {
	l := o.Line(in.LineID)
	if l == nil {
		return LineAllocation{}, fault.Invalid("RESOURCE_NOT_FOUND", "order_line_item_id", "The order has no such line.")
	}
	part, err := shareOfLine(o, l, past.held[l.ID], in)
	if err != nil {
		return part, err
	}
	part.SKU, part.Source = l.SKU, l.Source
	if in.ExplicitTax != nil {
		if err := explicitTax(o, l, past, in, &part, cause); err != nil {
			return part, err
		}
	}
	if err := s.adjust(o, &part, in.Adjustments); err != nil {
		return part, err
	}
	return part, s.giveBack(o, past, &part, in.AdjustmentRefunds)
}

func shareOfLine(o *order.Order, l *order.Line, t Taken, in LineInput) (LineAllocation, error) {
	part := LineAllocation{LineID: l.ID}
	switch {
	case len(in.AdjustmentRefunds) > 0 && in.Quantity == nil && in.Amount == nil && in.Share == nil:
		return part, nil // only what was withheld before
	case in.Share != nil:
		var err error
		if part, err = frozenUnits(l, t, in); err != nil {
			return part, err
		}
	case in.Amount != nil && in.Quantity != nil:
		return part, fault.Invalid("EXACTLY_ONE_REQUIRED", "amount_money", "Name a quantity or an amount of the line, not both.")
	case in.Amount != nil:
		left := order.LineShare(*l, 0, l.Quantity).Total - t.Amount
		if in.Amount.Currency != o.Currency {
			return part, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The order is in another currency.")
		}
		if in.Amount.Minor < 1 {
			return part, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A refund gives back at least one minor unit.")
		}
		if in.Amount.Minor > left {
			return part, tooMuch("amount_money", left, o.Currency)
		}
		part = lineAmount(l, t, in.Amount.Minor)
	default:
		left := l.Quantity - t.Quantity
		n := left
		if in.Quantity != nil {
			n = *in.Quantity
		}
		if left == 0 || order.LineShare(*l, 0, l.Quantity).Total <= t.Amount {
			return part, fault.Invalid("NOTHING_TO_REFUND_FOR_LINE_ITEM", "order_line_item_id", "Every unit of the line is refunded already.")
		}
		if n < 1 || n > left {
			return part, fault.Invalid("INVALID_QUANTITY", "quantity", "Between 1 and %d units of the line can be refunded.", left)
		}
		part = lineUnits(l, t, n)
	}
	return part, nil
}

func targetCharge(o *order.Order, t Taken, in ChargeInput) (ChargePart, error) {
	c := o.Charge(in.ChargeID)
	if c == nil {
		return ChargePart{}, fault.Invalid("RESOURCE_NOT_FOUND", "order_charge_id", "The order has no such charge.")
	}
	left := chargeLeft(c, t)
	if in.Amount == nil {
		if left.Amount <= 0 {
			return left, fault.Invalid("ORDER_HAS_NO_REFUNDABLE_CHARGES", "order_charge_id", "The charge is refunded already.")
		}
		return left, nil
	}
	switch {
	case in.Amount.Currency != o.Currency:
		return left, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The order is in another currency.")
	case in.Amount.Minor < 1:
		return left, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A refund gives back at least one minor unit.")
	case in.Amount.Minor > left.Amount:
		return left, tooMuch("amount_money", left.Amount, o.Currency)
	}
	return ChargePart{ChargeID: c.ID, Amount: in.Amount.Minor, Tax: money.Share(left.Tax, in.Amount.Minor, left.Amount)}, nil
}
