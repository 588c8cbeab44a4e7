package invoice

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/settings"
	"flint/internal/tenant"
	"flint/internal/text"
)

// TermInput describes a payment term. For a change nil leaves a field as it is.
type TermInput struct {
	Scope               tenant.Scope
	TermID              string // of the term to change
	Name                *string
	Calculation         *Calculation
	LateFee             *LateFeePolicy
	ClearLateFee        bool
	ExternalReferenceID *string
	ExpectedVersion     *int64
}

func (in *TermInput) check(l *fault.List) {
	if in.Name != nil {
		text.Rule{Max: maxShort, Required: true, Missing: "NAME_REQUIRED", TooLong: "INVALID_INVOICE_PAYMENT_TERM"}.Check(l, "name", *in.Name)
	}
	if in.ExternalReferenceID != nil {
		text.Rule{Max: maxReference, TooLong: "INVALID_INVOICE_PAYMENT_TERM"}.Check(l, "external_reference_id", *in.ExternalReferenceID)
	}
	if in.Calculation != nil {
		in.Calculation.check(l)
	}
	if in.LateFee != nil {
		in.LateFee.check(l)
	}
}

func (c *Calculation) check(l *fault.List) {
	days := c.Type == TermNetDays || c.Type == TermAfterEnd
	day := c.Type == TermDayOf || c.Type == TermDayOfNext
	switch {
	case !days && !day && c.Type != TermOnReceipt:
		l.Add("INVALID_INVOICE_PAYMENT_TERM", "calculation.type", "There is no such calculation.")
	case days && (c.Days < 0 || c.Days > 365 || c.Type == TermNetDays && c.Days == 0) || !days && c.Days != 0:
		l.Add("INVALID_INVOICE_PAYMENT_TERM", "calculation.days", "net_days and days_after_month_end have at most 365 days; other calculations have none.")
	case day && (c.Day < 1 || c.Day > 31) || !day && c.Day != 0:
		l.Add("INVALID_INVOICE_PAYMENT_TERM", "calculation.day", "day_of_month and day_of_next_month have a day between 1 and 31; other calculations have none.")
	}
}

func (p *LateFeePolicy) check(l *fault.List) {
	fixed, percent := p.Type == FeeFixed, p.Type == FeePercentage
	switch {
	case !fixed && !percent:
		l.Add("INVALID_INVOICE_LATE_FEE_AMOUNT", "late_fee_policy.type", "A late fee is fixed or a percentage.")
	case fixed != (p.Amount != nil) || fixed && p.Amount.Minor < 1:
		l.Add("INVALID_INVOICE_LATE_FEE_AMOUNT", "late_fee_policy.amount_money", "A fixed late fee has an amount of at least one minor unit, and no other has one.")
	case percent != (p.Percent != nil) || percent && (*p.Percent < 1 || *p.Percent > money.Percent(100*10000)):
		l.Add("INVALID_INVOICE_LATE_FEE_AMOUNT", "late_fee_policy.percent", "A percentage late fee has a percentage of at most 100, and no other has one.")
	}
	if p.GraceDays < 0 || p.GraceDays > 365 {
		l.Add("INVALID_INVOICE_PAYMENT_TERM", "late_fee_policy.grace_period_days", "The grace period has 0 to 365 days.")
	}
	switch p.Mode = cmp.Or(p.Mode, FeeManual); p.Mode {
	case FeeManual, FeeAutomatic:
	default:
		l.Add("INVALID_INVOICE_PAYMENT_TERM", "late_fee_policy.application_mode", "A late fee is applied manually or automatically.")
	}
}

// CreateTerm makes a payment term; Name and Calculation are required.
//
// Faults: NAME_REQUIRED, INVALID_INVOICE_PAYMENT_TERM, INVALID_INVOICE_LATE_FEE_AMOUNT.
func (s *Service) CreateTerm(tx db.Tx, in TermInput) (*Term, error) {
	var l fault.List
	if in.Name == nil {
		l.Add("NAME_REQUIRED", "name", "A payment term has a name.")
	}
	if in.Calculation == nil {
		l.Add("INVALID_INVOICE_PAYMENT_TERM", "calculation", "A payment term has a calculation.")
	}
	in.check(&l)
	if err := l.Err(); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	t := &Term{Scope: in.Scope, ID: s.IDs.New(id.InvoicePaymentTerm), Status: TermActive, Version: 1, CreatedAt: now, UpdatedAt: now}
	in.applyTo(t)
	args, err := t.args()
	if err != nil {
		return nil, err
	}
	err = tx.Send(`INSERT INTO invoice_terms (merchant_id, environment_id, term_id, name, status, external_reference_id, version, doc, search,
		updated_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, append(args, t.CreatedAt)...)
	if err != nil {
		return nil, fmt.Errorf("insert the payment term: %w", err)
	}
	return t, nil
}

func (in *TermInput) applyTo(t *Term) {
	set(&t.Name, in.Name)
	set(&t.Calculation, in.Calculation)
	set(&t.ExternalReferenceID, in.ExternalReferenceID)
	if in.LateFee != nil || in.ClearLateFee {
		t.LateFee = in.LateFee
	}
}

func (t *Term) args() ([]any, error) {
	doc, err := json.Marshal(t, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode payment term %s: %w", t.ID, err)
	}
	return []any{t.Scope.MerchantID, t.Scope.EnvironmentID, t.ID, t.Name, t.Status, t.ExternalReferenceID, t.Version, string(doc),
		strings.ToLower(t.Name + "\n" + t.ExternalReferenceID), t.UpdatedAt}, nil
}

// UpdateTerm changes a term for invoices that are issued from now on.
//
// Faults: those of CreateTerm, NO_FIELDS_TO_UPDATE, RESOURCE_NOT_FOUND, INVOICE_PAYMENT_TERM_CHANGED,
// INVOICE_PAYMENT_TERM_UNAVAILABLE for an archived one.
func (s *Service) UpdateTerm(tx db.Tx, in TermInput) (*Term, error) {
	if in.Name == nil && in.Calculation == nil && in.LateFee == nil && !in.ClearLateFee && in.ExternalReferenceID == nil {
		return nil, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	in.check(&l)
	if err := l.Err(); err != nil {
		return nil, err
	}
	t, err := s.lockTerm(tx, in)
	if err != nil {
		return nil, err
	}
	if t.Status == TermArchived {
		return nil, termUnavailable()
	}
	in.applyTo(t)
	return t, s.saveTerm(tx, t)
}

// ArchiveTerm takes a term out of use; invoices that were issued with it keep what they froze.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_PAYMENT_TERM_CHANGED, INVOICE_PAYMENT_TERM_IN_USE for the merchant's default.
func (s *Service) ArchiveTerm(tx db.Tx, in TermInput) (*Term, error) {
	t, err := s.lockTerm(tx, in)
	if err != nil || t.Status == TermArchived {
		return t, err
	}
	d, err := s.Settings(tx, in.Scope)
	if err != nil {
		return nil, err
	}
	if d.Invoices.DefaultTermID == t.ID {
		return nil, fault.Conflict("INVOICE_PAYMENT_TERM_IN_USE", "The term is the merchant's default.").Then("Set another default in the settings first.")
	}
	t.Status = TermArchived
	return t, s.saveTerm(tx, t)
}

func (s *Service) lockTerm(tx db.Tx, in TermInput) (*Term, error) {
	t, err := oneTerm(tx, in.Scope, in.TermID, tx.ForUpdate())
	if err == nil && in.ExpectedVersion != nil && *in.ExpectedVersion != t.Version {
		err = fault.Conflict("INVOICE_PAYMENT_TERM_CHANGED", "The term was changed since it was read.").With("current_version", t.Version)
	}
	return t, err
}

func (s *Service) saveTerm(tx db.Tx, t *Term) error {
	t.Version, t.UpdatedAt = t.Version+1, s.Clock.Now()
	args, err := t.args()
	if err != nil {
		return err
	}
	return tx.Send(`UPDATE invoice_terms SET name = $4, status = $5, external_reference_id = $6, version = $7, doc = $8, search = $9,
		updated_at = $10 WHERE merchant_id = $1 AND environment_id = $2 AND term_id = $3`, args...)
}

const termColumns = `term_id, name, status, external_reference_id, version, doc, created_at, updated_at`

func scanTerm(r db.Row, scope tenant.Scope) (*Term, error) {
	t := &Term{Scope: scope}
	var doc string
	if err := r.Scan(&t.ID, &t.Name, &t.Status, &t.ExternalReferenceID, &t.Version, &doc, &t.CreatedAt, &t.UpdatedAt); err != nil {
		return nil, err
	}
	return t, json.Unmarshal([]byte(doc), t)
}

// TermUsable tells whether new invoices may name a payment term; an archived one is there for old ones alone. It
// is settings.Service.Term.
func TermUsable(tx db.Tx, scope tenant.Scope, termID string) (bool, error) {
	t, err := GetTerm(tx, scope, termID)
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		return false, nil
	}
	return err == nil && t.Status == TermActive, err
}

// GetTerm reads a payment term; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetTerm(tx db.Tx, scope tenant.Scope, termID string) (*Term, error) {
	return oneTerm(tx, scope, termID, "")
}

func oneTerm(tx db.Tx, scope tenant.Scope, termID, lock string) (*Term, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var t *Term
	err := tx.Query(func(r db.Row) (err error) {
		t, err = scanTerm(r, scope)
		return err
	}, `SELECT `+termColumns+` FROM invoice_terms WHERE merchant_id = $1 AND environment_id = $2 AND term_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, termID)
	if err == nil && t == nil || errors.Is(err, db.ErrNoRows) {
		return nil, fault.NotFound("payment term")
	}
	return t, err
}

// ListTermsInput filters payment terms; empty fields do not filter.
type ListTermsInput struct {
	Scope               tenant.Scope
	Status              string
	ExternalReferenceID string
	Query               string
	After               *listing.Cursor
	Limit               int
}

// ListTerms reads one page of terms, newest first, and the cursor of the next.
func ListTerms(tx db.Tx, in ListTermsInput) ([]*Term, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("invoice_terms", termColumns, "term_id", in.Scope).Equal("status", in.Status).
		Equal("external_reference_id", in.ExternalReferenceID).Search("search", in.Query)
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, in.Limit, func(r db.Row) (*Term, error) { return scanTerm(r, in.Scope) },
		func(t *Term) listing.Cursor { return listing.At(t.CreatedAt, t.ID) })
}

// terms is the payment term that an invoice asks for, nil for none. A default that is not set means none.
func (s *Service) terms(tx db.Tx, v *Invoice, d *settings.Settings) (*Term, error) {
	termID := v.Due.TermID
	switch v.Due.Type {
	case DueMerchant:
		termID = d.Invoices.DefaultTermID
	case DueCustomer:
		return nil, fault.Conflict("CUSTOMER_PAYMENT_TERM_UNAVAILABLE", "The customer has no payment term of its own.").
			Then("Name a term, or use merchant_default.")
	case DueNone, DueAbsolute:
		return nil, nil
	}
	if termID == "" {
		return nil, nil
	}
	t, err := GetTerm(tx, v.Scope, termID)
	switch {
	case fault.Is(err, "RESOURCE_NOT_FOUND"):
		return nil, termUnavailable()
	case err != nil:
		return nil, err
	case t.Status != TermActive:
		return nil, termUnavailable()
	case t.LateFee != nil && t.LateFee.Amount != nil && t.LateFee.Amount.Currency != v.Currency:
		return nil, fault.Conflict("INVOICE_PAYMENT_TERM_CURRENCY_MISMATCH", "The term's late fee is in another currency.").Then("Choose another term.")
	}
	return t, nil
}

func termUnavailable() error {
	return fault.Conflict("INVOICE_PAYMENT_TERM_UNAVAILABLE", "The payment term is archived or does not exist.").Then("Choose an active term.")
}
