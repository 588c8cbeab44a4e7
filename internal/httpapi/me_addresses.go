package httpapi

import (
	"context"

	"flint/internal/customer"
	"flint/internal/db"
)

type (
	// ListMyAddressesInput is the request of me.listAddresses.
	ListMyAddressesInput struct{ PageQuery }
	// CreateMyAddressInput is the request of me.createAddress.
	CreateMyAddressInput struct {
		Body   CreateCustomerAddressRequest
		domain customer.SaveAddressInput
	}
	// MyAddressInput names one own address.
	MyAddressInput struct {
		AddressID string `path:"customer_address_id" id:"cad"`
	}
	// UpdateMyAddressInput is the request of me.updateAddress.
	UpdateMyAddressInput struct {
		AddressID string `path:"customer_address_id" id:"cad"`
		Body      UpdateCustomerAddressRequest
		domain    customer.PatchAddressInput
	}
	// SetMyDefaultAddressInput is the request of me.setDefaultAddress.
	SetMyDefaultAddressInput struct {
		AddressID string `path:"customer_address_id" id:"cad"`
		Body      SetDefaultAddressRequest
	}
)

// Validate implements Validator.
func (in *CreateMyAddressInput) Validate() error {
	in.domain = in.Body.domain()
	return rulesOf(in.domain.Validate())
}

// Validate implements Validator.
func (in *UpdateMyAddressInput) Validate() error {
	in.domain = in.Body.domain()
	return rulesOf(in.domain.Validate())
}

func registerMyAddresses(a *API, s *Services) {
	Get(a, "me.listAddresses", func(ctx context.Context, tx db.Tx, c *Caller, in *ListMyAddressesInput) (Page[*CustomerAddress], error) {
		return s.listAddresses(ctx, tx, c, c.SubjectID, in.PageQuery)
	}, Doc("List own addresses", "Newest first."))

	Write(a, "me.createAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateMyAddressInput) (*CustomerAddress, error) {
		return s.saveAddress(ctx, tx, c, c.SubjectID, in.domain)
	}, Doc("Save an own address", "The first one becomes the default for billing and shipping."),
		Errors(append([]string{"CUSTOMER_ADDRESS_LIMIT_REACHED"}, addressErrors...)...))

	Get(a, "me.getAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *MyAddressInput) (*CustomerAddress, error) {
		return wired(wireCustomerAddress)(s.Customers.GetAddress(ctx, tx, c.Scope, c.SubjectID, in.AddressID))
	}, Doc("Read an own address", "One of those that the customer keeps."))

	Write(a, "me.updateAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateMyAddressInput) (*CustomerAddress, error) {
		return s.patchAddress(ctx, tx, c, c.SubjectID, in.AddressID, in.domain)
	}, Doc("Change an own address", "A changed default changes the effective address."), Errors(append([]string{"NO_FIELDS_TO_UPDATE"}, addressErrors...)...))

	Write(a, "me.deleteAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *MyAddressInput) (*Done, error) {
		return s.deleteAddress(ctx, tx, c, c.SubjectID, in.AddressID)
	}, Doc("Delete an own address", "Its defaults move to the newest one that remains."))

	Write(a, "me.setDefaultAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *SetMyDefaultAddressInput) (*CustomerAddress, error) {
		return s.defaultAddress(ctx, tx, c, c.SubjectID, in.AddressID, in.Body.For)
	}, Doc("Choose an own default address", "For billing, for shipping or for both."))
}
