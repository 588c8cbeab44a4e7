package payment

import (
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// ParkedOperation is a call to a processor whose answer contradicts what was asked.
type ParkedOperation struct {
	MerchantID      string    `json:"merchant_id"`
	EnvironmentID   string    `json:"environment_id"`
	OperationID     string    `json:"operation_id"`
	Kind            Kind      `json:"kind"`
	Processor       string    `json:"processor"`
	ProcessorRef    string    `json:"processor_reference,omitempty"`
	OrderID         string    `json:"order_id"`
	PaymentIntentID string    `json:"payment_intent_id"`
	RefundID        string    `json:"refund_id,omitempty"`
	Amount          int64     `json:"amount"` // that was asked for, in minor units
	Currency        string    `json:"currency"`
	ParkedAt        time.Time `json:"parked_at"`
}

// maxParked bounds a list that should be empty.
const maxParked = 1000

// ParkedOperations lists, for the operator and over all merchants, what waits for a decision; the
// oldest first and at most a thousand.
func ParkedOperations(tx db.Tx) ([]ParkedOperation, error) {
	found, err := queryOperations(tx, `SELECT `+operationColumns+` FROM processor_operations
		WHERE state = 'parked' ORDER BY created_at LIMIT $1`, maxParked)
	if err != nil {
		return nil, err
	}
	out := make([]ParkedOperation, len(found))
	for n, o := range found {
		out[n] = ParkedOperation{MerchantID: o.Scope.MerchantID, EnvironmentID: o.Scope.EnvironmentID, OperationID: o.ID, Kind: o.Kind,
			Processor: o.Processor, ProcessorRef: o.ProcessorRef, OrderID: o.OrderID, PaymentIntentID: o.PaymentID, RefundID: o.RefundID,
			Amount: o.Amount, Currency: string(o.Currency), ParkedAt: o.UpdatedAt}
	}
	return out, nil
}

// AskAgain takes up a parked operation after the operator has settled the contradiction with the
// processor: the sweeper looks it up at once, and what the processor says now counts if it fits. If it
// does not, the operation is parked again. Nothing is settled by the operator's word alone. Faults:
// RESOURCE_NOT_FOUND, OPERATION_NOT_PARKED.
func AskAgain(tx db.Tx, scope tenant.Scope, operationID string, now time.Time) error {
	rec, err := loadOperation(tx, scope, operationID)
	if err != nil {
		return err
	}
	if rec.State != opParked {
		return fault.Conflict("OPERATION_NOT_PARKED", "This operation is not parked; there is nothing to decide.")
	}
	rec.State, rec.Code, rec.Checks, rec.NextCheckAt = opUnknown, "", 0, now
	return saveOperation(tx, rec, now)
}
