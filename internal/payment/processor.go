package payment

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"flint/internal/money"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Processor is the port through which money moves. A call is told in this order:
//
//  1. a transaction commits the Operation as planned, with its amount reserved;
//  2. Do is called outside any transaction; Operation.ID is the idempotency key at the processor, so
//     calling Do again with the same operation never moves money twice and gives the same outcome;
//  3. a second transaction applies the Outcome once.
//
// When step 2 or 3 is lost, Lookup tells what became of the operation; it moves nothing. Later news of
// the same operation arrives as a Notice and runs the same transition as step 3.
//
// Every adapter passes the suite in processor/processortest.
type Processor interface {
	// Name is the adapter's name as stored with each operation: "simulator", "stripe".
	Name() string
	// Do carries out the operation. An error that is ErrNotSent says that nothing left this machine;
	// any other error says that the outcome is unknown. A decline is an Outcome, not an error.
	Do(ctx context.Context, op Operation) (Outcome, error)
	// Lookup tells the state of the operation by its ID. Outcome.State is OutcomeNotFound when the
	// processor has never seen it. An error says that the processor could not be asked.
	Lookup(ctx context.Context, op Operation) (Outcome, error)
}

// ErrNotSent marks a call of which nothing reached the processor.
var ErrNotSent = errors.New("payment: the processor was not reached")

// Kind is what an operation does.
type Kind string

// Kinds of operations.
const (
	KindAuthorize Kind = "authorize" // hold the amount, to be captured later
	KindSale      Kind = "sale"      // hold and capture at once
	KindCapture   Kind = "capture"   // take Amount of a hold and release the rest
	KindVoid      Kind = "void"      // release a hold, or abandon a payment that waits for the buyer
	KindRefund    Kind = "refund"    // give Amount of a captured payment back
	KindReversal  Kind = "reversal"  // take Amount of recorded money back; never asked of a processor
)

// Operation is one call to a processor. It is written down before the call.
type Operation struct {
	Scope     tenant.Scope
	ID        string // prop_…; the idempotency key at the processor
	Processor string // name of the adapter that carries it out
	Kind      Kind
	OrderID   string // our order; not sent
	PaymentID string // our payment intent; the processor keeps it as its reference and gives it back
	RefundID  string // our refund, for KindRefund
	KnownAs   string // the payment that the processor knows, when it is not PaymentID; for KindRefund
	Target    string // the processor's reference of the payment acted on; empty for authorize and sale
	Amount    int64  // minor units; 0 for void
	Currency  money.Currency
	Source    string // what to charge: a token of this processor; authorize and sale only
	ReturnURL string // where the buyer's browser goes after an action; may be empty
}

// Fingerprint is the hex SHA-256 of what the operation asks. A processor refuses a known key with
// another fingerprint.
func (o Operation) Fingerprint() string {
	parts := []string{string(o.Kind), o.PaymentID, o.RefundID, o.Target, strconv.FormatInt(o.Amount, 10), string(o.Currency), o.Source}
	if o.KnownAs != "" {
		parts = append(parts, o.KnownAs)
	}
	return secret.Hash(strings.Join(parts, "\x00"))
}

// Known is the payment under which the processor keeps the money: adapters send it as their reference and give
// it back in the outcome.
func (o Operation) Known() string { return cmp.Or(o.KnownAs, o.PaymentID) }

// OutcomeState is what became of an operation.
type OutcomeState string

// States of an outcome. Succeeded may later turn into Failed for refunds that the bank returns.
const (
	OutcomeSucceeded      OutcomeState = "succeeded"
	OutcomeFailed         OutcomeState = "failed" // declined or refused for good; Code says why
	OutcomeRequiresAction OutcomeState = "requires_action"
	OutcomeProcessing     OutcomeState = "processing"
	OutcomeNotFound       OutcomeState = "not_found" // Lookup only
)

// Outcome is the processor's word on an operation. It is treated as hostile input: amount, currency
// and payment must match the operation before it is applied.
type Outcome struct {
	State        OutcomeState
	ProcessorRef string // the processor's own id of the payment or refund
	PaymentID    string // our reference, given back
	Amount       int64  // minor units held, captured or refunded
	Currency     money.Currency
	Version      int64     // rises with every change of this operation at the processor; older news is ignored
	Code         string    // why it failed: a failure code of the contract (card_declined, insufficient_funds, …)
	Message      string    // for the merchant, without card data
	ActionURL    string    // where the buyer has to go, for OutcomeRequiresAction
	ExpiresAt    time.Time // until when a hold can be captured
	Source       *Source   // what was charged, when known
}

// Source describes what was charged, as far as it may be shown.
type Source struct {
	Type        string `json:"type"` // card, ach_debit
	Brand       string `json:"brand,omitempty"`
	Last4       string `json:"last4,omitempty"`
	BankName    string `json:"bank_name,omitempty"`
	AccountType string `json:"account_type,omitempty"`
	ExpMonth    int    `json:"exp_month,omitempty"` // 1 to 12, cards only
	ExpYear     int    `json:"exp_year,omitempty"`
}

// Notice is news of an operation that the processor sends on its own: late, twice or out of order.
type Notice struct {
	ID          string // unique at the processor; a repeated one is ignored
	Scope       tenant.Scope
	Processor   string
	OperationID string
	Outcome     Outcome
}
