package recovery

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// Letter is a reminder to be mailed.
type Letter struct {
	Scope      tenant.Scope
	ID         string // names the reminder, for Leaving; one mail for each, ever
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
		if p.Quiet != nil {
			if at := p.Quiet(now, zone); at.After(now) {
				step.DueAt = at
				return nil
			}
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
	step.MailID, why, err = s.Queue(tx, Letter{
		Scope: r.Scope, ID: fmt.Sprintf("%s:%d", r.ID, step.Number), OrderID: o.ID, RecoveryID: r.ID, Step: step.Number,
		Subject: step.Subject, To: email, URL: s.URL(r.Scope, link.ID), CustomerID: o.CustomerID, Timezone: zone,
	})
	if err != nil {
		return fmt.Errorf("queue a reminder: %w", err)
	}
	if why != "" {
		step.State, step.Reason = StepSuppressed, why
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

// Leaving tells why a reminder that is about to leave must not any more, empty when it may, in the last
// transaction before it is handed over; reminderID is that of Letter.ID. It locks the order, and notes the
// reason on the step.
func (s *Service) Leaving(tx db.Tx, scope tenant.Scope, reminderID string) (string, error) {
	recoveryID, number, _ := strings.Cut(reminderID, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return "", fmt.Errorf("%q is no reminder", reminderID)
	}
	found, err := Get(tx, scope, recoveryID)
	if err != nil {
		return "", err
	}
	o, err := s.Orders.Load(tx, scope, found.OrderID)
	if err != nil {
		return "", err
	}
	r, err := live(tx, scope, o.ID)
	if err != nil {
		return "", err
	}
	why := ""
	switch {
	case o.DerivePaymentStatus() == order.PaymentPaid:
		why = WhyBought
	case o.Status != order.StatusOpen:
		why = WhyClosed
	case r == nil || r.ID != recoveryID:
		why = WhyBought // part of the order was paid since
	case r.State == StateReturned:
		why = WhyReturned
	}
	if why == "" {
		return "", nil
	}
	return why, tx.Send(`UPDATE recovery_steps SET state = 'suppressed', reason = $5, decided_at = $6
		WHERE merchant_id = $1 AND environment_id = $2 AND recovery_id = $3 AND step = $4`,
		scope.MerchantID, scope.EnvironmentID, recoveryID, n, why, s.Clock.Now())
}

// waitsForBuyer reports whether the payment under way needs its buyer to go on.
func (s *Service) waitsForBuyer(tx db.Tx, o *order.Order) (bool, error) {
	a, err := payment.GetAttempt(tx, o.Scope, o.ID, o.ActiveAttemptID)
	return err == nil && a.Status == payment.AttemptRequiresAction, err
}
