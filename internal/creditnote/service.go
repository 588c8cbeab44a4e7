package creditnote

import (
	"context"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/refund"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Service carries credit notes through their life. Operations run in the caller's transaction and either do
// everything they say or return an error, upon which the caller rolls back. Append RefundChanged to
// refund.Service.Changed, and set invoice.Service.HasCreditNote to Standing.
type Service struct {
	Clock    clock.Clock
	IDs      *id.Source
	Events   *event.Log
	Orders   *order.Service
	Invoices *invoice.Service
	Refunds  *refund.Service
	Settings func(tx db.Tx, scope tenant.Scope) (*settings.Settings, error)
	// PDF draws the document; nil where nothing draws.
	PDF func(ctx context.Context, n *Note, v *invoice.Invoice) ([]byte, error)
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// open locks the order, under whose lock its invoice and its notes change, and then the note.
func (s *Service) open(tx db.Tx, scope tenant.Scope, noteID string) (*invoice.Invoice, *Note, error) {
	peek, err := Get(tx, scope, noteID)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.Orders.Load(tx, scope, peek.OrderID); err != nil {
		return nil, nil, err
	}
	v, err := invoice.Get(tx, scope, peek.InvoiceID)
	if err != nil {
		return nil, nil, err
	}
	n, err := load(tx, scope, noteID)
	return v, n, err
}

// checkVersion refuses a change that was decided on another version; nil expects none.
func (n *Note) checkVersion(expected *int64) error {
	if expected == nil || *expected == n.Version {
		return nil
	}
	return fault.Conflict("CREDIT_NOTE_CHANGED", "The credit note was changed since it was read.").
		Then("Read the credit note again and repeat the call with its version.").With("current_version", n.Version)
}

func (n *Note) checkDraft() error {
	if n.Status != StatusDraft {
		return fault.Conflict("CREDIT_NOTE_NOT_DRAFT", "The credit note was issued and stands still.").With("current_status", n.Status)
	}
	return nil
}

func (n *Note) checkIssued() error {
	if n.Status != StatusIssued {
		return fault.Conflict("CREDIT_NOTE_NOT_ISSUED", "Only an issued credit note holds credit.").With("current_status", n.Status)
	}
	return nil
}
