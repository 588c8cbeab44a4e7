package order

import (
	"context"
	"fmt"

	"flint/internal/catalog"
	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/ledger"
	"flint/internal/promotion"
	"flint/internal/tenant"
)

// Service holds the collaborators of the order operations. Each operation runs in the caller's
// transaction and either does everything it says or returns an error, upon which the caller rolls back.
type Service struct {
	IDs       *id.Source
	Clock     clock.Clock
	Events    *event.Log
	Journal   *ledger.Journal
	Customers *customer.Service
	Catalog   *catalog.Service
	Rates     RateFunc
	// Promotions decide and count discounts by rule; nil when there are none.
	Promotions *promotion.Service
	// PromotionSettings are a merchant's limits; nil lets every promotion take part.
	PromotionSettings func(tx db.Tx, scope tenant.Scope) (promotion.Settings, error)
	// Repriced runs at the end of a Save that changed what the order costs or closed it, in the same
	// transaction; the doors to the order close themselves in it. New orders are not told.
	Repriced []func(tx db.Tx, o *Order, cause event.Cause) error
	// Balanced runs at the end of a Save that moved money of an order with stranded payments, in the same
	// transaction; refunded tells that money went back. The inbox keeps up with the credit in it.
	Balanced []func(tx db.Tx, o *Order, refunded bool, cause event.Cause) error
	// GaveBack runs after money of an order went back, or came back after all: a refund, its return by the
	// bank, the reversal of a recorded payment.
	GaveBack []func(tx db.Tx, o *Order, cause event.Cause) error
	// Recount runs when lines were added, removed or got another quantity, before the order is saved: what is fulfilled
	// follows, and units that were promised or handed over stay. nil: nothing is fulfilled.
	Recount func(tx db.Tx, o *Order) error
	// Replacing runs at the end of every Save of an order that replaces returned goods; nil for nobody. It leaves
	// the return alone, whose own order would have to be locked first.
	Replacing func(tx db.Tx, o *Order) error
	// Covered refuses a new price that is below what is being given back of a part of a paid order; nil allows any.
	Covered func(tx db.Tx, o *Order) error
	// Claimed runs in the transaction that gives a guest purchase to a customer.
	Claimed []func(tx db.Tx, o *Order) error
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// Limits of one order.
const (
	MaxLines     = 250
	MaxCharges   = 100
	MaxDiscounts = 100
	MaxTips      = 100 // rows of history
	MaxQuantity  = 1_000_000
	MaxAmount    = 10_000_000_000_000 // minor units of one price, charge, discount or tip

	maxName        = 255
	maxDescription = 5000
	maxNote        = 5000
	maxReference   = 255
)

// checkOpen refuses changes of a closed order.
func checkOpen(o *Order) error {
	if o.Status != StatusOpen {
		return fault.Conflict("ORDER_CLOSED", "The order is closed and is not changed any more.")
	}
	return nil
}

// checkPriceOpen refuses what could change the price while it must stand still.
func checkPriceOpen(o *Order) error {
	if err := checkOpen(o); err != nil {
		return err
	}
	if o.InvoiceID != "" {
		return lockedByInvoice(o)
	}
	if o.ReturnResolutionID != "" {
		return fault.Conflict("ORDER_FINANCIAL_MUTATION_NOT_ALLOWED", "The order replaces returned goods, and its amounts were confirmed with their resolution.").
			Then("Correct the resolution, or create another order.").With("return_resolution_id", o.ReturnResolutionID)
	}
	return checkNoAttempt(o)
}

func lockedByInvoice(o *Order) error {
	return fault.Conflict("INVOICE_LOCKED_ORDER_FINANCIALS", "An invoice was issued over the order, so its amounts stand still.").
		Then("Void the invoice, or correct it with a credit note.").With("invoice_id", o.InvoiceID)
}

func checkNoAttempt(o *Order) error {
	if o.ActiveAttemptID != "" {
		return fault.Conflict("PAYMENT_ATTEMPT_IN_PROGRESS", "A payment of this order is under way.").
			Then("Finish or cancel the active payment attempt, then repeat the call.")
	}
	return nil
}

// hasSettledMoney tells whether the price layer is frozen downwards.
func hasSettledMoney(o *Order) bool { return o.Settlement.Paid > 0 }

// reprice lets promotions take part anew, with those that are asked for, and prices the order.
func (s *Service) reprice(ctx context.Context, tx db.Tx, o *Order, asks ...PromotionAsk) error {
	if err := s.promote(ctx, tx, o, asks); err != nil {
		return err
	}
	if err := s.price(o); err != nil || s.Covered == nil || !hasSettledMoney(o) {
		return err
	}
	return s.Covered(tx, o)
}

// price runs Price, and refuses facts that contradict the tax mode and a result that the money already moved does not allow.
func (s *Service) price(o *Order) error {
	if err := checkTaxInputs(o); err != nil {
		return err
	}
	if err := Price(o, s.Rates); err != nil {
		return fmt.Errorf("price the order: %w", err)
	}
	if o.Pricing.Total < 0 {
		return fault.Invalid("INVALID_TOTALS", "", "The total of the order would be negative.")
	}
	if o.Pricing.Total < o.NetCollected() && o.Pricing.Total < o.stored.total {
		return fault.Conflict("ORDER_TOTAL_BELOW_NET_COLLECTED", "The total would fall below what was already collected.").
			Then("Refund the difference first.")
	}
	return checkRefundedParts(o)
}

// checkRefundedParts keeps every line and charge worth at least what was given back of it, so that
// refunds of its remaining units still add up.
func checkRefundedParts(o *Order) error {
	for i := range o.Lines {
		if l := &o.Lines[i]; l.Refunded > 0 && l.Total < l.Refunded {
			return fault.Conflict("ORDER_FINANCIAL_MUTATION_NOT_ALLOWED", "A line item would cost less than was refunded of it.")
		}
	}
	for i := range o.Charges {
		if c := &o.Charges[i]; c.Refunded > 0 && c.Total < c.Refunded {
			return fault.Conflict("ORDER_FINANCIAL_MUTATION_NOT_ALLOWED", "A charge would cost less than was refunded of it.")
		}
	}
	return nil
}

// balanceNow is the running balance for an activity of an operation of several steps.
func balanceNow(o *Order) *int64 {
	b := o.Balance()
	return &b
}

// count puts a number before its noun: "1 line item", "2 line items".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (s *Service) gaveBack(tx db.Tx, o *Order, cause event.Cause) error {
	for _, f := range s.GaveBack {
		if err := f(tx, o, cause); err != nil {
			return err
		}
	}
	return nil
}

// recount lets fulfilment follow changed lines.
func (s *Service) recount(tx db.Tx, o *Order) error {
	if s.Recount == nil || !o.Fulfilling {
		return nil
	}
	return s.Recount(tx, o)
}
