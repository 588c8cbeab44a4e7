package server

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/money"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/recovery"
	"flint/internal/tenant"
)

// reminderGate is asked before a reminder leaves.
const reminderGate = "checkout_reminder"

// buildRecovery wires what brings buyers back. It stands after the doors that close themselves when an order
// is paid.
func (s *Server) buildRecovery() {
	v := s.Services
	v.Recovery = &recovery.Service{
		Clock: s.Clock, IDs: s.IDs, Events: v.Checkouts.Events, Orders: v.Orders, Payments: v.Payments, Checkouts: v.Checkouts, Logger: s.Log,
		Key: s.derive("recovery"), Address: s.Settings.Address, Plan: s.recoveryPlan, Doors: s.doors(), Failpoints: s.Failpoints,
	}
	recovery.Wire(v.Recovery)
	if s.Receipts.Sender == nil {
		return
	}
	v.Recovery.Queue, v.Recovery.Unsubscribed = s.queueReminder, func(tx db.Tx, scope tenant.Scope, email string) (bool, error) {
		c, err := s.Receipts.Preferences(tx, scope, email)
		return !c.CheckoutReminders, err
	}
	if s.Receipts.Gates == nil {
		s.Receipts.Gates = map[string]func(db.Tx, tenant.Scope, string) (string, error){}
	}
	s.Receipts.Gates[reminderGate] = v.Recovery.Leaving
}

// recoveryPlan tells package recovery what the merchant has set up.
func (s *Server) recoveryPlan(tx db.Tx, scope tenant.Scope) (recovery.Plan, error) {
	e, err := s.Settings.Effective(tx, scope)
	if err != nil {
		return recovery.Plan{}, fmt.Errorf("read the settings of recovery: %w", err)
	}
	p := recovery.Plan{
		Idle: time.Duration(e.Checkout.RecoveryEmail.DelaySeconds) * time.Second, OptIn: e.Recovery.RequireConsent, Quiet: e.AfterQuietHours,
		Cap: e.Recovery.FrequencyCap.MaxMails, CapDays: e.Recovery.FrequencyCap.Days,
	}
	for n, step := range e.Plan() {
		subject := cmp.Or(step.Subject, []string{recovery.SubjectReminder, recovery.SubjectQuestion, recovery.SubjectLastCall}[min(n, recovery.MaxSteps-1)])
		p.Steps = append(p.Steps, recovery.PlanStep{Delay: time.Duration(step.DelaySeconds) * time.Second, Subject: subject})
	}
	if len(p.Steps) == 0 {
		return p, nil
	}
	m, err := s.Merchants.Get(tx.Context(), tx, scope.MerchantID)
	if err != nil {
		return recovery.Plan{}, fmt.Errorf("read the merchant of a reminder: %w", err)
	}
	p.HasAddress = m.Address != nil
	return p, nil
}

// queueReminder writes the letter of a reminder. The mail system decides once more what it knows itself.
func (s *Server) queueReminder(tx db.Tx, l recovery.Letter) (mailID, why string, err error) {
	o, err := s.Services.Orders.Get(tx.Context(), tx, l.Scope, l.OrderID)
	if err != nil {
		return "", "", err
	}
	m, err := s.Merchants.Get(tx.Context(), tx, l.Scope.MerchantID)
	if err != nil {
		return "", "", err
	}
	letter := reminderLetter(l, o, m.BusinessName)
	if mailID, err = s.Receipts.Queue(tx.Context(), tx, letter); err != nil {
		return "", "", err
	}
	state, reason, err := s.Receipts.State(tx, l.Scope, mailID)
	if err != nil || state != notification.StateSuppressed {
		return mailID, "", err
	}
	why = map[string]string{
		notification.ReasonMerchantSends: recovery.WhyMerchantSends, notification.ReasonPreference: recovery.WhyUnsubscribed,
		notification.ReasonFrequency: recovery.WhyCap,
	}[reason]
	if why == "" {
		why = recovery.WhyOff
	}
	return mailID, why, nil
}

// reminderLetter is what a reminder says.
func reminderLetter(l recovery.Letter, o *order.Order, merchant string) notification.Letter {
	amount := func(minor int64) string { return money.Format(money.Amount{Minor: minor, Currency: o.Currency}, "") }
	subject, text := "You left something at "+merchant, "Your order is still here. You can go on where you left off."
	switch l.Subject {
	case recovery.SubjectQuestion:
		subject, text = "Any questions about your order at "+merchant+"?", "Your order is still open. If something kept you from finishing it, just answer this mail."
	case recovery.SubjectLastCall:
		subject, text = "Your order at "+merchant+" is still open", "This is the last time we write about this order. You can still go on where you left off."
	}
	var rows []notification.Fact
	for i := range o.Lines {
		line := &o.Lines[i]
		name := line.Name
		if line.Quantity != 1 {
			name = fmt.Sprintf("%d × %s", line.Quantity, name)
		}
		rows = append(rows, notification.Fact{Name: name, Value: amount(line.Subtotal)})
	}
	rows = append(rows, notification.Fact{Name: "Total now", Value: amount(o.Outstanding()), Strong: true})
	return notification.Letter{
		Scope: l.Scope, Key: "checkout_reminder:" + l.ID, Family: notification.FamilyReminders, To: l.To, Subject: subject, Heading: subject,
		Blocks: []notification.Block{
			notification.Paragraph(text), notification.Facts(rows...), notification.Button("Continue to checkout", l.URL),
			notification.Paragraph("Prices may have changed since; the page shows what holds now. Nothing is paid until you confirm it there."),
		},
		Footer: "You get this mail because you left this address at a checkout of " + merchant + ".",
		Gate:   reminderGate, GateID: l.ID, CustomerID: l.CustomerID, Timezone: l.Timezone, Cause: event.Cause{ActorType: "system"},
	}
}

// bringBack looks for buyers who left, and reminds them.
func (s *Server) bringBack(ctx context.Context) {
	s.every(ctx, s.ticks[3], "bring buyers back", func(ctx context.Context, limit int) (int, error) {
		return s.Services.Recovery.Work(ctx, s.DB, limit)
	})
}
