package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/payment"
)

// InvoiceQuickPayRequest is what a new invoice bills without an order: it makes one.
type InvoiceQuickPayRequest struct {
	Lines        []CreateLineInput `json:"line_items" minItems:"1" maxItems:"250" fault:"required=MISSING_LINE_ITEMS,long=TOO_MANY_LINE_ITEMS"`
	CustomerID   string            `json:"customer_id,omitzero" maxLength:"64"`
	Discounts    []DiscountRequest `json:"discounts,omitempty" maxItems:"100"`
	RequestedTip *TipInput         `json:"requested_tip,omitzero"`
	BuyerNote    string            `json:"buyer_note,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG"`
	InternalNote string            `json:"internal_note,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG"`
}

// InvoiceDueInput says when an invoice is due.
type InvoiceDueInput struct {
	Type   string    `json:"type" enum:"none,absolute,payment_terms,customer_default,merchant_default" fault:"invalid=INVALID_INVOICE_PAYMENT_DUE_TYPE,required=INVALID_INVOICE_PAYMENT_DUE_TYPE"`
	DueAt  time.Time `json:"due_at,omitzero"`
	TermID string    `json:"invoice_payment_term_id,omitzero" maxLength:"64"`
}

// InvoiceCollectionInput says how the money is to come in.
type InvoiceCollectionInput struct {
	Mode            string                `json:"mode" enum:"merchant_default,buyer_initiated,automatic,external" fault:"invalid=INVALID_INVOICE_COLLECTION_MODE,required=INVALID_INVOICE_COLLECTION_MODE"`
	PaymentMethodID string                `json:"payment_method_id,omitzero" maxLength:"64"`
	Policy          *InvoicePaymentPolicy `json:"payment_policy,omitzero"`
}

// InvoiceScheduleEntryInput is one part of a schedule.
type InvoiceScheduleEntryInput struct {
	ID     string                `json:"invoice_schedule_entry_id,omitzero" maxLength:"64" doc:"Keeps an entry that is there."`
	Kind   string                `json:"kind" enum:"deposit,installment,balance" fault:"invalid=INVOICE_SCHEDULE_INVALID"`
	Amount InvoiceScheduleAmount `json:"amount_specification"`
	Due    InvoiceScheduleDue    `json:"due"`
}

// InvoiceFields are what a draft says.
type InvoiceFields struct {
	RecipientEmail      *string                      `json:"recipient_email,omitzero" maxLength:"255"`
	CcEmails            *[]string                    `json:"cc_emails,omitzero"`
	Memo                *string                      `json:"memo,omitzero" maxLength:"4096"`
	Footer              *string                      `json:"footer,omitzero" maxLength:"4096"`
	Reference           *string                      `json:"reference,omitzero" maxLength:"255"`
	PONumber            *string                      `json:"po_number,omitzero" maxLength:"255"`
	ServiceAt           *time.Time                   `json:"service_at,omitzero"`
	ScheduledSendAt     *time.Time                   `json:"scheduled_send_at,omitzero" doc:"Issues and sends the invoice then."`
	RemitTo             *Address                     `json:"remit_to_address,omitzero"`
	Due                 *InvoiceDueInput             `json:"payment_due,omitzero"`
	Collection          *InvoiceCollectionInput      `json:"collection,omitzero"`
	Schedule            *[]InvoiceScheduleEntryInput `json:"schedule_entries,omitzero" doc:"At most 14; empty for none."`
	ExternalReferenceID *string                      `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
}

func (r *InvoiceFields) domain() invoice.Fields {
	out := invoice.Fields{
		RecipientEmail: r.RecipientEmail, CcEmails: r.CcEmails, Memo: r.Memo, Footer: r.Footer, Reference: r.Reference, PONumber: r.PONumber,
		ServiceAt: r.ServiceAt, ScheduledSendAt: r.ScheduledSendAt, RemitTo: r.RemitTo.orderAddress(), ExternalReferenceID: r.ExternalReferenceID,
	}
	if d := r.Due; d != nil {
		out.Due = &invoice.DueRequest{Type: d.Type, At: d.DueAt, TermID: d.TermID}
	}
	if c := r.Collection; c != nil {
		out.Collection = &invoice.Collection{Mode: c.Mode, PaymentMethodID: c.PaymentMethodID}
		if p := c.Policy; p != nil {
			out.Collection.Policy = &invoice.Policy{Options: p.Options, ShowCost: p.ShowCost}
			for _, l := range p.Limits {
				out.Collection.Policy.Limits = append(out.Collection.Policy.Limits, invoice.OptionLimit{Option: l.Option, Max: *l.Max.amount()})
			}
		}
	}
	if r.Schedule != nil {
		entries := make([]invoice.EntryInput, 0, len(*r.Schedule))
		for _, e := range *r.Schedule {
			entries = append(entries, invoice.EntryInput{
				ID: e.ID, Kind: e.Kind, Amount: invoice.EntryAmount{Type: e.Amount.Type, Fixed: e.Amount.Amount.amount(), Percent: e.Amount.Percent},
				Due: invoice.EntryDueOn{Type: e.Due.Type, At: e.Due.DueAt},
			})
		}
		out.Entries = &entries
	}
	return out
}

// CreateInvoiceRequest drafts an invoice over an order or over a quick pay.
type CreateInvoiceRequest struct {
	OrderID  string                  `json:"order_id,omitzero" maxLength:"64"`
	QuickPay *InvoiceQuickPayRequest `json:"quick_pay,omitzero"`
	InvoiceFields
	Metadata map[string]string `json:"metadata,omitempty"`
}

// CreateInvoiceInput is the request of invoices.create.
type CreateInvoiceInput struct {
	Body CreateInvoiceRequest

	domain invoice.CreateInput
}

// Validate implements Validator.
func (in *CreateInvoiceInput) Validate() error {
	var f fault.List
	r := &in.Body
	in.domain = invoice.CreateInput{OrderID: r.OrderID, Fields: r.domain(), Metadata: r.Metadata}
	if q := r.QuickPay; q != nil {
		var inner fault.List
		quick := &order.CreateInput{
			CustomerID: q.CustomerID, Tip: q.RequestedTip.domain(), BuyerNote: q.BuyerNote, InternalNote: q.InternalNote, Lines: domainLines(&inner, q.Lines),
		}
		for n := range q.Discounts {
			d, ask := q.Discounts[n].domain(&inner, index("discounts", n)+".")
			if d != nil {
				quick.Discounts = append(quick.Discounts, *d)
			}
			if ask != nil {
				quick.Promotions = append(quick.Promotions, *ask)
			}
		}
		if quick.Lines != nil && len(quick.Discounts)+len(quick.Promotions) == len(q.Discounts) {
			addRules(&inner, quick.Validate())
		}
		if err := inner.Err(); err != nil {
			f.AddError("quick_pay", err)
		}
		in.domain.QuickPay = quick
	}
	return f.Err()
}

// UpdateInvoiceRequest changes a draft; of an issued invoice reminders_paused alone.
type UpdateInvoiceRequest struct {
	ExpectedVersion *int64 `json:"expected_version,omitzero" doc:"Required with schedule_entries."`
	RemindersPaused *bool  `json:"reminders_paused,omitzero"`
	InvoiceFields
	Metadata MetadataPatch `json:"metadata,omitzero"`
}

// UpdateInvoiceInput is the request of invoices.update.
type UpdateInvoiceInput struct {
	InvoicePath
	Body UpdateInvoiceRequest
}

// IssueInvoiceRequest says how the invoice reaches its buyer.
type IssueInvoiceRequest struct {
	DeliveryMode    string `json:"delivery_mode,omitzero" enum:"merchant_default,email,caller_managed" fault:"invalid=INVALID_DELIVERY_MODE"`
	ExpectedVersion *int64 `json:"expected_version,omitzero"`
}

// IssueInvoiceInput is the request of invoices.issue.
type IssueInvoiceInput struct {
	InvoicePath
	Body *IssueInvoiceRequest
}

// IssueInvoiceResult is an issued or reminded invoice.
type IssueInvoiceResult struct {
	Invoice  *Invoice                `json:"invoice"`
	Delivery *InvoiceDeliveryAttempt `json:"delivery_attempt,omitzero"`
	URL      string                  `json:"public_url,omitzero"`
}

// InvoiceVersionRequest names the version that was read.
type InvoiceVersionRequest struct {
	ExpectedVersion *int64 `json:"expected_version,omitzero"`
}

// InvoiceVersionInput is the request of the operations that take nothing else.
type InvoiceVersionInput struct {
	InvoicePath
	Body *InvoiceVersionRequest
}

func (in *InvoiceVersionInput) domain(c *Caller) invoice.VersionInput {
	out := invoice.VersionInput{Scope: c.Scope, InvoiceID: in.InvoiceID, Cause: c.Cause()}
	if in.Body != nil {
		out.ExpectedVersion = in.Body.ExpectedVersion
	}
	return out
}

// RegenerateInvoiceLinkResult is an invoice with its new link.
type RegenerateInvoiceLinkResult struct {
	Invoice *Invoice `json:"invoice"`
	URL     string   `json:"public_url"`
}

// InvoiceManualPaymentRequest is money received elsewhere, or such a record taken back.
type InvoiceManualPaymentRequest struct {
	Amount              Money     `json:"amount_money"`
	ReceivedAt          time.Time `json:"received_at,omitzero"`
	Note                string    `json:"note,omitzero" maxLength:"1000"`
	ExternalReferenceID string    `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
	ExpectedVersion     *int64    `json:"expected_version,omitzero"`
}

// InvoiceManualPaymentInput is the request of invoices.recordManualPayment and reverseManualPayment.
type InvoiceManualPaymentInput struct {
	InvoicePath
	Body InvoiceManualPaymentRequest
}

func (in *InvoiceManualPaymentInput) domain(c *Caller) invoice.ManualInput {
	r := &in.Body
	return invoice.ManualInput{
		Scope: c.Scope, InvoiceID: in.InvoiceID, Amount: *r.Amount.amount(), ReceivedAt: r.ReceivedAt, Note: r.Note,
		ExternalReferenceID: r.ExternalReferenceID, ExpectedVersion: r.ExpectedVersion, Cause: c.Cause(),
	}
}

// AssessInvoiceLateFeeRequest names what is late.
type AssessInvoiceLateFeeRequest struct {
	EntryID string `json:"invoice_schedule_entry_id,omitzero" maxLength:"64"`
}

// AssessInvoiceLateFeeInput is the request of invoices.assessLateFee.
type AssessInvoiceLateFeeInput struct {
	InvoicePath
	Body *AssessInvoiceLateFeeRequest
}

// WaiveInvoiceLateFeeRequest says why.
type WaiveInvoiceLateFeeRequest struct {
	Reason string `json:"reason_message" maxLength:"500" fault:"required=INVALID_INVOICE_LATE_FEE_REASON,long=INVALID_INVOICE_LATE_FEE_REASON" doc:"For the merchant; never shown to the buyer."`
}

// WaiveInvoiceLateFeeInput is the request of invoices.waiveLateFee.
type WaiveInvoiceLateFeeInput struct {
	InvoicePath
	FeeID string `path:"invoice_late_fee_id" id:"invlf"`
	Body  WaiveInvoiceLateFeeRequest
}

func registerInvoiceWrites(a *API, s *Services) {
	Write(a, "invoices.create", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateInvoiceInput) (*Invoice, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, c.Cause()
		return s.invoiceAnswer(c)(s.Invoices.Create(ctx, tx, in.domain))
	}, Doc("Draft an invoice", "Over an order, or over a quick pay of which it makes an order. Nothing is asked of the buyer until it is issued."),
		Errors("INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED", "PAYMENT_METHOD_NOT_ACTIVE", "PAYMENT_METHOD_ON_SESSION_ONLY", "PAYMENT_METHOD_CUSTOMER_MISMATCH",
			"INVOICE_SOURCE_REQUIRED", "INVOICE_SOURCE_CONFLICT", "INVALID_INVOICE_DRAFT_SOURCE", "ORDER_ALREADY_HAS_ACTIVE_INVOICE",
			"ORDER_HAS_OPEN_CHECKOUT", "ORDER_NOT_OPEN", "ORDER_ALREADY_PAID", "INVOICE_SCHEDULE_INVALID", "INVALID_INVOICE_PAYMENT_DUE",
			"INVOICE_PAYMENT_TERM_UNAVAILABLE", "INVOICE_COLLECTION_MODE_UNSUPPORTED", "SCHEDULED_SEND_IN_PAST"))

	Write(a, "invoices.update", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateInvoiceInput) (*Invoice, error) {
		r := &in.Body
		out := invoice.UpdateInput{
			Scope: c.Scope, InvoiceID: in.InvoiceID, ExpectedVersion: r.ExpectedVersion, RemindersPaused: r.RemindersPaused,
			Fields: r.domain(), Cause: c.Cause(),
		}
		if r.Metadata.Sent {
			patch := metadataPatch(r.Metadata)
			out.Metadata = &patch
		}
		return s.invoiceAnswer(c)(s.Invoices.Update(ctx, tx, out))
	}, Doc("Change a draft", "Once it is issued only reminders_paused changes."),
		Errors("INVOICE_NOT_DRAFT", "INVOICE_DRAFT_CHANGED", "INVOICE_REMINDER_CHANGED", "INVOICE_NOT_COLLECTIBLE", "NO_FIELDS_TO_UPDATE", "INVALID_EXPECTED_VERSION",
			"INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED", "PAYMENT_METHOD_NOT_ACTIVE", "PAYMENT_METHOD_ON_SESSION_ONLY", "PAYMENT_METHOD_CUSTOMER_MISMATCH"))

	Write(a, "invoices.issue", func(ctx context.Context, tx db.Tx, c *Caller, in *IssueInvoiceInput) (*IssueInvoiceResult, error) {
		issue := invoice.IssueInput{Scope: c.Scope, InvoiceID: in.InvoiceID, Cause: c.Cause()}
		if in.Body != nil {
			issue.DeliveryMode, issue.ExpectedVersion = in.Body.DeliveryMode, in.Body.ExpectedVersion
		}
		out, err := s.Invoices.Issue(ctx, tx, issue)
		return s.issuedAnswer(c, out, err)
	}, Doc("Issue an invoice", "Numbers and freezes it, claims the order, makes the buyer's link and sends the e-mail."), OneTimeSecrets(),
		Errors("INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED", "PAYMENT_METHOD_NOT_ACTIVE", "PAYMENT_METHOD_ON_SESSION_ONLY", "PAYMENT_METHOD_CUSTOMER_MISMATCH",
			"INVOICE_NOT_DRAFT", "INVOICE_DRAFT_CHANGED", "INVOICE_BALANCE_CHANGED", "INVOICE_SCHEDULE_INVALID", "RECIPIENT_EMAIL_REQUIRED",
			"ORDER_TAX_NOT_READY", "ORDER_HAS_OPEN_CHECKOUT", "ORDER_COLLECTION_IN_PROGRESS"))

	Write(a, "invoices.sendReminder", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoicePath) (*IssueInvoiceResult, error) {
		out, err := s.Invoices.SendReminder(ctx, tx, c.Scope, in.InvoiceID, c.Cause())
		return s.issuedAnswer(c, out, err)
	}, Doc("Send a reminder", "By hand, at most once an hour."), OneTimeSecrets(),
		Errors("INVOICE_NOT_ISSUED", "INVOICE_NOT_COLLECTIBLE", "INVOICE_REMINDER_RATE_LIMITED", "RECIPIENT_EMAIL_REQUIRED"))

	Write(a, "invoices.recordManualPayment", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceManualPaymentInput) (*Invoice, error) {
		return s.invoiceAnswer(c)(s.Invoices.RecordManual(tx, in.domain(c)))
	}, Doc("Record money received elsewhere", "In full or in part; an idle checkout of the invoice ends with it."),
		Errors("INVOICE_NOT_ISSUED", "INVOICE_NOT_COLLECTIBLE", "INVOICE_PAYMENT_RESOLVING", "INVOICE_PAYMENT_PROCESSING", "INVOICE_BALANCE_CHANGED",
			"AMOUNT_EXCEEDS_BALANCE", "CURRENCY_MISMATCH", "INVALID_AMOUNT"))

	Write(a, "invoices.reverseManualPayment", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceManualPaymentInput) (*Invoice, error) {
		return s.invoiceAnswer(c)(s.Invoices.ReverseManual(tx, in.domain(c)))
	}, Doc("Take recorded money back", "Newest first; the invoice asks for it again."),
		Errors("REVERSAL_EXCEEDS_MANUAL_PAYMENTS", "INVOICE_NOT_REVERSIBLE", "INVOICE_PAYMENT_RESOLVING", "CURRENCY_MISMATCH", "INVOICE_BALANCE_CHANGED"))

	Write(a, "invoices.voidResource", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceVersionInput) (*Invoice, error) {
		return s.invoiceAnswer(c)(s.Invoices.Void(tx, in.domain(c)))
	}, Doc("Void an invoice", "Only while it is unpaid; its order is free again. A draft is discarded by it."),
		Errors("INVOICE_NOT_VOIDABLE", "INVOICE_HAS_ISSUED_CREDIT_NOTE", "INVOICE_PAYMENT_RESOLVING", "INVOICE_PAYMENT_PROCESSING", "INVOICE_BALANCE_CHANGED"))

	Write(a, "invoices.markUncollectible", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceVersionInput) (*Invoice, error) {
		return s.invoiceAnswer(c)(s.Invoices.MarkUncollectible(tx, in.domain(c)))
	}, Doc("Give an invoice up", "Writes off what is outstanding and frees the order."),
		Errors("INVOICE_NOT_MARKABLE_UNCOLLECTIBLE", "INVOICE_PAYMENT_RESOLVING", "INVOICE_PAYMENT_PROCESSING", "INVOICE_BALANCE_CHANGED"))

	Write(a, "invoices.regeneratePublicLink", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceVersionInput) (*RegenerateInvoiceLinkResult, error) {
		v, err := s.invoiceAnswer(c)(s.Invoices.RegenerateLink(tx, in.domain(c)))
		if err != nil {
			return nil, err
		}
		return &RegenerateInvoiceLinkResult{v, v.PublicURL}, nil
	}, Doc("Replace the buyer's link", "The old link and the credentials made from it open nothing any more; an open checkout goes on."), OneTimeSecrets(),
		Errors("INVOICE_NOT_ISSUED", "INVOICE_LINK_UNAVAILABLE", "INVOICE_BALANCE_CHANGED"))

	Write(a, "invoices.assessLateFee", func(ctx context.Context, tx db.Tx, c *Caller, in *AssessInvoiceLateFeeInput) (*Invoice, error) {
		fee := invoice.LateFeeInput{Scope: c.Scope, InvoiceID: in.InvoiceID, Cause: c.Cause()}
		if in.Body != nil {
			fee.EntryID = in.Body.EntryID
		}
		return s.invoiceAnswer(c)(s.Invoices.AssessLateFee(tx, fee))
	}, Doc("Charge the late fee", "As frozen at issue, once per invoice or per overdue entry of its schedule."),
		Errors("INVOICE_LATE_FEE_NOT_DUE", "INVOICE_LATE_FEE_POLICY_REQUIRED", "INVOICE_LATE_FEE_NOT_COLLECTIBLE", "INVALID_INVOICE_LATE_FEE_SCHEDULE"))

	Write(a, "invoices.waiveLateFee", func(ctx context.Context, tx db.Tx, c *Caller, in *WaiveInvoiceLateFeeInput) (*Invoice, error) {
		return s.invoiceAnswer(c)(s.Invoices.WaiveLateFee(tx, invoice.WaiveInput{
			Scope: c.Scope, InvoiceID: in.InvoiceID, FeeID: in.FeeID, Reason: in.Body.Reason, Cause: c.Cause(),
		}))
	}, Doc("Waive a late fee", "What is unpaid of it; nothing is refunded."),
		Errors("INVOICE_LATE_FEE_NOT_FOUND", "INVOICE_LATE_FEE_NOT_COLLECTIBLE", "INVALID_INVOICE_LATE_FEE_REASON", "INVOICE_PAYMENT_RESOLVING"))

	Staged(a, "invoices.cancelPaymentAttempt", Steps[InvoiceAttemptPath, *InvoicePaymentAttempt]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceAttemptPath) (string, error) {
			_, err := s.Invoices.CancelAttempt(tx, invoice.CancelAttemptInput{Scope: c.Scope, InvoiceID: in.InvoiceID, AttemptID: in.AttemptID, Cause: c.Cause()})
			return in.AttemptID, err
		},
		Finish: func(ctx context.Context, c *Caller, in *InvoiceAttemptPath, subject string, _ func(db.Tx, *InvoicePaymentAttempt) error) (*InvoicePaymentAttempt, error) {
			planned, err := read(ctx, a, func(tx db.Tx) ([]payment.Operation, error) {
				found, err := invoice.GetAttempt(tx, c.Scope, in.InvoiceID, subject)
				if err != nil || found.OrderAttemptID == "" && found.SessionID == "" {
					return nil, err
				}
				o, err := s.Orders.Get(ctx, tx, c.Scope, found.OrderID)
				if err != nil || o.ActiveAttemptID == "" {
					return nil, err
				}
				running, err := payment.GetAttempt(tx, c.Scope, o.ID, o.ActiveAttemptID)
				if err != nil || running.CheckoutSessionID != found.SessionID {
					return nil, err
				}
				return payment.Planned(tx, running)
			})
			if err != nil {
				return nil, err
			}
			if err := s.Payments.Execute(ctx, planned, c.Cause(), nil); err != nil {
				return nil, err
			}
			return read(ctx, a, func(tx db.Tx) (*InvoicePaymentAttempt, error) {
				v, err := invoice.Get(tx, c.Scope, in.InvoiceID)
				if err != nil {
					return nil, err
				}
				found, err := invoice.GetAttempt(tx, c.Scope, in.InvoiceID, subject)
				if err != nil {
					return nil, err
				}
				return wireInvoiceAttempt(found, v.Currency, a.Clock.Now()), nil
			})
		},
	}, Doc("Cancel a payment attempt of an invoice", "With its payment, when one waits for the buyer."),
		Errors("PAYMENT_ATTEMPT_NOT_CANCELABLE", "INVOICE_PAYMENT_ALREADY_SETTLED"))
}

// invoiceAnswer turns what an operation returned into the whole invoice.
func (s *Services) invoiceAnswer(c *Caller) func(*invoice.Invoice, error) (*Invoice, error) {
	return func(v *invoice.Invoice, err error) (*Invoice, error) {
		if err != nil {
			return nil, err
		}
		return s.wireInvoice(v, c.Now)
	}
}

func (s *Services) issuedAnswer(c *Caller, out invoice.Issued, err error) (*IssueInvoiceResult, error) {
	v, err := s.invoiceAnswer(c)(out.Invoice, err)
	if err != nil {
		return nil, err
	}
	return &IssueInvoiceResult{Invoice: v, Delivery: wireInvoiceDelivery(out.Delivery), URL: v.PublicURL}, nil
}
