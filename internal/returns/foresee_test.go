package returns_test

import (
	"slices"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// What a buyer is told before asking is what happens: who decides, and whether it can be withdrawn then.
func TestForeseenIsWhatHappens(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := open(t, d)
		unpaid := s.Order(t, "USD", []flinttest.Line{{Price: 3333, Quantity: 3}})
		priority := int64(0)
		for name, c := range map[string]struct {
			approval, resolution, kind, wish string
			goods                            bool
			of                               *order.Order // nil for a paid one
			want                             returns.Foreseen
		}{
			"somebody decides":             {"manual", "automatic", "refund", "", false, nil, returns.Foreseen{}},
			"approved, settled by hand":    {"automatic", "manual", "", "", true, nil, returns.Foreseen{Decided: true}},
			"refunded at once":             {"automatic", "automatic", "refund", "", false, nil, returns.Foreseen{Decided: true, Final: true}},
			"refunded once goods are back": {"automatic", "automatic", "refund", "", true, nil, returns.Foreseen{Decided: true, Final: true}},
			"the same again":               {"automatic", "automatic", "", "replacement", true, nil, returns.Foreseen{Decided: true, Final: true}},
			"an exchange is chosen":        {"automatic", "automatic", "", "exchange", true, nil, returns.Foreseen{Decided: true}},
			"nothing moves":                {"automatic", "automatic", "", "no_monetary_action", false, unpaid, returns.Foreseen{Decided: true, Final: true}},
			"never paid":                   {"automatic", "automatic", "refund", "", true, unpaid, returns.Foreseen{Decided: true}},
		} {
			o := c.of
			if o == nil {
				o = s.sold()
			}
			priority++
			rules := returnpolicy.Rules{
				Match: returnpolicy.Match{Type: returnpolicy.MatchAll}, Priority: priority, Result: returns.Eligible, ApprovalMode: c.approval,
				AllowedResolutionTypes: []string{"refund", "exchange", "replacement", "no_monetary_action"}, ResolutionMode: c.resolution,
				AutomaticResolutionType: c.kind, RefundTiming: returns.AfterApproval, CompletionMode: returns.ModeManual,
			}
			if c.resolution == returnpolicy.Automatic {
				rules.ResolutionSelectionMode = returnpolicy.PolicyDefault
			}
			if c.wish != "" {
				rules.ResolutionSelectionMode = returnpolicy.BuyerRequested
			}
			if c.goods {
				rules.MerchandiseRequired, rules.ReceivingLocationID, rules.RefundTiming = true, "loc_shop", returns.AfterReceipt
			}
			var seen returns.Foreseen
			var made *returns.Return
			s.Write(t, func(tx db.Tx) error {
				p, err := s.Returns.Policies.Create(tx, returnpolicy.CreateInput{Scope: s.Scope, Name: name, Rules: rules})
				if err != nil {
					return err
				}
				if _, err := s.Returns.Policies.Update(tx, returnpolicy.UpdateInput{Scope: s.Scope, PolicyID: p.ID, Status: returnpolicy.StatusActive}); err != nil {
					return err
				}
				goods, err := s.Returns.Handed(tx, o, "")
				if err != nil {
					return err
				}
				e, err := s.Returns.Policies.Judge(tx, o, goods, []returnpolicy.Request{
					{OrderLineItemID: o.Lines[0].ID, FulfillmentID: "ful_1", Quantity: 1, ReasonID: changedMind, ResolutionType: c.wish}}, s.Clock.Now())
				if err != nil {
					return err
				}
				seen = returns.Foresee(o, &e)
				made, err = s.Returns.Create(tx, returns.CreateInput{Scope: s.Scope, OrderID: o.ID, Cause: s.Cause, Lines: []returns.LineInput{
					{OrderLineID: o.Lines[0].ID, FulfillmentID: "ful_1", Quantity: 1, ReasonID: changedMind, ResolutionType: c.wish}}})
				return err
			})
			if seen != c.want {
				t.Errorf("%s: foreseen %+v", name, seen)
			}
			withdrawable := slices.ContainsFunc(made.BuyerActions, func(a returns.BuyerAction) bool { return a.Kind == "withdraw" && a.Available })
			if happened := (returns.Foreseen{Decided: made.Status != returns.StatusRequested, Final: !withdrawable}); happened != seen {
				t.Errorf("%s: foreseen %+v, and it came as %+v", name, seen, happened)
			}
		}
	})
}
