package returnpolicy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/catalog"
	"flint/internal/money"
	"flint/internal/order"
	rp "flint/internal/returnpolicy"
)

var (
	noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	day  = 24 * time.Hour
)

// anOrder has a line of 3 units for 100.00 in all with 10.00 off and 7.43 tax on top, and one ad-hoc line.
func anOrder() *order.Order {
	return &order.Order{ID: "ord_1", Origin: "checkout", Currency: "USD", Lines: []order.Line{
		{ID: "li_1", Name: "Shirt", Quantity: 3, Subtotal: 10000, Discount: 1000, TaxAmount: 743, TaxAdditive: 743, Total: 9743,
			Source: &order.LineSource{ProductID: "prod_1", VariantID: "var_1", Categories: []catalog.Category{{Handle: "shirts"}}}},
		{ID: "li_2", Name: "Gift wrap", Quantity: 1, Subtotal: 300, Total: 300},
	}}
}

func delivered() []rp.FulfilledLine {
	return []rp.FulfilledLine{
		{FulfillmentID: "ful_1", OrderLineItemID: "li_1", Quantity: 3, FulfilledAt: noon, DeliveredAt: noon.Add(2 * day)},
		{FulfillmentID: "ful_1", OrderLineItemID: "li_2", Quantity: 1, FulfilledAt: noon},
	}
}

// rules let everything come back for 30 days, with a refund on receipt.
func rules(change func(*rp.Revision)) *rp.Revision {
	r := &rp.Revision{ID: "rprev_1", PolicyID: "rpol_1", CreatedAt: noon, Rules: rp.Rules{
		Match: rp.Match{Type: rp.MatchAll}, Result: rp.Eligible, ApprovalMode: rp.Automatic, MerchandiseRequired: true, ReceivingLocationID: "loc_1",
		ReceiptDispositionMode: rp.Automatic, AllowedResolutionTypes: []string{rp.Refund, rp.Exchange}, ResolutionMode: rp.Automatic,
		ResolutionSelectionMode: rp.BuyerRequested, AutomaticResolutionType: rp.Refund, RefundTiming: rp.AfterReceipt, CompletionMode: rp.Automatic,
		Window: &rp.Window{StartsAt: rp.StartFulfilled, Seconds: 30 * 24 * 60 * 60},
	}}
	if change != nil {
		change(r)
	}
	return r
}

func ask(n int64, resolution string) []rp.Request {
	return []rp.Request{{OrderLineItemID: "li_1", FulfillmentID: "ful_1", Quantity: n, ReasonID: rp.BuiltIn()[0].ID, ResolutionType: resolution}}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	usd := func(n int64) *money.Amount { return &money.Amount{Minor: n, Currency: "USD"} }
	for name, c := range map[string]struct {
		in    func(*rp.EvaluateInput)
		want  string // status reason eligible
		check func(l rp.LineEvaluation) bool
	}{
		"plain": {nil, "eligible eligible_under_policy 3", func(l rp.LineEvaluation) bool {
			return l.Proposal.SelectedResolutionType == rp.Refund && l.Proposal.ReturnRequiredQuantity == 2 && l.ExpiresAt.Equal(noon.Add(30*day)) &&
				l.Value.Total == 6495 && len(l.Adjustments) == 0 && len(l.SuggestedReasonIDs) == len(rp.BuiltIn())
		}},
		"the buyer's wish": {func(in *rp.EvaluateInput) { in.Requests = ask(2, rp.Exchange) }, "eligible eligible_under_policy 3",
			func(l rp.LineEvaluation) bool { return l.Proposal.SelectedResolutionType == rp.Exchange }},
		"a wish that is not offered": {func(in *rp.EvaluateInput) { in.Requests = ask(2, rp.Replacement) }, "ineligible resolution_not_allowed 3", nil},
		"no policy":                  {func(in *rp.EvaluateInput) { in.Revisions = nil }, "review_required no_matching_policy 3", nil},
		"two alike": {func(in *rp.EvaluateInput) {
			in.Revisions = append(in.Revisions, rules(func(r *rp.Revision) { r.ID, r.PolicyID = "rprev_2", "rpol_2" }))
		}, "review_required policy_conflict 3", nil},
		"the newer of two": {func(in *rp.EvaluateInput) {
			in.Revisions = append(in.Revisions, rules(func(r *rp.Revision) { r.ID, r.CreatedAt, r.Result = "rprev_2", noon.Add(1), rp.ReviewRequired }))
		}, "review_required manual_review_required 3", nil},
		"a narrower one": {func(in *rp.EvaluateInput) {
			in.Revisions = append(in.Revisions, rules(func(r *rp.Revision) {
				r.ID, r.CreatedAt, r.Result, r.IneligibilityReason = "rprev_2", noon.Add(-day), rp.Ineligible, "final_sale"
				r.Match = rp.Match{Type: rp.MatchInclude, CategoryHandles: []string{"shirts"}}
			}))
		}, "ineligible policy_ineligible 0", nil},
		"priority beats narrowness": {func(in *rp.EvaluateInput) {
			in.Revisions[0].Priority = 1
			in.Revisions = append(in.Revisions, rules(func(r *rp.Revision) {
				r.ID, r.Result, r.Match = "rprev_2", rp.Ineligible, rp.Match{Type: rp.MatchInclude, VariantIDs: []string{"var_1"}}
			}))
		}, "eligible eligible_under_policy 3", nil},
		"another channel": {func(in *rp.EvaluateInput) {
			in.Revisions[0].Match = rp.Match{Type: rp.MatchInclude, ProductIDs: []string{"prod_1"}, ChannelTypes: []string{"api"}}
		}, "review_required no_matching_policy 3", nil},
		"a place that is not known": {func(in *rp.EvaluateInput) {
			in.Revisions[0].Match = rp.Match{Type: rp.MatchInclude, LocationIDs: []string{"loc_1"}}
		}, "review_required no_matching_policy 3", nil},
		"the last moment":     {func(in *rp.EvaluateInput) { in.Now = noon.Add(30*day - 1) }, "eligible eligible_under_policy 3", nil},
		"the end of a window": {func(in *rp.EvaluateInput) { in.Now = noon.Add(30 * day) }, "ineligible return_window_expired 0", nil},
		"a window from delivery": {func(in *rp.EvaluateInput) {
			in.Now, in.Revisions[0].Window.StartsAt = noon.Add(31*day), rp.StartDelivered
		}, "eligible eligible_under_policy 3", func(l rp.LineEvaluation) bool { return l.ExpiresAt.Equal(noon.Add(32 * day)) }},
		"a window that has not begun": {func(in *rp.EvaluateInput) {
			in.Now, in.Revisions[0].Window.StartsAt = noon.Add(900*day), rp.StartPickedUp
		}, "eligible eligible_under_policy 3", func(l rp.LineEvaluation) bool { return l.ExpiresAt.IsZero() }},
		"some units taken": {func(in *rp.EvaluateInput) { in.Fulfilled[0].Taken = 2 }, "ineligible quantity_unavailable 1", nil},
		"all units taken":  {func(in *rp.EvaluateInput) { in.Fulfilled[0].Taken = 3 }, "ineligible quantity_unavailable 0", nil},
		"not fulfilled":    {func(in *rp.EvaluateInput) { in.Fulfilled = nil }, "ineligible quantity_unavailable 0", nil},
		"a reason of another category": {func(in *rp.EvaluateInput) {
			in.Reasons[0].CategoryHandles = []string{"shoes"}
		}, "ineligible reason_not_allowed 3", nil},
		"an archived reason": {func(in *rp.EvaluateInput) { in.Reasons[0].Status = rp.StatusArchived }, "ineligible reason_not_allowed 3", nil},
		"a percentage": {func(in *rp.EvaluateInput) {
			in.Revisions[0].RestockingFee = &rp.Fee{Calculation: rp.PercentFee, Percent: 12_5000}
		}, "eligible eligible_under_policy 3", func(l rp.LineEvaluation) bool { // of 66.67 - 6.67
			return l.Adjustments[0].Calculated == 750 && l.Adjustments[0].Type == rp.RestockingFee
		}},
		"more than the value": {func(in *rp.EvaluateInput) {
			in.Revisions[0].RestockingFee = &rp.Fee{Calculation: rp.FlatFee, Flat: usd(6000)}
			in.Revisions[0].Shipping = &rp.Shipping{Payer: rp.PayerBuyer, Fee: usd(900)}
		}, "eligible eligible_under_policy 3", func(l rp.LineEvaluation) bool {
			return l.Adjustments[0].Calculated == 6000 && l.Adjustments[1].Calculated == 495 && l.Adjustments[1].Flat == 900
		}},
		"a fee in another currency": {func(in *rp.EvaluateInput) {
			in.Revisions[0].RestockingFee = &rp.Fee{Calculation: rp.FlatFee, Flat: &money.Amount{Minor: 1, Currency: "EUR"}}
		}, "review_required manual_review_required 3", nil},
		"goods that stay": {func(in *rp.EvaluateInput) { in.Revisions[0].MerchandiseRequired = false }, "eligible eligible_under_policy 3",
			func(l rp.LineEvaluation) bool { return l.Proposal.ReturnRequiredQuantity == 0 }},
		"no type to choose": {func(in *rp.EvaluateInput) { in.Revisions[0].AutomaticResolutionType = "" }, "eligible eligible_under_policy 3",
			func(l rp.LineEvaluation) bool { return l.Proposal.ResolutionMode == rp.Manual }},
		"units refunded before": {func(in *rp.EvaluateInput) { in.Order.Lines[0].RefundedQuantity, in.Fulfilled[0].Taken = 1, 1 }, "eligible eligible_under_policy 2",
			func(l rp.LineEvaluation) bool { // together with the first unit exactly the line
				return l.Value.Total == 9743-order.LineShare(anOrder().Lines[0], 0, 1).Total
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := rp.EvaluateInput{Order: anOrder(), Fulfilled: delivered(), Revisions: []*rp.Revision{rules(nil)}, Reasons: rp.BuiltIn(), Requests: ask(2, ""), Now: noon.Add(day)}
			if c.in != nil {
				c.in(&in)
			}
			l := rp.Evaluate(in).Lines[0]
			if got := fmt.Sprint(l.Status, " ", l.Reason, " ", l.EligibleQuantity); got != c.want {
				t.Fatalf("%s, want %s", got, c.want)
			}
			if c.check != nil && !c.check(l) {
				t.Errorf("%+v", l)
			}
		})
	}
}

// A whole that is not clear is left to a person, and shipping is paid once.
func TestWhole(t *testing.T) {
	t.Parallel()
	fee := &money.Amount{Minor: 250, Currency: "USD"}
	in := rp.EvaluateInput{Order: anOrder(), Fulfilled: delivered(), Now: noon, Revisions: []*rp.Revision{rules(func(r *rp.Revision) {
		r.Shipping = &rp.Shipping{Payer: rp.PayerBuyer, Fee: fee}
	})}}
	in.Requests = rp.Everything(in.Order, in.Fulfilled)
	e := rp.Evaluate(in)
	if e.Status != rp.Eligible || e.RevisionID != "rprev_1" || !e.ExpiresAt.Equal(noon.Add(30*day)) || e.Lines[0].RequestedQuantity != 3 {
		t.Errorf("all of it: %+v", e)
	}
	if e.Lines[0].Fees()+e.Lines[1].Fees() != 250 {
		t.Errorf("shipping: %+v %+v", e.Lines[0].Adjustments, e.Lines[1].Adjustments)
	}
	in.Revisions[0].Match = rp.Match{Type: rp.MatchInclude, ProductIDs: []string{"prod_1"}}
	if e = rp.Evaluate(in); e.Status != rp.ReviewRequired || e.Reason != rp.WhyNoMatchingPolicy || e.RevisionID != "" {
		t.Errorf("in part: %+v", e)
	}
	if e = rp.Evaluate(rp.EvaluateInput{Order: in.Order, Now: noon}); e.Status != rp.Ineligible || e.Reason != rp.WhyQuantityUnavailable {
		t.Errorf("nothing: %+v", e)
	}
}

func TestAssign(t *testing.T) {
	t.Parallel()
	goods := append(delivered(), rp.FulfilledLine{FulfillmentID: "ful_2", OrderLineItemID: "li_1", Quantity: 1})
	for name, c := range map[string]struct {
		requests []rp.Request
		want     string
	}{
		"found":        {[]rp.Request{{OrderLineItemID: "li_2", Quantity: 1}}, "<nil>"},
		"ambiguous":    {[]rp.Request{{OrderLineItemID: "li_1", Quantity: 1}}, "RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS"},
		"named":        {[]rp.Request{{OrderLineItemID: "li_1", FulfillmentID: "ful_2", Quantity: 1}, {OrderLineItemID: "li_1", FulfillmentID: "ful_1", Quantity: 1}}, "<nil>"},
		"twice":        {[]rp.Request{{OrderLineItemID: "li_2", Quantity: 1}, {OrderLineItemID: "li_2", FulfillmentID: "ful_1", Quantity: 1}}, "RETURN_INVALID"},
		"other line":   {[]rp.Request{{OrderLineItemID: "li_9", Quantity: 1}}, "RESOURCE_NOT_FOUND"},
		"no such part": {[]rp.Request{{OrderLineItemID: "li_2", FulfillmentID: "ful_2", Quantity: 1}}, "RESOURCE_NOT_FOUND"},
		"no units":     {[]rp.Request{{OrderLineItemID: "li_2"}}, "RETURN_INVALID"},
	} {
		out, err := rp.Assign(anOrder(), goods, c.requests, "")
		if got := codes(err); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if err == nil && slices.ContainsFunc(out, func(r rp.Request) bool { return r.FulfillmentID == "" }) {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// Whatever the rules are: no more units than there are, no fee above the value, the order of the revisions is
// nothing, time only ever ends a window, and judging twice says the same.
func TestJudgingHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rp.EvaluateInput{Order: anOrder(), Fulfilled: delivered(), Reasons: rp.BuiltIn(), Now: noon.Add(time.Duration(rapid.Int64Range(0, 80).Draw(t, "days")) * day)}
		in.Fulfilled[0].Taken = rapid.Int64Range(0, 3).Draw(t, "taken")
		in.Claimed = map[string]int64{"li_1": rapid.Int64Range(0, 3).Draw(t, "claimed")}
		for i := range rapid.IntRange(0, 4).Draw(t, "policies") {
			in.Revisions = append(in.Revisions, rules(func(r *rp.Revision) {
				r.ID, r.PolicyID = fmt.Sprint("rprev_", i), fmt.Sprint("rpol_", i)
				r.Priority = rapid.Int64Range(0, 1).Draw(t, "priority")
				r.CreatedAt = noon.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "age")))
				r.Result = rapid.SampledFrom([]string{rp.Eligible, rp.Eligible, rp.ReviewRequired, rp.Ineligible}).Draw(t, "result")
				r.Match = rapid.SampledFrom([]rp.Match{{Type: rp.MatchAll}, {Type: rp.MatchInclude, ProductIDs: []string{"prod_1"}},
					{Type: rp.MatchInclude, VariantIDs: []string{"var_1"}, ChannelTypes: []string{"checkout"}}}).Draw(t, "scope")
				r.RestockingFee = rapid.SampledFrom([]*rp.Fee{nil, {Calculation: rp.PercentFee, Percent: 33_3333},
					{Calculation: rp.FlatFee, Flat: &money.Amount{Minor: 4000, Currency: "USD"}}}).Draw(t, "fee")
				r.Shipping = rapid.SampledFrom([]*rp.Shipping{nil, {Payer: rp.PayerBuyer, Fee: &money.Amount{Minor: 700, Currency: "USD"}}}).Draw(t, "shipping")
			}))
		}
		in.Requests = []rp.Request{{OrderLineItemID: "li_1", FulfillmentID: "ful_1", Quantity: rapid.Int64Range(0, 4).Draw(t, "first")},
			{OrderLineItemID: "li_1", FulfillmentID: "ful_1", Quantity: rapid.Int64Range(0, 4).Draw(t, "second")},
			{OrderLineItemID: "li_2", FulfillmentID: "ful_1", Quantity: 1}}
		e := rp.Evaluate(in)
		var units, shipping int64
		for _, l := range e.Lines {
			if l.Status == rp.Eligible && l.OrderLineItemID == "li_1" {
				units += l.RequestedQuantity
			}
			if l.Fees() > l.Value.Total || l.Fees() < 0 {
				t.Fatalf("fees %d of a value of %d", l.Fees(), l.Value.Total)
			}
			for _, a := range l.Adjustments {
				if a.Type == rp.ReturnShippingFee {
					shipping++
				}
			}
			if l.Status != rp.Ineligible && l.RequestedQuantity > l.EligibleQuantity {
				t.Fatalf("%s for %d of %d", l.Status, l.RequestedQuantity, l.EligibleQuantity)
			}
		}
		if units > 3-in.Fulfilled[0].Taken || shipping > 1 {
			t.Fatalf("%d units, %d parcels", units, shipping)
		}
		hash, _ := e.Hash()
		slices.Reverse(in.Revisions)
		again := in
		again.Now = in.Now.Add(time.Second)
		if other, _ := func() (string, error) { x := rp.Evaluate(in); return x.Hash() }(); other != hash {
			t.Fatal("the order of revisions matters")
		}
		later := rp.Evaluate(again)
		for i, l := range later.Lines {
			if l.Status != e.Lines[i].Status && l.Reason != rp.WhyWindowExpired {
				t.Fatalf("time made %s of %s", l.Reason, e.Lines[i].Reason)
			}
		}
	})
}
