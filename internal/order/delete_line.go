package order

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// DeleteLineInput removes a line item.
type DeleteLineInput struct {
	Scope   tenant.Scope
	Cause   event.Cause
	OrderID string
	LineID  string
}

// DeleteLine removes a line item and reprices the order. The last line item stays, and none goes once
// money settled. A pending discount of this line alone goes with it.
func (s *Service) DeleteLine(ctx context.Context, tx db.Tx, in DeleteLineInput) (*Order, error) {
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	line := o.Line(in.LineID)
	if line == nil {
		return nil, fault.NotFound("line item of this order")
	}
	if err := checkPriceOpen(o); err != nil {
		return nil, err
	}
	if hasSettledMoney(o) {
		return nil, fault.Conflict("PAID_LINE_ITEM_REMOVAL_FORBIDDEN", "A line item is not removed after a payment.").
			Then("Refund the line item instead.")
	}
	if len(o.Lines) == 1 {
		return nil, fault.Conflict("MISSING_LINE_ITEMS", "An order keeps at least one line item.").
			Then("Add the new line item first, or close the order.")
	}
	change := Change{Activities: []NewActivity{{Type: ActivityLineRemoved, Description: "Removed: " + line.Name + ".", RefType: RefLine, RefID: line.ID}}}
	if err := forgetVariant(tx, o, line); err != nil {
		return nil, err
	}
	o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool { return l.ID == in.LineID })
	change.Activities = append(change.Activities, dropTarget(o, in.LineID)...)
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	if err := s.recount(tx, o); err != nil {
		return nil, err
	}
	return o, s.Save(tx, o, in.Cause, change)
}

// dropTarget takes a line or charge out of the discounts that name it, and removes the pending ones
// that name nothing else.
func dropTarget(o *Order, targetID string) []NewActivity {
	var rows []NewActivity
	kept := o.Discounts[:0]
	for _, d := range o.Discounts {
		if d.Status == DiscountPending && (slices.Equal(d.LineIDs, []string{targetID}) || slices.Equal(d.ChargeIDs, []string{targetID})) {
			rows = append(rows, NewActivity{Type: ActivityDiscountRemoved, Description: "Removed: " + d.Name + ".", RefType: RefDiscount, RefID: d.ID})
			continue
		}
		isTarget := func(v string) bool { return v == targetID }
		d.LineIDs = slices.DeleteFunc(d.LineIDs, isTarget)
		d.ChargeIDs = slices.DeleteFunc(d.ChargeIDs, isTarget)
		kept = append(kept, d)
	}
	o.Discounts = kept
	return rows
}
