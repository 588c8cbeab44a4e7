package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"flint/internal/payment"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// ChallengePath is where the challenge pages live; the opaque part follows.
const ChallengePath = "/simulator/challenge/"

// record is one operation as the simulator keeps it, with its present outcome.
type record struct {
	payment.Outcome
	Scope       tenant.Scope
	ID          string
	RequestHash string
	Kind        payment.Kind
	RefundID    string
	ChargeRef   string
	ReturnURL   string
	Challenge   string

	// When it changes by itself, and into what; zero when it does not.
	SettleAt   time.Time
	SettleTo   payment.OutcomeState
	SettleCode string

	CreatedAt time.Time
	UpdatedAt time.Time
}

// key names a record.
type key struct {
	Scope tenant.Scope
	ID    string
}

func (r *record) key() key { return key{r.Scope, r.ID} }

// newRecord starts the record of op as succeeded; what decides about it says otherwise.
func newRecord(op payment.Operation, now time.Time) record {
	return record{
		Outcome: payment.Outcome{State: payment.OutcomeSucceeded, PaymentID: op.Known(), Amount: op.Amount,
			Currency: op.Currency, Version: 1},
		Scope: op.Scope, ID: op.ID, RequestHash: requestHash(op), Kind: op.Kind, RefundID: op.RefundID,
		ReturnURL: op.ReturnURL, CreatedAt: now, UpdatedAt: now,
	}
}

// requestHash tells whether an operation ID comes again with another request. It covers the source,
// which is not kept in clear.
func requestHash(op payment.Operation) string {
	h := sha256.New()
	for _, part := range []string{string(op.Kind), op.PaymentID, op.RefundID, op.Target, strconv.FormatInt(op.Amount, 10),
		string(op.Currency), op.Source, op.ReturnURL} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// refused is the record of an operation that fails at once.
func (r record) refused(no *refusal) record {
	r.State, r.Code, r.Message = payment.OutcomeFailed, no.Code, no.Message
	r.SettleAt, r.SettleTo, r.SettleCode = time.Time{}, "", ""
	return r
}

func (r *record) settleLater(at time.Time, to payment.OutcomeState, code string) {
	r.SettleAt, r.SettleTo, r.SettleCode = at, to, code
}

func newChallenge() string { return secret.NewToken("") }

func (r *record) setChallenge(opaque string) {
	r.Challenge = opaque
	if opaque != "" && r.State == payment.OutcomeRequiresAction {
		r.ActionURL = ChallengePath + opaque
	}
}

// settle moves r and its charge to a final state, or a refund back to failed.
func (r *record) settle(ch *charge, to payment.OutcomeState, code string, now time.Time, returnAfter time.Duration) {
	ok := to == payment.OutcomeSucceeded
	switch {
	case r.Kind == payment.KindRefund && r.State == payment.OutcomeSucceeded:
		ch.returnRefund(r.Amount)
	case r.Kind == payment.KindRefund:
		ch.settleRefund(r.Amount, ok)
	case ok:
		ch.approve(r.Kind, now)
		r.ExpiresAt = ch.ExpiresAt
	default:
		ch.State = ChargeFailed
	}
	r.State, r.Code, r.Message, r.ActionURL = to, code, "", ""
	if !ok {
		r.Message = "The payment did not go through."
		if r.Kind == payment.KindRefund {
			r.Message = "The refund did not reach the buyer."
		}
	}
	r.Version++
	r.UpdatedAt = now
	r.settleLater(time.Time{}, "", "")
	if ok && r.Kind == payment.KindRefund && ch.Behaviour == refundReturned {
		r.settleLater(now.Add(returnAfter), payment.OutcomeFailed, "bank_account_closed")
	}
}
