package simulator

import (
	"time"

	"flint/internal/money"
	"flint/internal/payment"
)

// holdFor is how long an authorization can be captured, the usual window of card schemes.
const holdFor = 7 * 24 * time.Hour

// maxAmount is the largest single amount taken, in minor units. It keeps the sums of the books far
// from overflow.
const maxAmount = 999_999_999_999

// ChargeState is where a charge stands.
type ChargeState string

// States of a charge.
const (
	ChargeWaiting    ChargeState = "waiting" // for the buyer
	ChargeProcessing ChargeState = "processing"
	ChargeAuthorized ChargeState = "authorized"
	ChargeCaptured   ChargeState = "captured"
	ChargeCanceled   ChargeState = "canceled"
	ChargeExpired    ChargeState = "expired"
	ChargeFailed     ChargeState = "failed"
)

// charge is one payment in the simulator's books. Amounts are minor units of Currency, and always
//
//	0 <= captured + released <= authorized <= amount and 0 <= refunding + refunded <= captured
type charge struct {
	Ref         string
	OperationID string // the authorize or sale that opened it
	PaymentID   string
	Behaviour   behaviour
	State       ChargeState
	Currency    money.Currency
	Amount      int64
	Authorized  int64
	Captured    int64
	Released    int64
	Refunding   int64
	Refunded    int64
	Disputed    int64 // withdrawn by banks; read where it matters
	ExpiresAt   time.Time
	CreatedAt   time.Time
}

// refusal says why the processor will not do something.
type refusal struct{ Code, Message string }

func refuse(code, message string) *refusal { return &refusal{code, message} }

// stateAt is the state as the outside sees it at a time.
func (c *charge) stateAt(now time.Time) ChargeState {
	if c.State == ChargeAuthorized && !now.Before(c.ExpiresAt) {
		return ChargeExpired
	}
	return c.State
}

// releasedAt includes what an expired hold has given back.
func (c *charge) releasedAt(now time.Time) int64 {
	if c.stateAt(now) == ChargeExpired {
		return c.Authorized
	}
	return c.Released
}

// approve takes the money, or holds it, depending on the kind that opened the charge.
func (c *charge) approve(kind payment.Kind, now time.Time) {
	c.Authorized = c.Amount
	if kind == payment.KindAuthorize {
		c.State, c.ExpiresAt = ChargeAuthorized, now.Add(holdFor)
		return
	}
	c.State, c.Captured = ChargeCaptured, c.Amount
}

// capture takes amount of the hold and releases the rest.
func (c *charge) capture(amount int64, currency money.Currency, now time.Time) *refusal {
	switch state := c.stateAt(now); {
	case state == ChargeExpired:
		return refuse("payment_authorization_expired", "The hold has expired.")
	case state == ChargeCanceled:
		return refuse("payment_authorization_canceled", "The hold has been released.")
	case state != ChargeAuthorized:
		return refuse("payment_failed", "There is no hold to capture.")
	case currency != c.Currency:
		return refuse("payment_failed", "The currency is not that of the hold.")
	case amount <= 0 || amount > c.Authorized:
		return refuse("payment_failed", "The amount is not within the hold.")
	}
	c.State, c.Captured, c.Released = ChargeCaptured, amount, c.Authorized-amount
	return nil
}

// void releases the hold, or gives up a charge that waits for its buyer.
func (c *charge) void(now time.Time) *refusal {
	switch c.stateAt(now) {
	case ChargeWaiting:
		c.State = ChargeCanceled
	case ChargeAuthorized, ChargeExpired:
		c.State, c.Released = ChargeCanceled, c.Authorized
	case ChargeCanceled:
		return refuse("payment_authorization_canceled", "The hold has been released before.")
	default:
		return refuse("payment_failed", "The payment cannot be canceled any more.")
	}
	return nil
}

// reserve sets amount aside for a refund.
func (c *charge) reserve(amount int64, currency money.Currency) *refusal {
	switch {
	case c.State != ChargeCaptured:
		return refuse("payment_failed", "Nothing has been captured.")
	case currency != c.Currency:
		return refuse("payment_failed", "The currency is not that of the payment.")
	case amount <= 0 || amount > c.Captured-c.Refunded-c.Refunding:
		return refuse("payment_failed", "The amount is more than is left of the payment.")
	case c.Disputed > 0 && amount > c.Captured-c.Refunded-c.Refunding-c.Disputed:
		return refuse("payment_disputed", "The buyer's bank has taken the money back.")
	case c.Behaviour == refundsRefused:
		return refuse("insufficient_funds", "The balance does not cover the refund.")
	}
	c.Refunding += amount
	return nil
}

// settleRefund ends a reservation of amount.
func (c *charge) settleRefund(amount int64, succeeded bool) {
	c.Refunding -= amount
	if succeeded {
		c.Refunded += amount
	}
}

// returnRefund takes back a refund that the buyer's bank has returned.
func (c *charge) returnRefund(amount int64) { c.Refunded -= amount }
