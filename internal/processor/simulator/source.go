package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/payment"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// behaviour is what a source does to the payments charged to it: a token without its "simtok_".
type behaviour string

const (
	approves           behaviour = "approve"
	challenges         behaviour = "3ds"
	timeoutCharged     behaviour = "timeout_charged"
	timeoutNotCharged  behaviour = "timeout_not_charged"
	processingSucceeds behaviour = "processing_succeeds"
	processingFails    behaviour = "processing_fails"
	processingStays    behaviour = "processing_stays"
	refundFails        behaviour = "refund_fails"
	refundReturned     behaviour = "refund_returned"
	refundsRefused     behaviour = "insufficient_balance"
	disputes           behaviour = "dispute"
	disputeWon         behaviour = "dispute_won"
	disputeLost        behaviour = "dispute_lost"
	disputeInquiry     behaviour = "dispute_inquiry"
	disputePrevented   behaviour = "dispute_prevented"
	unknownSource      behaviour = "" // not a source at all

	declines = "decline_" // followed by a failure code
)

const (
	tokenPrefix   = "simtok_"
	codeNoSource  = "invalid_payment_source"
	lostInTransit = "lost" // state of an operation whose request was lost; Lookup does not see it
)

// FailureCodes are the codes that a source may be declined with: those of the contract that describe
// a payment rather than an order.
func FailureCodes() []string {
	return []string{
		"card_declined", "insufficient_funds", "bank_account_closed", "bank_account_not_found",
		"bank_debit_not_authorized", "bank_account_restricted", "bank_debit_limit_exceeded",
		"authentication_required", "payment_blocked", "expired_card", "incorrect_cvc", "processing_error",
		"payment_method_unavailable", "payment_method_declined", "payment_not_completed",
		"payment_action_expired", "payment_method_temporarily_unavailable", "payment_failed",
	}
}

// bank reports whether the source is a bank account rather than a card.
func (b behaviour) bank() bool { return strings.HasPrefix(string(b), "processing_") }

// declineCode is the code of a source that is always declined, empty for others.
func (b behaviour) declineCode() string {
	code, ok := strings.CutPrefix(string(b), declines)
	if !ok {
		return ""
	}
	return code
}

// behaviourOf reads a fixed token.
func behaviourOf(token string) behaviour {
	b := behaviour(strings.TrimPrefix(token, tokenPrefix))
	switch b {
	case approves, challenges, timeoutCharged, timeoutNotCharged, processingSucceeds, processingFails,
		processingStays, refundFails, refundReturned, refundsRefused, disputes, disputeWon, disputeLost, disputeInquiry,
		disputePrevented:
		return b
	}
	if slices.Contains(FailureCodes(), b.declineCode()) {
		return b
	}
	return unknownSource
}

// sourceOf finds what a token stands for; unknownSource when nothing does. Fixed tokens cost no query.
func sourceOf(tx db.Tx, scope tenant.Scope, token string) (behaviour, *payment.Source, error) {
	if strings.HasPrefix(token, tokenPrefix) {
		b := behaviourOf(token)
		switch {
		case b == unknownSource:
			return b, nil, nil
		case b.bank():
			return b, &payment.Source{Type: "ach_debit", BankName: "Test Bank", Last4: "6789", AccountType: "checking"}, nil
		default:
			return b, &payment.Source{Type: "card", Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2099}, nil
		}
	}
	var b behaviour
	var stored string
	err := tx.QueryRow([]any{&b, &stored}, `SELECT behaviour, source FROM simulator_tokens
		WHERE merchant_id = $1 AND environment_id = $2 AND token_hash = $3`,
		scope.MerchantID, scope.EnvironmentID, secret.Hash(token))
	if errors.Is(err, db.ErrNoRows) {
		return unknownSource, nil, nil
	}
	if err != nil {
		return unknownSource, nil, fmt.Errorf("find the token: %w", err)
	}
	src, err := decodeSource(stored)
	return b, src, err
}

func encodeSource(src *payment.Source) (string, error) {
	if src == nil {
		return "", nil
	}
	b, err := json.Marshal(src)
	return string(b), err
}

func decodeSource(text string) (*payment.Source, error) {
	if text == "" {
		return nil, nil
	}
	src := &payment.Source{}
	if err := json.Unmarshal([]byte(text), src); err != nil {
		return nil, fmt.Errorf("read a stored source: %w", err)
	}
	return src, nil
}
