package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/invoice"
	"flint/internal/money"
)

// InvoicePaymentTerm is a named way to compute due dates.
type InvoicePaymentTerm struct {
	ID                  string                 `json:"invoice_payment_term_id"`
	MerchantID          string                 `json:"merchant_id"`
	Name                string                 `json:"name"`
	Status              string                 `json:"status" enum:"active,archived"`
	Calculation         InvoiceTermCalculation `json:"calculation"`
	LateFee             *InvoiceLateFeePolicy  `json:"late_fee_policy,omitzero"`
	ExternalReferenceID string                 `json:"external_reference_id,omitzero"`
	Version             int64                  `json:"version"`
	CreatedAt           time.Time              `json:"created_at"`
	UpdatedAt           time.Time              `json:"updated_at"`
}

func wireTerm(t *invoice.Term) *InvoicePaymentTerm {
	return &InvoicePaymentTerm{
		ID: t.ID, MerchantID: t.Scope.MerchantID, Name: t.Name, Status: t.Status, Calculation: InvoiceTermCalculation(t.Calculation),
		LateFee: wireFeePolicy(t.LateFee), ExternalReferenceID: t.ExternalReferenceID, Version: t.Version, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}
}

func (p *InvoiceLateFeePolicy) domain() *invoice.LateFeePolicy {
	if p == nil {
		return nil
	}
	return &invoice.LateFeePolicy{Type: p.Type, Amount: p.Amount.amount(), Percent: (*money.Percent)(p.Percent), GraceDays: p.GraceDays, Mode: p.Mode}
}

// CreateInvoicePaymentTermRequest describes a payment term.
type CreateInvoicePaymentTermRequest struct {
	Name                string                 `json:"name" minLength:"1" maxLength:"255" fault:"required=NAME_REQUIRED"`
	Calculation         InvoiceTermCalculation `json:"calculation" fault:"required=INVALID_INVOICE_PAYMENT_TERM"`
	LateFee             *InvoiceLateFeePolicy  `json:"late_fee_policy,omitzero"`
	ExternalReferenceID *string                `json:"external_reference_id,omitzero" maxLength:"255"`
}

// CreateInvoicePaymentTermInput is the request of invoicePaymentTerms.create.
type CreateInvoicePaymentTermInput struct {
	Body CreateInvoicePaymentTermRequest
}

// UpdateInvoicePaymentTermRequest changes a term for invoices that are issued from now on.
type UpdateInvoicePaymentTermRequest struct {
	Name                *string                   `json:"name,omitzero" maxLength:"255"`
	Calculation         *InvoiceTermCalculation   `json:"calculation,omitzero"`
	LateFee             Opt[InvoiceLateFeePolicy] `json:"late_fee_policy,omitzero" doc:"null takes it away."`
	ExternalReferenceID *string                   `json:"external_reference_id,omitzero" maxLength:"255"`
	ExpectedVersion     *int64                    `json:"expected_version,omitzero"`
}

// InvoicePaymentTermPath names a payment term.
type InvoicePaymentTermPath struct {
	TermID string `path:"invoice_payment_term_id" id:"ipt"`
}

// UpdateInvoicePaymentTermInput is the request of invoicePaymentTerms.update.
type UpdateInvoicePaymentTermInput struct {
	InvoicePaymentTermPath
	Body UpdateInvoicePaymentTermRequest
}

// RemoveInvoicePaymentTermInput is the request of invoicePaymentTerms.remove.
type RemoveInvoicePaymentTermInput struct {
	InvoicePaymentTermPath
	ExpectedVersion *int64 `query:"expected_version" minimum:"1"`
}

// ListInvoicePaymentTermsInput is the request of invoicePaymentTerms.list.
type ListInvoicePaymentTermsInput struct {
	PageQuery
	Status              string `query:"status" enum:"active,archived"`
	ExternalReferenceID string `query:"external_reference_id" maxLength:"255"`
	Query               string `query:"query" maxLength:"255"`
}

func registerInvoiceTerms(a *API, s *Services) {
	answer := func(t *invoice.Term, err error) (*InvoicePaymentTerm, error) {
		if err != nil {
			return nil, err
		}
		return wireTerm(t), nil
	}
	Write(a, "invoicePaymentTerms.create", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateInvoicePaymentTermInput) (*InvoicePaymentTerm, error) {
		r := &in.Body
		calculation := invoice.Calculation(r.Calculation)
		return answer(s.Invoices.CreateTerm(tx, invoice.TermInput{
			Scope: c.Scope, Name: &r.Name, Calculation: &calculation, LateFee: r.LateFee.domain(), ExternalReferenceID: r.ExternalReferenceID,
		}))
	}, Doc("Create a payment term", "A named way to compute due dates, with what paying late costs."),
		Errors("INVALID_INVOICE_PAYMENT_TERM", "INVALID_INVOICE_LATE_FEE_AMOUNT", "NAME_REQUIRED"))

	Get(a, "invoicePaymentTerms.list", func(ctx context.Context, tx db.Tx, c *Caller, in *ListInvoicePaymentTermsInput) (Page[*InvoicePaymentTerm], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*invoice.Term, *listing.Cursor, error) {
			return invoice.ListTerms(tx, invoice.ListTermsInput{
				Scope: c.Scope, Status: in.Status, ExternalReferenceID: in.ExternalReferenceID, Query: in.Query, After: after, Limit: limit,
			})
		})
		return MapPage(page, wireTerm), err
	}, Doc("List payment terms", "Newest first."))

	Get(a, "invoicePaymentTerms.get", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoicePaymentTermPath) (*InvoicePaymentTerm, error) {
		return answer(invoice.GetTerm(tx, c.Scope, in.TermID))
	}, Doc("Read a payment term", "Archived ones stay readable."))

	Write(a, "invoicePaymentTerms.update", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateInvoicePaymentTermInput) (*InvoicePaymentTerm, error) {
		r := &in.Body
		change := invoice.TermInput{
			Scope: c.Scope, TermID: in.TermID, Name: r.Name, Calculation: (*invoice.Calculation)(r.Calculation), ClearLateFee: r.LateFee.Null,
			ExternalReferenceID: r.ExternalReferenceID, ExpectedVersion: r.ExpectedVersion,
		}
		if r.LateFee.Set() {
			change.LateFee = r.LateFee.Value.domain()
		}
		return answer(s.Invoices.UpdateTerm(tx, change))
	}, Doc("Change a payment term", "For invoices that are issued from now on."),
		Errors("INVOICE_PAYMENT_TERM_CHANGED", "INVOICE_PAYMENT_TERM_UNAVAILABLE", "INVALID_INVOICE_PAYMENT_TERM", "NO_FIELDS_TO_UPDATE"))

	Write(a, "invoicePaymentTerms.remove", func(ctx context.Context, tx db.Tx, c *Caller, in *RemoveInvoicePaymentTermInput) (*InvoicePaymentTerm, error) {
		return answer(s.Invoices.ArchiveTerm(tx, invoice.TermInput{Scope: c.Scope, TermID: in.TermID, ExpectedVersion: in.ExpectedVersion}))
	}, Doc("Archive a payment term", "Invoices that were issued with it keep what they froze."),
		Errors("INVOICE_PAYMENT_TERM_IN_USE", "INVOICE_PAYMENT_TERM_CHANGED"))
}
