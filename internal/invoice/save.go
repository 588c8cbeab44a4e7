package invoice

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/order"
)

// change says what a save tells the world about.
type change struct {
	activities []Activity // Type, Description and Detail
	events     []eventOf
	byCredit   bool
}

func (c *change) note(kind, description string, d ActivityDetail) {
	c.activities = append(c.activities, Activity{Type: kind, Description: description, Detail: d})
}

func (c *change) tell(kind string, fill ...func(*eventData)) {
	c.events = append(c.events, eventOf{kind, fill})
}

// takeFrom takes over what the order says was paid and refunded: everything up to what the invoice asks for.
// What is above is credit of the buyer, and the order's.
func (v *Invoice) takeFrom(o *order.Order) {
	a := &v.Amounts
	a.Paid = min(o.Settlement.Paid, a.Total+a.Fees-a.Waived-a.Credited)
	a.Refunded = min(o.Settlement.Refunded, a.Paid)
}

// save writes a changed invoice that open gave: its amounts spread, its status as it follows from them, the
// time of the next look, activities and events. It announces paid, partially paid and refunded itself.
func (s *Service) save(tx db.Tx, v *Invoice, cause event.Cause, c change) error {
	now := s.Clock.Now()
	v.spread()
	v.follow(now, c.byCredit)
	if v.Issued() {
		switch {
		case v.Status == StatusPaid && v.stored.status != StatusPaid:
			c.tell(EventPaid)
		case v.Status == StatusPartiallyPaid && v.Amounts.Paid > v.stored.amounts.Paid:
			c.tell(EventPartiallyPaid)
		}
		if status := v.RefundStatus(); v.Amounts.Refunded != v.stored.amounts.Refunded && status != order.RefundNone {
			kind := EventPartiallyRefunded
			if status == order.RefundRefunded {
				kind = EventRefunded
			}
			c.tell(kind)
		}
	}
	v.NextCheckAt = v.nextCheck()
	if err := update(tx, v, now, v.stored.activities+int64(len(c.activities))); err != nil {
		return err
	}
	s.Failpoints.Hit("invoice.saved")
	return s.record(tx, v, now, cause, c, v.stored.activities-int64(len(c.activities)))
}

// record writes activities after the given sequence, and the events.
func (s *Service) record(tx db.Tx, v *Invoice, now time.Time, cause event.Cause, c change, sequence int64) error {
	for i, a := range c.activities {
		detail, err := json.Marshal(&a.Detail)
		if err != nil {
			return fmt.Errorf("encode an activity of invoice %s: %w", v.ID, err)
		}
		err = tx.Send(`INSERT INTO invoice_activities (merchant_id, environment_id, invoice_id, sequence, activity_id, type, description,
			actor_type, actor_id, detail, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			v.Scope.MerchantID, v.Scope.EnvironmentID, v.ID, sequence+int64(i)+1, s.IDs.New(id.InvoiceActivity), a.Type, a.Description,
			actorType(cause), cause.ActorID, string(detail), now)
		if err != nil {
			return fmt.Errorf("write an activity of invoice %s: %w", v.ID, err)
		}
	}
	for _, e := range c.events {
		if err := s.Events.Record(tx, v.Scope, now, cause, event.New{
			Type: e.kind, RootType: "invoice", RootID: v.ID, ResourceType: "invoice", ResourceID: v.ID, Data: v.eventData(e.fill),
		}); err != nil {
			return fmt.Errorf("record %s: %w", e.kind, err)
		}
	}
	return nil
}

// actorType is the contract's name of who caused a change.
func actorType(cause event.Cause) string {
	switch cause.ActorType {
	case "buyer":
		return "buyer"
	case "system", "processor", "":
		return "system"
	default:
		return "merchant"
	}
}
