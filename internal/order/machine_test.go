package order_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/order"
)

// Any sequence of operations, valid or not, keeps what doc.go promises, and the journal equals the
// order's position after every step.
func TestAnySequenceKeepsTheInvariants(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		exempt := b.customer("exempt@example.com", true)
		plain := b.customer("plain@example.com", false)
		accepted, refused := map[string]int{}, map[string]int{}
		rapid.Check(t, func(r *rapid.T) {
			m := machine{b: b, r: r, customers: []string{exempt, plain, ""}}
			m.create()
			early := rapid.IntRange(0, 2).Draw(r, "paid early") == 0
			steps := rapid.IntRange(2, 18).Draw(r, "steps")
			for i := range steps {
				name := rapid.SampledFrom(m.names()).Draw(r, "operation")
				if i == 0 && early {
					name = "settle"
				}
				before, dump := b.get(m.o.ID), b.dump(m.o.ID)
				b.clock.Set(b.clock.Now().Add(time.Second))
				if err := operations[name](&m); err != nil {
					refused[name]++
					f := fault.Of(err)
					if f == nil || (f.Class == fault.ClassInternal && f.Code != "ORDER_SETTLEMENT_INVALID") {
						r.Fatalf("%s fails with %v", name, err)
					}
					if b.dump(m.o.ID) != dump {
						r.Fatalf("%s was refused (%v) and changed something", name, err)
					}
					continue
				}
				accepted[name]++
				after := b.get(m.o.ID)
				if err := m.invariants(name, before, after); err != nil {
					r.Fatalf("after %s: %v\n%+v", name, err, after)
				}
				m.o = after
			}
		})
		for name := range operations {
			if accepted[name] == 0 {
				t.Errorf("no sequence got %s accepted (refused %d times): the test is blind to it", name, refused[name])
			}
		}
	})
}

type machine struct {
	b         *bench
	r         *rapid.T
	o         *order.Order
	customers []string
	payments  int
	refunds   []order.RefundInput // that can be reversed
}

func (m *machine) create() {
	in := order.CreateInput{Scope: scope, Cause: cause}
	for i := range rapid.IntRange(1, 3).Draw(m.r, "lines") {
		in.Lines = append(in.Lines, m.line(fmt.Sprint("line ", i)))
	}
	if rapid.Bool().Draw(m.r, "taxed") {
		in.Tax = &order.TaxInput{Location: &order.TaxLocationInput{Address: order.Address{PostalCode: "73301", State: "TX", Country: "US"}}}
	}
	if in.Lines[0].UnitPrice.Minor > 0 && rapid.Bool().Draw(m.r, "discounted") {
		in.Discounts = []order.DiscountInput{{Name: "D", Amount: *usd(rapid.Int64Range(1, 2000).Draw(m.r, "discount"))}}
	}
	o := do(m.b, m.b.Create, in)
	m.o = m.b.get(o.ID)
	if err := m.invariants("create", nil, m.o); err != nil {
		m.r.Fatalf("after create: %v", err)
	}
}

func (m *machine) line(name string) order.LineInput {
	l := line(name, rapid.Int64Range(0, 5000).Draw(m.r, "price"), rapid.Int64Range(1, 4).Draw(m.r, "quantity"))
	l.Tax = &order.ItemTaxInput{Taxable: new(rapid.Bool().Draw(m.r, "taxable"))}
	return l
}

func (m *machine) names() []string {
	var names []string
	for name := range operations {
		names = append(names, name)
	}
	slices.Sort(names)
	switch {
	case len(m.refunds) > 0:
		return append(names, slices.Repeat([]string{"reverse refund"}, 6)...)
	case m.o.Settlement.Paid > 0:
		return append(names, slices.Repeat([]string{"refund"}, 6)...)
	default: // money arrives less often than prices change, or everything would be frozen soon
		return append(names, "add lines", "update line", "patch tip", "apply discount", "add charge")
	}
}

func (m *machine) lineID() string {
	return rapid.SampledFrom(m.o.Lines).Draw(m.r, "line").ID
}

func (m *machine) chargeID() string {
	if len(m.o.Charges) == 0 {
		return "chg_none"
	}
	return rapid.SampledFrom(m.o.Charges).Draw(m.r, "charge").ID
}

func (m *machine) locked(f func(tx db.Tx, o *order.Order) error) error {
	_, err := m.b.locked(m.o.ID, f)
	return err
}

func (m *machine) intent() string {
	m.payments++
	return fmt.Sprint("pi_", m.payments)
}

var operations = map[string]func(m *machine) error{
	"add lines": func(m *machine) error {
		return second(try(m.b, m.b.AddLines, order.AddLinesInput{Scope: scope, OrderID: m.o.ID, Lines: []order.LineInput{m.line("more")}}))
	},
	"update line": func(m *machine) error {
		in := order.UpdateLineInput{Scope: scope, OrderID: m.o.ID, LineID: m.lineID(), Name: new("renamed")}
		if rapid.Bool().Draw(m.r, "requantify") {
			in.Quantity = new(rapid.Int64Range(0, 6).Draw(m.r, "quantity"))
		}
		if rapid.Bool().Draw(m.r, "price") {
			in.UnitPrice = usd(rapid.Int64Range(-1, 5000).Draw(m.r, "price"))
		}
		return second(try(m.b, m.b.UpdateLine, in))
	},
	"delete line": func(m *machine) error {
		return second(try(m.b, m.b.DeleteLine, order.DeleteLineInput{Scope: scope, OrderID: m.o.ID, LineID: m.lineID()}))
	},
	"add charge": func(m *machine) error {
		c := order.ChargeInput{Type: "other", Name: "Fee", Amount: usd(rapid.Int64Range(0, 1000).Draw(m.r, "amount"))}
		if rapid.Bool().Draw(m.r, "percent") {
			c.Amount, c.Percent, c.Basis = nil, percent("7.25"), order.BasisPostDiscount
		}
		if rapid.Bool().Draw(m.r, "taxed") {
			c.Tax = &order.ItemTaxInput{}
		}
		return second(try(m.b, m.b.AddCharge, order.AddChargeInput{Scope: scope, OrderID: m.o.ID, Charge: c}))
	},
	"update charge": func(m *machine) error {
		return second(try(m.b, m.b.UpdateCharge, order.UpdateChargeInput{Scope: scope, OrderID: m.o.ID, ChargeID: m.chargeID(),
			Amount: usd(rapid.Int64Range(0, 1000).Draw(m.r, "amount"))}))
	},
	"delete charge": func(m *machine) error {
		return second(try(m.b, m.b.DeleteCharge, order.DeleteChargeInput{Scope: scope, OrderID: m.o.ID, ChargeID: m.chargeID()}))
	},
	"apply discount": func(m *machine) error {
		in := order.DiscountInput{Name: "D", Amount: *usd(rapid.Int64Range(1, 3000).Draw(m.r, "amount"))}
		switch rapid.IntRange(0, 2).Draw(m.r, "class") {
		case 1:
			in.Class, in.LineIDs = order.DiscountLineItem, []string{m.lineID()}
		case 2:
			in.Class, in.ChargeIDs = order.DiscountServiceCharge, []string{m.chargeID()}
		}
		return second(try(m.b, m.b.ApplyDiscount, order.ApplyDiscountInput{Scope: scope, OrderID: m.o.ID, Discount: in}))
	},
	"remove discount": func(m *machine) error {
		in := order.RemoveDiscountsInput{Scope: scope, OrderID: m.o.ID, DiscountIDs: []string{"disc_none"}}
		if len(m.o.Discounts) > 0 {
			in.DiscountIDs = []string{rapid.SampledFrom(m.o.Discounts).Draw(m.r, "discount").ID}
		}
		return second(try(m.b, m.b.RemoveDiscounts, in))
	},
	"reprice": func(m *machine) error {
		return second(try(m.b, m.b.Reprice, order.RepriceInput{Scope: scope, OrderID: m.o.ID}))
	},
	"patch tip": func(m *machine) error {
		in := order.PatchInput{Scope: scope, OrderID: m.o.ID, ClearTip: true}
		if rapid.IntRange(0, 3).Draw(m.r, "keep") > 0 {
			in.ClearTip = false
			in.Tip = &order.TipInput{Amount: usd(rapid.Int64Range(1, 900).Draw(m.r, "amount"))}
			if rapid.Bool().Draw(m.r, "percent") {
				in.Tip = &order.TipInput{Percent: percent("12.5")}
			}
		}
		return second(try(m.b, m.b.Patch, in))
	},
	"patch tax": func(m *machine) error {
		in := &order.TaxInput{Enabled: new(rapid.Bool().Draw(m.r, "enabled"))}
		return second(try(m.b, m.b.Patch, order.PatchInput{Scope: scope, OrderID: m.o.ID, Tax: in}))
	},
	"patch customer": func(m *machine) error {
		return second(try(m.b, m.b.Patch, order.PatchInput{Scope: scope, OrderID: m.o.ID,
			CustomerID: new(rapid.SampledFrom(m.customers).Draw(m.r, "customer")), BuyerNote: new("hello")}))
	},
	"close": func(m *machine) error {
		if rapid.IntRange(0, 4).Draw(m.r, "really") > 0 {
			return fault.Conflict("NOT_TRIED", "kept open")
		}
		return second(try(m.b, m.b.Close, order.CloseInput{Scope: scope, OrderID: m.o.ID}))
	},
	"start attempt": func(m *machine) error {
		return m.locked(func(tx db.Tx, o *order.Order) error {
			return m.b.SetActiveAttempt(tx, o, order.AttemptInput{Cause: cause, AttemptID: "opat_" + strconv.FormatInt(o.Revision, 10)})
		})
	},
	"end attempt": func(m *machine) error {
		failed := rapid.Bool().Draw(m.r, "failed")
		return m.locked(func(tx db.Tx, o *order.Order) error {
			return m.b.ClearActiveAttempt(tx, o, order.AttemptEnd{Cause: cause, Failed: failed})
		})
	},
	"settle": func(m *machine) error {
		in := order.SettleInput{Cause: cause, PaymentIntentID: m.intent(), EndAttempt: true}
		in.Amount = rapid.Int64Range(1, max(1, m.o.Outstanding())).Draw(m.r, "amount")
		switch rapid.IntRange(0, 5).Draw(m.r, "kind") {
		case 0, 1:
			in.Amount = max(1, m.o.Outstanding())
		case 2:
			in.Amount += rapid.Int64Range(0, 500).Draw(m.r, "too much")
		}
		in.Tip = rapid.Int64Range(0, in.Amount).Draw(m.r, "tip")
		return m.locked(func(tx db.Tx, o *order.Order) error { return m.b.Settle(tx, o, in) })
	},
	"refund": func(m *machine) error {
		in := order.RefundInput{Cause: cause, RefundID: fmt.Sprint("ref_", m.o.Revision), Amount: rapid.Int64Range(1, m.o.NetCollected()+5).Draw(m.r, "amount")}
		if rapid.Bool().Draw(m.r, "line") {
			l := rapid.SampledFrom(m.o.Lines).Draw(m.r, "line")
			in.Lines = []order.RefundedLine{{ID: l.ID, Quantity: rapid.Int64Range(0, 2).Draw(m.r, "units"), Amount: min(in.Amount, l.Total-l.Refunded)}}
		}
		if rapid.IntRange(0, 3).Draw(m.r, "tip?") == 0 {
			in.Lines, in.Tip = nil, rapid.Int64Range(0, in.Amount).Draw(m.r, "tip")
		}
		err := m.locked(func(tx db.Tx, o *order.Order) error { return m.b.SettleRefund(tx, o, in) })
		if err == nil {
			m.refunds = append(m.refunds, in)
		}
		return err
	},
	"reverse refund": func(m *machine) error {
		if len(m.refunds) == 0 {
			return fault.Conflict("NOT_TRIED", "nothing to reverse")
		}
		i := rapid.IntRange(0, len(m.refunds)-1).Draw(m.r, "refund")
		err := m.locked(func(tx db.Tx, o *order.Order) error { return m.b.ReverseRefund(tx, o, m.refunds[i]) })
		if err == nil {
			m.refunds = slices.Delete(m.refunds, i, i+1)
		}
		return err
	},
}

func (m *machine) invariants(name string, before, o *order.Order) error {
	p, s := o.Pricing, o.Settlement
	sum := p.Tip
	for _, l := range o.Lines {
		sum += l.Total
		if l.Discount > l.Subtotal || l.RefundedQuantity > l.Quantity || l.Refunded < 0 {
			return fmt.Errorf("line %+v", l)
		}
	}
	for _, c := range o.Charges {
		sum += c.Total
		if c.Discount > c.Applied || c.Refunded < 0 {
			return fmt.Errorf("charge %+v", c)
		}
	}
	requested := 0
	for _, t := range o.Tips {
		if t.Status == order.TipRequested {
			requested++
		}
		if t.Settled > t.Effective || t.Refunded > t.Settled || t.Refunded < 0 {
			return fmt.Errorf("tip %+v", t)
		}
	}
	outstanding, credit := max(p.Total-s.Paid, 0), max(s.Paid-p.Total-s.Refunded, 0)
	checks := []struct {
		what string
		ok   bool
	}{
		{"the parts sum to the total", sum == p.Total},
		{"the total is not negative", p.Total >= 0},
		{"0 <= refunded <= paid", 0 <= s.Refunded && s.Refunded <= s.Paid},
		{"outstanding, credit and balance", o.Outstanding() == outstanding && o.Credit() == credit && o.Balance() == outstanding-credit},
		{"something outstanding is not paid", outstanding == 0 || o.DerivePaymentStatus() != order.PaymentPaid},
		{"one requested tip", requested <= 1},
		{"settled tip within what was paid", s.SettledTip <= s.Paid},
	}
	if before != nil {
		checks = append(checks, []struct {
			what string
			ok   bool
		}{
			{"the revision rises by at most one", o.Revision-before.Revision <= 1 && o.Revision >= before.Revision},
			{"an edit does not bring the total below net collected", p.Total >= o.NetCollected() || p.Total >= before.Pricing.Total},
			{"an attempt holds the price", before.ActiveAttemptID == "" || p.Total == before.Pricing.Total},
			{"settlement moves no price", (name != "settle" && name != "refund" && name != "reverse refund") || p.Total == before.Pricing.Total},
		}...)
		if before.Settlement.Paid > 0 {
			checks = append(checks, struct {
				what string
				ok   bool
			}{"paid lines stand", paidLinesStand(before, o)})
		}
	}
	for _, c := range checks {
		if !c.ok {
			return errors.New("broken: " + c.what)
		}
	}
	rows := m.b.activities(o.ID)
	running := int64(0)
	for _, a := range rows {
		if running += a.BalanceDelta; running != a.RunningBalance {
			return fmt.Errorf("activity %d does not follow from the one before: %+v", a.Sequence, a)
		}
	}
	if running != o.Balance() {
		return fmt.Errorf("the history ends at %d, the balance is %d", running, o.Balance())
	}
	return m.b.checkBooks(o)
}

func paidLinesStand(before, after *order.Order) bool {
	if after.CustomerID != before.CustomerID || after.Tax.Enabled != before.Tax.Enabled {
		return false
	}
	for i, l := range before.Lines {
		if i >= len(after.Lines) || after.Lines[i].ID != l.ID || after.Lines[i].Quantity < l.Quantity || after.Lines[i].UnitPrice != l.UnitPrice {
			return false
		}
	}
	return true
}
