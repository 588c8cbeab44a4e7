package processortest

import (
	"maps"
	"slices"
	"testing"

	"flint/internal/payment"
)

// declines: a decline is an outcome with the contract's code, and it stays one.
func declines(t *testing.T, b *bench) {
	if len(b.Sources.Decline) == 0 {
		t.Fatal("the harness names no source that is declined")
	}
	for _, code := range slices.Sorted(maps.Keys(b.Sources.Decline)) {
		t.Run(code, func(t *testing.T) {
			for _, kind := range []payment.Kind{payment.KindSale, payment.KindAuthorize} {
				op := b.opening(kind, b.Sources.Decline[code])
				out := b.refused(t, op)
				if out.Code != code {
					t.Errorf("%s was declined with %s", kind, out.Code)
				}
				same(t, b.do(t, op), out)
				same(t, b.lookup(t, op), out)
			}
		})
	}
	t.Run("an unknown source", func(t *testing.T) {
		if out := b.refused(t, b.opening(payment.KindSale, b.Sources.Unknown)); out.Code != "invalid_payment_source" {
			t.Errorf("an unknown source was refused with %s", out.Code)
		}
	})
}
