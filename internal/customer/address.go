package customer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
	"flint/internal/text"
)

// MaxAddresses is how many addresses a customer keeps.
const MaxAddresses = 50

// Roles that an address can be the default for.
const (
	RoleBilling  = "billing"
	RoleShipping = "shipping"
	RoleBoth     = "both"
)

// SavedAddress is an address that a customer keeps. The default of a role is the customer's effective
// address of it: it stands on the customer as well, where orders read it.
type SavedAddress struct {
	Scope           tenant.Scope
	ID              string // cad_…
	CustomerID      string
	RecipientName   string
	Label           string
	Phone           string // E.164
	Address         Address
	DefaultBilling  bool
	DefaultShipping bool
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// SaveAddressInput keeps another address. The first one becomes the default of both roles.
type SaveAddressInput struct {
	Scope           tenant.Scope
	Cause           event.Cause
	CustomerID      string
	RecipientName   string
	Label           string
	Phone           string
	Address         *Address
	DefaultBilling  bool
	DefaultShipping bool
}

// Validate reports every fault of the input.
func (in SaveAddressInput) Validate() error {
	var l fault.List
	checkRecipient(&l, in.RecipientName, in.Label, in.Phone)
	if in.Address == nil {
		l.Add("FIELD_REQUIRED", "address", "An address is required.")
	}
	checkAddress(&l, "address", in.Address)
	return l.Err()
}

func checkRecipient(l *fault.List, name, label, phone string) {
	text.Rule{Max: maxName, Required: true, TooLong: "NAME_TOO_LONG"}.Check(l, "recipient_name", name)
	text.Rule{Max: maxReference}.Check(l, "label", label)
	checkPhone(l, "phone", phone)
}

// SaveAddress keeps an address of a customer. CUSTOMER_ADDRESS_LIMIT_REACHED when there are MaxAddresses.
func (s *Service) SaveAddress(_ context.Context, tx db.Tx, in SaveAddressInput) (*SavedAddress, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	c, all, err := s.withAddresses(tx, in.Scope, in.CustomerID)
	if err != nil {
		return nil, err
	}
	if len(all) >= MaxAddresses {
		return nil, fault.Conflict("CUSTOMER_ADDRESS_LIMIT_REACHED", "A customer keeps at most %d addresses.", MaxAddresses)
	}
	now := s.Clock.Now()
	a := &SavedAddress{Scope: in.Scope, ID: s.IDs.New(id.CustomerAddress), CustomerID: c.ID, RecipientName: in.RecipientName, Label: in.Label, Phone: in.Phone,
		Address: *in.Address, CreatedAt: now, UpdatedAt: now}
	if err := insertAddress(tx, a); err != nil {
		return nil, err
	}
	first := len(all) == 0
	return a, s.settle(tx, c, append(all, a), a, first || in.DefaultBilling, first || in.DefaultShipping, in.Cause)
}

// PatchAddressInput changes the fields that are not nil. An address replaces the whole address.
type PatchAddressInput struct {
	Scope         tenant.Scope
	Cause         event.Cause
	CustomerID    string
	ID            string
	RecipientName *string
	Label         *string
	Phone         *string
	Address       *Address
}

// Validate reports every fault of the input.
func (in PatchAddressInput) Validate() error {
	if in.RecipientName == nil && in.Label == nil && in.Phone == nil && in.Address == nil {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	name := "kept"
	if in.RecipientName != nil {
		name = *in.RecipientName
	}
	checkRecipient(&l, name, value(in.Label), value(in.Phone))
	checkAddress(&l, "address", in.Address)
	return l.Err()
}

// PatchAddress changes a kept address; a changed default changes the customer's effective address.
func (s *Service) PatchAddress(_ context.Context, tx db.Tx, in PatchAddressInput) (*SavedAddress, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	c, all, err := s.withAddresses(tx, in.Scope, in.CustomerID)
	if err != nil {
		return nil, err
	}
	a, err := pick(all, in.ID)
	if err != nil {
		return nil, err
	}
	before := *a
	set(&a.RecipientName, in.RecipientName)
	set(&a.Label, in.Label)
	set(&a.Phone, in.Phone)
	set(&a.Address, in.Address)
	if *a == before {
		return a, nil
	}
	a.UpdatedAt = s.Clock.Now()
	if err := updateAddress(tx, a); err != nil {
		return nil, err
	}
	return a, s.effective(tx, c, all, in.Cause)
}

// AddressInput names one kept address.
type AddressInput struct {
	Scope      tenant.Scope
	Cause      event.Cause
	CustomerID string
	ID         string
	For        string // billing, shipping or both; only for SetDefaultAddress
}

// DeleteAddress forgets an address. Its defaults move to the newest one that remains.
func (s *Service) DeleteAddress(_ context.Context, tx db.Tx, in AddressInput) error {
	c, all, err := s.withAddresses(tx, in.Scope, in.CustomerID)
	if err != nil {
		return err
	}
	a, err := pick(all, in.ID)
	if err != nil {
		return err
	}
	if err := tx.Send(`DELETE FROM customer_addresses WHERE merchant_id = $1 AND environment_id = $2 AND customer_address_id = $3`,
		a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID); err != nil {
		return fmt.Errorf("delete an address: %w", err)
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(o *SavedAddress) bool { return o.ID == a.ID })
	if len(rest) > 0 {
		return s.settle(tx, c, rest, rest[len(rest)-1], a.DefaultBilling, a.DefaultShipping, in.Cause)
	}
	if a.DefaultBilling {
		c.BillingAddress = nil
	}
	if a.DefaultShipping {
		c.ShippingAddress = nil
	}
	return s.touched(tx, c, a.DefaultBilling || a.DefaultShipping, in.Cause)
}

// SetDefaultAddress makes an address the default of one role or both.
func (s *Service) SetDefaultAddress(_ context.Context, tx db.Tx, in AddressInput) (*SavedAddress, error) {
	if !slices.Contains([]string{RoleBilling, RoleShipping, RoleBoth}, in.For) {
		return nil, fault.Invalid("INVALID_REQUEST", "default_for", "An address is the default for billing, shipping or both.")
	}
	c, all, err := s.withAddresses(tx, in.Scope, in.CustomerID)
	if err != nil {
		return nil, err
	}
	a, err := pick(all, in.ID)
	if err != nil {
		return nil, err
	}
	return a, s.settle(tx, c, all, a, in.For != RoleShipping, in.For != RoleBilling, in.Cause)
}

// GetAddress reads one kept address; RESOURCE_NOT_FOUND when the customer has none with the id.
func (s *Service) GetAddress(_ context.Context, tx db.Tx, scope tenant.Scope, customerID, addressID string) (*SavedAddress, error) {
	all, err := addressesOf(tx, scope, customerID)
	if err != nil {
		return nil, err
	}
	return pick(all, addressID)
}

// ListAddresses reads a page of a customer's addresses, the newest first. RESOURCE_NOT_FOUND for the customer.
func (s *Service) ListAddresses(_ context.Context, tx db.Tx, scope tenant.Scope, customerID string, after *listing.Cursor, limit int) ([]*SavedAddress, *listing.Cursor, error) {
	if _, err := load(tx, scope, customerID, ""); err != nil {
		return nil, nil, err
	}
	q := listing.From("customer_addresses", addressColumns, "customer_address_id", scope).Equal("customer_id", customerID)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	out, next, err := listing.Page(tx, q, limit, func(r db.Row) (*SavedAddress, error) { return scanAddress(r, scope) },
		func(a *SavedAddress) listing.Cursor { return listing.Cursor{Key: listing.Time(a.CreatedAt), ID: a.ID} })
	if err != nil {
		return nil, nil, fmt.Errorf("list the addresses of a customer: %w", err)
	}
	return out, next, nil
}

// withAddresses locks a customer and reads its addresses, the oldest first.
func (s *Service) withAddresses(tx db.Tx, scope tenant.Scope, customerID string) (*Customer, []*SavedAddress, error) {
	c, err := load(tx, scope, customerID, tx.ForUpdate())
	if err != nil {
		return nil, nil, err
	}
	all, err := addressesOf(tx, scope, customerID)
	return c, all, err
}

func pick(all []*SavedAddress, addressID string) (*SavedAddress, error) {
	for _, a := range all {
		if a.ID == addressID {
			return a, nil
		}
	}
	return nil, fault.NotFound("customer address")
}

// settle makes a the default of the roles, takes them from the others, and brings the customer's
// effective addresses up to date.
func (s *Service) settle(tx db.Tx, c *Customer, all []*SavedAddress, a *SavedAddress, billing, shipping bool, cause event.Cause) error {
	now := s.Clock.Now()
	for _, o := range all { // before a, because a role has one default at a time
		if o.ID != a.ID && (billing && o.DefaultBilling || shipping && o.DefaultShipping) {
			o.DefaultBilling, o.DefaultShipping, o.UpdatedAt = o.DefaultBilling && !billing, o.DefaultShipping && !shipping, now
			if err := updateAddress(tx, o); err != nil {
				return err
			}
		}
	}
	if billing && !a.DefaultBilling || shipping && !a.DefaultShipping {
		a.DefaultBilling, a.DefaultShipping, a.UpdatedAt = a.DefaultBilling || billing, a.DefaultShipping || shipping, now
		if err := updateAddress(tx, a); err != nil {
			return err
		}
	}
	return s.effective(tx, c, all, cause)
}

// effective puts the defaults on the customer, where orders read them.
func (s *Service) effective(tx db.Tx, c *Customer, all []*SavedAddress, cause event.Cause) error {
	changed := false
	put := func(field **Address, a Address) {
		if *field == nil || **field != a {
			*field, changed = &a, true
		}
	}
	for _, a := range all {
		if a.DefaultBilling {
			put(&c.BillingAddress, a.Address)
		}
		if a.DefaultShipping {
			put(&c.ShippingAddress, a.Address)
		}
	}
	return s.touched(tx, c, changed, cause)
}

// touched writes a changed customer under its next version.
func (s *Service) touched(tx db.Tx, c *Customer, changed bool, cause event.Cause) error {
	if !changed {
		return nil
	}
	c.Version++
	c.UpdatedAt = s.Clock.Now()
	if err := update(tx, c); err != nil {
		return err
	}
	return s.record(tx, c, cause, "customer.updated")
}

// clearDefaults takes the defaults of roles away, because the customer's address was written directly.
func clearDefaults(tx db.Tx, c *Customer, billing, shipping bool) error {
	for _, r := range []struct {
		is     bool
		column string
	}{{billing, "default_billing"}, {shipping, "default_shipping"}} {
		if !r.is {
			continue
		}
		if err := tx.Send(`UPDATE customer_addresses SET `+r.column+` = 0 WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3 AND `+r.column+` = 1`,
			c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID); err != nil {
			return fmt.Errorf("take the default of an address away: %w", err)
		}
	}
	return nil
}

const addressColumns = `customer_address_id, customer_id, recipient_name, label, phone, default_billing, default_shipping, address, created_at, updated_at`

func scanAddress(r db.Row, scope tenant.Scope) (*SavedAddress, error) {
	a := &SavedAddress{Scope: scope}
	var address []byte
	if err := r.Scan(&a.ID, &a.CustomerID, &a.RecipientName, &a.Label, &a.Phone, &a.DefaultBilling, &a.DefaultShipping, &address, &a.CreatedAt, &a.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(address, &a.Address); err != nil {
		return nil, fmt.Errorf("decode address %s: %w", a.ID, err)
	}
	return a, nil
}

// addressesOf reads all addresses of a customer, the oldest first.
func addressesOf(tx db.Tx, scope tenant.Scope, customerID string) ([]*SavedAddress, error) {
	var out []*SavedAddress
	err := tx.Query(func(r db.Row) error {
		a, err := scanAddress(r, scope)
		out = append(out, a)
		return err
	}, `SELECT `+addressColumns+` FROM customer_addresses WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3
		ORDER BY created_at, customer_address_id LIMIT $4`, scope.MerchantID, scope.EnvironmentID, customerID, MaxAddresses+1)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return nil, fmt.Errorf("read the addresses of a customer: %w", err)
	}
	return out, nil
}

func insertAddress(tx db.Tx, a *SavedAddress) error {
	doc, err := json.Marshal(a.Address, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode an address: %w", err)
	}
	if err := tx.Send(`INSERT INTO customer_addresses (merchant_id, environment_id, `+addressColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID, a.CustomerID, a.RecipientName, a.Label, a.Phone, a.DefaultBilling, a.DefaultShipping, string(doc),
		a.CreatedAt, a.UpdatedAt); err != nil {
		return fmt.Errorf("write an address: %w", err)
	}
	return nil
}

func updateAddress(tx db.Tx, a *SavedAddress) error {
	doc, err := json.Marshal(a.Address, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode an address: %w", err)
	}
	if err := tx.Send(`UPDATE customer_addresses SET recipient_name = $4, label = $5, phone = $6, default_billing = $7, default_shipping = $8, address = $9,
		updated_at = $10 WHERE merchant_id = $1 AND environment_id = $2 AND customer_address_id = $3`, a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID,
		a.RecipientName, a.Label, a.Phone, a.DefaultBilling, a.DefaultShipping, string(doc), a.UpdatedAt); err != nil {
		return fmt.Errorf("change an address: %w", err)
	}
	return nil
}
