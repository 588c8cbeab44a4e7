package support

import (
	"fmt"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/order"
)

// link says on the entries of a page which other orders they lead to: where the order comes from, which orders were
// made for its returns, and where exchange credit came from and went.
func (s *Service) link(tx db.Tx, o *order.Order, page []Entry) error {
	x, err := s.readExchange(tx, o)
	if err != nil {
		return err
	}
	numbers := map[string]string{}
	for n := range page {
		e := &page[n]
		switch {
		case e.ActivityID != "":
			x.linkActivity(o, e)
		case x.carrying(e.Objects[0]) != nil:
			t := x.carrying(e.Objects[0])
			e.What = t.toldOf(e.Type)
			e.add(t.objects()...)
		case x.madeFor != nil && slices.Contains(e.Objects, Object{"return", x.madeFor.ReturnID}) && e.Objects[0].isReturns():
			e.What += " This is return " + x.madeFor.ReturnNumber + " of order " + x.madeFor.OrderNumber + "."
			e.add(x.madeFor.objects()...)
		case e.Objects[0].Type == "return_resolution":
			for _, other := range e.Objects {
				if other.Type != "order" || other.ID == o.ID {
					continue
				}
				if numbers[other.ID] == "" {
					made, err := s.Orders.Get(tx.Context(), tx, o.Scope, other.ID)
					if err != nil {
						return fmt.Errorf("read order %s, which a return of order %s made: %w", other.ID, o.ID, err)
					}
					numbers[other.ID] = made.Number
				}
				e.What += " Order " + numbers[other.ID] + " was made for it."
			}
		}
	}
	return nil
}

func (x exchange) linkActivity(o *order.Order, e *Entry) {
	if e.Type == order.ActivityCreated && x.madeFor != nil {
		e.What += " It was made for return " + x.madeFor.ReturnNumber + " of order " + x.madeFor.OrderNumber + "."
		e.add(x.madeFor.objects()...)
	}
	if len(e.Objects) == 0 || e.Amount == nil {
		return
	}
	t := x.carrying(e.Objects[0])
	if t == nil {
		return
	}
	e.What = t.told(e.Type == order.ActivityAdjustment || e.Type == order.ActivityRefundFailed, speaker(o)(e.Amount.Minor))
	e.add(append(t.objects(), Object{order.RefPaymentIntent, t.OtherIntentID})...)
}

// carrying is the transfer that a payment or a refund of the order stands for, nil for none.
func (x exchange) carrying(o Object) *Transfer {
	switch o.Type {
	case order.RefPaymentIntent:
		return x.came(o.ID)
	case order.RefRefund:
		return x.went(o.ID)
	}
	return nil
}

// toldOf says what an event of the payment or the refund that stands for a transfer means.
func (t *Transfer) toldOf(eventType string) string {
	switch {
	case eventType == "payment_intent.canceled":
		return "The payment that stood for exchange credit from order " + t.OrderNumber + " was taken back."
	case t.In:
		return "Exchange credit from order " + t.OrderNumber + " counts as a payment."
	case eventType == "refund.created":
		return "A refund takes the value of returned goods to order " + t.OrderNumber + " as exchange credit; no money goes to the buyer."
	case eventType == "refund.failed":
		return "The refund that took exchange credit to order " + t.OrderNumber + " was undone."
	default:
		return "The refund that takes exchange credit to order " + t.OrderNumber + " is done."
	}
}

// isReturns reports whether the object is a return or a part of one.
func (o Object) isReturns() bool { return o.Type == "return" || strings.HasPrefix(o.Type, "return_") }

// add names further objects, each once.
func (e *Entry) add(objects ...Object) {
	for _, o := range objects {
		if o.ID != "" && !slices.Contains(e.Objects, o) {
			e.Objects = append(e.Objects, o)
		}
	}
}

// objects are what the link names, the other order first.
func (l Link) objects() []Object {
	return []Object{{"order", l.OrderID}, {"return", l.ReturnID}, {"return_resolution", l.ResolutionID}}
}
