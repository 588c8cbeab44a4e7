package refund

import (
	"fmt"
	"slices"

	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
)

// explicitTax replaces the tax of a line's share by what the caller says. Tax on top of the price changes what
// the buyer gets; an amount that was named stays the amount, and tax inside the price is only told apart.
func explicitTax(o *order.Order, l *order.Line, past history, in LineInput, part *LineAllocation, cause event.Cause) error {
	x := in.ExplicitTax
	if x.ReasonCode == "" {
		return fault.Invalid("REFUND_ADJUSTMENT_REASON_REQUIRED", "tax_adjustment_reason", "An explicit tax needs a reason with a code.")
	}
	taken := past.taxTaken()
	var tax int64
	for n, p := range x.Parts {
		at := fmt.Sprintf("tax_breakdown_refunds[%d]", n)
		b := breakdown(o, p.BreakdownID)
		if b == nil || b.LineID != l.ID {
			return fault.Invalid("RESOURCE_NOT_FOUND", at+".tax_breakdown_id", "The line has no such component of tax.")
		}
		if slices.ContainsFunc(part.Taxes, func(t TaxPart) bool { return t.BreakdownID == b.ID }) {
			return fault.Invalid("DUPLICATE_TAX_BREAKDOWN_REFUND", at+".tax_breakdown_id", "A component of tax can be named once.")
		}
		left := b.Amount - taken[b.ID]
		amount := left
		if p.Tax != nil {
			if p.Tax.Currency != o.Currency {
				return fault.Invalid("CURRENCY_MISMATCH", at+".tax_money.currency", "The order is in another currency.")
			}
			amount = p.Tax.Minor
		}
		if amount < 0 || amount > left {
			return tooMuch(at+".tax_money", left, o.Currency)
		}
		part.Taxes = append(part.Taxes, TaxPart{b.ID, amount})
		tax += amount
	}
	if x.Tax != nil {
		switch {
		case x.Tax.Currency != o.Currency:
			return fault.Invalid("CURRENCY_MISMATCH", "tax_money.currency", "The order is in another currency.")
		case len(x.Parts) > 0 && x.Tax.Minor != tax:
			return fault.Invalid("REFUND_TARGETS_NOT_ALLOCATED", "tax_money", "The components do not come to the tax.").
				With("required_money", money.Amount{Minor: tax, Currency: o.Currency})
		}
		tax = x.Tax.Minor
	} else if len(x.Parts) == 0 {
		return fault.Invalid("FIELD_REQUIRED", "tax_money", "An explicit tax needs tax_money or tax_breakdown_refunds.")
	}
	t := past.held[l.ID]
	all := order.LineShare(*l, 0, l.Quantity)
	if left := all.Tax - t.Tax; tax < 0 || tax > left {
		return tooMuch("tax_money", left, o.Currency)
	}
	if tax == part.Tax && len(x.Parts) == 0 {
		return fault.Invalid("EXPLICIT_TAX_REFUND_NOOP", "tax_money", "The tax is what would be refunded anyway.").Then("Leave tax_refund_mode out.")
	}
	part.TaxAudit = &TaxAudit{ReasonCode: x.ReasonCode, Description: x.Description, StatedType: x.ActorType, StatedID: x.ActorID,
		Source: x.Source, ActorType: cause.ActorType, ActorID: cause.ActorID, Automatic: part.Tax}
	switch {
	case l.TaxAdditive == 0: // inside the price: the money stays
	case in.Amount != nil:
		part.Subtotal += part.Tax - tax
	default:
		part.Total += tax - part.Tax
	}
	if left := all.Total - t.Amount; part.Total > left {
		return tooMuch("tax_money", left, o.Currency)
	}
	part.Tax, part.Refunded = tax, part.Total
	return nil
}

// targetTax refunds one component of tax and nothing else of what bears it.
func targetTax(o *order.Order, past history, in TaxInput, r *Refund) (int64, error) {
	b := breakdown(o, in.BreakdownID)
	if b == nil {
		return 0, fault.Invalid("RESOURCE_NOT_FOUND", "tax_breakdown_id", "The order has no such component of tax.")
	}
	named := func(p TaxPart) bool { return p.BreakdownID == b.ID }
	left := b.Amount - past.taxTaken()[b.ID]
	amount := left
	if in.Tax != nil {
		amount = in.Tax.Minor
	}
	switch {
	case in.Tax != nil && in.Tax.Currency != o.Currency:
		return 0, fault.Invalid("CURRENCY_MISMATCH", "tax_money.currency", "The order is in another currency.")
	case left <= 0:
		return 0, fault.Invalid("NOTHING_TO_REFUND_FOR_TAX_BREAKDOWN", "tax_breakdown_id", "This tax is refunded already.")
	case amount < 1:
		return 0, fault.Invalid("INVALID_AMOUNT", "tax_money.amount", "A refund gives back at least one minor unit.")
	case amount > left:
		return 0, tooMuch("tax_money", left, o.Currency)
	}
	switch {
	case b.LineID != "":
		l := o.Line(b.LineID)
		if n := slices.IndexFunc(r.Detail.Lines, func(p LineAllocation) bool { return p.LineID == l.ID }); n >= 0 {
			part := &r.Detail.Lines[n]
			if part.Quantity > 0 || part.Total > part.Tax || slices.ContainsFunc(part.Taxes, named) {
				return 0, fault.Invalid("DUPLICATE_TAX_BREAKDOWN_REFUND", "tax_breakdown_id", "The line, and its tax with it, is named already.")
			}
			part.add(amount, b.ID, l.TaxAdditive == 0)
			return amount, nil
		}
		if free := order.LineShare(*l, 0, l.Quantity).Total - past.held[l.ID].Amount; amount > free {
			return 0, tooMuch("tax_money", free, o.Currency)
		}
		part := LineAllocation{LineID: l.ID, SKU: l.SKU, Source: l.Source}
		part.add(amount, b.ID, l.TaxAdditive == 0)
		r.Detail.Lines = append(r.Detail.Lines, part)
	case b.ChargeID != "":
		c := o.Charge(b.ChargeID)
		if slices.ContainsFunc(r.Detail.Charges, func(p ChargePart) bool { return p.ChargeID == c.ID }) {
			return 0, fault.Invalid("DUPLICATE_TAX_BREAKDOWN_REFUND", "tax_breakdown_id", "The charge, and its tax with it, is named already.")
		}
		if free := c.Total - past.held[c.ID].Amount; amount > free {
			return 0, tooMuch("tax_money", free, o.Currency)
		}
		r.Detail.Charges = append(r.Detail.Charges, ChargePart{ChargeID: c.ID, Amount: amount, Tax: amount, Taxes: []TaxPart{{b.ID, amount}}})
	default:
		switch {
		case slices.ContainsFunc(r.Detail.Taxes, named):
			return 0, fault.Invalid("DUPLICATE_TAX_BREAKDOWN_REFUND", "tax_breakdown_id", "A component of tax can be named once.")
		case amount != b.Amount:
			return 0, fault.Invalid("FLAT_TAX_REFUND_MUST_BE_FULL", "tax_money", "A flat tax of the order is refunded as a whole.").
				With("required_money", money.Amount{Minor: b.Amount, Currency: o.Currency})
		}
		r.Detail.Taxes = append(r.Detail.Taxes, TaxPart{b.ID, amount})
	}
	return amount, nil
}

// add puts tax alone on a line's part.
func (a *LineAllocation) add(tax int64, breakdownID string, inside bool) {
	if inside {
		a.Subtotal += tax
	}
	a.Tax += tax
	a.Total += tax
	a.Refunded += tax
	a.Taxes = append(a.Taxes, TaxPart{breakdownID, tax})
}

// splitTaxes tells the tax of lines and charges apart by component: by what is left of each, so that any sequence
// of refunds comes to each component exactly.
func splitTaxes(o *order.Order, past history, r *Refund) error {
	if len(o.Tax.Breakdowns) == 0 {
		return nil
	}
	taken := past.taxTaken()
	split := func(tax int64, owns func(order.TaxBreakdown) bool) ([]TaxPart, error) {
		var parts []TaxPart
		var weights []int64
		var sum int64
		for _, b := range o.Tax.Breakdowns {
			if left := b.Amount - taken[b.ID]; owns(b) && left > 0 {
				parts, weights = append(parts, TaxPart{BreakdownID: b.ID}), append(weights, left)
				sum += left
			}
		}
		if sum < tax { // refunds from before their taxes were told apart
			return nil, nil
		}
		amounts, err := money.Allocate(tax, weights)
		for n := range amounts {
			parts[n].Amount = amounts[n]
		}
		return slices.DeleteFunc(parts, func(p TaxPart) bool { return p.Amount == 0 }), err
	}
	var err error
	for n := range r.Detail.Lines {
		if p := &r.Detail.Lines[n]; p.Tax > 0 && len(p.Taxes) == 0 {
			if p.Taxes, err = split(p.Tax, func(b order.TaxBreakdown) bool { return b.LineID == p.LineID }); err != nil {
				return err
			}
		}
	}
	for n := range r.Detail.Charges {
		if p := &r.Detail.Charges[n]; p.Tax > 0 && len(p.Taxes) == 0 {
			if p.Taxes, err = split(p.Tax, func(b order.TaxBreakdown) bool { return b.ChargeID == p.ChargeID }); err != nil {
				return err
			}
		}
	}
	return nil
}

func breakdown(o *order.Order, breakdownID string) *order.TaxBreakdown {
	n := slices.IndexFunc(o.Tax.Breakdowns, func(b order.TaxBreakdown) bool { return b.ID == breakdownID })
	if n < 0 {
		return nil
	}
	return &o.Tax.Breakdowns[n]
}
