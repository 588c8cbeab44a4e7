package fulfillment

import (
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/tenant"
)

// open locks the order of a fulfilment, under whose lock everything below it changes, and reads the fulfilment.
func (s *Service) open(tx db.Tx, scope tenant.Scope, fulfillmentID string) (*order.Order, *Fulfillment, error) {
	peek, err := Get(tx, scope, fulfillmentID)
	if err != nil {
		return nil, nil, err
	}
	o, err := s.Orders.Load(tx, scope, peek.OrderID)
	if err != nil {
		return nil, nil, err
	}
	f, err := Get(tx, scope, fulfillmentID)
	return o, f, err
}

// checkVersion refuses a change that was decided on another version; nil expects none.
func checkVersion(code string, expected *int64, current int64) error {
	if expected == nil || *expected == current {
		return nil
	}
	return fault.Conflict(code, "It was changed since it was read.").Then("Read it again and repeat the call with its version.").
		With("current_version", current)
}

// follow brings the order in line with its fulfillments, f among them as it is in memory, and writes a row of its
// history. Subscribers to the order hear of it when its status changed.
func (s *Service) follow(tx db.Tx, o *order.Order, f *Fulfillment, activity, text string, cause event.Cause) error {
	all, err := OfOrder(tx, f.Scope, o.ID)
	if err != nil {
		return err
	}
	if k := slices.IndexFunc(all, func(v *Fulfillment) bool { return v.ID == f.ID }); k >= 0 {
		all[k] = f
	} else {
		all = append(all, f)
	}
	c := order.Change{Events: order.Quiet, Activities: []order.NewActivity{{
		Type: activity, Description: text, RefType: order.RefFulfillment, RefID: f.ID,
	}}}
	o.Fulfilling = true
	if status := OrderStatus(o.Lines, all); status != o.FulfillmentStatus {
		o.FulfillmentStatus, c.Events = status, nil
	}
	return s.Orders.Save(tx, o, cause, c)
}

// Recount brings an order whose lines change in line with its fulfillments, before it is saved. Units that are
// held or were delivered stay on the order: FULFILLMENT_QUANTITY_EXCEEDS_LINE_ITEM. Set order.Service.Recount to it.
func Recount(tx db.Tx, o *order.Order) error {
	all, err := OfOrder(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	for lineID, held := range Held(all) {
		if l := o.Line(lineID); held > 0 && (l == nil || l.Quantity < held) {
			return fault.Conflict("FULFILLMENT_QUANTITY_EXCEEDS_LINE_ITEM", "Fulfillments have more units of the line item than would be left.").
				Then("Cancel the fulfillment first.").With("order_line_item_id", lineID)
		}
	}
	o.FulfillmentStatus = OrderStatus(o.Lines, all)
	return nil
}

// happened is when something happened: what the caller says, otherwise now.
func happened(told, now time.Time) time.Time {
	if told.IsZero() {
		return now
	}
	return told.UTC().Truncate(time.Microsecond)
}
