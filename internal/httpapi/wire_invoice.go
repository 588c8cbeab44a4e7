package httpapi

import (
	"time"

	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/order"
)

// InvoiceOptionLimit is the most that may be paid at once through an option.
type InvoiceOptionLimit struct {
	Option string `json:"payment_option" enum:"card,apple_pay,google_pay,affirm,ach_debit" fault:"invalid=INVALID_INVOICE_PAYMENT_OPTION_LIMIT"`
	Max    Money  `json:"max_total_money"`
}

// InvoicePaymentPolicy restricts how an invoice is paid.
type InvoicePaymentPolicy struct {
	Options  []string             `json:"enabled_payment_options" enum:"card,apple_pay,google_pay,affirm,ach_debit" fault:"required=INVOICE_PAYMENT_OPTIONS_REQUIRED,invalid=INVALID_INVOICE_PAYMENT_POLICY" doc:"At most five. Card and bank debit can be collected today."`
	Limits   []InvoiceOptionLimit `json:"payment_option_limits,omitempty" doc:"At most 100; each option must be enabled."`
	ShowCost bool                 `json:"show_cost_comparison,omitzero"`
}

// InvoiceScheduleAmount is how an entry says its amount.
type InvoiceScheduleAmount struct {
	Type    string         `json:"type" enum:"fixed,percentage,remaining_balance" fault:"invalid=INVOICE_SCHEDULE_INVALID"`
	Amount  *Money         `json:"amount_money,omitzero"`
	Percent *money.Percent `json:"percent,omitzero"`
}

// InvoiceScheduleDue is when an entry is due.
type InvoiceScheduleDue struct {
	Type  string    `json:"type" enum:"at_issue,date,invoice_due_date" fault:"invalid=INVOICE_SCHEDULE_INVALID"`
	DueAt time.Time `json:"due_at,omitzero"`
}

// InvoiceScheduleEntry is one part of a schedule.
type InvoiceScheduleEntry struct {
	ID          string                `json:"invoice_schedule_entry_id"`
	Kind        string                `json:"kind" enum:"deposit,installment,balance"`
	Status      string                `json:"status" enum:"pending,due,partially_satisfied,satisfied,overdue"`
	Amount      InvoiceScheduleAmount `json:"amount_specification"`
	Due         InvoiceScheduleDue    `json:"due"`
	Total       Money                 `json:"total_money"`
	Paid        Money                 `json:"paid_money"`
	Credit      Money                 `json:"credit_money"`
	WrittenOff  Money                 `json:"written_off_money"`
	Outstanding Money                 `json:"outstanding_money"`
}

// InvoiceLateFeePolicy says what paying late costs.
type InvoiceLateFeePolicy struct {
	Type      string         `json:"type" enum:"fixed,percentage" fault:"invalid=INVALID_INVOICE_LATE_FEE_AMOUNT"`
	Amount    *Money         `json:"amount_money,omitzero"`
	Percent   *money.Percent `json:"percent,omitzero"`
	GraceDays int64          `json:"grace_period_days"`
	Mode      string         `json:"application_mode,omitzero" enum:"manual,automatic" doc:"manual by default: the fee is only announced."`
}

// InvoiceLateFee is a fee that was charged.
type InvoiceLateFee struct {
	ID           string                `json:"invoice_late_fee_id"`
	EntryID      string                `json:"invoice_schedule_entry_id,omitzero"`
	Amount       Money                 `json:"amount_money"`
	Base         Money                 `json:"base_outstanding_money"`
	Outstanding  Money                 `json:"outstanding_money"`
	Paid         Money                 `json:"paid_money"`
	Waived       Money                 `json:"waived_money"`
	WrittenOff   Money                 `json:"written_off_money"`
	Policy       *InvoiceLateFeePolicy `json:"late_fee_policy,omitzero"`
	AssessedAt   time.Time             `json:"assessed_at"`
	WaivedAt     *time.Time            `json:"waived_at,omitzero"`
	WaiverReason string                `json:"waiver_reason,omitzero" doc:"Not shown to buyers."`
}

// InvoiceTermCalculation computes a due date.
type InvoiceTermCalculation struct {
	Type string `json:"type" enum:"on_receipt,net_days,day_of_month,day_of_next_month,days_after_month_end" fault:"invalid=INVALID_INVOICE_PAYMENT_TERM"`
	Days int64  `json:"days,omitzero"`
	Day  int64  `json:"day,omitzero" doc:"The month's last day when it is shorter."`
}

// InvoiceTermsSnapshot is a payment term as it was when the invoice was issued.
type InvoiceTermsSnapshot struct {
	TermID      string                 `json:"invoice_payment_term_id"`
	Name        string                 `json:"name"`
	Revision    int64                  `json:"revision"`
	Calculation InvoiceTermCalculation `json:"calculation"`
	LateFee     *InvoiceLateFeePolicy  `json:"late_fee_policy,omitzero"`
}

// DocumentTaxID is a registration with a tax office.
type DocumentTaxID struct {
	Type    string `json:"type,omitzero"`
	Value   string `json:"value,omitzero"`
	Country string `json:"country,omitzero"`
}

// DocumentTaxIdentity is how a party is registered with tax authorities.
type DocumentTaxIdentity struct {
	LegalName         *string         `json:"legal_name" nullable:"true"`
	RegisteredAddress *Address        `json:"registered_address" flint:"nullable"`
	TaxIDs            []DocumentTaxID `json:"tax_ids"`
}

// InvoiceLineItem is one line of the document.
type InvoiceLineItem struct {
	ID               string              `json:"invoice_line_item_id"`
	LineID           string              `json:"order_line_item_id,omitzero"`
	Name             string              `json:"name"`
	Description      string              `json:"description,omitzero"`
	Image            *LineImage          `json:"image,omitzero"`
	SKU              string              `json:"sku,omitzero"`
	ProductID        string              `json:"product_id,omitzero"`
	VariantID        string              `json:"variant_id,omitzero"`
	BundleID         string              `json:"bundle_id,omitzero"`
	SourceType       string              `json:"source_type,omitzero" enum:"variant,bundle"`
	SelectedOptions  []SelectedOption    `json:"selected_options,omitempty"`
	BundleComponents []any               `json:"bundle_components,omitempty"`
	Categories       []CategoryReference `json:"categories,omitempty"`
	Modifiers        []any               `json:"modifiers,omitempty"`
	Quantity         int64               `json:"quantity"`
	UnitPrice        Money               `json:"unit_price_money"`
	BaseSubtotal     Money               `json:"base_subtotal_money"`
	ModifierTotal    Money               `json:"modifier_total_money"`
	Subtotal         Money               `json:"subtotal_money"`
	Discount         Money               `json:"discount_money"`
	Tax              Money               `json:"tax_money"`
	Total            SignedMoney         `json:"total_money"`
}

// InvoiceDiscount is a reduction on the document.
type InvoiceDiscount struct {
	Source        string `json:"source" enum:"manual,promotion"`
	Class         string `json:"discount_class,omitzero" enum:"order,line_item,service_charge"`
	Amount        Money  `json:"amount_money"`
	Applied       Money  `json:"applied_money"`
	Name          string `json:"customer_facing_name,omitzero"`
	PromotionID   string `json:"promotion_id,omitzero"`
	PromotionCode string `json:"promotion_code,omitzero"`
}

// InvoiceTip is the tip on the document.
type InvoiceTip struct {
	Name        string         `json:"name,omitzero"`
	Description string         `json:"description,omitzero"`
	Amount      *Money         `json:"amount_money,omitzero"`
	Percent     *money.Percent `json:"percent,omitzero"`
}

// InvoiceSnapshot is the document, frozen at issue.
type InvoiceSnapshot struct {
	Pricing        PricingAmounts       `json:"pricing_amounts"`
	Lines          []InvoiceLineItem    `json:"line_items"`
	Charges        []OrderCharge        `json:"charges,omitempty"`
	Discounts      []InvoiceDiscount    `json:"discounts,omitempty"`
	RequestedTip   *InvoiceTip          `json:"requested_tip,omitzero"`
	CustomerName   string               `json:"customer_display_name,omitzero"`
	CustomerEmail  string               `json:"customer_email,omitzero"`
	BillingAddress *Address             `json:"billing_address,omitzero"`
	MerchantName   string               `json:"merchant_display_name,omitzero"`
	BuyerNote      string               `json:"buyer_note,omitzero"`
	InternalNote   string               `json:"internal_note,omitzero" doc:"Not shown to buyers."`
	Memo           string               `json:"memo,omitzero"`
	Footer         string               `json:"footer,omitzero"`
	Reference      string               `json:"reference,omitzero"`
	ServiceAt      *time.Time           `json:"service_at,omitzero"`
	BuyerTax       *DocumentTaxIdentity `json:"buyer_tax_identity,omitzero" flint:"nullable"`
	SellerTax      *DocumentTaxIdentity `json:"seller_tax_identity,omitzero" flint:"nullable"`
}

// InvoiceFace is what merchants and buyers both see of an invoice.
type InvoiceFace struct {
	ID              string                 `json:"invoice_id"`
	MerchantID      string                 `json:"merchant_id"`
	OrderID         string                 `json:"order_id"`
	Order           *OrderSummary          `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	CustomerID      string                 `json:"customer_id,omitzero"`
	Customer        *CustomerSummary       `json:"customer,omitzero" flint:"nullable" doc:"With expand=customer."`
	Status          string                 `json:"status" enum:"draft,open,partially_paid,paid,void,uncollectible,credited"`
	Number          string                 `json:"invoice_number,omitzero" doc:"From issue on: the prefix of the settings and a number without gaps, test and live apart."`
	Version         int64                  `json:"version"`
	IsOverdue       bool                   `json:"is_overdue"`
	BlockStatus     string                 `json:"collection_block_status" enum:"none,inventory_blocked,resolved"`
	Outstanding     Money                  `json:"outstanding_money"`
	CurrentlyDue    Money                  `json:"currently_due_money"`
	Paid            Money                  `json:"paid_money"`
	Credit          Money                  `json:"credit_money"`
	Refunded        Money                  `json:"refunded_money"`
	RefundStatus    string                 `json:"refund_status" enum:"none,partially_refunded,refunded"`
	LateFees        []InvoiceLateFee       `json:"late_fees"`
	Schedule        []InvoiceScheduleEntry `json:"schedule_entries,omitempty"`
	Terms           *InvoiceTermsSnapshot  `json:"payment_terms_snapshot,omitzero"`
	Snapshot        *InvoiceSnapshot       `json:"snapshot,omitzero" doc:"From issue on; it never changes."`
	RecipientEmail  string                 `json:"recipient_email,omitzero"`
	CcEmails        []string               `json:"cc_emails,omitempty"`
	Memo            string                 `json:"memo,omitzero"`
	Footer          string                 `json:"footer,omitzero"`
	Reference       string                 `json:"reference,omitzero"`
	PONumber        string                 `json:"po_number,omitzero"`
	RemitTo         *Address               `json:"remit_to_address,omitzero"`
	ServiceAt       *time.Time             `json:"service_at,omitzero"`
	DueAt           *time.Time             `json:"due_at,omitzero"`
	Timezone        string                 `json:"timezone,omitzero"`
	ScheduledSendAt *time.Time             `json:"scheduled_send_at,omitzero"`
	IssuedAt        *time.Time             `json:"issued_at,omitzero"`
	ViewedAt        *time.Time             `json:"viewed_at,omitzero"`
	PaidAt          *time.Time             `json:"paid_at,omitzero"`
	VoidedAt        *time.Time             `json:"voided_at,omitzero"`
	ClosedAt        *time.Time             `json:"closed_at,omitzero"`
	CreatedAt       time.Time              `json:"created_at"`
	UpdatedAt       time.Time              `json:"updated_at"`
}

// Invoice bills an order.
type Invoice struct {
	InvoiceFace
	CollectionMode      string                `json:"collection_mode,omitzero" enum:"buyer_initiated,automatic,external"`
	DeliveryMode        string                `json:"delivery_mode,omitzero" enum:"email,caller_managed"`
	PaymentMethodID     string                `json:"payment_method_id,omitzero"`
	PaymentPolicy       *InvoicePaymentPolicy `json:"payment_policy,omitzero"`
	WrittenOff          *Money                `json:"written_off_money,omitzero"`
	PublicURL           string                `json:"public_url,omitzero" doc:"With the buyer's token in the fragment."`
	RemindersPaused     bool                  `json:"reminders_paused"`
	RemindersPausedAt   *time.Time            `json:"reminders_paused_at,omitzero"`
	UncollectibleAt     *time.Time            `json:"uncollectible_at,omitzero"`
	Metadata            map[string]string     `json:"metadata,omitempty"`
	ExternalReferenceID string                `json:"external_reference_id,omitzero"`
}

// BuyerAction is what a buyer can do.
type BuyerAction struct {
	Kind        string     `json:"kind" enum:"start_return,resend_receipt,cancel,pause,resume,reactivate,update_payment_method,pay,withdraw,ship_items,pay_balance,retry_payment"`
	IsAvailable bool       `json:"is_available"`
	IsRequired  bool       `json:"is_required"`
	Reason      string     `json:"unavailable_reason,omitzero" enum:"sign_in_required,store_policy,not_in_state,window_closed,nothing_to_return,collection_unavailable"`
	DueAt       *time.Time `json:"due_at,omitzero"`
}

// BuyerInvoice is an invoice as its buyer sees it.
type BuyerInvoice struct {
	InvoiceFace
	Actions []BuyerAction `json:"buyer_actions"`
}

// InvoicePaymentAttempt is one try to pay an invoice.
type InvoicePaymentAttempt struct {
	ID              string     `json:"invoice_payment_attempt_id"`
	InvoiceID       string     `json:"invoice_id"`
	EntryID         string     `json:"invoice_schedule_entry_id,omitzero"`
	SessionID       string     `json:"checkout_session_id,omitzero"`
	IntentID        string     `json:"payment_intent_id,omitzero"`
	Rail            string     `json:"rail" enum:"card,ach_debit,manual"`
	Status          string     `json:"status" enum:"open,processing,settled,failed,canceled,expired"`
	Expected        Money      `json:"expected_amount_money"`
	SettlesAt       *time.Time `json:"expected_settlement_at,omitzero"`
	FailureCode     string     `json:"failure_code,omitzero" enum:"card_declined,insufficient_funds,bank_account_closed,bank_account_not_found,bank_debit_not_authorized,bank_account_restricted,bank_debit_limit_exceeded,authentication_required,payment_blocked,expired_card,incorrect_cvc,processing_error,payment_method_unavailable,payment_method_declined,payment_not_completed,payment_action_expired,payment_method_temporarily_unavailable,payment_failed"`
	FailureMessage  string     `json:"failure_message,omitzero"`
	StartedAt       time.Time  `json:"started_at"`
	SettledAt       *time.Time `json:"settled_at,omitzero"`
	CancelRequested *time.Time `json:"cancellation_requested_at,omitzero"`
	CanceledAt      *time.Time `json:"canceled_at,omitzero"`
	ExpiresAt       *time.Time `json:"expires_at,omitzero"`
	UpdatedAt       time.Time  `json:"updated_at"`
}

// InvoiceDeliveryAttempt is one e-mail of an invoice.
type InvoiceDeliveryAttempt struct {
	ID        string     `json:"invoice_delivery_attempt_id"`
	Type      string     `json:"delivery_type" enum:"send,reminder"`
	Channel   string     `json:"channel" enum:"email"`
	Status    string     `json:"status" enum:"pending,sent,failed,suppressed"`
	To        string     `json:"to_email"`
	Cc        []string   `json:"cc_emails,omitempty"`
	Error     string     `json:"error_message,omitzero"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at,omitzero"`
}

// InvoiceActivity is one row of an invoice's history.
type InvoiceActivity struct {
	ID           string     `json:"invoice_activity_id"`
	Type         string     `json:"activity_type" enum:"draft_created,updated,issued,issue_failed,sent,delivery_sent,reminder_due,reminder_sent,viewed,overdue,payment_attempt_started,payment_processing,payment_applied,manual_payment_recorded,manual_payment_reversed,refund_succeeded,credited,late_fee_due,late_fee_assessed,late_fee_waived,collection_blocked,collection_block_resolved,token_regenerated,voided,marked_uncollectible"`
	Description  string     `json:"description"`
	CreatedAt    time.Time  `json:"created_at"`
	ActorType    string     `json:"actor_type,omitzero" enum:"merchant,buyer,system"`
	ActorID      string     `json:"actor_id,omitzero"`
	Amount       *Money     `json:"amount_money,omitzero"`
	Expected     *Money     `json:"expected_amount_money,omitzero"`
	SettlesAt    *time.Time `json:"expected_settlement_at,omitzero"`
	Rail         string     `json:"payment_rail,omitzero" enum:"card,ach_debit,manual"`
	IntentID     string     `json:"payment_intent_id,omitzero"`
	AttemptID    string     `json:"invoice_payment_attempt_id,omitzero"`
	SessionID    string     `json:"checkout_session_id,omitzero"`
	EntryID      string     `json:"invoice_schedule_entry_id,omitzero"`
	FeeID        string     `json:"invoice_late_fee_id,omitzero"`
	DueAt        *time.Time `json:"due_at,omitzero"`
	Channel      string     `json:"channel,omitzero" enum:"email"`
	To           string     `json:"to_email,omitzero"`
	DeliveryID   string     `json:"invoice_delivery_attempt_id,omitzero"`
	ErrorCode    string     `json:"error_code,omitzero"`
	BlockReason  string     `json:"collection_block_reason,omitzero" enum:"inventory_unavailable,inventory_restored"`
	Credit       *Money     `json:"credit_money,omitzero"`
	CreditNoteID string     `json:"credit_note_id,omitzero"`
	RefundID     string     `json:"refund_id,omitzero"`
	WrittenOff   *Money     `json:"written_off_money,omitzero"`
}

func wireAmount(a *money.Amount) *Money {
	if a == nil {
		return nil
	}
	m := wireMoney(a.Minor, a.Currency)
	return &m
}

func wireFeePolicy(p *invoice.LateFeePolicy) *InvoiceLateFeePolicy {
	if p == nil {
		return nil
	}
	return &InvoiceLateFeePolicy{Type: p.Type, Amount: wireAmount(p.Amount), Percent: p.Percent, GraceDays: p.GraceDays, Mode: p.Mode}
}

// wireInvoiceFace is what both sides see, merchants with what is theirs alone inside it.
func wireInvoiceFace(v *invoice.Invoice, now time.Time, buyer bool) InvoiceFace {
	m := func(n int64) Money { return wireMoney(n, v.Currency) }
	out := InvoiceFace{
		ID: v.ID, MerchantID: v.Scope.MerchantID, OrderID: v.OrderID, CustomerID: v.CustomerID, Status: v.Status, Number: v.Number,
		Version: v.Version, IsOverdue: v.Overdue(now), BlockStatus: "none", Outstanding: m(v.Shown()), CurrentlyDue: m(v.CurrentlyDue(now)),
		Paid: m(v.Amounts.Paid), Credit: m(v.Amounts.Credited), Refunded: m(v.Amounts.Refunded), RefundStatus: v.RefundStatus(),
		LateFees: []InvoiceLateFee{}, RecipientEmail: v.RecipientEmail, CcEmails: v.CcEmails, Memo: v.Memo, Footer: v.Footer,
		Reference: v.Reference, PONumber: v.PONumber, RemitTo: (*Address)(v.RemitTo), ServiceAt: timeIf(v.ServiceAt), DueAt: timeIf(v.DueAt),
		Timezone: v.Timezone, ScheduledSendAt: timeIf(v.ScheduledSendAt), IssuedAt: timeIf(v.IssuedAt), ViewedAt: timeIf(v.ViewedAt),
		PaidAt: timeIf(v.PaidAt), VoidedAt: timeIf(v.VoidedAt), ClosedAt: timeIf(v.ClosedAt), CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt,
	}
	if v.Status == invoice.StatusDraft && v.Due.Type == invoice.DueAbsolute {
		out.DueAt = timeIf(v.Due.At)
	}
	for i := range v.Fees {
		f := &v.Fees[i]
		fee := InvoiceLateFee{
			ID: f.ID, EntryID: f.EntryID, Amount: m(f.Amount), Base: m(f.Base), Outstanding: m(f.Outstanding()), Paid: m(f.Paid), Waived: m(f.Waived),
			WrittenOff: m(f.WrittenOff), Policy: wireFeePolicy(&f.Policy), AssessedAt: f.AssessedAt, WaivedAt: timeIf(f.WaivedAt), WaiverReason: f.WaiverReason,
		}
		if buyer {
			fee.WaiverReason = ""
		}
		out.LateFees = append(out.LateFees, fee)
	}
	loc := v.Location()
	for i := range v.Entries {
		e := &v.Entries[i]
		entry := InvoiceScheduleEntry{
			ID: e.ID, Kind: e.Kind, Status: e.Status(now, loc), Amount: InvoiceScheduleAmount{e.Amount.Type, wireAmount(e.Amount.Fixed), e.Amount.Percent},
			Due: InvoiceScheduleDue{e.Due.Type, e.Due.At}, Total: m(e.Total), Paid: m(e.Paid), Credit: m(e.Credited), WrittenOff: m(e.WrittenOff),
			Outstanding: m(e.Outstanding()),
		}
		if v.Status == invoice.StatusDraft {
			entry.Status = invoice.EntryPending
		}
		out.Schedule = append(out.Schedule, entry)
	}
	if t := v.Terms; t != nil {
		out.Terms = &InvoiceTermsSnapshot{t.TermID, t.Name, t.Revision, InvoiceTermCalculation(t.Calculation), wireFeePolicy(t.LateFee)}
	}
	if v.Snapshot != nil {
		out.Snapshot = wireSnapshot(v, buyer)
	}
	return out
}

func wireSnapshot(v *invoice.Invoice, buyer bool) *InvoiceSnapshot {
	s, c := v.Snapshot, v.Currency
	m := func(n int64) Money { return wireMoney(n, c) }
	p := s.Pricing
	out := &InvoiceSnapshot{
		Pricing: PricingAmounts{m(p.Subtotal), m(p.Discount), m(p.Charge), m(p.Tax), m(p.Tip), m(p.Total)}, Lines: []InvoiceLineItem{},
		CustomerName: s.CustomerName, CustomerEmail: s.CustomerEmail, BillingAddress: (*Address)(s.BillingAddress), MerchantName: s.MerchantName,
		BuyerNote: s.BuyerNote, InternalNote: s.InternalNote, Memo: s.Memo, Footer: s.Footer, Reference: s.Reference, ServiceAt: timeIf(s.ServiceAt),
		BuyerTax: wireTaxIdentity(s.BuyerTax), SellerTax: wireTaxIdentity(s.SellerTax),
	}
	for i := range s.Lines {
		l := wireLine(&s.Lines[i].Line, c)
		out.Lines = append(out.Lines, InvoiceLineItem{
			ID: s.Lines[i].ID, LineID: l.ID, Name: l.Name, Description: l.Description, Image: l.Image, SKU: l.SKU, ProductID: l.ProductID,
			VariantID: l.VariantID, SourceType: l.SourceType, SelectedOptions: l.SelectedOptions, Categories: l.Categories, Quantity: l.Quantity,
			UnitPrice: l.UnitPrice, BaseSubtotal: l.BaseSubtotal, ModifierTotal: l.ModifierTotal, Subtotal: l.Subtotal, Discount: l.Discount,
			Tax: l.TaxMoney, Total: l.Total,
		})
	}
	for i := range s.Charges {
		ch := wireCharge(&s.Charges[i], c)
		if buyer {
			ch.Metadata = nil
		}
		out.Charges = append(out.Charges, ch)
	}
	for _, d := range s.Discounts {
		out.Discounts = append(out.Discounts, InvoiceDiscount{Source: d.Source, Class: d.Class, Amount: m(d.Amount), Applied: m(d.Applied), Name: d.Name})
	}
	if t := s.Tip; t != nil {
		tip := wireTip(t, c)
		out.RequestedTip = &InvoiceTip{Name: tip.Name, Description: tip.Description, Amount: &tip.Effective, Percent: tip.Percent}
	}
	if buyer {
		out.InternalNote = ""
	}
	return out
}

func wireTaxIdentity(t *invoice.TaxIdentity) *DocumentTaxIdentity {
	if t == nil {
		return nil
	}
	out := &DocumentTaxIdentity{RegisteredAddress: (*Address)(t.RegisteredAddress), TaxIDs: []DocumentTaxID{}}
	if t.LegalName != "" {
		out.LegalName = &t.LegalName
	}
	for _, x := range t.TaxIDs {
		out.TaxIDs = append(out.TaxIDs, DocumentTaxID(x))
	}
	return out
}

// wireInvoice is an invoice as its merchant sees it.
func (s *Services) wireInvoice(v *invoice.Invoice, now time.Time) (*Invoice, error) {
	url, err := s.Invoices.PublicURL(v)
	if err != nil {
		return nil, err
	}
	out := &Invoice{
		InvoiceFace: wireInvoiceFace(v, now, false), CollectionMode: v.Collection.Resolved, DeliveryMode: v.Delivery,
		PaymentMethodID: v.Collection.PaymentMethodID, PublicURL: url, RemindersPaused: v.RemindersPaused,
		RemindersPausedAt: timeIf(v.RemindersPausedAt), UncollectibleAt: timeIf(v.UncollectibleAt), Metadata: v.Metadata,
		ExternalReferenceID: v.ExternalReferenceID, WrittenOff: wireMoneyIf(v.Amounts.WrittenOff, v.Currency),
	}
	if mode := v.Collection.Mode; out.CollectionMode == "" && mode != "merchant_default" {
		out.CollectionMode = mode
	}
	if p := v.Collection.Policy; p != nil {
		out.PaymentPolicy = &InvoicePaymentPolicy{Options: p.Options, ShowCost: p.ShowCost}
		for _, l := range p.Limits {
			out.PaymentPolicy.Limits = append(out.PaymentPolicy.Limits, InvoiceOptionLimit{l.Option, wireMoney(l.Max.Minor, l.Max.Currency)})
		}
	}
	return out, nil
}

// wireBuyerInvoice is an invoice as its buyer sees it.
func wireBuyerInvoice(v *invoice.Invoice, now time.Time) *BuyerInvoice {
	pay := BuyerAction{Kind: "pay", IsAvailable: v.Collectible(), IsRequired: v.CurrentlyDue(now) > 0}
	if !pay.IsAvailable {
		pay.Reason = "not_in_state"
	} else if at := v.OverdueAt(); !at.IsZero() {
		pay.DueAt = &at
	}
	return &BuyerInvoice{InvoiceFace: wireInvoiceFace(v, now, true), Actions: []BuyerAction{pay}}
}

func wireInvoiceAttempt(a *invoice.PaymentAttempt, c money.Currency, now time.Time) *InvoicePaymentAttempt {
	if a == nil {
		return nil
	}
	return &InvoicePaymentAttempt{
		ID: a.ID, InvoiceID: a.InvoiceID, EntryID: a.EntryID, SessionID: a.SessionID, IntentID: a.IntentID, Rail: a.Rail, Status: a.StatusNow(now),
		Expected: wireMoney(a.Expected, c), SettlesAt: timeIf(a.SettlesAt), FailureCode: a.FailureCode, FailureMessage: a.FailureMessage,
		StartedAt: a.StartedAt, SettledAt: timeIf(a.SettledAt), CancelRequested: timeIf(a.CancelRequested), CanceledAt: timeIf(a.CanceledAt),
		ExpiresAt: timeIf(a.ExpiresAt), UpdatedAt: a.UpdatedAt,
	}
}

func wireInvoiceDelivery(d *invoice.DeliveryAttempt) *InvoiceDeliveryAttempt {
	if d == nil {
		return nil
	}
	return &InvoiceDeliveryAttempt{ID: d.ID, Type: d.Type, Channel: "email", Status: d.Status, To: d.To, Cc: d.Cc, Error: d.Error,
		CreatedAt: d.CreatedAt, SentAt: timeIf(d.SentAt)}
}

func wireInvoiceActivity(a *invoice.Activity) *InvoiceActivity {
	d := a.Detail
	return &InvoiceActivity{
		ID: a.ID, Type: a.Type, Description: a.Description, CreatedAt: a.CreatedAt, ActorType: a.ActorType, ActorID: a.ActorID,
		Amount: wireAmount(d.Amount), Expected: wireAmount(d.Expected), SettlesAt: timeIf(d.SettlesAt), Rail: d.Rail, IntentID: d.IntentID,
		AttemptID: d.AttemptID, SessionID: d.SessionID, EntryID: d.EntryID, FeeID: d.FeeID, DueAt: timeIf(d.DueAt), Channel: d.Channel, To: d.To,
		DeliveryID: d.DeliveryID, ErrorCode: d.ErrorCode, Credit: wireAmount(d.Credit), CreditNoteID: d.CreditNoteID, RefundID: d.RefundID,
		WrittenOff: wireAmount(d.WrittenOff),
	}
}

func (a *Address) orderAddress() *order.Address { return (*order.Address)(a) }
