package httpapi

import (
	"context"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
)

// UpdateCustomerRequest changes the fields that are sent. An address replaces the whole address.
type UpdateCustomerRequest struct {
	Name                 *string               `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Phone                *string               `json:"phone,omitzero" maxLength:"16" fault:"long=INVALID_PHONE_FORMAT"`
	BillingAddress       *Address              `json:"billing_address,omitzero"`
	ShippingAddress      *Address              `json:"shipping_address,omitzero"`
	TaxExempt            *bool                 `json:"tax_exempt,omitzero"`
	TaxIdentity          Opt[TaxIdentityInput] `json:"tax_identity,omitzero" doc:"null takes it away, with expected_version."`
	IsVerified           *bool                 `json:"is_verified,omitzero"`
	GroupID              *string               `json:"group_id,omitzero" maxLength:"255"`
	InternalNote         *string               `json:"internal_note,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG"`
	DefaultPaymentTermID *string               `json:"default_invoice_payment_term_id,omitzero" maxLength:"64" doc:"Reserved."`
	ExternalReferenceID  *string               `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata             MetadataPatch         `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	ExpectedVersion      *int64                `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION" doc:"Needed to replace tax_ids and to take the tax identity away."`
}

// UpdateCustomerInput is the request of updateCustomer.
type UpdateCustomerInput struct {
	CustomerID string `path:"customer_id" id:"cus"`
	Body       UpdateCustomerRequest

	domain customer.PatchInput
}

// Validate implements Validator.
func (in *UpdateCustomerInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.DefaultPaymentTermID != nil, "default_invoice_payment_term_id")
	in.domain = customer.PatchInput{
		ID: in.CustomerID, ExpectedVersion: r.ExpectedVersion, Name: r.Name, Phone: r.Phone,
		BillingAddress: (*customer.Address)(r.BillingAddress), ShippingAddress: (*customer.Address)(r.ShippingAddress),
		TaxExempt: r.TaxExempt, ClearTaxIdentity: r.TaxIdentity.Null, Verified: r.IsVerified, GroupID: r.GroupID,
		InternalNote: r.InternalNote, ExternalReferenceID: r.ExternalReferenceID, Metadata: metadataIf(r.Metadata),
	}
	if r.TaxIdentity.Set() {
		in.domain.TaxIdentity = r.TaxIdentity.Value.domain()
	}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

func registerUpdateCustomer(a *API, s *Services) {
	Write(a, "updateCustomer", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateCustomerInput) (*Customer, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, c.Cause()
		changed, err := s.Customers.Patch(ctx, tx, in.domain)
		if err != nil {
			return nil, err
		}
		return wireCustomer(changed), nil
	}, Doc("Change a customer", "A sparse update. The e-mail address is the buyer's own and not changed here."),
		Errors("VERSION_CONFLICT", "EXPECTED_VERSION_REQUIRED", "NO_FIELDS_TO_UPDATE", "INVALID_PHONE_FORMAT", "INVALID_COUNTRY"))
}
