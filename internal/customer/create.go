package customer

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// CreateInput describes a new customer. Email is required.
type CreateInput struct {
	Scope tenant.Scope
	Cause event.Cause

	Email               string
	Name                string
	Phone               string
	BillingAddress      *Address
	ShippingAddress     *Address
	TaxExempt           bool
	TaxIdentity         *TaxIdentity
	Verified            bool
	GroupID             string
	InternalNote        string
	ExternalReferenceID string
	Metadata            map[string]string
}

// Validate reports every fault of the input.
func (in CreateInput) Validate() error {
	var l fault.List
	checkEmail(&l, "email", in.Email)
	checkPhone(&l, "phone", in.Phone)
	checkFields(&l, in.Name, in.GroupID, in.InternalNote, in.ExternalReferenceID)
	checkAddress(&l, "billing_address", in.BillingAddress)
	checkAddress(&l, "shipping_address", in.ShippingAddress)
	checkTaxIdentity(&l, "tax_identity", in.TaxIdentity)
	checkMetadata(&l, in.Metadata)
	return l.Err()
}

// Create writes a new customer and the event customer.created. It refuses an e-mail address that
// another customer of the environment has, in whatever letter case, with CUSTOMER_EMAIL_ALREADY_USED.
func (s *Service) Create(ctx context.Context, tx db.Tx, in CreateInput) (*Customer, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	c := &Customer{
		Scope: in.Scope, ID: s.IDs.New(id.Customer), Email: in.Email, Version: 1, Name: in.Name, Phone: in.Phone,
		TaxExempt: in.TaxExempt, ExternalReferenceID: in.ExternalReferenceID, CreatedAt: now, UpdatedAt: now,
		BillingAddress: in.BillingAddress, ShippingAddress: in.ShippingAddress, TaxIdentity: in.TaxIdentity,
		Verified: in.Verified, GroupID: in.GroupID, InternalNote: in.InternalNote, Metadata: in.Metadata,
	}
	if err := insert(tx, c); err != nil {
		return nil, err
	}
	if err := s.record(tx, c, in.Cause, "customer.created"); err != nil {
		return nil, err
	}
	return c, nil
}

func (s *Service) record(tx db.Tx, c *Customer, cause event.Cause, kind string) error {
	return s.Events.Record(tx, c.Scope, c.UpdatedAt, cause, event.New{
		Type: kind, RootType: "customer", RootID: c.ID, ResourceType: "customer", ResourceID: c.ID,
		Data: struct {
			CustomerID string `json:"customer_id"`
		}{c.ID},
	})
}
