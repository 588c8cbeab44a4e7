package order_test

import (
	"context"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// call is one operation on an order, ready to be tried.
type call func(b *bench, o *order.Order) error

func op[In any](method func(*order.Service) func(context.Context, db.Tx, In) (*order.Order, error), in func(o *order.Order) In) call {
	return func(b *bench, o *order.Order) error {
		_, err := try(b, method(b.Service), in(o))
		return err
	}
}

func patch(in order.PatchInput) call {
	return func(b *bench, o *order.Order) error {
		in.Scope, in.OrderID = b.scope, o.ID
		_, err := try(b, b.Patch, in)
		return err
	}
}

func updateLine(in order.UpdateLineInput) call {
	return func(b *bench, o *order.Order) error {
		in.Scope, in.OrderID, in.LineID = b.scope, o.ID, o.Lines[0].ID
		_, err := try(b, b.UpdateLine, in)
		return err
	}
}

func discount(in order.DiscountInput) call {
	return op(func(s *order.Service) func(context.Context, db.Tx, order.ApplyDiscountInput) (*order.Order, error) {
		return s.ApplyDiscount
	},
		func(o *order.Order) order.ApplyDiscountInput {
			return order.ApplyDiscountInput{Scope: scope, OrderID: o.ID, Discount: in}
		})
}

func charge(in order.ChargeInput) call {
	return op(func(s *order.Service) func(context.Context, db.Tx, order.AddChargeInput) (*order.Order, error) {
		return s.AddCharge
	},
		func(o *order.Order) order.AddChargeInput {
			return order.AddChargeInput{Scope: scope, OrderID: o.ID, Charge: in}
		})
}

func addLine(in order.LineInput) call {
	return op(func(s *order.Service) func(context.Context, db.Tx, order.AddLinesInput) (*order.Order, error) {
		return s.AddLines
	},
		func(o *order.Order) order.AddLinesInput {
			return order.AddLinesInput{Scope: scope, OrderID: o.ID, Lines: []order.LineInput{in}}
		})
}

var (
	deleteLine = op(func(s *order.Service) func(context.Context, db.Tx, order.DeleteLineInput) (*order.Order, error) {
		return s.DeleteLine
	},
		func(o *order.Order) order.DeleteLineInput {
			return order.DeleteLineInput{Scope: scope, OrderID: o.ID, LineID: o.Lines[0].ID}
		})
	deleteCharge = op(func(s *order.Service) func(context.Context, db.Tx, order.DeleteChargeInput) (*order.Order, error) {
		return s.DeleteCharge
	},
		func(o *order.Order) order.DeleteChargeInput {
			return order.DeleteChargeInput{Scope: scope, OrderID: o.ID, ChargeID: o.Charges[0].ID}
		})
	removeDiscount = op(func(s *order.Service) func(context.Context, db.Tx, order.RemoveDiscountsInput) (*order.Order, error) {
		return s.RemoveDiscounts
	},
		func(o *order.Order) order.RemoveDiscountsInput {
			return order.RemoveDiscountsInput{Scope: scope, OrderID: o.ID, DiscountIDs: []string{o.Discounts[0].ID}}
		})
	reprice = op(func(s *order.Service) func(context.Context, db.Tx, order.RepriceInput) (*order.Order, error) {
		return s.Reprice
	},
		func(o *order.Order) order.RepriceInput { return order.RepriceInput{Scope: scope, OrderID: o.ID} })
	closing = op(func(s *order.Service) func(context.Context, db.Tx, order.CloseInput) (*order.Order, error) {
		return s.Close
	},
		func(o *order.Order) order.CloseInput { return order.CloseInput{Scope: scope, OrderID: o.ID} })
)

// base makes an order of two lines, a charge, a discount and a tip.
func base(b *bench) *order.Order {
	b.t.Helper()
	o := do(b, b.Create, order.CreateInput{Scope: b.scope, Cause: cause, Lines: []order.LineInput{line("Chair", 2500, 2), line("Table", 4000, 1)},
		Discounts: []order.DiscountInput{{Name: "Welcome", Amount: *usd(500)}}, Tip: &order.TipInput{Amount: usd(300)},
		Delivery: &order.DeliveryInput{Address: order.Address{Line1: "1", City: "X", Country: "US"}}, Metadata: map[string]string{"a": "1"}})
	return do(b, b.AddCharge, order.AddChargeInput{Scope: b.scope, Cause: cause, OrderID: o.ID, Charge: order.ChargeInput{Type: "other", Name: "Fee", Amount: usd(700)}})
}

func TestRefusalsLeaveNothing(t *testing.T) {
	t.Parallel()
	asIs := func(*bench, *order.Order) {}
	closed := func(b *bench, o *order.Order) { do(b, b.Close, order.CloseInput{Scope: scope, OrderID: o.ID}) }
	attempt := func(b *bench, o *order.Order) {
		b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error {
			return b.SetActiveAttempt(tx, o, order.AttemptInput{AttemptID: "opat_1"})
		})
	}
	paid := func(b *bench, o *order.Order) {
		b.settle(o.ID, order.SettleInput{PaymentIntentID: "pi_1", Amount: o.Pricing.Total, Tip: 300})
	}
	refunded := func(b *bench, o *order.Order) {
		paid(b, o)
		b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error {
			return b.SettleRefund(tx, o, order.RefundInput{RefundID: "ref_1", Amount: 3000,
				Lines: []order.RefundedLine{{ID: o.Lines[0].ID, Quantity: 1, Amount: 2361}}, Charges: []order.RefundedCharge{{ID: o.Charges[0].ID, Amount: 600}}})
		})
	}
	dollar := *usd(100)
	cases := []struct {
		what  string
		given func(*bench, *order.Order)
		call  call
		code  string
	}{
		{"closed: line", closed, updateLine(order.UpdateLineInput{Name: new("X")}), "ORDER_CLOSED"},
		{"closed: new line", closed, addLine(line("X", 1, 1)), "ORDER_CLOSED"},
		{"closed: delete line", closed, deleteLine, "ORDER_CLOSED"},
		{"closed: charge", closed, charge(order.ChargeInput{Type: "other", Name: "X", Amount: usd(1)}), "ORDER_CLOSED"},
		{"closed: delete charge", closed, deleteCharge, "ORDER_CLOSED"},
		{"closed: discount", closed, discount(order.DiscountInput{Name: "X", Amount: dollar}), "ORDER_CLOSED"},
		{"closed: remove discount", closed, removeDiscount, "ORDER_CLOSED"},
		{"closed: tip", closed, patch(order.PatchInput{ClearTip: true}), "ORDER_CLOSED"},
		{"closed: reprice", closed, reprice, "ORDER_CLOSED"},
		{"closed: close", closed, closing, "ORDER_ALREADY_CLOSED"},
		{"attempt: line", attempt, updateLine(order.UpdateLineInput{Quantity: new(int64(9))}), "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: new line", attempt, addLine(line("X", 1, 1)), "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: delete line", attempt, deleteLine, "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: charge", attempt, charge(order.ChargeInput{Type: "other", Name: "X", Amount: usd(1)}), "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: discount", attempt, discount(order.DiscountInput{Name: "X", Amount: dollar}), "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: remove discount", attempt, removeDiscount, "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: tip", attempt, patch(order.PatchInput{Tip: &order.TipInput{Amount: usd(1)}}), "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: tax", attempt, patch(order.PatchInput{Tax: &order.TaxInput{Enabled: new(true)}}), "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: close", attempt, closing, "PAYMENT_ATTEMPT_IN_PROGRESS"},
		{"attempt: second one", attempt, func(b *bench, o *order.Order) error {
			_, err := b.locked(o.ID, func(tx db.Tx, o *order.Order) error {
				return b.SetActiveAttempt(tx, o, order.AttemptInput{AttemptID: "opat_2"})
			})
			return err
		}, "ORDER_PAYMENT_ATTEMPT_ACTIVE"},
		{"closed: attempt", closed, func(b *bench, o *order.Order) error {
			_, err := b.locked(o.ID, func(tx db.Tx, o *order.Order) error {
				return b.SetActiveAttempt(tx, o, order.AttemptInput{AttemptID: "opat_2"})
			})
			return err
		}, "ORDER_CLOSED"},
		{"paid: price", paid, updateLine(order.UpdateLineInput{UnitPrice: usd(2600)}), "PAID_LINE_ITEM_PRICE_CHANGE_FORBIDDEN"},
		{"paid: fewer", paid, updateLine(order.UpdateLineInput{Quantity: new(int64(1))}), "PAID_LINE_ITEM_QUANTITY_DECREASE_FORBIDDEN"},
		{"paid: line tax", paid, updateLine(order.UpdateLineInput{Tax: &order.ItemTaxInput{}}), "PAID_LINE_ITEM_TAX_CHANGE_FORBIDDEN"},
		{"paid: delete line", paid, deleteLine, "PAID_LINE_ITEM_REMOVAL_FORBIDDEN"},
		{"paid: discount", paid, discount(order.DiscountInput{Name: "X", Amount: dollar}), "ORDER_TOTAL_BELOW_NET_COLLECTED"},
		{"paid: delete charge", paid, deleteCharge, "ORDER_TOTAL_BELOW_NET_COLLECTED"},
		{"paid: redeemed discount", paid, removeDiscount, "DISCOUNT_NOT_REMOVABLE"},
		{"paid: customer", paid, func(b *bench, o *order.Order) error {
			return patch(order.PatchInput{CustomerID: new(b.customer("x@example.com", false))})(b, o)
		}, "ORDER_CUSTOMER_NOT_UPDATABLE_AFTER_PAYMENT"},
		{"paid: tax", paid, patch(order.PatchInput{Tax: &order.TaxInput{Enabled: new(true)}}), "ORDER_TAX_NOT_UPDATABLE_AFTER_PAYMENT"},
		{"paid: destination", paid, patch(order.PatchInput{ClearDelivery: true}), "DELIVERY_DESTINATION_FROZEN"},
		{"refunded: more of a refunded line", refunded, updateLine(order.UpdateLineInput{Quantity: new(int64(3))}), "PAID_LINE_ITEM_QUANTITY_CHANGE_FORBIDDEN"},
		{"refunded: delete charge", refunded, deleteCharge, "ORDER_FINANCIAL_MUTATION_NOT_ALLOWED"},
		{"refunded: cut the charge below it", refunded, func(b *bench, o *order.Order) error {
			_, err := try(b, b.UpdateCharge, order.UpdateChargeInput{Scope: scope, OrderID: o.ID, ChargeID: o.Charges[0].ID, Amount: usd(599)})
			return err
		}, "ORDER_FINANCIAL_MUTATION_NOT_ALLOWED"},
		{"refund beyond what was paid", paid, func(b *bench, o *order.Order) error {
			_, err := b.locked(o.ID, func(tx db.Tx, o *order.Order) error {
				return b.SettleRefund(tx, o, order.RefundInput{RefundID: "ref_9", Amount: o.Settlement.Paid + 1})
			})
			return err
		}, "ORDER_SETTLEMENT_INVALID"},
		{"refund of too many units", paid, func(b *bench, o *order.Order) error {
			_, err := b.locked(o.ID, func(tx db.Tx, o *order.Order) error {
				return b.SettleRefund(tx, o, order.RefundInput{RefundID: "ref_9", Amount: 10, Lines: []order.RefundedLine{{ID: o.Lines[0].ID, Quantity: 3, Amount: 10}}})
			})
			return err
		}, "ORDER_SETTLEMENT_INVALID"},
		{"refund of more tip than was paid", paid, func(b *bench, o *order.Order) error {
			_, err := b.locked(o.ID, func(tx db.Tx, o *order.Order) error {
				return b.SettleRefund(tx, o, order.RefundInput{RefundID: "ref_9", Amount: 301, Tip: 301})
			})
			return err
		}, "ORDER_SETTLEMENT_INVALID"},
		{"settle less than nothing", asIs, func(b *bench, o *order.Order) error {
			_, err := b.locked(o.ID, func(tx db.Tx, o *order.Order) error {
				return b.Settle(tx, o, order.SettleInput{PaymentIntentID: "pi_9", Amount: -1})
			})
			return err
		}, "ORDER_SETTLEMENT_INVALID"},
		{"no field", asIs, patch(order.PatchInput{}), "NO_FIELDS_TO_UPDATE"},
		{"stale revision", asIs, patch(order.PatchInput{Revision: new(int64(1)), BuyerNote: new("x")}), "ORDER_CONFLICT"},
		{"unknown customer", asIs, patch(order.PatchInput{CustomerID: new("cus_01M1XVTMG00EAF0E9YPD0AD58K")}), "RESOURCE_NOT_FOUND"},
		{"no customer", asIs, patch(order.PatchInput{CustomerID: new("")}), "ORDER_CUSTOMER_NOT_CLEARABLE"},
		{"another customer", func(b *bench, o *order.Order) {
			do(b, b.Patch, order.PatchInput{Scope: scope, OrderID: o.ID, CustomerID: new(b.customer("first@example.com", false))})
		}, func(b *bench, o *order.Order) error {
			return patch(order.PatchInput{CustomerID: new(b.customer("second@example.com", false))})(b, o)
		}, "ORDER_CUSTOMER_ALREADY_SET"},
		{"long note", asIs, patch(order.PatchInput{BuyerNote: new(strings.Repeat("x", 5001))}), "NOTE_TOO_LONG"},
		{"reserved metadata", asIs, patch(order.PatchInput{Metadata: &metadata.Patch{Set: map[string]*string{"flint_x": new("1")}}}), "RESERVED_METADATA_KEY"},
		{"tip above the ceiling", asIs, patch(order.PatchInput{Tip: &order.TipInput{Amount: usd(100001)}}), "TIP_LIMIT_EXCEEDED"},
		{"tip in another currency", asIs, patch(order.PatchInput{Tip: &order.TipInput{Amount: &money.Amount{Minor: 1, Currency: "EUR"}}}), "TIP_CURRENCY_MISMATCH"},
		{"tip of nothing", asIs, patch(order.PatchInput{Tip: &order.TipInput{Amount: usd(0)}}), "INVALID_TIP_AMOUNT"},
		{"tip below a percent", asIs, patch(order.PatchInput{Tip: &order.TipInput{Percent: percent("0.9999")}}), "INVALID_TIP_PERCENT"},
		{"tip twice", asIs, patch(order.PatchInput{Tip: &order.TipInput{Amount: usd(1), Percent: percent("5")}}), "INVALID_TIP"},
		{"external tax without line taxes", asIs, patch(order.PatchInput{Tax: &order.TaxInput{Enabled: new(true),
			Calculation: &order.TaxCalculationInput{Mode: "external", PriceMode: "additive"}}}), "ORDER_LINE_ITEM_TAX_INPUT_REQUIRED"},
		{"automatic tax with components", asIs, patch(order.PatchInput{Tax: &order.TaxInput{Enabled: new(true), Calculation: &order.TaxCalculationInput{
			Mode: "automatic", PriceMode: "additive", Components: []order.FlatTaxInput{{TaxType: "retail_delivery_fee", Amount: dollar, Jurisdiction: colorado}}}}}),
			"AUTOMATIC_TAX_COMPONENTS_FORBIDDEN"},
		{"stale line", asIs, updateLine(order.UpdateLineInput{Name: new("X"), ExpectedVersion: new(int64(7))}), "ORDER_LINE_ITEM_VERSION_CONFLICT"},
		{"line without a name", asIs, updateLine(order.UpdateLineInput{Name: new(" ")}), "LINE_ITEM_NAME_REQUIRED"},
		{"line of none", asIs, updateLine(order.UpdateLineInput{Quantity: new(int64(0))}), "LINE_ITEM_INVALID_QUANTITY"},
		{"too many of a line", asIs, updateLine(order.UpdateLineInput{Quantity: new(int64(1_000_001))}), "LINE_ITEM_QUANTITY_TOO_LARGE"},
		{"more money than there is", asIs, updateLine(order.UpdateLineInput{Quantity: new(int64(1_000_000)), UnitPrice: usd(10_000_000_000_000)}), "INVALID_TOTALS"},
		{"negative price", asIs, updateLine(order.UpdateLineInput{UnitPrice: usd(-1)}), "LINE_ITEM_NEGATIVE_PRICE"},
		{"another currency", asIs, addLine(order.LineInput{Name: "X", UnitPrice: &money.Amount{Minor: 1, Currency: "EUR"}}), "CURRENCY_MISMATCH"},
		{"unknown currency", asIs, addLine(order.LineInput{Name: "X", UnitPrice: &money.Amount{Minor: 1, Currency: "ZZZ"}}), "UNSUPPORTED_CURRENCY"},
		{"control characters", asIs, addLine(line("X\x07", 1, 1)), "INVALID_TEXT"},
		{"an unencrypted image", asIs, addLine(order.LineInput{Name: "X", UnitPrice: usd(1), Image: &order.Image{URL: "http://example.com/a.png"}}), "IMAGE_URL_INVALID"},
		{"charge of two values", asIs, charge(order.ChargeInput{Type: "other", Name: "X", Amount: usd(1), Percent: percent("1"), Basis: "subtotal_pre_discount"}), "CHARGE_VALUE_REQUIRED"},
		{"percent without basis", asIs, charge(order.ChargeInput{Type: "other", Name: "X", Percent: percent("1")}), "CALCULATION_BASIS_REQUIRED"},
		{"amount with basis", asIs, charge(order.ChargeInput{Type: "other", Name: "X", Amount: usd(1), Basis: "subtotal_pre_discount"}), "CALCULATION_BASIS_FORBIDDEN"},
		{"percent of nothing", asIs, charge(order.ChargeInput{Type: "other", Name: "X", Percent: percent("0"), Basis: "subtotal_pre_discount"}), "INVALID_CHARGE_PERCENT"},
		{"discount of nothing", asIs, discount(order.DiscountInput{Name: "X", Amount: *usd(0)}), "DISCOUNT_AMOUNT_INVALID"},
		{"discount of unnamed lines", asIs, discount(order.DiscountInput{Name: "X", Amount: dollar, Class: "line_item"}), "LINE_ITEM_DISCOUNT_REQUIRES_IDS"},
		{"discount of a stranger's line", asIs, discount(order.DiscountInput{Name: "X", Amount: dollar, Class: "line_item", LineIDs: []string{"li_x"}}), "RESOURCE_NOT_FOUND"},
		{"discount of a stranger's charge", asIs, discount(order.DiscountInput{Name: "X", Amount: dollar, Class: "service_charge", ChargeIDs: []string{"chg_x"}}), "ORDER_CHARGE_NOT_FOUND"},
		{"nothing left to discount", func(b *bench, o *order.Order) {
			do(b, b.ApplyDiscount, order.ApplyDiscountInput{Scope: scope, OrderID: o.ID, Discount: order.DiscountInput{Name: "All", Amount: *usd(100000)}})
		}, discount(order.DiscountInput{Name: "X", Amount: dollar}), "NO_DISCOUNTABLE_BALANCE"},
		{"unknown discount", asIs, func(b *bench, o *order.Order) error {
			_, err := try(b, b.RemoveDiscounts, order.RemoveDiscountsInput{Scope: scope, OrderID: o.ID, DiscountIDs: []string{o.Discounts[0].ID, "disc_x"}})
			return err
		}, "DISCOUNT_NOT_FOUND"},
		{"the last line", func(b *bench, o *order.Order) {
			do(b, b.DeleteLine, order.DeleteLineInput{Scope: scope, OrderID: o.ID, LineID: o.Lines[1].ID})
		}, deleteLine, "MISSING_LINE_ITEMS"},
		{"two saves of one load", asIs, func(b *bench, o *order.Order) error {
			_, err := b.locked(o.ID, func(tx db.Tx, first *order.Order) error {
				second, err := b.Load(tx, scope, o.ID)
				if err != nil {
					return err
				}
				if err := b.Save(tx, first, cause, order.Change{}); err != nil {
					return err
				}
				return b.Save(tx, second, cause, order.Change{})
			})
			return err
		}, "ORDER_CONFLICT"},
	}
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		for _, c := range cases {
			b := newBench(t, d)
			b.scope = tenant.Scope{MerchantID: scope.MerchantID, EnvironmentID: scope.EnvironmentID}
			o := base(b)
			c.given(b, o)
			o = b.get(o.ID)
			before := b.dump(o.ID)
			err := c.call(b, o)
			if code(err) != c.code {
				t.Errorf("%s: %v, want %s", c.what, err, c.code)
			}
			if after := b.dump(o.ID); after != before {
				t.Errorf("%s: the refusal changed something\n%s\n%s", c.what, before, after)
			}
			clearCustomers(b)
		}
	})
}

// clearCustomers lets each case use the same addresses.
func clearCustomers(b *bench) {
	if err := b.d.Write(context.Background(), func(tx db.Tx) error {
		return tx.Send(`DELETE FROM customers WHERE merchant_id = $1`, b.scope.MerchantID)
	}); err != nil {
		b.t.Fatal(err)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	many := make([]order.LineInput, 251)
	for i := range many {
		many[i] = line("X", 1, 1)
	}
	for _, c := range []struct {
		what string
		in   order.CreateInput
		code string
		at   string
	}{
		{"no lines", order.CreateInput{}, "MISSING_LINE_ITEMS", "line_items"},
		{"too many lines", order.CreateInput{Lines: many}, "TOO_MANY_LINE_ITEMS", "line_items"},
		{"no price", order.CreateInput{Lines: []order.LineInput{{Name: "X"}}}, "LINE_ITEM_UNIT_PRICE_REQUIRED", "line_items[0].unit_price_money"},
		{"mixed currencies", order.CreateInput{Lines: []order.LineInput{line("X", 1, 1), {Name: "Y", UnitPrice: &money.Amount{Minor: 1, Currency: "EUR"}}}},
			"CURRENCY_MISMATCH", "line_items[1].unit_price_money.currency"},
		{"line discount", order.CreateInput{Lines: []order.LineInput{line("X", 1, 1)},
			Discounts: []order.DiscountInput{{Name: "D", Amount: *usd(1), Class: "line_item", LineIDs: []string{"li_x"}}}},
			"CREATE_ORDER_LINE_ITEM_DISCOUNT_UNSUPPORTED", "discounts[0].manual"},
		{"several", order.CreateInput{Lines: []order.LineInput{{Name: "", UnitPrice: usd(-1)}}, CustomerID: "x"}, "INVALID_REQUEST", "line_items[0].name"},
		{"half an address", order.CreateInput{Lines: []order.LineInput{line("X", 1, 1)}, Delivery: &order.DeliveryInput{Address: order.Address{Line1: "1"}}},
			"DELIVERY_DESTINATION_ADDRESS_INCOMPLETE", "delivery_destination.address"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			e := fault.Of(c.in.Validate())
			if e == nil || e.Code != c.code || e.Param != c.at {
				t.Errorf("%+v, want %s at %s", e, c.code, c.at)
			}
		})
	}
}

func TestAnotherTenantFindsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		o := base(b)
		for _, stranger := range []tenant.Scope{{MerchantID: "mer_b", EnvironmentID: scope.EnvironmentID}, {MerchantID: scope.MerchantID, EnvironmentID: "menv_a"}} {
			before := b.dump(o.ID)
			for what, err := range map[string]error{
				"patch":  second(try(b, b.Patch, order.PatchInput{Scope: stranger, OrderID: o.ID, BuyerNote: new("x")})),
				"close":  second(try(b, b.Close, order.CloseInput{Scope: stranger, OrderID: o.ID})),
				"line":   second(try(b, b.DeleteLine, order.DeleteLineInput{Scope: stranger, OrderID: o.ID, LineID: o.Lines[0].ID})),
				"create": second(try(b, b.Create, order.CreateInput{Scope: stranger, Lines: []order.LineInput{line("X", 1, 1)}, CustomerID: b.customer(stranger.EnvironmentID+stranger.MerchantID+"@example.com", false)})),
				"get": d.Read(context.Background(), func(tx db.Tx) error {
					_, err := b.Get(tx.Context(), tx, stranger, o.ID)
					return err
				}),
				"history": d.Read(context.Background(), func(tx db.Tx) error {
					_, err := b.ListActivities(tx.Context(), tx, order.ListActivitiesInput{Scope: stranger, OrderID: o.ID, Limit: 1})
					return err
				}),
			} {
				if code(err) != "RESOURCE_NOT_FOUND" {
					t.Errorf("%s: %v", what, err)
				}
			}
			if _, err := try(b, b.Close, order.CloseInput{OrderID: o.ID}); code(err) != "MERCHANT_CONTEXT_MISSING" {
				t.Errorf("without a tenant: %v", err)
			}
			if b.dump(o.ID) != before {
				t.Error("a stranger changed something")
			}
			if mine := do(b, b.Create, order.CreateInput{Scope: stranger, Lines: []order.LineInput{line("X", 1, 1)}}); mine.Number != "1001" {
				t.Errorf("a stranger's first order is number %s", mine.Number)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
