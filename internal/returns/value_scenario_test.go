package returns_test

import (
	"slices"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/paymentlink"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// shop is a bench whose orders are handed over as soon as they are paid.
type shop struct {
	*flinttest.Bench
	t     testing.TB
	still bool // the processor is left alone
}

func open(t *testing.T, d db.DB) *shop {
	b := flinttest.New(t, d)
	b.Returns.Fulfilled = func(_ db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error) {
		var out []returnpolicy.FulfilledLine
		for _, l := range o.Lines {
			out = append(out, returnpolicy.FulfilledLine{FulfillmentID: "ful_1", OrderLineItemID: l.ID, Quantity: l.Quantity, FulfilledAt: flinttest.Start})
		}
		return out, nil
	}
	return &shop{Bench: b, t: t}
}

func (s *shop) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// sold is a paid order of three units at 33.33 with a discount of 1.00 and tax of 8.25 percent, and a fee of 5.00.
func (s *shop) sold() *order.Order {
	s.t.Helper()
	percent := money.Percent(82500)
	method := &order.ItemTaxMethod{Mode: order.TaxExternal, PriceMode: order.PriceAdditive, Components: []order.TaxComponent{{TaxType: "sales_tax", Percent: percent,
		Jurisdiction: order.Jurisdiction{Code: "US-NY", Country: "US", Level: "state", Name: "New York"}}}}
	o := s.Order(s.t, "USD", []flinttest.Line{{Price: 3333, Quantity: 3}}, func(in *order.CreateInput) {
		in.Tax = &order.TaxInput{Calculation: &order.TaxCalculationInput{Mode: order.TaxExternal, PriceMode: order.PriceAdditive}}
		in.Lines[0].Tax = &order.ItemTaxInput{Calculation: method}
		in.Discounts = []order.DiscountInput{{Name: "Off", Amount: money.Amount{Minor: 100, Currency: "USD"}}}
		in.Tip = &order.TipInput{Amount: &money.Amount{Minor: 300, Currency: "USD"}}
	})
	return s.Paid(s.t, o.ID, "simtok_approve").Order
}

// approved asks for units back and approves them: nothing has to come back.
func (s *shop) approved(o *order.Order, units int64, timing string) *returns.Return {
	s.t.Helper()
	var r *returns.Return
	s.Write(s.t, func(tx db.Tx) (err error) {
		r, err = s.Returns.Create(tx, returns.CreateInput{Scope: s.Scope, OrderID: o.ID, Cause: s.Cause, Lines: []returns.LineInput{
			{OrderLineID: o.Lines[0].ID, FulfillmentID: "ful_1", Quantity: units, ReasonID: returnpolicy.BuiltIn()[0].ID, BuyerNote: "It does not fit."}}})
		if err != nil {
			return err
		}
		none, no := int64(0), false
		r, err = s.Returns.Decide(tx, returns.DecideInput{Scope: s.Scope, ReturnID: r.ID, Cause: s.Cause, CompletionMode: returns.ModeAutomatic, Lines: []returns.Decision{{
			LineID: r.Lines[0].ID, Basis: returns.BasisExplicit, Approved: units, ReturnRequired: &none, InspectionRequired: &no,
			AllowedResolutions: []string{"refund", "exchange", "replacement", "no_monetary_action"}, ResolutionMode: returns.ModeManual, RefundTiming: timing}}})
		return err
	})
	return r
}

func usd(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }

// settle proposes a resolution, checks that the preview of it said the same, and confirms it.
func (s *shop) settle(r *returns.Return, in returns.ResolutionInput) *returns.Resolution {
	s.t.Helper()
	if in.Type != returns.ResolutionCorrection && in.Lines == nil {
		in.Lines = []returns.ResolutionUnits{{LineID: r.Lines[0].ID, Quantity: r.Lines[0].AvailableResolution}}
	}
	var x *returns.Resolution
	s.Write(s.t, func(tx db.Tx) error {
		_, seen, q, err := s.Returns.Preview(tx, returns.PreviewInput{Scope: s.Scope, ReturnID: r.ID, Resolution: in, Cause: s.Cause})
		if err != nil {
			return err
		}
		if _, x, err = s.Returns.Propose(tx, returns.ProposeInput{Scope: s.Scope, ReturnID: r.ID, Resolution: in, ExpectedQuoteHash: q.Hash, Cause: s.Cause}); err != nil {
			return err
		}
		if seen.BuyerRefund != x.BuyerRefund || seen.BuyerPayment != x.BuyerPayment || seen.QuoteHash != x.QuoteHash {
			s.t.Errorf("the preview said %d and %d, the proposal %d and %d", seen.BuyerRefund, seen.BuyerPayment, x.BuyerRefund, x.BuyerPayment)
		}
		_, x, err = s.Returns.Confirm(tx, s.of(x), q.Hash)
		return err
	})
	s.work()
	return s.read(x.ID)
}

func (s *shop) of(x *returns.Resolution) returns.ResolutionVersion {
	return returns.ResolutionVersion{Scope: s.Scope, ResolutionID: x.ID, Cause: s.Cause}
}

// work lets the sweeper of returns finish and delivers what the processor tells.
func (s *shop) work() {
	s.t.Helper()
	for range 3 {
		_, err := s.Returns.Sweep(s.Context(), s.DB, 50)
		s.ok(err)
		if !s.still {
			s.Quiesce(s.t)
		}
	}
}

func (s *shop) back(returnID string) *returns.Return {
	s.t.Helper()
	var r *returns.Return
	s.Read(s.t, func(tx db.Tx) (err error) { r, err = returns.Get(tx, s.Scope, returnID); return err })
	return r
}

func (s *shop) read(resolutionID string) *returns.Resolution {
	s.t.Helper()
	var x *returns.Resolution
	s.Read(s.t, func(tx db.Tx) error {
		r, err := s.Returns.OfResolution(tx, s.Scope, resolutionID)
		if err == nil {
			x = r.Resolution(resolutionID)
		}
		return err
	})
	return x
}

// sound wants the books in order, and ours equal to those of the processor.
func (s *shop) sound() {
	s.t.Helper()
	s.Quiesce(s.t)
	s.work()
	s.Quiesce(s.t)
	s.CheckQuiet(s.t)
}

func (s *shop) wants(x *returns.Resolution, status string, refunded, collected int64) {
	s.t.Helper()
	if x.Status != status || x.Refunded != refunded || x.Collected != collected {
		s.t.Fatalf("resolution is %s (%s %s), gave back %d and collected %d; want %s, %d, %d", x.Status, x.FailureCode, x.FailureMessage, x.Refunded, x.Collected, status, refunded, collected)
	}
}

// handOver says that the order of a resolution was fulfilled.
func (s *shop) handOver(orderID string) {
	s.t.Helper()
	s.Write(s.t, func(tx db.Tx) error {
		o, err := s.Orders.Load(tx, s.Scope, orderID)
		if err != nil {
			return err
		}
		o.FulfillmentStatus = "fulfilled"
		return s.Orders.Save(tx, o, s.Cause, order.Change{})
	})
	s.work()
}

func refundsOf(s *shop, orderID string) (paid, back int64) {
	o := s.State(s.t, orderID).Order
	return o.Settlement.Paid, o.Settlement.Refunded
}

func each(t *testing.T, fn func(s *shop)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := open(t, d)
		fn(s)
		s.sound()
	})
}

func TestPlainRefund(t *testing.T) {
	each(t, func(s *shop) {
		o := s.sold()
		r := s.approved(o, 3, returns.AfterApproval)
		x := s.settle(r, returns.ResolutionInput{Type: "refund"})
		s.wants(x, "fulfilled", o.Lines[0].Total, 0)
		if r = s.back(r.ID); r.Status != "completed" || r.ResolutionStatus != "fulfilled" || r.Financial.Refunded != o.Lines[0].Total || r.Financial.DueToBuyer != 0 {
			s.t.Errorf("the return is %s, %s: %+v %+v", r.Status, r.ResolutionStatus, r.Financial, r.CompletionBlockers)
		}
		if got := s.RefundOf(s.t, x.RefundIDs[0]); got.ReturnID != r.ID || got.ReturnResolutionID != x.ID {
			s.t.Errorf("the refund belongs to %s and %s", got.ReturnID, got.ReturnResolutionID)
		}
		if kinds := s.Events(s.t, r.ID); !slices.Contains(kinds, "return_resolution.created") || !slices.Contains(kinds, "return_resolution.updated") {
			s.t.Errorf("events: %v", kinds)
		}
	})
}

func TestThreeReturnsOfOneLine(t *testing.T) {
	each(t, func(s *shop) {
		o := s.sold()
		var sum int64
		for range 3 {
			x := s.settle(s.approved(o, 1, returns.AfterApproval), returns.ResolutionInput{Type: "refund"})
			sum += x.Refunded
		}
		if l := s.State(s.t, o.ID).Order.Lines[0]; sum != l.Total || l.RefundedQuantity != 3 || l.Refunded != l.Total {
			s.t.Errorf("%d went back of %d: %+v", sum, l.Total, l)
		}
	})
}

func exchange(minor int64) returns.ResolutionInput {
	price := usd(minor)
	return returns.ResolutionInput{Type: "exchange", PricingBasis: returns.PriceAgreed, Replacements: []returns.ReplacementInput{{Name: "Other", Quantity: 1, UnitPrice: &price}}}
}

// dearer confirms an exchange for something that costs more, and tells what the buyer owes.
func (s *shop) dearer() (*order.Order, *returns.Return, *returns.Resolution) {
	s.t.Helper()
	o := s.sold()
	r := s.approved(o, 1, returns.AfterApproval)
	x := s.settle(r, exchange(6000))
	if x.ActionReason != "buyer_payment" || x.BuyerPayment == 0 || x.ReplacementID == "" {
		s.t.Fatalf("the buyer owes nothing: %+v", x)
	}
	if left := s.State(s.t, x.ReplacementID).Order.Outstanding(); left != x.BuyerPayment {
		s.t.Fatalf("%d is outstanding and %d is owed", left, x.BuyerPayment)
	}
	err := s.Pay(x.ReplacementID, "simtok_approve")
	if f := fault.Of(err); f == nil || f.Code != "RETURN_CHECKOUT_REQUIRED" {
		s.t.Fatalf("a payment past the return: %v", err)
	}
	return o, r, x
}

// paid finishes an exchange whose difference was paid, and gives everything back afterwards.
func (s *shop) paid(o *order.Order, r *returns.Return, x *returns.Resolution) {
	s.t.Helper()
	s.work()
	x = s.read(x.ID)
	s.wants(x, "partially_fulfilled", 0, x.BuyerPayment)
	s.handOver(x.ReplacementID)
	s.wants(s.read(x.ID), "fulfilled", 0, x.BuyerPayment)
	if r = s.back(r.ID); r.Status != "completed" || r.Financial.DueFromBuyer != 0 || r.Financial.Collected != x.BuyerPayment {
		s.t.Fatalf("the return is %s: %+v", r.Status, r.Financial)
	}
	// A refund of everything on the replacement goes back to the payment that once brought the money.
	if _, err := s.Refund(x.ReplacementID); err != nil {
		s.t.Fatal(err)
	}
	s.Quiesce(s.t)
	if paid, back := refundsOf(s, x.ReplacementID); paid != back || paid != x.Replacement {
		s.t.Errorf("of %d on the replacement %d went back", paid, back)
	}
	if left, err := s.Refund(o.ID); err != nil || left.Amount != o.Settlement.Paid-x.Returned {
		s.t.Errorf("the rest of the order: %v %v", left, err)
	}
}

func TestExchangePaidThroughTheReturnCheckout(t *testing.T) {
	each(t, func(s *shop) {
		o, r, x := s.dearer()
		var first, again string
		ask := func(in returns.SessionInput) (sessionID string, err error) {
			err = s.DB.Write(s.Context(), func(tx db.Tx) error {
				_, x, err := s.Returns.Checkout(s.Context(), tx, s.of(x), in)
				if err == nil {
					sessionID = x.Effect.SessionID
				}
				return err
			})
			return sessionID, err
		}
		var err error
		first, err = ask(returns.SessionInput{})
		s.ok(err)
		again, err = ask(returns.SessionInput{SuccessURL: "https://shop.example/thanks"})
		s.ok(err)
		if first != again || s.SessionOf(s.t, first).Detail.SuccessURL == "" {
			s.t.Errorf("the same surface opened %s and %s", first, again)
		}
		embedded, err := ask(returns.SessionInput{Surface: checkout.SurfaceEmbedded, PageOrigin: "https://shop.example"})
		s.ok(err)
		if embedded == first || s.SessionOf(s.t, first).Status != checkout.StatusInvalidated {
			s.t.Errorf("another surface left the session open: %s, %s", embedded, s.SessionOf(s.t, first).Status)
		}
		if _, err := s.Session(x.ReplacementID, embedded); fault.Of(err) == nil || fault.Of(err).Code != "RETURN_CHECKOUT_REQUIRED" {
			s.t.Errorf("an ordinary session of the order: %v", err)
		}
		s.ok(s.PaySession(x.ReplacementID, embedded, "simtok_approve"))
		s.paid(o, r, x)
	})
}

func (s *shop) collect(x *returns.Resolution, door string) returns.Collection {
	s.t.Helper()
	var out returns.Collection
	s.Write(s.t, func(tx db.Tx) (err error) {
		_, _, out, err = s.Returns.Collect(s.Context(), tx, s.of(x), door)
		return err
	})
	return out
}

func (s *shop) payLink(linkID string) {
	s.t.Helper()
	var opened checkout.Launch
	s.Write(s.t, func(tx db.Tx) error {
		l, err := s.Links.Get(tx, s.Scope, linkID)
		if err != nil {
			return err
		}
		opened, err = s.Links.Resolve(s.Context(), tx, paymentlink.ResolveInput{LinkID: l.ID, Context: s.Links.NewContext(l).Text, Cause: s.Cause})
		return err
	})
	s.ok(s.PaySession(opened.Order.ID, opened.Session.ID, "simtok_approve"))
}

func TestExchangePaidByLink(t *testing.T) {
	each(t, func(s *shop) {
		o, r, x := s.dearer()
		s.collect(x, returns.DoorInvoice) // one door at a time: the link takes its place
		link := s.collect(x, returns.DoorLink)
		if same := s.collect(x, returns.DoorLink); same.ID != link.ID || link.URL == "" {
			s.t.Errorf("another link: %+v, %+v", link, same)
		}
		s.payLink(link.ID)
		s.paid(o, r, x)
	})
}

func TestExchangePaidByInvoice(t *testing.T) {
	each(t, func(s *shop) {
		o, r, x := s.dearer()
		s.collect(x, returns.DoorLink)
		bill := s.collect(x, returns.DoorInvoice)
		s.ok(s.PayInvoice(bill.ID, "simtok_approve"))
		s.paid(o, r, x)
	})
}

func TestExchangeForLess(t *testing.T) {
	each(t, func(s *shop) {
		o := s.sold()
		x := s.settle(s.approved(o, 2, returns.AfterApproval), exchange(1000))
		s.wants(x, "partially_fulfilled", x.BuyerRefund, 0)
		if made := s.State(s.t, x.ReplacementID).Order; made.DerivePaymentStatus() != order.PaymentPaid || x.BuyerRefund != x.Returned-x.Replacement {
			s.t.Errorf("the replacement is %s, and %d went back", made.DerivePaymentStatus(), x.BuyerRefund)
		}
		s.handOver(x.ReplacementID)
		s.wants(s.read(x.ID), "fulfilled", x.BuyerRefund, 0)
		if l := s.State(s.t, o.ID).Order.Lines[0]; l.RefundedQuantity != 2 || l.Refunded != x.Returned {
			s.t.Errorf("%d units and %d went back, %d were returned", l.RefundedQuantity, l.Refunded, x.Returned)
		}
	})
}

func TestReplacementCostsNothing(t *testing.T) {
	each(t, func(s *shop) {
		x := s.settle(s.approved(s.sold(), 2, returns.AfterApproval), returns.ResolutionInput{Type: "replacement"})
		if x.BuyerPayment != 0 || x.BuyerRefund != 0 || x.Replacement != x.Returned {
			s.t.Errorf("%d is returned, and the same goods come to %d", x.Returned, x.Replacement)
		}
		s.handOver(x.ReplacementID)
		s.wants(s.read(x.ID), "fulfilled", 0, 0)
	})
}

func TestFeeAndWaiver(t *testing.T) {
	each(t, func(s *shop) {
		o := s.sold()
		fee := returns.AdjustmentInput{Type: "restocking_fee", Effect: "deduction", Assessed: usd(500), Applied: usd(500), Reason: "return_policy"}
		waived := returns.AdjustmentInput{Type: "return_shipping_fee", Effect: "deduction", Assessed: usd(700), Applied: usd(0), Reason: "return_shipping_cost",
			Status: "waived", WaiverReason: "customer_service"}
		credit := returns.AdjustmentInput{Type: "goodwill_credit", Effect: "credit", Assessed: usd(200), Applied: usd(200), Reason: "customer_service"}
		x := s.settle(s.approved(o, 1, returns.AfterApproval), returns.ResolutionInput{Type: "refund", Adjustments: []returns.AdjustmentInput{fee, waived, credit}})
		s.wants(x, "fulfilled", x.Returned-300, 0)
		if x.Adjustments[1].WaivedBy == nil || x.Adjustments[1].WaivedAt.IsZero() {
			s.t.Errorf("nobody waived: %+v", x.Adjustments[1])
		}
		// The whole value withheld: nothing moves, and the unit is not given back by anything else.
		r := s.approved(o, 1, returns.AfterApproval)
		all := returns.AdjustmentInput{Type: "other_fee", Effect: "deduction", Assessed: usd(r.Lines[0].Value.Total), Applied: usd(r.Lines[0].Value.Total), Reason: "inspection_result"}
		s.wants(s.settle(r, returns.ResolutionInput{Type: "refund", Adjustments: []returns.AdjustmentInput{all}}), "fulfilled", 0, 0)
		three := int64(2)
		_, err := s.Refund(o.ID, func(in *refund.CreateInput) { in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &three}} })
		if f := fault.Of(err); f == nil || f.Code != "INVALID_QUANTITY" {
			s.t.Errorf("a unit whose value was withheld is refunded again: %v", err)
		}
	})
}

func TestCorrections(t *testing.T) {
	each(t, func(s *shop) {
		o := s.sold()
		r := s.approved(o, 1, returns.AfterApproval)
		x := s.settle(r, returns.ResolutionInput{Type: "refund"})
		reopen := func() {
			s.Write(s.t, func(tx db.Tx) error {
				_, err := s.Returns.Reopen(tx, returns.ReopenInput{Scope: s.Scope, ReturnID: r.ID, Reason: "correction_required", Cause: s.Cause})
				return err
			})
		}
		reopen()
		more := s.settle(s.back(r.ID), returns.ResolutionInput{Type: "correction", Corrects: x.ID, Adjustments: []returns.AdjustmentInput{
			{Type: "price_correction", Effect: "credit", Assessed: usd(150), Applied: usd(150), Reason: "manual_correction"}}})
		s.wants(more, "fulfilled", 150, 0)
		less := s.settle(s.back(r.ID), returns.ResolutionInput{Type: "correction", Corrects: x.ID, Adjustments: []returns.AdjustmentInput{
			{Type: "other_fee", Effect: "deduction", Assessed: usd(400), Applied: usd(400), Reason: "manual_correction"}}})
		if less.ActionReason != "buyer_payment" || less.BuyerPayment != 400 {
			s.t.Fatalf("the correction asks for nothing: %+v", less)
		}
		s.payLink(s.collect(less, returns.DoorLink).ID)
		s.work()
		s.wants(s.read(less.ID), "fulfilled", 0, 400)
	})
}

func TestCanceledMidway(t *testing.T) {
	each(t, func(s *shop) {
		o, r, x := s.dearer()
		s.collect(x, returns.DoorInvoice)
		s.Write(s.t, func(tx db.Tx) error {
			_, _, err := s.Returns.CancelResolution(tx, returns.ActInput{ResolutionVersion: s.of(x), Reason: "buyer_request"})
			return err
		})
		s.wants(s.read(x.ID), "canceled", 0, 0)
		if got := s.State(s.t, o.ID).Order; got.Settlement.Refunded != 0 || got.Lines[0].RefundedQuantity != 0 {
			s.t.Errorf("value is still away: %+v", got.Settlement)
		}
		if made := s.State(s.t, x.ReplacementID).Order; made.Status != order.StatusClosed || made.NetCollected() != 0 {
			s.t.Errorf("the replacement is %s and holds %d", made.Status, made.NetCollected())
		}
		s.wants(s.settle(s.back(r.ID), returns.ResolutionInput{Type: "refund"}), "fulfilled", x.Returned, 0)
	})
}

func TestUnpaidDifferenceExpires(t *testing.T) {
	each(t, func(s *shop) {
		o, r, x := s.dearer()
		s.Advance(returns.DefaultPaymentDays*24*time.Hour - time.Second)
		s.work()
		s.wants(s.read(x.ID), "requires_action", 0, 0)
		s.Advance(time.Second)
		s.work()
		x = s.read(x.ID)
		s.wants(x, "failed", 0, 0)
		if x.FailureCode != "buyer_payment_expired" || s.State(s.t, o.ID).Order.Settlement.Refunded != 0 {
			s.t.Errorf("%s, and the order: %+v", x.FailureCode, s.State(s.t, o.ID).Order.Settlement)
		}
		s.Write(s.t, func(tx db.Tx) error { // the buyer pays after all
			_, _, err := s.Returns.Retry(tx, returns.ActInput{ResolutionVersion: s.of(x), Reason: "operator_retry"})
			return err
		})
		x = s.read(x.ID)
		s.payLink(s.collect(x, returns.DoorLink).ID)
		s.paid(o, r, x)
	})
}

func TestFailedRefundThenRetry(t *testing.T) {
	each(t, func(s *shop) {
		o := s.Order(s.t, "USD", []flinttest.Line{{Price: 3333, Quantity: 3}})
		s.Paid(s.t, o.ID, "simtok_refund_fails")
		o = s.State(s.t, o.ID).Order
		r := s.approved(o, 1, returns.AfterApproval)
		x := s.settle(r, returns.ResolutionInput{Type: "refund"})
		s.Quiesce(s.t)
		x = s.read(x.ID)
		s.wants(x, "failed", 0, 0)
		three := int64(3)
		_, err := s.Refund(o.ID, func(in *refund.CreateInput) { in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &three}} })
		if fault.Of(err) == nil {
			s.t.Errorf("a plain refund took the units of the resolution: %v", err)
		}
		s.Write(s.t, func(tx db.Tx) error {
			_, _, err := s.Returns.Retry(tx, returns.ActInput{ResolutionVersion: s.of(x), Reason: "operator_retry"})
			return err
		})
		second := s.read(x.ID)
		if len(second.RefundIDs) != 2 || second.Attempt != 2 {
			s.t.Fatalf("the retry made no new refund: %+v", second)
		}
		s.work()
		s.Quiesce(s.t)
	})
}

// TestFailedRefundPaidByHand: what the card refused and the buyer got otherwise settles the resolution.
func TestFailedRefundPaidByHand(t *testing.T) {
	each(t, func(s *shop) {
		o := s.Order(s.t, "USD", []flinttest.Line{{Price: 3333, Quantity: 3}})
		s.Paid(s.t, o.ID, "simtok_refund_fails")
		r := s.approved(s.State(s.t, o.ID).Order, 1, returns.AfterApproval)
		x := s.settle(r, returns.ResolutionInput{Type: "refund"})
		s.Quiesce(s.t)
		x = s.read(x.ID)
		s.wants(x, "failed", 0, 0)
		s.Write(s.t, func(tx db.Tx) error {
			_, err := s.Refunds.CompleteManually(tx, refund.CompleteInput{Scope: s.Scope, RefundID: x.Effect.RefundID, Reference: "TX-1", Cause: s.Cause})
			return err
		})
		s.work()
		x = s.read(x.ID)
		if x.Status != "fulfilled" || x.FailureCode != "" || x.Refunded != 3333 || len(x.RefundIDs) != 2 {
			s.t.Errorf("after the transfer: %s %q, %d refunded by %v", x.Status, x.FailureCode, x.Refunded, x.RefundIDs)
		}
		if back := s.back(r.ID); back.Status != "completed" {
			s.t.Errorf("the return is %s", back.Status)
		}
		if line := s.State(s.t, o.ID).Order.Lines[0]; line.RefundedQuantity != 1 {
			s.t.Errorf("%d units of the line count as refunded", line.RefundedQuantity)
		}
		s.Check(s.t)
	})
}

// TestOldNewsSettlesNothing: the refund of the first attempt goes through after all while the second is under way.
func TestOldNewsSettlesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := open(t, d)
		s.ForgetBooks()
		s.still = true
		o := s.sold()
		r := s.approved(o, 1, returns.AfterApproval)
		s.HoldNotices()
		s.LoseRequests(t, payment.KindRefund, 1)
		x := s.settle(r, returns.ResolutionInput{Type: "refund"})
		first := s.RefundOf(t, x.RefundIDs[0])
		notify := func(refundID string, state payment.OutcomeState, version int64) {
			a := s.RefundOf(t, refundID).Allocations[0]
			s.ok(s.Payments.Notify(s.Context(), payment.Notice{ID: refundID + string(state), Scope: s.Scope, Processor: "simulator", OperationID: a.OperationID, Outcome: payment.Outcome{
				State: state, PaymentID: a.PaymentIntentID, Amount: a.Amount, Currency: "USD", Version: version}}))
		}
		notify(first.ID, payment.OutcomeFailed, 1)
		s.wants(s.read(x.ID), "failed", 0, 0)
		s.LoseRequests(t, payment.KindRefund, 1)
		s.Write(t, func(tx db.Tx) error {
			_, _, err := s.Returns.Retry(tx, returns.ActInput{ResolutionVersion: s.of(x), Reason: "operator_retry"})
			return err
		})
		s.work()
		x = s.read(x.ID)
		notify(first.ID, payment.OutcomeSucceeded, 2)
		if x = s.read(x.ID); x.Status != "pending" || x.Effect.RefundStatus != "pending" {
			t.Errorf("news of the first attempt: the resolution is %s", x.Status)
		}
		notify(x.Effect.RefundID, payment.OutcomeSucceeded, 1)
		if x = s.read(x.ID); x.Status != "fulfilled" {
			t.Errorf("news of the second attempt: the resolution is %s", x.Status)
		}
		s.Check(t)
	})
}

func TestPlainRefundsLeaveWhatIsClaimed(t *testing.T) {
	each(t, func(s *shop) {
		o := s.sold()
		r := s.approved(o, 2, returns.TimingManual)
		x := s.settle(r, returns.ResolutionInput{Type: "refund"})
		if x.Status != "requires_action" || x.ActionReason != "manual_release" {
			s.t.Fatalf("the resolution is %s", x.Status)
		}
		all := usd(o.Settlement.Paid)
		_, err := s.Refund(o.ID, func(in *refund.CreateInput) { in.Amount = &all })
		if f := fault.Of(err); f == nil || f.Code != "AMOUNT_EXCEEDS_REFUNDABLE" {
			s.t.Errorf("the money of the resolution was refunded: %v", err)
		}
		one := int64(1)
		if _, err := s.Refund(o.ID, func(in *refund.CreateInput) { in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &one}} }); err != nil {
			s.t.Errorf("the third unit: %v", err)
		}
		s.Write(s.t, func(tx db.Tx) error {
			_, _, err := s.Returns.Release(tx, returns.ActInput{ResolutionVersion: s.of(x), Reason: "merchant_approved"})
			return err
		})
		s.work()
		s.wants(s.read(x.ID), "fulfilled", x.Returned, 0)
		if l := s.State(s.t, o.ID).Order.Lines[0]; l.RefundedQuantity != 3 || l.Refunded != l.Total {
			s.t.Errorf("%+v", l)
		}
	})
}
