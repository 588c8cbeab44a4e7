package creditnote

import (
	"testing"

	"pgregory.net/rapid"

	"flint/internal/order"
)

// TestCorrectionsAddUpToTheLine takes a line back in any portions, by units and by amounts.
func TestCorrectionsAddUpToTheLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.Int64Range(1, 12).Draw(t, "quantity")
		subtotal := rapid.Int64Range(0, 100_000).Draw(t, "price") * q
		l := order.Line{Quantity: q, Subtotal: subtotal, Discount: rapid.Int64Range(0, subtotal).Draw(t, "discount")}
		l.TaxAmount = rapid.Int64Range(0, l.Subtotal-l.Discount).Draw(t, "tax")
		l.TaxAdditive = rapid.Int64Range(0, l.TaxAmount).Draw(t, "additive")
		l.Total = l.Subtotal - l.Discount + l.TaxAdditive
		var held taken
		var sum Line
		for range 50 {
			rest := left(l, held)
			if rest.total == 0 && (rest.quantity == 0 || l.Total > 0) {
				break
			}
			c := Correction{Type: ByQuantity}
			if rest.quantity == 0 || rest.total > 0 && rapid.Bool().Draw(t, "by amount") {
				c = Correction{Type: ByAmount, Amount: rapid.Int64Range(1, rest.total).Draw(t, "amount")}
			} else {
				c.Quantity = rapid.Int64Range(1, rest.quantity).Draw(t, "units")
			}
			var part Line
			if !c.share(l, held, &part) {
				t.Fatalf("%+v of %+v is refused", c, rest)
			}
			if part.Subtotal-part.Discount+part.TaxAdditive != part.Total || part.Total < 0 || part.Discount < 0 || part.Tax < 0 || part.TaxAdditive < 0 || part.TaxAdditive > part.Tax+1 {
				t.Fatalf("the part does not add up: %+v", part)
			}
			if c.Type == ByAmount && part.Total != c.Amount {
				t.Fatalf("an amount of %d became %d", c.Amount, part.Total)
			}
			held = held.plus(part, 1)
			sum.Subtotal += part.Subtotal
			if rest := left(l, held); rest.total < 0 || rest.quantity < 0 || rest.discount < 0 || rest.tax < 0 || rest.additive < 0 {
				t.Fatalf("more than the line was taken: %+v", rest)
			}
		}
		// Whoever takes the last units takes everything.
		rest := left(l, held)
		if rest.quantity > 0 && (rest.total > 0 || l.Total == 0) {
			var part Line
			if !(Correction{Type: ByQuantity, Quantity: rest.quantity}).share(l, held, &part) {
				t.Fatal("the rest is refused")
			}
			held, sum.Subtotal = held.plus(part, 1), sum.Subtotal+part.Subtotal
		} else if rest.total > 0 {
			var part Line
			(Correction{Type: ByAmount, Amount: rest.total}).share(l, held, &part)
			held, sum.Subtotal = held.plus(part, 1), sum.Subtotal+part.Subtotal
		}
		if rest := left(l, held); rest.total != 0 {
			t.Fatalf("left over: %+v", rest)
		}
		if held.discount == l.Discount && held.additive == l.TaxAdditive && sum.Subtotal != l.Subtotal {
			t.Fatalf("the subtotals come to %d, the line to %d", sum.Subtotal, l.Subtotal)
		}
	})
}
