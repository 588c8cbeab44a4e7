package httpapi

import (
	"context"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

// CreateCustomerAddressRequest keeps an address.
type CreateCustomerAddressRequest struct {
	RecipientName     string  `json:"recipient_name" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Address           Address `json:"address"`
	Label             string  `json:"label,omitzero" maxLength:"255" doc:"Such as home or work."`
	Phone             string  `json:"phone,omitzero" maxLength:"16" fault:"long=INVALID_PHONE_FORMAT" doc:"E.164."`
	IsDefaultBilling  bool    `json:"is_default_billing,omitzero"`
	IsDefaultShipping bool    `json:"is_default_shipping,omitzero"`
}

func (r *CreateCustomerAddressRequest) domain() customer.SaveAddressInput {
	a := customer.Address(r.Address)
	return customer.SaveAddressInput{RecipientName: r.RecipientName, Label: r.Label, Phone: r.Phone, Address: &a, DefaultBilling: r.IsDefaultBilling,
		DefaultShipping: r.IsDefaultShipping}
}

// UpdateCustomerAddressRequest changes the fields that are sent. An address replaces the whole address.
type UpdateCustomerAddressRequest struct {
	RecipientName *string  `json:"recipient_name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Address       *Address `json:"address,omitzero"`
	Label         *string  `json:"label,omitzero" maxLength:"255"`
	Phone         *string  `json:"phone,omitzero" maxLength:"16" fault:"long=INVALID_PHONE_FORMAT"`
}

func (r *UpdateCustomerAddressRequest) domain() customer.PatchAddressInput {
	return customer.PatchAddressInput{RecipientName: r.RecipientName, Label: r.Label, Phone: r.Phone, Address: (*customer.Address)(r.Address)}
}

// SetDefaultAddressRequest names the roles.
type SetDefaultAddressRequest struct {
	For string `json:"default_for" enum:"billing,shipping,both"`
}

type (
	// ListCustomerAddressesInput is the request of listCustomerAddresses.
	ListCustomerAddressesInput struct {
		CustomerID string `path:"customer_id" id:"cus"`
		PageQuery
	}
	// CreateCustomerAddressInput is the request of createCustomerAddress.
	CreateCustomerAddressInput struct {
		CustomerID string `path:"customer_id" id:"cus"`
		Body       CreateCustomerAddressRequest
		domain     customer.SaveAddressInput
	}
	// CustomerAddressInput names one address.
	CustomerAddressInput struct {
		CustomerID string `path:"customer_id" id:"cus"`
		AddressID  string `path:"customer_address_id" id:"cad"`
	}
	// UpdateCustomerAddressInput is the request of updateCustomerAddress.
	UpdateCustomerAddressInput struct {
		CustomerID string `path:"customer_id" id:"cus"`
		AddressID  string `path:"customer_address_id" id:"cad"`
		Body       UpdateCustomerAddressRequest
		domain     customer.PatchAddressInput
	}
	// SetDefaultCustomerAddressInput is the request of setDefaultCustomerAddress.
	SetDefaultCustomerAddressInput struct {
		CustomerID string `path:"customer_id" id:"cus"`
		AddressID  string `path:"customer_address_id" id:"cad"`
		Body       SetDefaultAddressRequest
	}
)

// Validate implements Validator.
func (in *CreateCustomerAddressInput) Validate() error {
	in.domain = in.Body.domain()
	return rulesOf(in.domain.Validate())
}

// Validate implements Validator.
func (in *UpdateCustomerAddressInput) Validate() error {
	in.domain = in.Body.domain()
	return rulesOf(in.domain.Validate())
}

func rulesOf(err error) error {
	var f fault.List
	addRules(&f, err)
	return f.Err()
}

var addressErrors = []string{"INVALID_PHONE_FORMAT", "INVALID_COUNTRY", "NAME_TOO_LONG"}

func registerCustomerAddresses(a *API, s *Services) {
	Get(a, "listCustomerAddresses", func(ctx context.Context, tx db.Tx, c *Caller, in *ListCustomerAddressesInput) (Page[*CustomerAddress], error) {
		return s.listAddresses(ctx, tx, c, in.CustomerID, in.PageQuery)
	}, Doc("List a customer's addresses", "Newest first."))

	Write(a, "createCustomerAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCustomerAddressInput) (*CustomerAddress, error) {
		return s.saveAddress(ctx, tx, c, in.CustomerID, in.domain)
	}, Doc("Save an address of a customer", "The first one becomes the default for billing and shipping."),
		Errors(append([]string{"CUSTOMER_ADDRESS_LIMIT_REACHED"}, addressErrors...)...))

	Get(a, "getCustomerAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *CustomerAddressInput) (*CustomerAddress, error) {
		return wired(wireCustomerAddress)(s.Customers.GetAddress(ctx, tx, c.Scope, in.CustomerID, in.AddressID))
	}, Doc("Read an address of a customer", "One of those that the customer keeps."))

	Write(a, "updateCustomerAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateCustomerAddressInput) (*CustomerAddress, error) {
		return s.patchAddress(ctx, tx, c, in.CustomerID, in.AddressID, in.domain)
	}, Doc("Change an address of a customer", "A changed default changes the customer's effective address."), Errors(append([]string{"NO_FIELDS_TO_UPDATE"}, addressErrors...)...))

	Write(a, "deleteCustomerAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *CustomerAddressInput) (*Done, error) {
		return s.deleteAddress(ctx, tx, c, in.CustomerID, in.AddressID)
	}, Doc("Delete an address of a customer", "Its defaults move to the newest one that remains."))

	Write(a, "setDefaultCustomerAddress", func(ctx context.Context, tx db.Tx, c *Caller, in *SetDefaultCustomerAddressInput) (*CustomerAddress, error) {
		return s.defaultAddress(ctx, tx, c, in.CustomerID, in.AddressID, in.Body.For)
	}, Doc("Choose a default address", "For billing, for shipping or for both."))
}

func (s *Services) listAddresses(ctx context.Context, tx db.Tx, c *Caller, customerID string, q PageQuery) (Page[*CustomerAddress], error) {
	page, err := List(c, q, func(after *listing.Cursor, limit int) ([]*customer.SavedAddress, *listing.Cursor, error) {
		return s.Customers.ListAddresses(ctx, tx, c.Scope, customerID, after, limit)
	})
	return MapPage(page, wireCustomerAddress), err
}

func (s *Services) saveAddress(ctx context.Context, tx db.Tx, c *Caller, customerID string, in customer.SaveAddressInput) (*CustomerAddress, error) {
	in.Scope, in.Cause, in.CustomerID = c.Scope, c.Cause(), customerID
	return wired(wireCustomerAddress)(s.Customers.SaveAddress(ctx, tx, in))
}

func (s *Services) patchAddress(ctx context.Context, tx db.Tx, c *Caller, customerID, addressID string, in customer.PatchAddressInput) (*CustomerAddress, error) {
	in.Scope, in.Cause, in.CustomerID, in.ID = c.Scope, c.Cause(), customerID, addressID
	return wired(wireCustomerAddress)(s.Customers.PatchAddress(ctx, tx, in))
}

func (s *Services) deleteAddress(ctx context.Context, tx db.Tx, c *Caller, customerID, addressID string) (*Done, error) {
	err := s.Customers.DeleteAddress(ctx, tx, customer.AddressInput{Scope: c.Scope, Cause: c.Cause(), CustomerID: customerID, ID: addressID})
	return &Done{Success: true}, err
}

func (s *Services) defaultAddress(ctx context.Context, tx db.Tx, c *Caller, customerID, addressID, role string) (*CustomerAddress, error) {
	return wired(wireCustomerAddress)(s.Customers.SetDefaultAddress(ctx, tx,
		customer.AddressInput{Scope: c.Scope, Cause: c.Cause(), CustomerID: customerID, ID: addressID, For: role}))
}
