package payment

import (
	"strings"

	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Action is something the buyer has to do before an operation can go on.
type Action struct {
	ID              string // pendact_…, stable, so that a client can tell a repeated one
	PaymentIntentID string
	URL             string
}

// Actions lists what the attempt's buyer has to do.
func Actions(tx db.Tx, a *Attempt) ([]Action, error) {
	if a.Status != AttemptRequiresAction {
		return nil, nil
	}
	open, err := openOperations(tx, a)
	if err != nil {
		return nil, err
	}
	var out []Action
	for _, rec := range open {
		if rec.State == opRequiresAction {
			ulid := strings.TrimPrefix(rec.ID, id.ProcessorOp+"_")
			out = append(out, Action{ID: id.PendingAction + "_" + ulid, PaymentIntentID: rec.PaymentID, URL: rec.ActionURL})
		}
	}
	return out, nil
}

// Planned lists the operations of an attempt that were written down and have no answer: what a call
// that broke off has left to execute.
func Planned(tx db.Tx, a *Attempt) ([]Operation, error) {
	open, err := openOperations(tx, a)
	if err != nil {
		return nil, err
	}
	var out []Operation
	for _, rec := range open {
		if rec.State == opPlanned {
			out = append(out, rec.Operation)
		}
	}
	return out, nil
}

// PlannedOf is Planned for one intent: captures and voids that were written down.
func PlannedOf(tx db.Tx, i *Intent) ([]Operation, error) {
	return Planned(tx, &Attempt{Scope: i.Scope, IntentIDs: []string{i.ID}})
}

// PlannedOfRefund is Planned for one refund.
func PlannedOfRefund(tx db.Tx, scope tenant.Scope, refundID string) ([]Operation, error) {
	found, err := queryOperations(tx, `SELECT `+operationColumns+` FROM processor_operations
		WHERE merchant_id = $1 AND environment_id = $2 AND refund_id = $3 AND state = 'planned' ORDER BY operation_id`,
		scope.MerchantID, scope.EnvironmentID, refundID)
	out := make([]Operation, len(found))
	for n, rec := range found {
		out[n] = rec.Operation
	}
	return out, err
}
