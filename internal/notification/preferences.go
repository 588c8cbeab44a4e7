package notification

import (
	"errors"
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Choices are what an address wants of the optional mails of a merchant. They belong to the address in a
// merchant environment, whoever uses it. All are on until switched off; mails about money are no choice.
type Choices struct {
	CheckoutReminders bool
	ShippingUpdates   bool
}

// Preferences reads the choices of an address.
func (s *Service) Preferences(tx db.Tx, scope tenant.Scope, email string) (Choices, error) {
	c := Choices{CheckoutReminders: true, ShippingUpdates: true}
	err := tx.QueryRow([]any{&c.CheckoutReminders, &c.ShippingUpdates}, `SELECT checkout_reminders, shipping_updates FROM email_preferences
		WHERE merchant_id = $1 AND environment_id = $2 AND address_key = $3`, scope.MerchantID, scope.EnvironmentID, addressKey(email))
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return Choices{}, fmt.Errorf("read e-mail preferences: %w", err)
	}
	return c, nil
}

// SetPreferences writes the choices of an address. Fault: INVALID_EMAIL_FORMAT.
func (s *Service) SetPreferences(tx db.Tx, scope tenant.Scope, email string, c Choices) error {
	var faults fault.List
	checkAddress(&faults, "email", email)
	if err := faults.Err(); err != nil {
		return err
	}
	err := tx.Send(`INSERT INTO email_preferences (merchant_id, environment_id, address_key, checkout_reminders, shipping_updates, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (merchant_id, environment_id, address_key) DO UPDATE SET
		checkout_reminders = excluded.checkout_reminders, shipping_updates = excluded.shipping_updates, updated_at = excluded.updated_at`,
		scope.MerchantID, scope.EnvironmentID, addressKey(email), c.CheckoutReminders, c.ShippingUpdates, s.Clock.Now())
	if err != nil {
		return fmt.Errorf("write e-mail preferences: %w", err)
	}
	return nil
}

// Optional reports whether buyers may switch a family off.
func Optional(family string) bool { return family == FamilyReminders || family == FamilyFulfillment }

// wanted reports whether the address takes mails of the family.
func (s *Service) wanted(tx db.Tx, scope tenant.Scope, family, email string) (bool, error) {
	if !Optional(family) {
		return true, nil
	}
	c, err := s.Preferences(tx, scope, email)
	if family == FamilyFulfillment {
		return c.ShippingUpdates, err
	}
	return c.CheckoutReminders, err
}
