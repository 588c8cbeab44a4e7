package payment

import (
	"time"

	"flint/internal/money"
	"flint/internal/tenant"
)

// DisputeNotice is news of a dispute that a processor sends on its own: late, twice or out of order. It tells the
// whole state of the dispute, so a newer one stands for all before it.
type DisputeNotice struct {
	ID        string // unique at the processor; a repeated one is ignored
	Scope     tenant.Scope
	Processor string
	Dispute   DisputeNews
}

// DisputeNews is the processor's word on a dispute. It is treated as hostile input.
type DisputeNews struct {
	Ref           string         `json:"ref"`        // the processor's own id of the dispute
	PaymentID     string         `json:"payment_id"` // our payment intent
	Status        string         `json:"status"`     // of the contract
	CaseType      string         `json:"case_type"`
	Reason        string         `json:"reason"`
	Amount        int64          `json:"amount"` // minor units
	Currency      money.Currency `json:"currency"`
	EvidenceDueAt time.Time      `json:"evidence_due_at,omitzero"` // zero when nothing can be answered
	Submissions   int64          `json:"submissions"`              // of evidence
	OpenedAt      time.Time      `json:"opened_at"`
	Version       int64          `json:"version"` // rises with every change; older news is ignored
}
