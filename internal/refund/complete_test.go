package refund_test

import (
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

func usd(minor int64) *money.Amount { return flinttest.Money(minor, "USD") }

// must ends the test when a refund was not made.
func must(t *testing.T) func(*refund.Refund, error) *refund.Refund {
	return func(r *refund.Refund, err error) *refund.Refund {
		t.Helper()
		return made(t, r, err)
	}
}

// breakdownOf is the first component of tax of a line.
func breakdownOf(t *testing.T, o *order.Order, lineID string) order.TaxBreakdown {
	t.Helper()
	for _, b := range o.Tax.Breakdowns {
		if b.LineID == lineID {
			return b
		}
	}
	t.Fatal("the line has no tax")
	return order.TaxBreakdown{}
}

// TestTaxesByComponent: automatic taxes come to each component exactly, tax alone can be refunded, and an explicit
// tax is kept with who decided and why.
func TestTaxesByComponent(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		second := o.Lines[1]
		tax := breakdownOf(t, o, second.ID) // 2.54 of 2.69
		r := must(t)(b.Refund(o.ID, func(in *refund.CreateInput) {
			in.Taxes = []refund.TaxInput{{BreakdownID: tax.ID, Tax: usd(100)}}
		}))
		if r.Amount != 100 || r.Detail.Lines[0].Total != 100 || r.Detail.Lines[0].Quantity != 0 {
			t.Errorf("tax alone: %+v", r.Detail.Lines)
		}
		settle(t, b)
		r = must(t)(b.Refund(o.ID, line(o, 1, 1)))
		l := r.Detail.Lines[0]
		if l.Tax != 169 || l.Total != second.Total-100 || len(l.Taxes) != 2 || l.Taxes[0].Amount != 154 || l.Taxes[1].Amount != 15 {
			t.Errorf("the rest of the line: %+v", l)
		}
		settle(t, b)
		_, err := b.Refund(o.ID, func(in *refund.CreateInput) { in.Taxes = []refund.TaxInput{{BreakdownID: tax.ID}} })
		if !fault.Is(err, "NOTHING_TO_REFUND_FOR_TAX_BREAKDOWN") {
			t.Errorf("got %v", err)
		}

		one := int64(1)
		explicit := func(x refund.ExplicitTax) (*refund.Refund, error) {
			return b.Refund(o.ID, func(in *refund.CreateInput) {
				in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &one, ExplicitTax: &x}}
			})
		}
		for code, x := range map[string]refund.ExplicitTax{
			"REFUND_ADJUSTMENT_REASON_REQUIRED": {Tax: usd(10)},
			"EXPLICIT_TAX_REFUND_NOOP":          {Tax: usd(254), ReasonCode: "r"},
			"AMOUNT_EXCEEDS_REFUNDABLE":         {Tax: usd(800), ReasonCode: "r"},
			"FIELD_REQUIRED":                    {ReasonCode: "r"},
		} {
			if _, err := explicit(x); !fault.Is(err, code) {
				t.Errorf("%s: got %v", code, err)
			}
		}
		r = must(t)(explicit(refund.ExplicitTax{Tax: usd(0), ReasonCode: "exempt", ActorType: "user", ActorID: "anna", Source: "desk"}))
		l = r.Detail.Lines[0]
		if l.Tax != 0 || l.Total != 3333-250 || l.TaxAudit == nil || l.TaxAudit.ActorID != b.Cause.ActorID || l.TaxAudit.StatedID != "anna" || l.TaxAudit.Automatic != 254 {
			t.Errorf("explicit: %+v %+v", l, l.TaxAudit)
		}
		settle(t, b)
		// The last units carry what was left of the tax, so the line still comes to itself.
		r = must(t)(b.Refund(o.ID, line(o, 0, 2)))
		if got := r.Detail.Lines[0].Total + 3083; got != o.Lines[0].Total {
			t.Errorf("the line came to %d of %d", got, o.Lines[0].Total)
		}
		settle(t, b)
	})
}

// TestWithheldIsGivenBack: later, up to what is still withheld, and again when that refund failed.
func TestWithheldIsGivenBack(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := paid(t, b, 1000, 2)
		one := int64(1)
		r := must(t)(b.Refund(o.ID, func(in *refund.CreateInput) {
			in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &one, Adjustments: []refund.AdjustmentInput{
				{Type: refund.AdjustRefund, AppliesTo: "merchandise", Amount: usd(200), ReasonCode: "worn"}}}}
		}))
		settle(t, b)
		adj := r.Detail.Lines[0].Adjustments[0].ID
		back := func(minor int64) (*refund.Refund, error) {
			return b.Refund(o.ID, func(in *refund.CreateInput) {
				in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, AdjustmentRefunds: []refund.AdjustmentRefundInput{{AdjustmentID: adj, Amount: usd(minor)}}}}
			})
		}
		if _, err := back(201); !fault.Is(err, "REFUND_ADJUSTMENT_REFUND_EXCEEDS_REMAINING") {
			t.Errorf("got %v", err)
		}
		must(t)(back(150))
		settle(t, b)
		if left := b.RefundOf(t, r.ID).Detail.Lines[0].Adjustments[0]; left.Returned != 150 {
			t.Errorf("%+v", left)
		}
		b.FailNext(t, payment.KindRefund)
		if failed, err := back(50); err != nil || b.RefundOf(t, failed.ID).Status != refund.StatusFailed {
			t.Errorf("%+v, %v", failed, err)
		}
		if left := b.RefundOf(t, r.ID).Detail.Lines[0].Adjustments[0]; left.Returned != 150 {
			t.Errorf("what failed counts as given back: %+v", left)
		}
		must(t)(back(50))
		settle(t, b)
		if _, err := back(1); !fault.Is(err, "REFUND_ADJUSTMENT_REFUND_EXCEEDS_REMAINING") {
			t.Errorf("got %v", err)
		}
		if l := b.State(t, o.ID).Order.Lines[0]; l.Refunded != 1000 || l.RefundedQuantity != 1 {
			t.Errorf("the line: %+v", l)
		}
	})
}

// TestGoodwill is on top of what is named, and never more than the payment has.
func TestGoodwill(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := paid(t, b, 1000, 2)
		give := func(minor int64) (*refund.Refund, error) {
			return b.Refund(o.ID, line(o, 0, 1), func(in *refund.CreateInput) { in.Goodwill = usd(minor) })
		}
		if _, err := give(1001); !fault.Is(err, "AMOUNT_EXCEEDS_REFUNDABLE") {
			t.Errorf("got %v", err)
		}
		if r := must(t)(give(300)); r.Amount != 1300 || r.Detail.Goodwill != 300 {
			t.Errorf("%+v", r)
		}
		settle(t, b)
		if l := b.State(t, o.ID).Order.Lines[0]; l.Refunded != 1000 {
			t.Errorf("goodwill lies on the line: %+v", l)
		}
	})
}

// TestFourEyes: a refund above the limit reserves its money, asks nobody, and goes when a second person approves.
func TestFourEyes(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		b.Refunds.Limit = func(db.Tx, tenant.Scope) (*money.Amount, error) { return usd(500), nil }
		o := paid(t, b, 1000, 2)
		if r := must(t)(b.Refund(o.ID, amount(500))); r.Status == refund.StatusRequiresAction {
			t.Error("a refund within the limit waits")
		}
		settle(t, b)
		ask := func() *refund.Refund {
			r, ops := b.PlanRefund(t, refund.CreateInput{Scope: b.Scope, OrderID: o.ID, Amount: usd(1200), Cause: b.Cause})
			if r.Status != refund.StatusRequiresAction || len(ops) != 0 || b.State(t, o.ID).Leg().RefundReserved != 1200 {
				t.Fatalf("%s with %d operations", r.Status, len(ops))
			}
			b.Check(t)
			return r
		}
		decide := func(r *refund.Refund, who string, approve bool) (ops []payment.Operation, err error) {
			err = b.DB.Write(b.Context(), func(tx db.Tx) error {
				_, ops, err = b.Refunds.Decide(tx, refund.DecideInput{Scope: b.Scope, RefundID: r.ID, Approve: approve,
					Cause: event.Cause{ActorType: "api_key", ActorID: who}})
				return err
			})
			return ops, err
		}
		r := ask()
		if _, err := decide(r, b.Cause.ActorID, true); !fault.Is(err, "REFUND_APPROVAL_NEEDS_SECOND_PERSON") {
			t.Errorf("got %v", err)
		}
		if _, err := decide(r, "key_other", false); err != nil {
			t.Fatal(err)
		}
		if r = b.RefundOf(t, r.ID); r.Status != refund.StatusCanceled || b.State(t, o.ID).Leg().RefundReserved != 0 {
			t.Errorf("rejected: %s", r.Status)
		}
		b.Check(t)
		if _, err := decide(r, "key_other", true); !fault.Is(err, "REFUND_NOT_AWAITING_APPROVAL") {
			t.Errorf("got %v", err)
		}
		r = ask()
		errs := flinttest.Race(2, func(int) error {
			ops, err := decide(r, "key_other", true)
			if err != nil {
				return err
			}
			return b.Payments.Execute(b.Context(), ops, b.Cause, nil)
		})
		if n := through(t, errs, "REFUND_NOT_AWAITING_APPROVAL"); n != 1 {
			t.Errorf("%d approvals", n)
		}
		settle(t, b)
		if r = b.RefundOf(t, r.ID); r.Status != refund.StatusSucceeded || !r.Detail.Approval.Approved {
			t.Errorf("approved: %s", r.Status)
		}
	})
}

// TestFailedRefundPaidOtherwise is recorded once, for the lines of the first, and books what it gave back.
func TestFailedRefundPaidOtherwise(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 2}})
		b.Paid(t, o.ID, "simtok_refund_fails")
		r := must(t)(b.Refund(o.ID, line(o, 0, 1)))
		complete := func() (out *refund.Refund, err error) {
			err = b.DB.Write(b.Context(), func(tx db.Tx) error {
				out, err = b.Refunds.CompleteManually(tx, refund.CompleteInput{Scope: b.Scope, RefundID: r.ID, Note: "In cash.", Cause: b.Cause})
				return err
			})
			return out, err
		}
		if _, err := complete(); !fault.Is(err, "REFUND_NOT_FAILED") {
			t.Errorf("got %v", err)
		}
		settle(t, b)
		b.Advance(time.Second)
		done := must(t)(complete())
		if done.Status != refund.StatusSucceeded || done.Method() != refund.MethodManual || done.Amount != 1000 || done.Detail.CompletesID != r.ID {
			t.Errorf("%+v", done)
		}
		if s := b.State(t, o.ID).Order; s.Settlement.Refunded != 1000 || s.Lines[0].RefundedQuantity != 1 {
			t.Errorf("%+v", s.Settlement)
		}
		if _, err := complete(); !fault.Is(err, "REFUND_ALREADY_COMPLETED") {
			t.Errorf("got %v", err)
		}
	})
}
