package payment

import "slices"

// FailureCodes are the codes of the contract that a payment source can fail with.
var FailureCodes = []string{
	"card_declined", "insufficient_funds", "bank_account_closed", "bank_account_not_found", "bank_debit_not_authorized",
	"bank_account_restricted", "bank_debit_limit_exceeded", "authentication_required", "payment_blocked", "expired_card",
	"incorrect_cvc", "processing_error", "payment_method_unavailable", "payment_method_declined", "payment_not_completed",
	"payment_action_expired", "payment_method_temporarily_unavailable", "payment_failed",
}

// failureCode maps an adapter's code to the contract's; payment_failed stands for what it does not know.
func failureCode(code string) string {
	if code == "invalid_payment_source" || slices.Contains(FailureCodes, code) {
		return code
	}
	return "payment_failed"
}

// plainReason is the code in plain words, for timelines and pages.
func plainReason(code string) string {
	switch code {
	case "card_declined", "payment_method_declined":
		return "the bank declined it."
	case "insufficient_funds":
		return "the account does not hold enough."
	case "expired_card":
		return "the card has expired."
	case "incorrect_cvc":
		return "the security code is wrong."
	case "authentication_required":
		return "the buyer was not authenticated."
	case "payment_blocked":
		return "it was blocked as a risk."
	case "invalid_payment_source":
		return "the payment details could not be used."
	case "bank_account_closed", "bank_account_not_found", "bank_account_restricted":
		return "the bank account cannot be debited."
	case "bank_debit_not_authorized":
		return "the debit was not authorized."
	case "bank_debit_limit_exceeded":
		return "the debit is above the account's limit."
	case "payment_action_expired", "payment_not_completed":
		return "it was not completed in time."
	case "payment_link_capacity_claim_failed", "payment_link_capacity_validation_failed":
		return "what the payment link sells is sold out."
	case "coupon_reservation_failed":
		return "a discount can no longer be used."
	default:
		return "the processor could not complete it."
	}
}
