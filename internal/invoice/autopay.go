package invoice

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/settings"
)

// chargeHour is the hour of the invoice's own day at which its saved payment method is charged.
const chargeHour = 9

// chargeSettles is how long a charge may be under way before somebody looks what holds it up.
const chargeSettles = 2 * time.Minute

// automatic tells whether the invoice is charged by itself.
func (v *Invoice) automatic() bool {
	return v.Collection.Resolved == CollectAutomatic && v.Collectible()
}

// chargeAt is when what is due at a time is charged so many days later, in the invoice's timezone. On the day
// itself it is never after the due date.
func (v *Invoice) chargeAt(due time.Time, days int) time.Time {
	y, m, d := due.In(v.Location()).Date()
	at := time.Date(y, m, d+days, chargeHour, 0, 0, 0, v.Location()).UTC()
	if days == 0 && at.After(due) {
		return due
	}
	return at
}

// chargeParts are the parts that are charged by themselves. What has no due date is due when it is issued.
func (v *Invoice) chargeParts() []duePart {
	if len(v.Entries) == 0 {
		return []duePart{{"", v.dueOr(v.DueAt), v.Amounts.Outstanding() - v.FeesOutstanding()}}
	}
	parts := make([]duePart, 0, len(v.Entries))
	for i := range v.Entries {
		e := &v.Entries[i]
		parts = append(parts, duePart{e.ID, v.dueOr(e.DueAt), e.Outstanding()})
	}
	return parts
}

func (v *Invoice) dueOr(at time.Time) time.Time {
	if at.IsZero() {
		return v.IssuedAt
	}
	return at
}

func chargeKey(entryID string, days int) string { return entryID + "/" + strconv.Itoa(days) }

// chargeDays are the days after the due date on which the invoice is charged, the due date first.
func (v *Invoice) chargeDays() []int { return append([]int{0}, v.ChargeRetries...) }

// nextCharge is the earliest moment at which a charge is due that was not made, zero for none.
func (v *Invoice) nextCharge() (at time.Time) {
	if !v.automatic() {
		return at
	}
	if v.Charging != "" {
		return v.ChargingSince.Add(chargeSettles)
	}
	for _, p := range v.chargeParts() {
		for _, days := range v.chargeDays() {
			if p.outstanding == 0 || slices.Contains(v.Told.Charges, chargeKey(p.entryID, days)) {
				continue
			}
			if t := v.chargeAt(p.at, days); at.IsZero() || t.Before(at) {
				at = t
			}
		}
	}
	return at
}

// chargeNow marks every charge whose time has come as made and tells whether one was new: after a jump of the
// clock, and for parts that became due together, the buyer's card is charged once.
func (v *Invoice) chargeNow(now time.Time) (isDue bool) {
	if !v.automatic() || v.Charging != "" {
		return false
	}
	for _, p := range v.chargeParts() {
		for _, days := range v.chargeDays() {
			key := chargeKey(p.entryID, days)
			if p.outstanding == 0 || v.chargeAt(p.at, days).After(now) || slices.Contains(v.Told.Charges, key) {
				continue
			}
			v.Told.Charges = append(v.Told.Charges, key)
			isDue = true
		}
	}
	return isDue
}

// autopay charges the saved payment method of an invoice whose time has come. That it was tried is written in the
// transaction that plans the charge, so each day's charge is made once whoever runs this; a charge that was planned
// and not made is finished by the sweeper of payments. It must not be called in a transaction.
func (s *Service) autopay(ctx context.Context, t target) error {
	var started Collected
	err := s.DB.Write(ctx, func(tx db.Tx) (err error) {
		started, err = s.planCharge(tx, t)
		return err
	})
	f := fault.Of(err)
	switch {
	case err == nil && started.stuck != nil:
		return s.giveUp(ctx, started.Attempt, started.stuck, system)
	case err == nil && started.Attempt == nil:
		return nil
	case err == nil:
		s.Failpoints.Hit("invoice.autopay")
		err = s.Charge(ctx, t.scope, t.id, started.Attempt.ID, started.Operations, system)
		if f := fault.Of(err); f != nil && f.Class != fault.ClassInternal {
			return nil // declined, or not known yet: the attempt says so
		}
		return err
	case f == nil || f.Class == fault.ClassInternal:
		return err
	}
	return s.DB.Write(ctx, func(tx db.Tx) error { return s.chargeRefused(tx, t, f) })
}

// planCharge plans what is due. An order whose payment is under way is left alone until that has ended.
func (s *Service) planCharge(tx db.Tx, t target) (Collected, error) {
	o, v, err := s.open(tx, t.scope, t.id)
	if err != nil || !v.automatic() {
		return Collected{}, err
	}
	now := s.Clock.Now()
	if at := v.nextCharge(); at.IsZero() || at.After(now) {
		return Collected{}, nil
	}
	if v.Charging != "" {
		return s.heldUp(tx, v)
	}
	if o.ActiveAttemptID != "" {
		return Collected{}, nil // look asks again in a minute
	}
	if !v.chargeNow(now) {
		return Collected{}, nil
	}
	return s.collect(tx, o, v, CollectInput{Scope: t.scope, InvoiceID: t.id, Cause: system}, true)
}

// heldUp looks at a charge that has not ended: one that asks for the buyer is given up, for nobody is there.
func (s *Service) heldUp(tx db.Tx, v *Invoice) (Collected, error) {
	a, err := GetAttempt(tx, v.Scope, v.ID, v.Charging)
	if err != nil {
		return Collected{}, err
	}
	of, err := payment.GetAttempt(tx, v.Scope, a.OrderID, a.OrderAttemptID)
	if err != nil {
		return Collected{}, err
	}
	switch of.Status {
	case payment.AttemptRequiresAction:
		return Collected{Attempt: a, stuck: of}, nil
	case payment.AttemptFinalizing:
		v.ChargingSince = s.Clock.Now()
	default:
		v.chargeEnded(a)
	}
	return Collected{}, s.save(tx, v, system, change{})
}

// chargeRefused notes a charge that was refused before it reached the processor, and goes on to the next day.
func (s *Service) chargeRefused(tx db.Tx, t target, why *fault.Error) error {
	_, v, err := s.open(tx, t.scope, t.id)
	if err != nil || !v.chargeNow(s.Clock.Now()) {
		return err
	}
	var c change
	c.note(ActivityUpdated, "The saved payment method could not be charged.", ActivityDetail{ErrorCode: why.Code})
	c.tell(EventPaymentFailed, func(d *eventData) {
		d.FailureCode, d.FailureMessage, d.ErrorCode = "payment_method_unavailable", why.Message, why.Code
	})
	return s.save(tx, v, system, c)
}

// chargeEnded notes that an automatic charge is no longer under way.
func (v *Invoice) chargeEnded(a *PaymentAttempt) {
	if v.Charging == a.ID {
		v.Charging, v.ChargingSince = "", time.Time{}
	}
}

// fixRetries freezes when a failed automatic charge is tried again.
func (v *Invoice) fixRetries(p settings.AutopayRetryPlan) {
	v.ChargeRetries = nil
	if v.Collection.Resolved != CollectAutomatic {
		return
	}
	for _, days := range p.DayOffsets {
		v.ChargeRetries = append(v.ChargeRetries, int(days))
	}
}

// checkMethod refuses a saved payment method that could not be charged for the order without its owner.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_METHOD_CUSTOMER_MISMATCH, PAYMENT_METHOD_NOT_ACTIVE,
// PAYMENT_METHOD_ON_SESSION_ONLY, INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED.
func (s *Service) checkMethod(tx db.Tx, o *order.Order, methodID string) error {
	if methodID == "" {
		return nil
	}
	err := unusable(s.Payments.CheckMethod(tx, o, methodID), "collection.payment_method_id")
	if err != nil && fault.Of(err) == nil {
		return fmt.Errorf("check payment method %s: %w", methodID, err)
	}
	return err
}
