package httpapi

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/customer"
)

// TaxIdentity is how a customer is registered with tax authorities.
type TaxIdentity struct {
	LegalName         *string          `json:"legal_name" nullable:"true"`
	RegisteredAddress *Address         `json:"registered_address" flint:"nullable"`
	TaxIDs            []jsontext.Value `json:"tax_ids" doc:"As they were sent."`
}

// CurrencyReceivable is what a customer owes in one currency.
type CurrencyReceivable struct {
	Currency    string `json:"currency"`
	Outstanding Money  `json:"outstanding_money"`
	Overdue     Money  `json:"overdue_money"`
}

// CustomerReceivables is what a customer owes on invoices.
type CustomerReceivables struct {
	ObservedAt time.Time            `json:"observed_at"`
	Balances   []CurrencyReceivable `json:"balances"`
}

// Customer is a buyer of a merchant environment.
type Customer struct {
	ID                     string               `json:"customer_id"`
	Email                  string               `json:"email"`
	Version                int64                `json:"version" doc:"Rises with every change."`
	Name                   string               `json:"name,omitzero"`
	Phone                  string               `json:"phone,omitzero" doc:"E.164."`
	BillingAddress         *Address             `json:"billing_address,omitzero"`
	ShippingAddress        *Address             `json:"shipping_address,omitzero"`
	TaxExempt              bool                 `json:"tax_exempt"`
	TaxIdentity            *TaxIdentity         `json:"tax_identity,omitzero" flint:"nullable"`
	IsVerified             bool                 `json:"is_verified"`
	GroupID                string               `json:"group_id,omitzero"`
	InternalNote           string               `json:"internal_note,omitzero"`
	DefaultPaymentTermID   string               `json:"default_invoice_payment_term_id,omitzero"`
	DefaultPaymentMethodID string               `json:"default_payment_method_id,omitzero"`
	DefaultPaymentMethod   *PaymentMethod       `json:"default_payment_method,omitzero" flint:"nullable" doc:"With expand=default_payment_method."`
	Receivables            *CustomerReceivables `json:"receivables,omitzero" doc:"With expand=receivables."`
	ExternalReferenceID    string               `json:"external_reference_id,omitzero"`
	MerchantID             string               `json:"merchant_id"`
	Metadata               map[string]string    `json:"metadata,omitempty"`
	CreatedAt              time.Time            `json:"created_at"`
	UpdatedAt              time.Time            `json:"updated_at"`
}

func wireCustomer(c *customer.Customer) *Customer {
	out := &Customer{
		ID: c.ID, Email: c.Email, Version: c.Version, Name: c.Name, Phone: c.Phone, BillingAddress: (*Address)(c.BillingAddress),
		ShippingAddress: (*Address)(c.ShippingAddress), TaxExempt: c.TaxExempt, IsVerified: c.Verified, GroupID: c.GroupID,
		InternalNote: c.InternalNote, ExternalReferenceID: c.ExternalReferenceID, MerchantID: c.Scope.MerchantID,
		Metadata: c.Metadata, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, DefaultPaymentMethodID: c.DefaultPaymentMethodID,
	}
	if t := c.TaxIdentity; t != nil {
		out.TaxIdentity = &TaxIdentity{RegisteredAddress: (*Address)(t.RegisteredAddress), TaxIDs: t.TaxIDs}
		if t.LegalName != "" {
			out.TaxIdentity.LegalName = &t.LegalName
		}
	}
	return out
}
