package order

import (
	"context"
	"fmt"
	"strings"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// maxLinked is how many guest purchases one call gives to a customer.
const maxLinked = 200

// contactKey is an address as guest purchases are found by it.
func contactKey(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

// noteContact remembers where the guest purchases of an address are.
func noteContact(tx db.Tx, o *Order) error {
	if o.CustomerID != "" || o.BuyerContact == nil || o.BuyerContact.Email == "" {
		return nil
	}
	if err := tx.Send(`INSERT INTO order_contacts (merchant_id, environment_id, address_key, order_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (merchant_id, environment_id, address_key, order_id) DO NOTHING`,
		o.Scope.MerchantID, o.Scope.EnvironmentID, contactKey(o.BuyerContact.Email), o.ID); err != nil {
		return fmt.Errorf("note the contact of an order: %w", err)
	}
	return nil
}

// guests are the ids of orders of an address that have no customer, the oldest first.
func guests(tx db.Tx, scope tenant.Scope, address string, limit int) ([]string, error) {
	var out []string
	err := tx.Query(func(r db.Row) error {
		var v string
		err := r.Scan(&v)
		out = append(out, v)
		return err
	}, `SELECT c.order_id FROM order_contacts c JOIN orders o ON o.merchant_id = c.merchant_id AND o.environment_id = c.environment_id
		AND o.order_id = c.order_id WHERE c.merchant_id = $1 AND c.environment_id = $2 AND c.address_key = $3 AND o.customer_id = ''
		ORDER BY c.order_id LIMIT $4`, scope.MerchantID, scope.EnvironmentID, contactKey(address), limit)
	if err != nil {
		return nil, fmt.Errorf("find guest purchases: %w", err)
	}
	return out, nil
}

// HasGuestPurchases reports whether an address has orders without a customer.
func (s *Service) HasGuestPurchases(tx db.Tx, scope tenant.Scope, address string) (bool, error) {
	found, err := guests(tx, scope, address, 1)
	return len(found) > 0, err
}

// LinkGuestsInput gives the guest purchases of an address, which the caller has proven to be the
// customer's, to the customer.
type LinkGuestsInput struct {
	Scope      tenant.Scope
	Cause      event.Cause
	CustomerID string
	Address    string
}

// LinkGuests gives a customer the orders of an address that have no customer, at most 200 at a time, and
// returns their ids. Money, tax and history of the orders stay as they are. Each records order.updated and
// is told to Claimed.
func (s *Service) LinkGuests(_ context.Context, tx db.Tx, in LinkGuestsInput) ([]string, error) {
	found, err := guests(tx, in.Scope, in.Address, maxLinked)
	if err != nil {
		return nil, err
	}
	linked := []string{}
	for _, v := range found {
		o, err := s.Load(tx, in.Scope, v)
		if err != nil {
			return nil, err
		}
		if o.CustomerID != "" || o.BuyerContact == nil || contactKey(o.BuyerContact.Email) != contactKey(in.Address) {
			continue // taken meanwhile, or the buyer left another address later
		}
		o.CustomerID = in.CustomerID
		if err := s.Save(tx, o, in.Cause, Change{Activities: []NewActivity{{Type: ActivityUpdated, Description: "Linked to a customer who proved the buyer's address."}}}); err != nil {
			return nil, err
		}
		for _, f := range s.Claimed {
			if err := f(tx, o); err != nil {
				return nil, err
			}
		}
		linked = append(linked, o.ID)
	}
	return linked, nil
}

// Moving reports whether a payment of any order of a customer is under way.
func Moving(tx db.Tx, scope tenant.Scope, customerID string) (bool, error) {
	var n int64
	err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM orders WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3 AND customer_id <> ''
		AND active_attempt_id <> ''`, scope.MerchantID, scope.EnvironmentID, customerID)
	if err != nil {
		return false, fmt.Errorf("look for payments of a customer: %w", err)
	}
	return n > 0, nil
}
