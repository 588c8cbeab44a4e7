package doctor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/doctor"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/promotion"
	"flint/internal/refund"
)

func offer(t flinttest.TB, b *flinttest.Bench, code string, change func(*promotion.Promotion)) *promotion.Promotion {
	t.Helper()
	in := promotion.CreateInput{Scope: b.Scope, Promotion: promotion.Promotion{Name: code, Method: promotion.Method{Type: promotion.PercentOff, Percent: 10_0000}}}
	if code != "" {
		in.Codes = []promotion.NewCode{{Text: code}}
	} else {
		in.Promotion.Name = "automatic"
	}
	change(&in.Promotion)
	var p *promotion.Promotion
	b.Write(t, func(tx db.Tx) (err error) { p, err = b.Orders.Promotions.Create(tx, in); return err })
	return p
}

func apply(b *flinttest.Bench, orderID, code, sessionID string) (o *order.Order, err error) {
	err = b.DB.Write(b.Context(), func(tx db.Tx) (err error) {
		o, err = b.Orders.ApplyDiscount(b.Context(), tx, order.ApplyDiscountInput{
			Scope: b.Scope, Cause: b.Cause, OrderID: orderID, Promotion: &order.PromotionAsk{Code: code, SessionID: sessionID},
		})
		return err
	})
	return o, err
}

func uses(t flinttest.TB, b *flinttest.Bench, p *promotion.Promotion) (n int64) {
	t.Helper()
	b.Read(t, func(tx db.Tx) error {
		p, err := b.Orders.Promotions.Get(tx, b.Scope, p.ID)
		if err == nil {
			n = p.Uses
		}
		return err
	})
	return n
}

// The use of a coupon is held by one order, given back by removal, close, a smaller order and an expired
// checkout, and kept once money settled; the doctor sees a count that is one off.
func TestUsesAreHeldAndGivenBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		one := int64(1)
		p := offer(t, b, "SPRING", func(p *promotion.Promotion) { p.MaxUses = &one })
		lines := []flinttest.Line{{Price: 3333, Quantity: 3}}
		first, second := b.Order(t, "USD", lines), b.Order(t, "USD", lines)
		expect := func(step string, n int64) {
			t.Helper()
			if got := uses(t, b, p); got != n {
				t.Errorf("%s: %d uses, want %d", step, got, n)
			}
			b.Check(t)
		}
		o, err := apply(b, first.ID, "spring", "")
		if err != nil || o.Pricing.Discount != 1000 || o.Pricing.Total != 8999 {
			t.Fatalf("applied: %+v, %v", o, err)
		}
		expect("applied", 1)
		_, err = apply(b, first.ID, "SPRING", "")
		if e := flinttest.Refused(t, err, "PROMOTION_DECLINED"); e.Extra["promotion_decline_reason"] != promotion.ReasonAlreadyApplied {
			t.Errorf("applied twice: %v", e.Extra)
		}
		_, err = apply(b, second.ID, "SPRING", "")
		if e := flinttest.Refused(t, err, "PROMOTION_DECLINED"); e.Extra["promotion_decline_reason"] != promotion.ReasonExhausted {
			t.Errorf("used up: %v", e.Extra)
		}
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Orders.RemoveDiscounts(tx.Context(), tx, order.RemoveDiscountsInput{Scope: b.Scope, Cause: b.Cause, OrderID: first.ID, DiscountIDs: []string{o.Discounts[0].ID}})
			return err
		})
		expect("removed", 0)
		if _, err := apply(b, second.ID, "SPRING", ""); err != nil {
			t.Fatal(err)
		}
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Orders.Close(tx.Context(), tx, order.CloseInput{Scope: b.Scope, Cause: b.Cause, OrderID: second.ID})
			return err
		})
		expect("closed", 0)

		session, err := b.Session(first.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		b.Cause.CheckoutSessionID = session.ID
		if _, err := apply(b, first.ID, "SPRING", session.ID); err != nil {
			t.Fatal(err)
		}
		expect("by the buyer", 1)
		b.Advance(25 * time.Hour)
		if _, err := b.Checkouts.Expire(b.Context(), b.DB, 10); err != nil {
			t.Fatal(err)
		}
		expect("expired", 0)
		if o := b.State(t, first.ID).Order; o.Pricing.Discount != 0 || o.Pricing.Total != 9999 {
			t.Errorf("after the expiry: %+v", o.Pricing)
		}
		b.Cause.CheckoutSessionID = ""

		if _, err := apply(b, first.ID, "SPRING", ""); err != nil {
			t.Fatal(err)
		}
		if o := b.Paid(t, first.ID, "simtok_approve").Order; o.Discounts[0].Status != order.DiscountRedeemed || o.Settlement.Paid != 8999 {
			t.Errorf("paid: %+v", o.Discounts)
		}
		expect("redeemed", 1)
		var back int64
		for range 3 {
			r, err := b.Refund(first.ID, func(in *refund.CreateInput) {
				in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &one}}
			})
			if err != nil {
				t.Fatal(err)
			}
			back += r.Amount
		}
		if back != 8999 {
			t.Errorf("three refunds of a unit gave %d of 8999", back)
		}
		expect("refunded", 1)
		b.Write(t, func(tx db.Tx) error {
			return tx.Send(`UPDATE promotions SET uses = 0 WHERE merchant_id = $1 AND environment_id = $2`, b.Scope.MerchantID, b.Scope.EnvironmentID)
		})
		report, err := doctor.Check(b.Context(), b.DB, doctor.Options{Scope: &b.Scope})
		if err != nil || len(report.Findings) != 1 || !strings.HasPrefix(report.Findings[0].Table, "promotions") {
			t.Errorf("a wrong count: %v %+v", err, report.Findings)
		}
	})
}

// What a preview shows is what applying gives, and what was paid comes back to the last minor unit.
func TestPreviewIsApply(t *testing.T) {
	t.Parallel()
	first := flinttest.New(t, dbtest.Open(t, db.SQLite))
	rapid.Check(t, func(t *rapid.T) {
		b := first.Another()
		var lines []flinttest.Line
		for range rapid.IntRange(1, 4).Draw(t, "lines") {
			lines = append(lines, flinttest.Line{Price: rapid.Int64Range(1, 5000).Draw(t, "price"), Quantity: rapid.Int64Range(1, 4).Draw(t, "quantity")})
		}
		draw := func(p *promotion.Promotion) {
			p.Method.Percent = money.Percent(rapid.Int64Range(10000, 700000).Draw(t, "percent"))
			if rapid.Bool().Draw(t, "amount") {
				p.Method = promotion.Method{Type: promotion.AmountOff, Amount: &promotion.Money{Amount: rapid.Int64Range(1, 3000).Draw(t, "off"), Currency: "USD"}}
			}
			if rapid.Bool().Draw(t, "exclusive") {
				p.Exclusivity = &promotion.Exclusivity{Group: "g", Selection: promotion.BestOf}
			}
		}
		for range rapid.IntRange(0, 2).Draw(t, "automatic") {
			offer(t, b, "", draw)
		}
		offer(t, b, "CODE", draw)
		o := b.Order(t, "USD", lines, func(in *order.CreateInput) {
			if rapid.Bool().Draw(t, "manual") {
				in.Discounts = []order.DiscountInput{{Name: "Manual", Amount: *flinttest.Money(rapid.Int64Range(1, 2).Draw(t, "flat"), "USD")}}
			}
		})
		var preview promotion.Decision
		b.Read(t, func(tx db.Tx) (err error) {
			_, preview, err = b.Orders.PreviewDiscounts(tx.Context(), tx, order.PreviewInput{Scope: b.Scope, OrderID: o.ID, Ask: &order.PromotionAsk{Code: "code"}})
			return err
		})
		promised := map[string]string{}
		asked := false
		for _, a := range preview.Applied {
			promised[a.Offer.Promotion.ID] = fmt.Sprint(a.Applied, a.Parts)
			asked = asked || a.Offer.Asked
		}
		got, err := apply(b, o.ID, "CODE", "")
		if !asked {
			flinttest.Refused(t, err, "PROMOTION_DECLINED")
			got = b.State(t, o.ID).Order
		} else {
			flinttest.Known(t, err)
			given := map[string]string{}
			for _, d := range got.Discounts {
				if d.PromotionID != "" {
					given[d.PromotionID] = fmt.Sprint(d.Applied, d.Parts)
				}
			}
			if fmt.Sprint(given) != fmt.Sprint(promised) {
				t.Fatalf("promised %v, given %v", promised, given)
			}
		}
		if got.Pricing.Total == 0 {
			return
		}
		b.Paid(t, o.ID, "simtok_approve")
		one, back := int64(1), int64(0)
		for i := range got.Lines {
			for range got.Lines[i].Quantity {
				r, err := b.Refund(o.ID, func(in *refund.CreateInput) {
					in.Lines = []refund.LineInput{{LineID: got.Lines[i].ID, Quantity: &one}}
				})
				if fault.Is(err, "NOTHING_TO_REFUND_FOR_LINE_ITEM") { // a unit may be worth nothing, and what follows it is out of reach unit by unit
					return
				}
				if err != nil {
					t.Fatalf("refund a unit: %v", err)
				}
				back += r.Amount
			}
		}
		if back != got.Pricing.Total {
			t.Fatalf("unit by unit %d came back of %d", back, got.Pricing.Total)
		}
		b.Check(t)
	})
}
