package invoice

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// reminderEvery is the shortest distance of reminders that are sent by hand.
const reminderEvery = time.Hour

// send queues an e-mail of the invoice. There is one mail per occasion, ever.
func (s *Service) send(ctx context.Context, tx db.Tx, v *Invoice, kind, occasion string, cause event.Cause) (*DeliveryAttempt, error) {
	url, err := s.PublicURL(v)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	due, _ := v.Collecting(now, "")
	dueAt := v.OverdueAt()
	mailID, err := s.Mail.Queue(ctx, tx, Letter{
		Invoice: v, Key: "invoice/" + v.ID + "/" + occasion, Reminder: kind == DeliveryReminder, Due: v.Money(due), DueAt: dueAt, URL: url, Cause: cause,
	})
	if err != nil {
		return nil, fmt.Errorf("queue the mail of invoice %s: %w", v.ID, err)
	}
	d := &DeliveryAttempt{
		Scope: v.Scope, ID: s.IDs.New(id.InvoiceDelivery), InvoiceID: v.ID, Type: kind, Status: DeliveryPending, To: v.RecipientEmail,
		Cc: v.CcEmails, MailID: mailID, CreatedAt: now,
	}
	if state, reason, err := s.Mail.State(tx, v.Scope, mailID); err == nil && state == "suppressed" {
		d.Status, d.Error = DeliverySuppressed, reason
	}
	return d, tx.Send(`INSERT INTO invoice_deliveries (merchant_id, environment_id, `+deliveryColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.InvoiceID, d.Type, d.Status, d.To, strings.Join(d.Cc, " "), d.MailID, d.Error,
		d.CreatedAt, d.SentAt)
}

// SendReminder e-mails a reminder by hand.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_ISSUED, INVOICE_NOT_COLLECTIBLE, RECIPIENT_EMAIL_REQUIRED,
// INVOICE_REMINDER_RATE_LIMITED.
func (s *Service) SendReminder(ctx context.Context, tx db.Tx, scope tenant.Scope, invoiceID string, cause event.Cause) (Issued, error) {
	_, v, err := s.open(tx, scope, invoiceID)
	if err != nil {
		return Issued{}, err
	}
	if err := v.checkCollectible(); err != nil {
		return Issued{}, err
	}
	if v.RecipientEmail == "" {
		return Issued{}, fault.Conflict("RECIPIENT_EMAIL_REQUIRED", "The invoice has nobody to be sent to.")
	}
	now := s.Clock.Now()
	if wait := v.LastReminder.Add(reminderEvery).Sub(now); !v.LastReminder.IsZero() && wait > 0 {
		return Issued{}, (&fault.Error{Class: fault.ClassRateLimited, Code: "INVOICE_REMINDER_RATE_LIMITED", Message: "A reminder was sent a short while ago."}).Retry(wait)
	}
	v.LastReminder = now
	d, err := s.send(ctx, tx, v, DeliveryReminder, "reminder/"+now.Format(time.RFC3339), cause)
	if err != nil {
		return Issued{}, err
	}
	var c change
	c.note(ActivityUpdated, "Reminder sent by hand.", ActivityDetail{DeliveryID: d.ID, To: d.To, Channel: "email"})
	c.tell(EventUpdated)
	return Issued{Invoice: v, Delivery: d}, s.save(tx, v, cause, c)
}

const deliveryColumns = `delivery_id, invoice_id, type, status, to_email, cc_emails, mail_id, error, created_at, sent_at`

func scanDelivery(r db.Row, scope tenant.Scope) (*DeliveryAttempt, error) {
	d := &DeliveryAttempt{Scope: scope}
	var cc string
	err := r.Scan(&d.ID, &d.InvoiceID, &d.Type, &d.Status, &d.To, &cc, &d.MailID, &d.Error, &d.CreatedAt, &d.SentAt)
	d.Cc = strings.Fields(cc)
	return d, err
}

// ListDeliveries reads one page of an invoice's e-mails, newest first, and the cursor of the next;
// RESOURCE_NOT_FOUND without such an invoice.
func ListDeliveries(tx db.Tx, scope tenant.Scope, invoiceID string, after *listing.Cursor, limit int) ([]*DeliveryAttempt, *listing.Cursor, error) {
	if _, err := Get(tx, scope, invoiceID); err != nil {
		return nil, nil, err
	}
	q := listing.From("invoice_deliveries", deliveryColumns, "delivery_id", scope).Equal("invoice_id", invoiceID)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, limit, func(r db.Row) (*DeliveryAttempt, error) { return scanDelivery(r, scope) },
		func(d *DeliveryAttempt) listing.Cursor { return listing.At(d.CreatedAt, d.ID) })
}

// delivered takes over what became of a mail, once it is known.
func (s *Service) delivered(tx db.Tx, scope tenant.Scope, deliveryID string) error {
	var d *DeliveryAttempt
	read := func(lock string) error {
		d = nil
		return tx.Query(func(r db.Row) (err error) {
			d, err = scanDelivery(r, scope)
			return err
		}, `SELECT `+deliveryColumns+` FROM invoice_deliveries WHERE merchant_id = $1 AND environment_id = $2 AND delivery_id = $3`+lock,
			scope.MerchantID, scope.EnvironmentID, deliveryID)
	}
	if err := read(""); err != nil || d == nil {
		return err
	}
	_, v, err := s.open(tx, scope, d.InvoiceID)
	if err != nil {
		return err
	}
	if err := read(tx.ForUpdate()); err != nil || d.Status != DeliveryPending {
		return err
	}
	state, reason, err := s.Mail.State(tx, scope, d.MailID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") { // it was deleted with the data of whom it was for
		state, reason, err = "suppressed", "erased", nil
	}
	if err != nil {
		return err
	}
	var c change
	detail := ActivityDetail{Channel: "email", To: d.To, DeliveryID: d.ID}
	about := func(x *eventData) { x.DeliveryID = d.ID }
	switch state {
	case "sent":
		d.Status, d.SentAt = DeliverySent, s.Clock.Now()
		c.tell(EventDeliverySucceeded, about)
		if d.Type == DeliverySend {
			c.note(ActivityDeliverySent, "Invoice sent by e-mail.", detail)
			c.note(ActivitySent, "The invoice has reached its buyer's mail server.", ActivityDetail{})
			c.tell(EventSent, about)
		} else {
			c.note(ActivityReminderSent, "Reminder sent by e-mail.", detail)
		}
	case "rejected":
		d.Status, d.Error = DeliveryFailed, cmp.Or(reason, "rejected")
		c.note(ActivityUpdated, "An e-mail could not be delivered.", detail)
		c.tell(EventDeliveryFailed, about)
	case "suppressed":
		d.Status, d.Error = DeliverySuppressed, reason
		c.note(ActivityUpdated, "An e-mail was held back.", detail)
	default:
		return nil
	}
	err = tx.Send(`UPDATE invoice_deliveries SET status = $4, error = $5, sent_at = $6 WHERE merchant_id = $1 AND environment_id = $2 AND delivery_id = $3`,
		scope.MerchantID, scope.EnvironmentID, d.ID, d.Status, d.Error, d.SentAt)
	if err != nil {
		return err
	}
	return s.save(tx, v, event.Cause{ActorType: "system"}, c)
}
