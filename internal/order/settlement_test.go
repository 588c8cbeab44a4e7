package order

import (
	"testing"

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
		{"free, until a pay call settles it", 0, 0, 0, 0, 0, 0, 0, PaymentUnpaid, RefundNone},
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

func TestPosition(t *testing.T) {
	t.Parallel()
	o := &Order{Pricing: Pricing{Subtotal: 10000, Tax: 800, TaxIncluded: 200, Tip: 500, Total: 11300}}
	o.Settlement = Settlement{Paid: 11400, Refunded: 1100} // 1.00 too much, and 11.00 given back
	want := map[ledger.Account]int64{
		ledger.Receivable: 0, ledger.Sales: -9800, ledger.Tax: -1000, ledger.Tips: -500, ledger.Refunds: 1000, ledger.MerchantBalance: 10300,
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
