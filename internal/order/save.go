package order

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/ledger"
)

// Change says what a Save tells the world about.
type Change struct {
	// Activities are the rows of the order's history, in order.
	Activities []NewActivity
	// Events are the types to record; order.updated when nil, none when empty but not nil.
	Events []string
	// PaymentIntentID and RefundID name what moved money, for the journal; usually empty.
	PaymentIntentID string
	RefundID        string
	// Dispute tells the journal that a bank moved the money.
	Dispute bool
}

// Quiet is the Events of a Change that no subscriber has to hear of.
var Quiet = []string{}

// Save writes a changed order that Load gave in the same transaction: the row under the next
// revision, the journal entry that moves the accounts to the order's new Position, the activities
// and the events. The caller has repriced the order when it changed the price. A price that comes
// down to what was collected makes the order paid, and records order.paid as well. A changed price
// and a close are told to Repriced.
func (s *Service) Save(tx db.Tx, o *Order, cause event.Cause, c Change) error {
	events := c.Events
	if events == nil {
		events = []string{EventUpdated}
	}
	if hasSettledMoney(o) && o.DerivePaymentStatus() == PaymentPaid && o.stored.paymentStatus != PaymentPaid && !slices.Contains(events, EventPaid) {
		events = append(slices.Clone(events), EventPaid)
	}
	for _, d := range o.Declined {
		c.Activities = append(slices.Clip(c.Activities), NewActivity{Type: ActivityDiscountRemoved, Description: "No longer applies: " + d.Name + "."})
	}
	now := s.Clock.Now()
	refunded, moved := o.Settlement.Refunded+o.Disputes.Lost > o.stored.refunded, o.Stranded && o.Credit() != o.stored.credit
	mutated := o.Pricing != o.stored.pricing || o.Status != o.stored.status
	o.Revision = o.stored.revision + 1
	o.UpdatedAt = now
	if err := updateOrder(tx, o, o.stored.activities+int64(len(c.Activities))); err != nil {
		return err
	}
	s.Failpoints.Hit("order.saved")
	if err := s.record(tx, o, now, cause, c, events); err != nil {
		return err
	}
	if mutated {
		for _, f := range s.Repriced {
			if err := f(tx, o, cause); err != nil {
				return err
			}
		}
	}
	if o.ReturnID != "" && s.Replacing != nil {
		if err := s.Replacing(tx, o); err != nil {
			return err
		}
	}
	if moved {
		for _, f := range s.Balanced {
			if err := f(tx, o, refunded, cause); err != nil {
				return err
			}
		}
	}
	return nil
}

// record writes what stands beside the row: journal, activities, events.
func (s *Service) record(tx db.Tx, o *Order, now time.Time, cause event.Cause, c Change, events []string) error {
	kind := ledger.ReasonOrder
	if c.Dispute {
		kind = ledger.ReasonDispute
	}
	err := s.Journal.Post(tx, o.Scope, now, ledger.Entry{
		Reason:  fmt.Sprintf("%s:%s:%d", kind, o.ID, o.Revision),
		OrderID: o.ID, PaymentID: c.PaymentIntentID, RefundID: c.RefundID, Currency: string(o.Currency),
		Postings: PositionDelta(o.stored.position, Position(o)),
	})
	if err != nil {
		return fmt.Errorf("post the order's change: %w", err)
	}
	if err := s.appendActivities(tx, o, now, cause, c.Activities); err != nil {
		return err
	}
	for _, kind := range events {
		if err := s.Events.Record(tx, o.Scope, now, cause, newEvent(o, kind)); err != nil {
			return fmt.Errorf("record %s: %w", kind, err)
		}
	}
	o.markStored(o.stored.activities + int64(len(c.Activities)))
	s.Failpoints.Hit("order.recorded")
	return nil
}
