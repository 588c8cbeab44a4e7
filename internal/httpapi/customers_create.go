package httpapi

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
)

// TaxIdentityInput is how a customer is registered with tax authorities.
type TaxIdentityInput struct {
	LegalName         Opt[string]      `json:"legal_name,omitzero"`
	RegisteredAddress Opt[Address]     `json:"registered_address,omitzero"`
	TaxIDs            []jsontext.Value `json:"tax_ids,omitzero" maxItems:"20" fault:"long=INVALID_TAX_IDENTITY" doc:"Kept as sent."`
}

func (t *TaxIdentityInput) domain() *customer.TaxIdentity {
	if t == nil {
		return nil
	}
	out := &customer.TaxIdentity{LegalName: t.LegalName.Value, TaxIDs: t.TaxIDs}
	if t.RegisteredAddress.Set() {
		a := customer.Address(t.RegisteredAddress.Value)
		out.RegisteredAddress = &a
	}
	return out
}

// CreateCustomerRequest describes a new customer.
type CreateCustomerRequest struct {
	Email                string            `json:"email" maxLength:"254" fault:"required=CUSTOMER_EMAIL_REQUIRED,long=INVALID_EMAIL_FORMAT"`
	Name                 string            `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Phone                string            `json:"phone,omitzero" maxLength:"16" fault:"long=INVALID_PHONE_FORMAT" doc:"E.164."`
	BillingAddress       *Address          `json:"billing_address,omitzero"`
	ShippingAddress      *Address          `json:"shipping_address,omitzero"`
	TaxExempt            bool              `json:"tax_exempt,omitzero"`
	TaxIdentity          *TaxIdentityInput `json:"tax_identity,omitzero"`
	IsVerified           bool              `json:"is_verified,omitzero"`
	GroupID              string            `json:"group_id,omitzero" maxLength:"255"`
	InternalNote         string            `json:"internal_note,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG"`
	DefaultPaymentTermID string            `json:"default_invoice_payment_term_id,omitzero" maxLength:"64" doc:"Reserved."`
	ExternalReferenceID  string            `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata             map[string]string `json:"metadata,omitempty"`
}

// CreateCustomerInput is the request of createCustomer.
type CreateCustomerInput struct {
	Body CreateCustomerRequest

	domain customer.CreateInput
}

// Validate implements Validator.
func (in *CreateCustomerInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.DefaultPaymentTermID != "", "default_invoice_payment_term_id")
	in.domain = customer.CreateInput{
		Email: r.Email, Name: r.Name, Phone: r.Phone, BillingAddress: (*customer.Address)(r.BillingAddress),
		ShippingAddress: (*customer.Address)(r.ShippingAddress), TaxExempt: r.TaxExempt, TaxIdentity: r.TaxIdentity.domain(),
		Verified: r.IsVerified, GroupID: r.GroupID, InternalNote: r.InternalNote, ExternalReferenceID: r.ExternalReferenceID,
		Metadata: r.Metadata,
	}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

func registerCreateCustomer(a *API, s *Services) {
	Write(a, "createCustomer", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCustomerInput) (*Customer, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, c.Cause()
		made, err := s.Customers.Create(ctx, tx, in.domain)
		if err != nil {
			return nil, err
		}
		return wireCustomer(made), nil
	}, Doc("Create a customer", "An e-mail address belongs to one customer of an environment, in whatever letter case."),
		Errors("CUSTOMER_EMAIL_REQUIRED", "CUSTOMER_EMAIL_ALREADY_USED", "INVALID_EMAIL_FORMAT", "INVALID_PHONE_FORMAT", "INVALID_COUNTRY"))
}
