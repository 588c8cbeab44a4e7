package invoice

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/text"
)

// Limits of an invoice.
const (
	maxText      = 4096
	maxShort     = 255
	maxCc        = 20
	maxOptions   = 5
	maxLimits    = 100
	maxReference = 255
)

// PaymentOptions are those of the contract. Card and bank debit can be collected today.
var PaymentOptions = []string{"card", "apple_pay", "google_pay", "affirm", "ach_debit"}

// Fields are what a draft says besides its source. A nil field was not sent; empty texts clear.
type Fields struct {
	RecipientEmail      *string
	CcEmails            *[]string
	Memo                *string
	Footer              *string
	Reference           *string
	PONumber            *string
	ServiceAt           *time.Time
	ScheduledSendAt     *time.Time
	RemitTo             *order.Address
	Due                 *DueRequest
	Collection          *Collection
	Entries             *[]EntryInput // replaces the schedule; empty for none
	ExternalReferenceID *string
}

// EntryInput is one part of a schedule as asked for. ID keeps an entry that is there.
type EntryInput struct {
	ID     string
	Kind   string
	Amount EntryAmount
	Due    EntryDueOn
}

func (in *Fields) empty() bool {
	return in.RecipientEmail == nil && in.CcEmails == nil && in.Memo == nil && in.Footer == nil && in.Reference == nil && in.PONumber == nil &&
		in.ServiceAt == nil && in.ScheduledSendAt == nil && in.RemitTo == nil && in.Due == nil && in.Collection == nil && in.Entries == nil &&
		in.ExternalReferenceID == nil
}

// check reports every fault that can be told without looking at other data.
func (in *Fields) check(l *fault.List, now time.Time) {
	if in.RecipientEmail != nil && *in.RecipientEmail != "" {
		checkEmail(l, "recipient_email", *in.RecipientEmail)
	}
	if in.CcEmails != nil {
		if len(*in.CcEmails) > maxCc {
			l.Add("INVALID_INVOICE", "cc_emails", "An invoice is copied to at most %d addresses.", maxCc)
		}
		for n, v := range *in.CcEmails {
			checkEmail(l, fmt.Sprintf("cc_emails[%d]", n), v)
		}
	}
	for _, t := range []struct {
		param string
		v     *string
		most  int
	}{
		{"memo", in.Memo, maxText}, {"footer", in.Footer, maxText}, {"reference", in.Reference, maxShort}, {"po_number", in.PONumber, maxShort},
		{"external_reference_id", in.ExternalReferenceID, maxReference},
	} {
		if t.v != nil {
			text.Rule{Max: t.most, Lines: t.most == maxText, TooLong: "INVALID_INVOICE"}.Check(l, t.param, *t.v)
		}
	}
	if in.ScheduledSendAt != nil && !in.ScheduledSendAt.IsZero() && !in.ScheduledSendAt.After(now) {
		l.Add("SCHEDULED_SEND_IN_PAST", "scheduled_send_at", "The time to send lies in the past.")
	}
	if in.Due != nil {
		in.Due.check(l)
	}
	if in.Collection != nil {
		in.Collection.check(l)
	}
	if in.Entries != nil {
		checkEntries(l, *in.Entries)
	}
}

func checkEmail(l *fault.List, param, v string) {
	a, err := mail.ParseAddress(v)
	if err != nil || a.Address != v || len(v) > 254 || !strings.Contains(v[strings.LastIndexByte(v, '@')+1:], ".") {
		l.Add("INVALID_EMAIL_FORMAT", param, "This is not an e-mail address.")
	}
}

func (d *DueRequest) check(l *fault.List) {
	switch d.Type {
	case DueNone, DueCustomer, DueMerchant, DueAbsolute, DueTerms:
	default:
		l.Add("INVALID_INVOICE_PAYMENT_DUE_TYPE", "payment_due.type", "There is no such kind of due date.")
		return
	}
	if (d.Type == DueAbsolute) == d.At.IsZero() {
		l.Add("INVALID_INVOICE_PAYMENT_DUE", "payment_due.due_at", "A due date of type absolute has due_at, and no other has.")
	}
	if (d.Type == DueTerms) != (d.TermID != "") {
		l.Add("INVALID_INVOICE_PAYMENT_DUE", "payment_due.invoice_payment_term_id", "A due date of type payment_terms names its term, and no other does.")
	}
}

func (c *Collection) check(l *fault.List) {
	switch c.Mode {
	case "merchant_default", CollectBuyer, CollectAutomatic, CollectExternal:
	default:
		l.Add("INVALID_INVOICE_COLLECTION_MODE", "collection.mode", "There is no such collection mode.")
	}
	if c.PaymentMethodID != "" && c.Mode != CollectAutomatic {
		l.Add("INVALID_INVOICE_COLLECTION", "collection.payment_method_id", "Only automatic collection names a payment method.")
	}
	if c.Policy != nil {
		c.Policy.check(l, "collection.payment_policy")
	}
}

func (p *Policy) check(l *fault.List, at string) {
	if len(p.Options) == 0 {
		l.Add("INVOICE_PAYMENT_OPTIONS_REQUIRED", at+".enabled_payment_options", "A policy enables at least one payment option.")
	}
	if len(p.Options) > maxOptions || len(p.Limits) > maxLimits {
		l.Add("INVALID_INVOICE_PAYMENT_POLICY", at, "A policy has at most %d options and %d limits.", maxOptions, maxLimits)
	}
	for n, v := range p.Options {
		if !slices.Contains(PaymentOptions, v) || slices.Contains(p.Options[:n], v) {
			l.Add("INVALID_INVOICE_PAYMENT_POLICY", fmt.Sprintf("%s.enabled_payment_options[%d]", at, n), "The option does not exist or stands there twice.")
		}
	}
	if p.ShowCost && len(p.Options) == 1 {
		l.Add("INVOICE_COST_COMPARISON_REQUIRES_OPTIONS", at+".show_cost_comparison", "Costs are compared between at least two options.")
	}
	for n, v := range p.Limits {
		limit := fmt.Sprintf("%s.payment_option_limits[%d]", at, n)
		switch {
		case !slices.Contains(p.Options, v.Option):
			l.Add("INVOICE_PAYMENT_OPTION_LIMIT_NOT_ENABLED", limit+".payment_option", "The policy does not enable this option.")
		case v.Max.Minor < 1:
			l.Add("INVALID_INVOICE_PAYMENT_OPTION_LIMIT", limit+".max_total_money.amount", "A limit is at least one minor unit.")
		case slices.ContainsFunc(p.Limits[:n], func(o OptionLimit) bool { return o.Option == v.Option && o.Max.Currency == v.Max.Currency }):
			l.Add("INVALID_INVOICE_PAYMENT_OPTION_LIMIT", limit, "An option has one limit per currency.")
		}
	}
}

func checkEntries(l *fault.List, entries []EntryInput) {
	bad := func(param, format string, args ...any) { l.Add("INVOICE_SCHEDULE_INVALID", param, format, args...) }
	if len(entries) > MaxEntries {
		bad("schedule_entries", "A schedule has at most %d entries.", MaxEntries)
		return
	}
	for n := range entries {
		e, at := &entries[n], fmt.Sprintf("schedule_entries[%d]", n)
		a := at + ".amount_specification"
		switch e.Amount.Type {
		case AmountFixed:
			if e.Amount.Fixed == nil || e.Amount.Fixed.Minor < 1 || e.Amount.Percent != nil {
				bad(a+".amount_money", "A fixed entry has an amount of at least one minor unit and no percentage.")
			}
		case AmountPercentage:
			if e.Amount.Percent == nil || *e.Amount.Percent < 1 || *e.Amount.Percent > 100*10000 || e.Amount.Fixed != nil {
				bad(a+".percent", "A percentage entry has a percentage between 0.0001 and 100 and no amount.")
			}
		case AmountRemaining:
			if e.Amount.Fixed != nil || e.Amount.Percent != nil {
				bad(a, "The remaining balance has neither amount nor percentage.")
			}
			if n != len(entries)-1 {
				bad(a+".type", "The remaining balance comes last, and once.")
			}
		default:
			bad(a+".type", "There is no such kind of amount.")
		}
		if (e.Due.Type == EntryDate) == e.Due.At.IsZero() {
			bad(at+".due.due_at", "An entry due on a date has due_at, and no other has.")
		}
		if e.ID != "" && slices.ContainsFunc(entries[:n], func(o EntryInput) bool { return o.ID == e.ID }) {
			bad(at+".invoice_schedule_entry_id", "An entry is kept once.")
		}
	}
}

// applyTo writes the fields into a draft. Entries that name an id of the draft keep it.
func (in *Fields) applyTo(v *Invoice, ids *id.Source) error {
	set(&v.RecipientEmail, in.RecipientEmail)
	set(&v.CcEmails, in.CcEmails)
	set(&v.Memo, in.Memo)
	set(&v.Footer, in.Footer)
	set(&v.Reference, in.Reference)
	set(&v.PONumber, in.PONumber)
	set(&v.ServiceAt, in.ServiceAt)
	if in.ScheduledSendAt != nil {
		v.ScheduledSendAt, v.IssueFailed = *in.ScheduledSendAt, ""
	}
	if in.RemitTo != nil {
		v.RemitTo = in.RemitTo
	}
	set(&v.Due, in.Due)
	set(&v.Collection, in.Collection)
	set(&v.ExternalReferenceID, in.ExternalReferenceID)
	if in.Entries != nil {
		entries := make([]Entry, 0, len(*in.Entries))
		for n, e := range *in.Entries {
			entry := Entry{ID: e.ID, Kind: e.Kind, Amount: e.Amount, Due: e.Due}
			if e.ID == "" {
				entry.ID = ids.New(id.InvoiceScheduleEntry)
			} else if v.Entry(e.ID) == nil {
				return fault.Invalid("INVOICE_SCHEDULE_INVALID", fmt.Sprintf("schedule_entries[%d].invoice_schedule_entry_id", n), "The draft has no such entry.")
			}
			entries = append(entries, entry)
		}
		v.Entries = entries
	}
	return v.checkCurrency()
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// checkCurrency holds what a draft says in money to the currency of its order.
func (v *Invoice) checkCurrency() error {
	var l fault.List
	for n := range v.Entries {
		if f := v.Entries[n].Amount.Fixed; f != nil && f.Currency != v.Currency {
			l.Add("INVOICE_SCHEDULE_INVALID", fmt.Sprintf("schedule_entries[%d].amount_specification.amount_money.currency", n), "The order is in another currency.")
		}
	}
	if p := v.Collection.Policy; p != nil {
		for n := range p.Limits {
			if p.Limits[n].Max.Currency != v.Currency {
				l.Add("INVALID_INVOICE_PAYMENT_OPTION_LIMIT", fmt.Sprintf("collection.payment_policy.payment_option_limits[%d].max_total_money.currency", n),
					"The order is in another currency.")
			}
		}
	}
	return l.Err()
}

// reschedule computes the entries and refuses a schedule that does not come to the total.
func (v *Invoice) reschedule() error {
	if !v.schedule() {
		return fault.Invalid("INVOICE_SCHEDULE_INVALID", "schedule_entries", "The entries do not come to the invoice's total, or one comes to nothing.").
			With("required_money", money.Amount{Minor: v.Amounts.Total, Currency: v.Currency})
	}
	return nil
}

func checkMetadata(l *fault.List, m map[string]string) { l.AddError("metadata", metadata.Check(m)) }
