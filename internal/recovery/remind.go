package recovery

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// Letter is a reminder to be mailed.
type Letter struct {
	Scope      tenant.Scope
	Key        string // one mail for a key, ever
	OrderID    string
	RecoveryID string
	Step       int64
	Subject    string // which of the wordings: reminder, question, last_call
	To         string
	URL        string // of the link back; a secret
	CustomerID string
	Timezone   string // of the buyer, may be empty
}

// remind settles the steps whose time has come, in the transaction that has the order locked: a purchase
// commits before it and is seen, or after it.
func (s *Service) remind(tx db.Tx, o *order.Order, r *Recovery, now time.Time) error {
	steps, err := Steps(tx, r.Scope, r.ID)
	if err != nil {
		return err
	}
	var due []*Step
	for n := range steps {
		if steps[n].State == StepPlanned && !steps[n].DueAt.After(now) {
			due = append(due, &steps[n])
		}
	}
	for n, step := range due {
		if n < len(due)-1 { // the worker was away; one mail at a time
			step.State, step.Reason, step.DecidedAt = StepSuppressed, WhyLaterStep, now
		} else if err := s.decide(tx, o, r, step, now); err != nil {
			return err
		}
		if err := saveStep(tx, r, step); err != nil {
			return err
		}
	}
	s.Failpoints.Hit("recovery.reminded")
	return nil
}

// decide sends a step, puts it off for the quiet hours, or says why it is not sent.
func (s *Service) decide(tx db.Tx, o *order.Order, r *Recovery, step *Step, now time.Time) error {
	p, err := s.plan(tx, r.Scope)
	if err != nil {
		return err
	}
	email, zone, err := contactOf(tx, r.Scope, o)
	if err != nil {
		return err
	}
	why, err := s.suppressed(tx, o, r, &p, email)
	if err != nil {
		return err
	}
	if why == "" {
		if at := p.awake(now, zone); at.After(now) {
			step.DueAt = at
			return nil
		}
		if p.Cap > 0 { // last, because it locks the address
			key := s.addressKey(r.Scope, email)
			n, err := sentTo(tx, r.Scope, key, now.AddDate(0, 0, -int(max(p.CapDays, 1))), now)
			if err != nil {
				return err
			}
			if step.addressKey = key; n >= p.Cap {
				why = WhyCap
			}
		}
	}
	step.DecidedAt = now
	if why != "" {
		step.State, step.Reason = StepSuppressed, why
		return nil
	}
	link, err := s.mint(tx, &Link{Scope: r.Scope, OrderID: o.ID, RecoveryID: r.ID, Source: SourceReminder, Step: step.Number}, now)
	if err != nil {
		return err
	}
	step.State, step.LinkID, step.addressKey = StepSent, link.ID, s.addressKey(r.Scope, email)
	step.MailID, err = s.Queue(tx, Letter{
		Scope: r.Scope, Key: fmt.Sprintf("recovery:%s:%d", r.ID, step.Number), OrderID: o.ID, RecoveryID: r.ID, Step: step.Number,
		Subject: step.Subject, To: email, URL: s.URL(r.Scope, link.ID), CustomerID: o.CustomerID, Timezone: zone,
	})
	if err != nil {
		return fmt.Errorf("queue a reminder: %w", err)
	}
	return nil
}

// suppressed says why a buyer is not written to now, empty when they may be. The order is locked.
func (s *Service) suppressed(tx db.Tx, o *order.Order, r *Recovery, p *Plan, email string) (string, error) {
	switch {
	case o.DerivePaymentStatus() == order.PaymentPaid:
		return WhyBought, nil
	case o.Status != order.StatusOpen:
		return WhyClosed, nil
	case r.State == StateReturned:
		return WhyReturned, nil
	case o.ActiveAttemptID != "":
		waits, err := s.waitsForBuyer(tx, o)
		if err != nil || !waits {
			return WhyPaying, err
		}
	}
	switch {
	case s.Queue == nil || len(p.Steps) == 0:
		return WhyOff, nil
	case p.MerchantSends:
		return WhyMerchantSends, nil
	case !p.HasAddress:
		return WhyNoPostal, nil
	case email == "":
		return WhyNoAddress, nil
	case p.OptIn && (r.Detail.Consent == nil || !*r.Detail.Consent), r.Detail.Consent != nil && !*r.Detail.Consent:
		return WhyNoConsent, nil
	case s.Unsubscribed != nil:
		off, err := s.Unsubscribed(tx, r.Scope, email)
		if err != nil {
			return "", fmt.Errorf("read the preferences of an address: %w", err)
		}
		if off {
			return WhyUnsubscribed, nil
		}
	}
	return "", nil
}

// StillWanted tells why a reminder that is about to leave must not, empty when it may. It is asked in the
// last transaction before the mail goes out, and locks the order.
func (s *Service) StillWanted(tx db.Tx, scope tenant.Scope, recoveryID string) (string, error) {
	found, err := Get(tx, scope, recoveryID)
	if err != nil {
		return "", err
	}
	o, err := s.Orders.Load(tx, scope, found.OrderID)
	if err != nil {
		return "", err
	}
	r, err := live(tx, scope, o.ID)
	switch {
	case err != nil:
		return "", err
	case o.DerivePaymentStatus() == order.PaymentPaid:
		return WhyBought, nil
	case o.Status != order.StatusOpen:
		return WhyClosed, nil
	case r == nil || r.ID != recoveryID:
		return WhyBought, nil // part of the order was paid since
	case r.State == StateReturned:
		return WhyReturned, nil
	}
	return "", nil
}

// waitsForBuyer reports whether the payment under way needs its buyer to go on.
func (s *Service) waitsForBuyer(tx db.Tx, o *order.Order) (bool, error) {
	a, err := payment.GetAttempt(tx, o.Scope, o.ID, o.ActiveAttemptID)
	return err == nil && a.Status == payment.AttemptRequiresAction, err
}
