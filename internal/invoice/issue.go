package invoice

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// linkLasts is how long a generation of the public link, and every checkout opened through it, is good.
const linkLasts = 365 * 24 * time.Hour

// tokenPrefix marks a buyer's token of an invoice.
const tokenPrefix = "flint_invt_"

// IssueInput numbers and freezes a draft.
type IssueInput struct {
	Scope           tenant.Scope
	InvoiceID       string
	DeliveryMode    string // merchant_default when empty
	ExpectedVersion *int64
	Cause           event.Cause
}

// Issued is an issued invoice with its first e-mail, nil when the merchant delivers it.
type Issued struct {
	Invoice  *Invoice
	Delivery *DeliveryAttempt
}

// Issue gives a draft its number, freezes document, terms and schedule, claims the order, makes the buyer's
// link and queues the e-mail, all in the caller's transaction.
//
// Faults: RESOURCE_NOT_FOUND, INVALID_DELIVERY_MODE, INVOICE_NOT_DRAFT, INVOICE_DRAFT_CHANGED,
// INVOICE_BALANCE_CHANGED, ORDER_NOT_OPEN, ORDER_ALREADY_PAID, ORDER_HAS_OPEN_CHECKOUT,
// ORDER_COLLECTION_IN_PROGRESS, ORDER_TAX_NOT_READY, AUTOMATIC_TAX_INVOICE_INSTALLMENTS_UNSUPPORTED,
// INVOICE_SCHEDULE_INVALID, INVALID_INVOICE_PAYMENT_DUE, INVOICE_TIMEZONE_REQUIRED,
// INVOICE_PAYMENT_TERM_UNAVAILABLE, INVOICE_AUTOPAY_PAYMENT_METHOD_REQUIRED, INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED,
// PAYMENT_METHOD_NOT_ACTIVE, PAYMENT_METHOD_ON_SESSION_ONLY, PAYMENT_METHOD_CUSTOMER_MISMATCH, RECIPIENT_EMAIL_REQUIRED.
func (s *Service) Issue(ctx context.Context, tx db.Tx, in IssueInput) (Issued, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return Issued{}, err
	}
	if v.Status != StatusDraft {
		return Issued{}, fault.Conflict("INVOICE_NOT_DRAFT", "The invoice was issued already.").With("current_status", v.Status)
	}
	if err := v.checkVersion(in.ExpectedVersion); err != nil {
		return Issued{}, err
	}
	defaults, err := s.Settings(tx, in.Scope)
	if err != nil {
		return Issued{}, err
	}
	if err := s.ready(tx, o, v, in.Cause); err != nil {
		return Issued{}, err
	}
	now := s.Clock.Now()
	if v.Delivery, err = v.deliveryMode(in.DeliveryMode, defaults); err != nil {
		return Issued{}, err
	}
	if v.Collection.Resolved, err = s.mode(v, defaults); err != nil {
		return Issued{}, err
	}
	if v.Collection.Resolved == CollectAutomatic {
		if v.Collection.PaymentMethodID == "" {
			return Issued{}, fault.Conflict("INVOICE_AUTOPAY_PAYMENT_METHOD_REQUIRED", "Automatic collection needs a saved payment method, and there is none.").
				Then("Use collection mode buyer_initiated.")
		}
		if err := s.checkMethod(tx, o, v.Collection.PaymentMethodID); err != nil {
			return Issued{}, err
		}
	}
	v.fixRetries(defaults.Invoices.AutopayRetry)
	if v.Collection.Policy == nil {
		v.Collection.Policy = policyOf(defaults.Invoices.PaymentPolicy)
	}
	if err := s.fixDates(tx, v, defaults, now); err != nil {
		return Issued{}, err
	}
	if err := s.freeze(ctx, tx, o, v, defaults); err != nil {
		return Issued{}, err
	}
	if err := s.Orders.ClaimCollection(tx, o, v.ID, in.Cause); err != nil {
		return Issued{}, err
	}
	s.renewLink(v, now)
	if v.Sequence, err = nextNumber(tx, in.Scope); err != nil {
		return Issued{}, err
	}
	v.Number, v.IssuedAt, v.Status = defaults.Invoices.NumberPrefix+strconv.FormatInt(v.Sequence, 10), now, StatusOpen
	v.ScheduledSendAt, v.IssueFailed = time.Time{}, ""
	v.skipPast(now)
	s.Failpoints.Hit("invoice.numbered")
	var c change
	c.note(ActivityIssued, "Invoice "+v.Number+" issued.", ActivityDetail{})
	c.tell(EventIssued)
	if err := s.save(tx, v, in.Cause, c); err != nil {
		return Issued{}, err
	}
	out := Issued{Invoice: v}
	if v.Delivery == DeliverByEmail {
		out.Delivery, err = s.send(ctx, tx, v, DeliverySend, "issue", in.Cause)
	}
	return out, err
}

// ready refuses an order that cannot be billed now.
func (s *Service) ready(tx db.Tx, o *order.Order, v *Invoice, cause event.Cause) error {
	if o.Status != order.StatusOpen {
		return fault.Conflict("ORDER_NOT_OPEN", "The order is closed and cannot be invoiced.")
	}
	before := v.Amounts
	v.worth(o)
	switch {
	case o.Outstanding() == 0:
		return fault.Conflict("ORDER_ALREADY_PAID", "Nothing of the order is outstanding any more.")
	case v.Amounts != before:
		return fault.Conflict("INVOICE_BALANCE_CHANGED", "The order came to another amount since the draft was read.").With("current_version", v.Version)
	case o.Tax.Status == "requires_location" || o.Tax.Status == "incomplete":
		return fault.Conflict("ORDER_TAX_NOT_READY", "The order's tax is not computed.").Then("Set tax.location on the order.")
	}
	for i := range v.Entries {
		if v.Entries[i].Kind == KindInstallment && o.Tax.Enabled && o.Tax.Mode == "automatic" {
			return fault.Conflict("AUTOMATIC_TAX_INVOICE_INSTALLMENTS_UNSUPPORTED", "An order with automatic tax is not billed in instalments.").
				Then("Use a deposit and a balance, or external tax.")
		}
	}
	if o.ActiveAttemptID != "" {
		return fault.Conflict("ORDER_COLLECTION_IN_PROGRESS", "A payment of the order is under way.").With("order_payment_attempt_id", o.ActiveAttemptID)
	}
	if err := s.refuseCheckout(tx, o, cause); err != nil {
		return err
	}
	return v.reschedule()
}

func (v *Invoice) deliveryMode(asked string, d *settings.Settings) (string, error) {
	mode := asked
	switch asked {
	case DeliverByEmail, DeliverByCaller:
	case "", "merchant_default":
		mode = DeliverByEmail
		if d.EmailDelivery.MerchantSends("invoices") {
			mode = DeliverByCaller
		}
	default:
		return "", fault.Invalid("INVALID_DELIVERY_MODE", "delivery_mode", "There is no such delivery mode.")
	}
	if mode == DeliverByEmail && v.RecipientEmail == "" {
		return "", fault.Conflict("RECIPIENT_EMAIL_REQUIRED", "The invoice has nobody to be sent to.").
			Then("Set recipient_email, or issue it with delivery_mode caller_managed.")
	}
	return mode, nil
}

// mode is the collection mode that holds.
func (s *Service) mode(v *Invoice, d *settings.Settings) (string, error) {
	mode := v.Collection.Mode
	if mode == "merchant_default" {
		if mode = d.Invoices.CollectionMode; mode == "" {
			mode = CollectBuyer
		}
	}
	if mode == CollectAutomatic && s.Payments.Choose(v.Scope) == "" {
		return "", fault.Conflict("INVOICE_COLLECTION_MODE_UNSUPPORTED", "This environment has no payment processor, so nothing can be charged by itself.").
			Then("Use collection mode buyer_initiated or external.")
	}
	return mode, nil
}

func policyOf(p *settings.PaymentPolicy) *Policy {
	if p == nil {
		return nil
	}
	out := &Policy{Options: p.Options, ShowCost: p.ShowCostComparison}
	for _, l := range p.Limits {
		limit := OptionLimit{Option: l.Option}
		limit.Max.Minor, limit.Max.Currency = l.MaxTotal.Amount, l.MaxTotal.Currency
		out.Limits = append(out.Limits, limit)
	}
	return out
}

// fixDates freezes the terms and computes the due dates, in the invoice's timezone.
func (s *Service) fixDates(tx db.Tx, v *Invoice, d *settings.Settings, now time.Time) error {
	v.Timezone = d.Invoices.Timezone
	if _, err := time.LoadLocation(v.Timezone); err != nil || v.Timezone == "" {
		return fault.Conflict("INVOICE_TIMEZONE_REQUIRED", "The due dates of an invoice need a timezone.").Then("Set invoices.timezone in the settings.")
	}
	term, err := s.terms(tx, v, d)
	if err != nil {
		return err
	}
	loc := v.Location()
	v.DueAt = time.Time{}
	switch {
	case v.Due.Type == DueAbsolute:
		if v.Due.At.Before(startOfDay(now, loc)) {
			return fault.Invalid("INVALID_INVOICE_PAYMENT_DUE", "payment_due.due_at", "The due date lies before the day of issue.")
		}
		v.DueAt = v.Due.At
	case term != nil:
		v.Terms = &TermsFixed{TermID: term.ID, Name: term.Name, Revision: term.Version, Calculation: term.Calculation, LateFee: term.LateFee}
		v.DueAt = term.Calculation.DueAt(now, loc)
	}
	for i := range v.Entries {
		e := &v.Entries[i]
		switch e.Due.Type {
		case EntryAtIssue:
			e.DueAt = endOfDay(now, loc)
		case EntryDate:
			e.DueAt = e.Due.At
		default:
			e.DueAt = v.DueAt
		}
		if i > 0 && !e.DueAt.IsZero() && e.DueAt.Before(v.Entries[i-1].DueAt) {
			return fault.Invalid("INVOICE_SCHEDULE_INVALID", fmt.Sprintf("schedule_entries[%d].due", i), "Entries are due in their order.")
		}
	}
	v.Reminders = nil
	for _, r := range d.Invoices.Reminders.Rules {
		v.Reminders = append(v.Reminders, int(r.DaysFromDue))
	}
	return nil
}

// freeze takes the document from the order as it is now.
func (s *Service) freeze(ctx context.Context, tx db.Tx, o *order.Order, v *Invoice, d *settings.Settings) error {
	seller, err := s.Seller(tx, v.Scope)
	if err != nil {
		return fmt.Errorf("read the seller of invoice %s: %w", v.ID, err)
	}
	buyer, err := s.buyer(ctx, tx, o)
	if err != nil {
		return err
	}
	snap := &Snapshot{
		Pricing: o.Pricing, Charges: o.Charges, Tax: o.Tax, MerchantName: seller.Name, MerchantAddress: seller.Address,
		SellerTax: seller.Tax, BuyerNote: o.BuyerNote, InternalNote: o.InternalNote, Memo: v.Memo, Footer: v.Footer,
		Reference: v.Reference, PONumber: v.PONumber, ServiceAt: v.ServiceAt, RemitTo: v.RemitTo, OrderNumber: o.Number,
		PaidBefore: o.Settlement.Paid,
	}
	if v.Collection.Policy != nil {
		snap.PaymentOptions = v.Collection.Policy.Options
	}
	for i := range o.Lines {
		snap.Lines = append(snap.Lines, Line{ID: s.IDs.New(id.InvoiceLineItem), Line: o.Lines[i]})
	}
	for _, x := range o.Discounts {
		if x.Status != order.DiscountCanceled {
			snap.Discounts = append(snap.Discounts, x)
		}
	}
	for i := range o.Tips {
		if t := o.Tips[i]; t.Status == order.TipRequested {
			snap.Tip = &t
		}
	}
	if buyer != nil {
		snap.CustomerName, snap.CustomerEmail = buyer.Name, buyer.Email
		snap.BillingAddress = (*order.Address)(buyer.BillingAddress)
		snap.BuyerTax = taxOf(buyer.TaxIdentity)
	}
	if t := d.TaxIdentity; t != nil && snap.SellerTax == nil {
		snap.SellerTax = sellerTax(t)
	}
	v.Snapshot = snap
	return nil
}

// buyer reads the order's customer, nil without one.
func (s *Service) buyer(ctx context.Context, tx db.Tx, o *order.Order) (*customer.Customer, error) {
	if o.CustomerID == "" {
		return nil, nil
	}
	c, err := s.Customers.Get(ctx, tx, o.Scope, o.CustomerID)
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		return nil, nil // a deleted customer is billed by what the order says
	}
	return c, err
}

// skipPast notes reminders that would have gone out before the invoice was issued as done.
func (v *Invoice) skipPast(now time.Time) {
	for _, p := range v.dueParts() {
		for _, days := range v.Reminders {
			if !v.remindAt(p.at, days).After(now) {
				v.Told.Reminders = append(v.Told.Reminders, reminderKey(p.entryID, days))
			}
		}
	}
}

// renewLink starts a generation of the public link; the one before opens nothing any more.
func (s *Service) renewLink(v *Invoice, now time.Time) {
	token := secret.NewToken(tokenPrefix)
	v.LinkID, v.TokenHash, v.LinkExpires = s.IDs.New(id.InvoiceAccess), secret.Hash(token), now.Add(linkLasts)
	v.Token = s.Box.Seal("invoice "+v.ID, []byte(token))
	v.SessionID, v.SessionToken = "", ""
}

// PublicURL is the address with which the buyer opens the invoice, empty before it is issued. It carries
// the buyer's token in its fragment, which never reaches a server's log.
func (s *Service) PublicURL(v *Invoice) (string, error) {
	if v.LinkID == "" {
		return "", nil
	}
	token, err := s.Box.Open("invoice "+v.ID, v.Token)
	if err != nil {
		return "", errors.Join(errors.New("open the token of invoice "+v.ID), err)
	}
	return s.Address(v.Scope, settings.DomainCheckout) + "/i/" + v.LinkID + "#invoice_token=" + string(token), nil
}

// OpenLink tells whether a buyer's token opens the invoice behind an access id.
func (v *Invoice) OpenLink(token string) bool {
	return token != "" && secret.Equal(v.TokenHash, secret.Hash(token))
}

// Authenticate finds the invoice that a buyer's token opens. BUYER_INVOICE_CREDENTIAL_INVALID for unknown
// and replaced tokens alike.
func (s *Service) Authenticate(tx db.Tx, token string) (*Invoice, error) {
	v, err := FindByToken(tx, secret.Hash(token))
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		return nil, fault.Unauthenticated("BUYER_INVOICE_CREDENTIAL_INVALID", "The token does not open an invoice; links that were replaced do not either.")
	}
	return v, err
}
