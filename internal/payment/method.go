package payment

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Statuses of a payment method:
//
//	pending ──▶ active ──▶ expired | removed
//	   └──────▶ failed
//
// Expired is what an active one is after its card's last month; a pending one that nobody completed
// within a day counts as failed. Neither needs a job.
const (
	MethodPending = "pending"
	MethodActive  = "active"
	MethodExpired = "expired"
	MethodRemoved = "removed"
	MethodFailed  = "failed"
)

// Usages of a payment method: in checkouts that its buyer completes, or also without the buyer.
const (
	UsageOnSession  = "on_session"
	UsageOffSession = "off_session"
)

// setupWithin is how long a payment method may wait for its card.
const setupWithin = 24 * time.Hour

// Method is a card that a customer lets be charged again.
type Method struct {
	Scope        tenant.Scope
	ID           string // pm_…
	CustomerID   string
	Status       string // as stored; StatusAt tells how it is now
	Usage        string
	Type         string // card
	Processor    string
	source       string // sealed; what the processor charges
	SetupHash    string
	PendingUntil time.Time
	ExpiresAt    time.Time // first moment at which the card is no longer valid; zero while not known
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Detail       MethodDetail
}

// MethodDetail is what is never filtered or constrained.
type MethodDetail struct {
	Card        *Source `json:"card,omitempty"`
	FailureCode string  `json:"failure_code,omitempty"`
}

// StatusAt is the status at time now.
func (m *Method) StatusAt(now time.Time) string {
	switch {
	case m.Status == MethodActive && !m.ExpiresAt.IsZero() && !now.Before(m.ExpiresAt):
		return MethodExpired
	case m.Status == MethodPending && !now.Before(m.PendingUntil):
		return MethodFailed
	}
	return m.Status
}

// validThrough is the first moment at which a card is no longer valid: cards last through their month.
func validThrough(card *Source) time.Time {
	if card == nil || card.ExpYear == 0 {
		return time.Time{}
	}
	return time.Date(card.ExpYear, time.Month(card.ExpMonth)+1, 1, 0, 0, 0, 0, time.UTC)
}

const (
	eventMethodSaved   = "payment_method.saved"
	eventMethodFailed  = "payment_method.failed"
	eventMethodRemoved = "payment_method.removed"
)

// methodData is the data object of payment_method events; each type carries the fields it needs.
type methodData struct {
	PaymentMethodID string    `json:"payment_method_id"`
	CustomerID      string    `json:"customer_id,omitempty"`
	Status          string    `json:"status,omitempty"`
	CardBrand       string    `json:"card_brand,omitempty"`
	CardLast4       string    `json:"card_last4,omitempty"`
	CardExpMonth    int       `json:"card_exp_month,omitempty"`
	CardExpYear     int       `json:"card_exp_year,omitempty"`
	FailureCode     string    `json:"failure_code,omitempty"`
	UpdatedAt       time.Time `json:"resource_updated_at"`
}

func (s *Service) recordMethod(tx db.Tx, m *Method, eventType string, cause event.Cause) error {
	d := methodData{PaymentMethodID: m.ID, CustomerID: m.CustomerID, Status: m.Status, FailureCode: m.Detail.FailureCode, UpdatedAt: m.UpdatedAt}
	if c := m.Detail.Card; c != nil && eventType == eventMethodSaved {
		d.CardBrand, d.CardLast4, d.CardExpMonth, d.CardExpYear = c.Brand, c.Last4, c.ExpMonth, c.ExpYear
	}
	return s.Events.Record(tx, m.Scope, m.UpdatedAt, cause, event.New{
		Type: eventType, RootType: "payment_method", RootID: m.ID, ResourceType: "payment_method", ResourceID: m.ID, Data: d,
	})
}

// GetMethod reads a payment method; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetMethod(tx db.Tx, scope tenant.Scope, methodID string) (*Method, error) {
	return readMethod(tx, scope, methodID, "")
}

// RemoveMethod takes a payment method out of use; removing one twice changes nothing. A payment that has
// begun with it goes on.
func (s *Service) RemoveMethod(tx db.Tx, scope tenant.Scope, methodID string, cause event.Cause) (*Method, error) {
	m, err := readMethod(tx, scope, methodID, tx.ForUpdate())
	if err != nil || m.Status == MethodRemoved {
		return m, err
	}
	m.Status, m.source, m.SetupHash, m.UpdatedAt = MethodRemoved, "", "", s.Clock.Now()
	if err := saveMethod(tx, m); err != nil {
		return nil, err
	}
	return m, s.recordMethod(tx, m, eventMethodRemoved, cause)
}

// RemoveMethodsOf takes everything that a customer has saved out of use.
func (s *Service) RemoveMethodsOf(tx db.Tx, scope tenant.Scope, customerID string, cause event.Cause) error {
	var found []string
	err := tx.Query(func(r db.Row) error {
		var methodID string
		err := r.Scan(&methodID)
		found = append(found, methodID)
		return err
	}, `SELECT payment_method_id FROM payment_methods
		WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3 AND status <> 'removed' ORDER BY payment_method_id`,
		scope.MerchantID, scope.EnvironmentID, customerID)
	if err != nil {
		return fmt.Errorf("find what customer %s has saved: %w", customerID, err)
	}
	for _, methodID := range found {
		if _, err := s.RemoveMethod(tx, scope, methodID, cause); err != nil {
			return err
		}
	}
	return nil
}

// Defaultable tells whether the method may be the one that is charged when none is named.
//
// Faults: PAYMENT_METHOD_NOT_ACTIVE, PAYMENT_METHOD_ON_SESSION_ONLY.
func (m *Method) Defaultable(now time.Time) error {
	if status := m.StatusAt(now); status != MethodActive {
		return fault.Conflict("PAYMENT_METHOD_NOT_ACTIVE", "The payment method is not active.").With("current_status", status)
	}
	if m.Usage != UsageOffSession {
		return fault.Conflict("PAYMENT_METHOD_ON_SESSION_ONLY", "The card was saved for checkouts that its owner completes.").
			Then("Let the customer save a card for later charges, and use that one.")
	}
	return nil
}
