package order

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// AddLinesInput adds line items to an order.
type AddLinesInput struct {
	Scope   tenant.Scope
	Cause   event.Cause
	OrderID string
	Lines   []LineInput
}

// Validate reports every fault of the input.
func (in AddLinesInput) Validate() error {
	var l fault.List
	checkLines(&l, in.Lines)
	return l.Err()
}

// AddLines appends line items in the order's currency and reprices it.
func (s *Service) AddLines(ctx context.Context, tx db.Tx, in AddLinesInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	if err := checkPriceOpen(o); err != nil {
		return nil, err
	}
	if len(o.Lines)+len(in.Lines) > MaxLines {
		return nil, fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "An order has at most %d line items.", MaxLines)
	}
	if in.Lines, err = s.readVariants(tx, in.Scope, in.Lines, o.Currency); err != nil {
		return nil, err
	}
	a := NewActivity{Type: ActivityLineAdded, Description: "Added " + count(len(in.Lines), "line item") + "."}
	for _, line := range in.Lines {
		o.Lines = append(o.Lines, line.newLine(s.IDs))
	}
	if len(in.Lines) == 1 {
		added := o.Lines[len(o.Lines)-1]
		a.Description, a.RefType, a.RefID = "Added: "+added.Name+".", RefLine, added.ID
	}
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	if err := noteVariants(tx, o, o.Lines[len(o.Lines)-len(in.Lines):]); err != nil {
		return nil, err
	}
	if err := s.recount(tx, o); err != nil {
		return nil, err
	}
	return o, s.Save(tx, o, in.Cause, Change{Activities: []NewActivity{a}})
}

// Line is the order's line of an id, nil when it has none.
func (o *Order) Line(lineID string) *Line {
	i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.ID == lineID })
	if i < 0 {
		return nil
	}
	return &o.Lines[i]
}
