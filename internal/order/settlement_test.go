package order

import (
	"testing"

	"pgregory.net/rapid"

	"flint/internal/ledger"
)

func settled(total, paid, refunded int64) *Order {
	return &Order{Currency: "USD", Pricing: Pricing{Subtotal: total, Total: total}, Settlement: Settlement{Paid: paid, Refunded: refunded}}
}

func TestSettlement(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                              string
		total, paid, refunded             int64
		outstanding, credit, balance, net int64
		payment, refund                   string
	}{
		{"unpaid", 5850, 0, 0, 5850, 0, 5850, 0, PaymentUnpaid, RefundNone},
		{"in part", 5850, 3000, 0, 2850, 0, 2850, 3000, PaymentPartiallyPaid, RefundNone},
		{"paid", 5850, 5850, 0, 0, 0, 0, 5850, PaymentPaid, RefundNone},
		{"refunded in part", 5850, 5850, 1000, 0, 0, 0, 4850, PaymentPaid, RefundPartiallyRefunded},
		{"refunded does not owe again", 5850, 5850, 5850, 0, 0, 0, 0, PaymentPaid, RefundRefunded},
		{"overpaid", 5850, 6000, 0, 0, 150, -150, 6000, PaymentPaid, RefundNone},
		{"overpaid and half given back", 5850, 6000, 100, 0, 50, -50, 5900, PaymentPaid, RefundPartiallyRefunded},
		{"overpaid and more given back", 5850, 6000, 400, 0, 0, 0, 5600, PaymentPaid, RefundPartiallyRefunded},
		{"in part, and refunded", 5850, 3000, 3000, 2850, 0, 2850, 0, PaymentPartiallyPaid, RefundRefunded},
		{"free, not settled yet", 0, 0, 0, 0, 0, 0, 0, PaymentUnpaid, RefundNone},
	}
	for _, tt := range tests {
		o := settled(tt.total, tt.paid, tt.refunded)
		if o.Outstanding() != tt.outstanding || o.Credit() != tt.credit || o.Balance() != tt.balance || o.NetCollected() != tt.net {
			t.Errorf("%s: outstanding %d, credit %d, balance %d, net %d", tt.name, o.Outstanding(), o.Credit(), o.Balance(), o.NetCollected())
		}
		if o.DerivePaymentStatus() != tt.payment || o.DeriveRefundStatus() != tt.refund {
			t.Errorf("%s: %s, %s", tt.name, o.DerivePaymentStatus(), o.DeriveRefundStatus())
		}
	}
}

// Whatever is added to and taken off what is owed, the accounts sum to zero, and the receivable less its
// allowance is what anybody still hopes for.
func TestPositionOfInvoicedOrders(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := func(name string, most int64) int64 { return rapid.Int64Range(0, most).Draw(t, name) }
		o := settled(amount("total", 5000), amount("paid", 9000), 0)
		o.Settlement.Refunded = amount("refunded", o.Settlement.Paid)
		o.Invoicing.LateFees = amount("late fees", 900)
		o.Invoicing.Credited = amount("credited", o.Pricing.Total+o.Invoicing.LateFees)
		o.Invoicing.WrittenOff = amount("written off", 9000)
		var sum int64
		for _, p := range Position(o) {
			sum += p.Amount
		}
		if sum != 0 || o.Outstanding() < 0 || o.Credit() < 0 || o.WrittenOff() > o.Outstanding() {
			t.Fatalf("sum %d, outstanding %d, credit %d, written off %d", sum, o.Outstanding(), o.Credit(), o.WrittenOff())
		}
	})
}

func TestPosition(t *testing.T) {
	t.Parallel()
	o := &Order{Pricing: Pricing{Subtotal: 10000, Tax: 800, TaxIncluded: 200, Tip: 500, Total: 11300}}
	o.Settlement = Settlement{Paid: 11400, Refunded: 1100} // 1.00 too much, and 11.00 given back
	o.Disputes = Disputes{Open: 2000, Lost: 300}
	want := map[ledger.Account]int64{
		ledger.Receivable: 0, ledger.Sales: -9800, ledger.Tax: -1000, ledger.Tips: -500, ledger.Refunds: 1000, ledger.MerchantBalance: 8000,
		ledger.Disputes: 2000, ledger.DisputeLosses: 300,
		ledger.LateFees: 0, ledger.CreditNotes: 0, ledger.WriteOffs: 0, ledger.WriteOffAllowance: 0,
		ledger.Disputes: 0, ledger.DisputeLosses: 0,
	}
	got := Position(o)
	for _, p := range got {
		if p.Amount != want[p.Account] {
			t.Errorf("%s holds %d, want %d", p.Account, p.Amount, want[p.Account])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d accounts, want %d", len(got), len(want))
	}
}

func TestPositionDelta(t *testing.T) {
	t.Parallel()
	before, after := Position(settled(5000, 0, 0)), Position(settled(5000, 5000, 0))
	delta := PositionDelta(before, after)
	if len(delta) != 2 || delta[0] != (ledger.Posting{Account: ledger.Receivable, Amount: -5000}) ||
		delta[1] != (ledger.Posting{Account: ledger.MerchantBalance, Amount: 5000}) {
		t.Errorf("a payment posts %v", delta)
	}
	if got := PositionDelta(after, after); len(got) != 0 {
		t.Errorf("nothing changed, and %v is posted", got)
	}
	if got := PositionDelta(nil, before); len(got) != 2 || got[0].Amount != 5000 || got[1].Amount != -5000 {
		t.Errorf("a new order posts %v", got)
	}
	if got := PositionDelta(before, nil); len(got) != 2 || got[0].Amount != -5000 || got[1].Amount != 5000 {
		t.Errorf("an order that goes posts %v", got)
	}
}
