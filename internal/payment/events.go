package payment

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/money"
)

// Event types of an intent.
const (
	eventProcessing      = "payment_intent.processing"
	eventRequiresAction  = "payment_intent.requires_action"
	eventRequiresCapture = "payment_intent.requires_capture"
	eventSucceeded       = "payment_intent.succeeded"
	eventPaymentFailed   = "payment_intent.payment_failed"
	eventCanceled        = "payment_intent.canceled"
)

// intentData is the data object of payment_intent events; the contract leaves it open beyond the id.
type intentData struct {
	PaymentIntentID string       `json:"payment_intent_id"`
	Status          string       `json:"status"`
	OrderID         string       `json:"order_id"`
	AmountMoney     money.Amount `json:"amount_money"`
	FailureCode     string       `json:"failure_code,omitempty"`
	UpdatedAt       time.Time    `json:"resource_updated_at"`
}

func (s *Service) recordIntent(tx db.Tx, i *Intent, eventType string, cause event.Cause, now time.Time) error {
	data := intentData{
		PaymentIntentID: i.ID, Status: i.Status, OrderID: i.OrderID,
		AmountMoney: money.Amount{Minor: i.Amount, Currency: i.Currency}, UpdatedAt: now,
	}
	if i.Detail.LastError != nil {
		data.FailureCode = i.Detail.LastError.Code
	}
	return s.Events.Record(tx, i.Scope, now, cause, event.New{
		Type: eventType, RootType: "order", RootID: i.OrderID, ResourceType: "payment_intent", ResourceID: i.ID, Data: data,
	})
}
