package customer

import (
	"bytes"
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// PatchInput changes the fields that are not nil. An address replaces the whole address.
type PatchInput struct {
	Scope tenant.Scope
	Cause event.Cause
	ID    string

	ExpectedVersion     *int64 // needed to replace tax ids or to clear the tax identity
	Name                *string
	Phone               *string
	BillingAddress      *Address
	ShippingAddress     *Address
	TaxExempt           *bool
	TaxIdentity         *TaxIdentity
	ClearTaxIdentity    bool
	Verified            *bool
	GroupID             *string
	InternalNote        *string
	ExternalReferenceID *string
	Metadata            *metadata.Patch
}

// Validate reports every fault of the input.
func (in PatchInput) Validate() error {
	if in.isEmpty() {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	if in.ExpectedVersion != nil && *in.ExpectedVersion < 1 {
		l.Add("INVALID_EXPECTED_VERSION", "expected_version", "A version is at least 1.")
	}
	if in.ExpectedVersion == nil && (in.ClearTaxIdentity || (in.TaxIdentity != nil && in.TaxIdentity.TaxIDs != nil)) {
		l.Add("EXPECTED_VERSION_REQUIRED", "expected_version", "Replacing tax ids or clearing the tax identity needs the version that was read.")
	}
	checkPhone(&l, "phone", value(in.Phone))
	checkFields(&l, value(in.Name), value(in.GroupID), value(in.InternalNote), value(in.ExternalReferenceID))
	checkAddress(&l, "billing_address", in.BillingAddress)
	checkAddress(&l, "shipping_address", in.ShippingAddress)
	checkTaxIdentity(&l, "tax_identity", in.TaxIdentity)
	return l.Err()
}

func (in PatchInput) isEmpty() bool {
	return in.Name == nil && in.Phone == nil && in.BillingAddress == nil && in.ShippingAddress == nil && in.TaxExempt == nil &&
		in.TaxIdentity == nil && !in.ClearTaxIdentity && in.Verified == nil && in.GroupID == nil && in.InternalNote == nil &&
		in.ExternalReferenceID == nil && in.Metadata == nil
}

// Patch changes a customer and writes customer.updated. An address written here stays until a saved address
// is made the default of its role, so the present default of the role goes. A stale ExpectedVersion is a VERSION_CONFLICT
// that carries current_version. A patch that changes nothing leaves the version as it is.
func (s *Service) Patch(ctx context.Context, tx db.Tx, in PatchInput) (*Customer, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	c, err := load(tx, in.Scope, in.ID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if in.ExpectedVersion != nil && *in.ExpectedVersion != c.Version {
		return nil, fault.Conflict("VERSION_CONFLICT", "The customer was changed since it was read.").
			With("current_version", c.Version).Then("Read the customer again and repeat the change with its version.")
	}
	before, err := encode(c)
	if err != nil {
		return nil, err
	}
	if err := clearDefaults(tx, c, in.BillingAddress != nil, in.ShippingAddress != nil); err != nil {
		return nil, err
	}
	if err := in.apply(c); err != nil {
		return nil, err
	}
	after, err := encode(c)
	if err != nil || (bytes.Equal(before.doc, after.doc) && before.columns == after.columns) {
		return c, err
	}
	return c, s.touched(tx, c, true, in.Cause)
}

func (in PatchInput) apply(c *Customer) error {
	set(&c.Name, in.Name)
	set(&c.Phone, in.Phone)
	set(&c.TaxExempt, in.TaxExempt)
	set(&c.Verified, in.Verified)
	set(&c.GroupID, in.GroupID)
	set(&c.InternalNote, in.InternalNote)
	set(&c.ExternalReferenceID, in.ExternalReferenceID)
	if in.BillingAddress != nil {
		c.BillingAddress = in.BillingAddress
	}
	if in.ShippingAddress != nil {
		c.ShippingAddress = in.ShippingAddress
	}
	switch {
	case in.ClearTaxIdentity:
		c.TaxIdentity = nil
	case in.TaxIdentity != nil:
		t := *in.TaxIdentity
		if t.TaxIDs == nil && c.TaxIdentity != nil {
			t.TaxIDs = c.TaxIdentity.TaxIDs
		}
		c.TaxIdentity = &t
	}
	if in.Metadata != nil {
		merged, err := metadata.Merge(c.Metadata, *in.Metadata)
		if err != nil {
			var l fault.List
			l.AddError("metadata", err)
			return l.Err()
		}
		c.Metadata = merged
	}
	return nil
}

func set[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
