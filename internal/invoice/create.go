package invoice

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// CreateInput drafts an invoice over an order that is there, or over one that is made for it alone: exactly
// one of OrderID and QuickPay.
type CreateInput struct {
	Scope    tenant.Scope
	OrderID  string
	QuickPay *order.CreateInput // its scope and cause are filled in
	Fields   Fields
	Metadata map[string]string
	// ReturnResolutionID is the resolution whose balance is billed; set by the returns domain only.
	ReturnResolutionID string
	Cause              event.Cause
}

// Create drafts an invoice. It keeps other invoices off the order and changes nothing else about it.
//
// Faults: INVOICE_SOURCE_REQUIRED, INVOICE_SOURCE_CONFLICT, INVALID_INVOICE_DRAFT_SOURCE, those of the fields,
// RESOURCE_NOT_FOUND, ORDER_NOT_OPEN, ORDER_ALREADY_PAID, ORDER_ALREADY_HAS_ACTIVE_INVOICE,
// ORDER_HAS_OPEN_CHECKOUT, ORDER_COLLECTION_IN_PROGRESS, RETURN_CHECKOUT_REQUIRED, INVOICE_SCHEDULE_INVALID,
// INVOICE_PAYMENT_TERM_UNAVAILABLE, INVOICE_PAYMENT_TERM_CURRENCY_MISMATCH, CUSTOMER_PAYMENT_TERM_UNAVAILABLE,
// INVOICE_COLLECTION_MODE_UNSUPPORTED, INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED, PAYMENT_METHOD_NOT_ACTIVE,
// PAYMENT_METHOD_ON_SESSION_ONLY, PAYMENT_METHOD_CUSTOMER_MISMATCH.
func (s *Service) Create(ctx context.Context, tx db.Tx, in CreateInput) (*Invoice, error) {
	now := s.Clock.Now()
	var l fault.List
	switch {
	case in.OrderID == "" && in.QuickPay == nil:
		l.Add("INVOICE_SOURCE_REQUIRED", "order_id", "An invoice needs an order_id or quick_pay.")
	case in.OrderID != "" && in.QuickPay != nil:
		l.Add("INVOICE_SOURCE_CONFLICT", "quick_pay", "An invoice has one source: order_id or quick_pay.")
	}
	in.Fields.check(&l, now)
	checkMetadata(&l, in.Metadata)
	if err := l.Err(); err != nil {
		return nil, err
	}
	o, err := s.source(ctx, tx, in)
	if err != nil {
		return nil, err
	}
	defaults, err := s.Settings(tx, in.Scope)
	if err != nil {
		return nil, err
	}
	v := &Invoice{
		Scope: in.Scope, ID: s.IDs.New(id.Invoice), OrderID: o.ID, CustomerID: o.CustomerID, Status: StatusDraft, Version: 1,
		Currency: o.Currency, Hidden: in.QuickPay != nil, Memo: defaults.Invoices.Memo, Footer: defaults.Invoices.Footer,
		Timezone: defaults.Invoices.Timezone, Due: DueRequest{Type: DueMerchant}, Collection: Collection{Mode: "merchant_default"},
		Metadata: in.Metadata, CreatedAt: now, UpdatedAt: now,
	}
	if a := defaults.Invoices.RemitTo; a != nil {
		v.RemitTo = (*order.Address)(a)
	}
	buyer, err := s.buyer(ctx, tx, o)
	if err != nil {
		return nil, err
	}
	if buyer != nil {
		v.RecipientEmail, v.SearchWords = buyer.Email, []string{buyer.Name, buyer.Email}
	}
	v.worth(o)
	if err := in.Fields.applyTo(v, s.IDs); err != nil {
		return nil, err
	}
	if err := s.checkDraft(tx, v, defaults); err != nil {
		return nil, err
	}
	if err := s.checkMethod(tx, o, v.Collection.PaymentMethodID); err != nil {
		return nil, err
	}
	v.spread()
	v.NextCheckAt = v.nextCheck()
	if err := s.Orders.ClaimDraft(tx, o, v.ID, in.Cause); err != nil {
		return nil, err
	}
	if err := insert(tx, v, 1); err != nil {
		return nil, err
	}
	s.Failpoints.Hit("invoice.created")
	var c change
	c.note(ActivityDraftCreated, "Draft made.", ActivityDetail{})
	c.tell(EventCreated)
	return v, s.record(tx, v, now, in.Cause, c, 0)
}

// worth takes over what the order asks for: a draft follows it until the invoice is issued.
func (v *Invoice) worth(o *order.Order) {
	v.Amounts = Amounts{Total: o.Outstanding() + o.Settlement.Paid, Paid: o.Settlement.Paid}
	v.CustomerID = o.CustomerID
}

// source locks the order to bill, or makes it.
func (s *Service) source(ctx context.Context, tx db.Tx, in CreateInput) (*order.Order, error) {
	if in.QuickPay != nil {
		q := *in.QuickPay
		q.Scope, q.Cause = in.Scope, in.Cause
		o, err := s.Orders.Create(ctx, tx, q)
		if err != nil {
			return nil, inside("quick_pay", err)
		}
		return o, checkWorth(o)
	}
	o, err := s.Orders.Load(tx, in.Scope, in.OrderID)
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		f.Param = "order_id"
	}
	if err != nil {
		return nil, err
	}
	if err := o.CheckCollectable(in.ReturnResolutionID); err != nil && o.Invoicing.DraftID == "" {
		if o.InvoiceID == "" {
			return nil, err
		}
		return nil, fault.Conflict("ORDER_ALREADY_HAS_ACTIVE_INVOICE", "The order has an invoice already.").With("invoice_id", o.InvoiceID)
	}
	if o.ActiveAttemptID != "" {
		return nil, fault.Conflict("ORDER_COLLECTION_IN_PROGRESS", "A payment of the order is under way.").
			With("order_payment_attempt_id", o.ActiveAttemptID)
	}
	if err := s.refuseCheckout(tx, o, in.Cause); err != nil {
		return nil, err
	}
	return o, checkWorth(o)
}

// refuseCheckout refuses an order whose buyer stands in another door.
func (s *Service) refuseCheckout(tx db.Tx, o *order.Order, cause event.Cause) error {
	sessionID, _, err := s.Door.Current(tx, o, cause)
	if err != nil || sessionID == "" {
		return err
	}
	return fault.Conflict("ORDER_HAS_OPEN_CHECKOUT", "The order has an open checkout session.").
		Then("Close the session, then repeat the call.").With("existing_checkout_session_id", sessionID)
}

func checkWorth(o *order.Order) error {
	if o.Status == order.StatusOpen && o.Outstanding() == 0 && o.DerivePaymentStatus() != order.PaymentPaid {
		return fault.Invalid("INVALID_INVOICE_DRAFT_SOURCE", "order_id", "Nothing of the order is outstanding, so there is nothing to bill.")
	}
	return nil
}

// inside moves the paths of an order's faults below the field that caused them.
func inside(param string, err error) error {
	e := fault.Of(err)
	if e == nil || e.Class != fault.ClassInvalid {
		return err
	}
	var l fault.List
	l.AddError(param, err)
	return l.Err()
}

// UpdateInput changes a draft, or whether an issued invoice sends reminders by itself.
type UpdateInput struct {
	Scope           tenant.Scope
	InvoiceID       string
	ExpectedVersion *int64 // required with Fields.Entries
	RemindersPaused *bool
	Fields          Fields
	Metadata        *metadata.Patch
	Cause           event.Cause
}

// Update changes a draft; of an issued invoice only RemindersPaused, while it is collected.
//
// Faults: those of the fields, NO_FIELDS_TO_UPDATE, INVALID_EXPECTED_VERSION, RESOURCE_NOT_FOUND,
// INVOICE_NOT_DRAFT, INVOICE_DRAFT_CHANGED, INVOICE_REMINDER_CHANGED, INVOICE_NOT_COLLECTIBLE, and those of
// Create about terms, schedule and collection.
func (s *Service) Update(ctx context.Context, tx db.Tx, in UpdateInput) (*Invoice, error) {
	now := s.Clock.Now()
	if in.Fields.empty() && in.Metadata == nil && in.RemindersPaused == nil {
		return nil, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	in.Fields.check(&l, now)
	if in.ExpectedVersion != nil && *in.ExpectedVersion < 1 || in.Fields.Entries != nil && in.ExpectedVersion == nil {
		l.Add("INVALID_EXPECTED_VERSION", "expected_version", "Replacing the schedule needs the version that was read.")
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if v.Status != StatusDraft {
		return s.updateIssued(tx, v, in)
	}
	if err := v.checkVersion(in.ExpectedVersion); err != nil {
		return nil, err
	}
	v.worth(o)
	if err := in.Fields.applyTo(v, s.IDs); err != nil {
		return nil, err
	}
	if in.Metadata != nil {
		if v.Metadata, err = metadata.Merge(v.Metadata, *in.Metadata); err != nil {
			return nil, err
		}
	}
	if in.RemindersPaused != nil {
		v.pauseReminders(*in.RemindersPaused, now)
	}
	defaults, err := s.Settings(tx, in.Scope)
	if err != nil {
		return nil, err
	}
	if err := s.checkDraft(tx, v, defaults); err != nil {
		return nil, err
	}
	if in.Fields.Collection != nil {
		if err := s.checkMethod(tx, o, v.Collection.PaymentMethodID); err != nil {
			return nil, err
		}
	}
	var c change
	c.note(ActivityUpdated, "Draft changed.", ActivityDetail{})
	c.tell(EventUpdated)
	return v, s.save(tx, v, in.Cause, c)
}

func (s *Service) updateIssued(tx db.Tx, v *Invoice, in UpdateInput) (*Invoice, error) {
	if !in.Fields.empty() || in.Metadata != nil {
		return nil, fault.Conflict("INVOICE_NOT_DRAFT", "The invoice was issued; only reminders_paused still changes.").With("current_status", v.Status)
	}
	if err := v.checkCollectible(); err != nil {
		return nil, err
	}
	if in.ExpectedVersion != nil && *in.ExpectedVersion != v.Version {
		return nil, fault.Conflict("INVOICE_REMINDER_CHANGED", "The invoice was changed since it was read.").With("current_version", v.Version)
	}
	if v.RemindersPaused == *in.RemindersPaused {
		return v, nil
	}
	v.pauseReminders(*in.RemindersPaused, s.Clock.Now())
	var c change
	c.note(ActivityUpdated, map[bool]string{true: "Reminders paused.", false: "Reminders go on."}[v.RemindersPaused], ActivityDetail{})
	c.tell(EventUpdated)
	return v, s.save(tx, v, in.Cause, c)
}

// checkDraft holds a draft against settings, terms and its schedule.
func (s *Service) checkDraft(tx db.Tx, v *Invoice, d *settings.Settings) error {
	if _, err := s.terms(tx, v, d); err != nil {
		return err
	}
	if _, err := s.mode(v, d); err != nil {
		return err
	}
	return v.reschedule()
}

func (v *Invoice) pauseReminders(paused bool, now time.Time) {
	v.RemindersPaused, v.RemindersPausedAt = paused, time.Time{}
	if paused {
		v.RemindersPausedAt = now
	}
}
