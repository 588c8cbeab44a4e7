package invoice

import (
	"flint/internal/db"
	"flint/internal/tenant"
)

// PlanCharge is the first phase of an automatic charge alone, as a crash leaves it.
func (s *Service) PlanCharge(tx db.Tx, scope tenant.Scope, invoiceID string) error {
	_, err := s.planCharge(tx, target{kind: dueInvoice, scope: scope, id: invoiceID})
	return err
}
