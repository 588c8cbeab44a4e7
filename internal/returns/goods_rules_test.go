package returns

import (
	"slices"
	"testing"
	"time"

	"flint/internal/fault"
)

func TestWhatIsDoneWithGoodsShowsWhereTheyAre(t *testing.T) {
	t.Parallel()
	type step func(t *testing.T, b *bench)
	receive := func(n int64) step {
		return func(t *testing.T, b *bench) {
			_, err := b.receive(ReceiptGoods{Lines: []ReceiptLineInput{{LineID: "l", Quantity: n}}})
			check(t, err)
		}
	}
	inspect := func(n int64, acceptance string) step {
		return func(t *testing.T, b *bench) {
			x := b.r.Receipts[len(b.r.Receipts)-1]
			_, err := b.inspect(InspectionGoods{ReceiptID: x.ID, Lines: []InspectionLineInput{{ReceiptLineID: x.Lines[0].ID, Quantity: n, Acceptance: acceptance}}})
			check(t, err)
		}
	}
	place := func(n int64) step {
		return func(t *testing.T, b *bench) {
			if len(b.r.Inspections) > 0 {
				_, err := b.dispose(DispositionGoods{Quantity: n, InspectionLineID: b.r.Inspections[0].Lines[0].ID})
				check(t, err)
				return
			}
			_, err := b.dispose(DispositionGoods{Quantity: n, ReceiptLineID: b.r.Receipts[0].Lines[0].ID})
			check(t, err)
		}
	}
	handOff := func(n int64) step {
		return func(_ *testing.T, b *bench) {
			b.r.Lines[0].handOff(Handoff{ShipmentID: "shp_1", Quantity: n, At: morning})
			b.rest()
		}
	}
	waive := func(t *testing.T, b *bench) {
		check(t, b.r.waive(&b.r.Lines[0], "merchant_review", "", clerk, morning))
		b.rest()
	}
	cases := []struct {
		name     string
		line     Line
		steps    []step
		status   string
		blockers []string
	}{
		{"nothing comes back", goodsOfLine("l", 2, func(l *Line) { l.ReturnRequired = 0 }), nil, GoodsNotRequired, nil},
		{"asked for", goodsOfLine("l", 2), nil, GoodsAwaitingHandoff, []string{BlockedHandoff}},
		{"some on their way", goodsOfLine("l", 2), []step{handOff(1)}, GoodsInTransit, []string{BlockedHandoff, BlockedReceipt}},
		{"all on their way", goodsOfLine("l", 2), []step{handOff(2)}, GoodsInTransit, []string{BlockedReceipt}},
		{"some came", goodsOfLine("l", 2), []step{receive(1)}, GoodsPartiallyReceived, []string{BlockedHandoff}},
		{"all came, no policy", goodsOfLine("l", 2), []step{receive(2)}, GoodsReceived, nil},
		{"some placed, no policy", goodsOfLine("l", 2), []step{receive(2), place(1)}, GoodsDispositionRequired, []string{BlockedDisposition}},
		{"all placed", goodsOfLine("l", 2), []step{receive(2), place(2)}, GoodsResolved, nil},
		{"placed by the policy", goodsOfLine("l", 2, underPolicy(ModeAutomatic)), []step{receive(2)}, GoodsResolved, nil},
		{"waits for its place", goodsOfLine("l", 2, underPolicy(ModeManual)), []step{receive(2)}, GoodsDispositionRequired, []string{BlockedDisposition}},
		{"waits for an inspection", goodsOfLine("l", 2, inspected, underPolicy(ModeAutomatic)), []step{receive(2)}, GoodsInspectionRequired, []string{BlockedInspection}},
		{"partly inspected", goodsOfLine("l", 2, inspected), []step{receive(2), inspect(1, AcceptanceAccepted)}, GoodsPartiallyInspected, []string{BlockedInspection, BlockedDisposition}},
		{"under review", goodsOfLine("l", 2, inspected), []step{receive(2), inspect(2, AcceptanceReviewRequired)}, GoodsInspectionReviewRequired, []string{BlockedInspectionReview}},
		{"accepted, placed by hand", goodsOfLine("l", 2, inspected, underPolicy(ModeManual)), []step{receive(2), inspect(2, AcceptanceAccepted)}, GoodsDispositionRequired, []string{BlockedDisposition}},
		{"accepted, placed by the policy", goodsOfLine("l", 2, inspected, underPolicy("")), []step{receive(2), inspect(2, AcceptanceAccepted)}, GoodsResolved, nil},
		{"rejected goods wait for somebody", goodsOfLine("l", 2, inspected, underPolicy("")), []step{receive(2), inspect(2, AcceptanceRejected)}, GoodsDispositionRequired, []string{BlockedDisposition}},
		{"rejected and placed", goodsOfLine("l", 2, inspected), []step{receive(2), inspect(2, AcceptanceRejected), place(2)}, GoodsResolved, nil},
		{"waived after arriving", goodsOfLine("l", 2, inspected, underPolicy("")), []step{receive(2), waive}, GoodsResolved, nil},
		{"waived before arriving", goodsOfLine("l", 2, inspected), []step{waive, receive(2)}, GoodsReceived, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(c.line)
			for _, step := range c.steps {
				step(t, b)
			}
			if got := b.r.Lines[0].MerchandiseStatus; got != c.status {
				t.Errorf("status %s, want %s", got, c.status)
			}
			if got := b.goodsBlockers(); !slices.Equal(got, c.blockers) {
				t.Errorf("blockers %v, want %v", got, c.blockers)
			}
		})
	}
}

// goodsBlockers are the codes of blockers about goods.
func (b *bench) goodsBlockers() []string {
	var out []string
	for _, x := range b.r.CompletionBlockers {
		if x.Code != BlockedNoResolution {
			out = append(out, x.Code)
		}
	}
	return out
}

func TestUnidentifiedGoodsCountOnceTheyAreIdentified(t *testing.T) {
	t.Parallel()
	b := newBench(goodsOfLine("l", 2))
	x := b.received(t, ReceiptGoods{Lines: []ReceiptLineInput{{Quantity: 2, Unverified: &UnverifiedItem{Name: "A green cup"}}}})
	if l := b.r.Lines[0]; l.Received != 0 || l.open(AfterReceipt) != 0 {
		t.Fatalf("unidentified goods count: %+v", l.LineDerived)
	}
	if err := b.r.verify(x, x.Lines[0].ID, "", Verification{LineID: "l", Reason: "sku_match_confirmed"}, clerk, morning, &change{}); err != nil {
		t.Fatal(err)
	}
	b.rest()
	if l := b.r.Lines[0]; l.Received != 2 || l.open(AfterReceipt) != 2 || l.MerchandiseStatus != GoodsReceived {
		t.Fatalf("identified goods do not count: %+v", l.LineDerived)
	}
	err := b.r.verify(x, x.Lines[0].ID, "", Verification{LineID: "l", Reason: "sku_match_confirmed"}, clerk, morning, &change{})
	if !fault.Is(err, "RETURN_ACTION_NOT_ALLOWED") {
		t.Fatalf("identified twice: %v", err)
	}
}

func TestAnInspectionIdentifiesGoods(t *testing.T) {
	t.Parallel()
	b := newBench(goodsOfLine("l", 1, inspected))
	x := b.received(t, ReceiptGoods{Lines: []ReceiptLineInput{{Quantity: 1, Unverified: &UnverifiedItem{Name: "A cup"}}}})
	b.looked(t, InspectionGoods{ReceiptID: x.ID, Lines: []InspectionLineInput{{
		ReceiptLineID: x.Lines[0].ID, Quantity: 1, Acceptance: AcceptanceAccepted, Verification: &Verification{LineID: "l", Reason: "inspection_confirmed"},
	}}})
	if l := b.r.Lines[0]; l.Received != 1 || l.Accepted != 1 || b.r.Receipts[0].Lines[0].VerifiedAt.IsZero() {
		t.Fatalf("goods were not identified: %+v", l.LineDerived)
	}
}

func TestACorrectionTakesAlongWhatThePolicyPlaced(t *testing.T) {
	t.Parallel()
	b := newBench(goodsOfLine("l", 3, underPolicy(ModeAutomatic)))
	first := b.received(t, ReceiptGoods{Lines: []ReceiptLineInput{{LineID: "l", Quantity: 3}}})
	second := b.received(t, ReceiptGoods{
		Lines:            []ReceiptLineInput{{LineID: "l", Quantity: 1}},
		ObservationInput: ObservationInput{Supersedes: first.ID, CorrectionReason: "entry_error"},
	})
	if l := b.r.Lines[0]; l.Received != 1 || l.Dispositioned != 1 || l.MerchandiseStatus != GoodsPartiallyReceived {
		t.Fatalf("after the correction: %+v", l.LineDerived)
	}
	old, fresh := b.r.Dispositions[0], b.r.Dispositions[1]
	if old.Status != DispositionCanceled || len(old.Movements) != 2 || old.Movements[1].Reverses != old.Movements[0].ID {
		t.Errorf("what the policy placed was not taken back: %+v", old)
	}
	if fresh.Status != DispositionSucceeded || fresh.Quantity != 1 || !slices.Equal(second.Generated, []string{fresh.ID}) {
		t.Errorf("the rest was not placed again: %+v", fresh)
	}
	if old := b.r.Receipt(first.ID); old.Status != ObservationSuperseded || old.SupersededBy != second.ID {
		t.Errorf("the receipt stays in force: %+v", old)
	}
}

func TestRejectedGoodsAreClosedWithoutMoney(t *testing.T) {
	t.Parallel()
	line := Line{ID: "l", Approved: 1, ReturnRequired: 1}
	line.Received, line.Rejected = 1, 1
	for kind, want := range map[string]int{ResolutionNoMoney: 0, ResolutionRefund: 1} {
		r := &Return{Resolutions: []Resolution{{ID: "x", Type: kind, Status: ResolutionFulfilled,
			Lines: []ResolutionLine{{LineID: "l", Quantity: 1, RefundTiming: AfterInspection}}}}}
		if got := r.unbacked(&line); len(got) != want {
			t.Errorf("%s of a rejected unit: %v", kind, got)
		}
	}
}

func TestACorrectionLeavesWhatSomebodyPlacedAndSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(goodsOfLine("l", 3))
	first := b.received(t, ReceiptGoods{Lines: []ReceiptLineInput{{LineID: "l", Quantity: 3}}})
	placed := b.placed(t, DispositionGoods{Quantity: 3, ReceiptLineID: first.Lines[0].ID})
	second := b.received(t, ReceiptGoods{
		Lines:            []ReceiptLineInput{{LineID: "l", Quantity: 0}},
		ObservationInput: ObservationInput{Supersedes: first.ID, CorrectionReason: "duplicate_observation"},
	})
	if got := b.goodsBlockers(); !slices.Contains(got, BlockedException) || b.r.MerchandiseStatus != GoodsException {
		t.Fatalf("three units are placed that never came: %v, %s", got, b.r.MerchandiseStatus)
	}
	again := b.placed(t, DispositionGoods{Quantity: 0, ReceiptLineID: second.Lines[0].ID, Replaces: placed.ID})
	if m := again.Movements; len(m) != 1 || m[0].Direction != MovedOut || m[0].Quantity != 3 {
		t.Errorf("the goods were not booked out: %+v", m)
	}
	if got := b.goodsBlockers(); slices.Contains(got, BlockedException) || b.r.Lines[0].Dispositioned != 0 {
		t.Errorf("the exception stays: %v", got)
	}
}

func TestAPlannedDispositionHappensOnceItsTimeHasCome(t *testing.T) {
	t.Parallel()
	b := newBench(goodsOfLine("l", 1))
	x := b.received(t, ReceiptGoods{Lines: []ReceiptLineInput{{LineID: "l", Quantity: 1}}})
	d := b.placed(t, DispositionGoods{Quantity: 1, ReceiptLineID: x.Lines[0].ID, OccurredAt: morning.Add(time.Hour)})
	if d.Status != DispositionPending || len(d.Movements) != 0 {
		t.Fatalf("a plan moved goods: %+v", d)
	}
	b.clock.Set(morning.Add(time.Hour))
	b.rest()
	if d = b.r.Disposition(d.ID); d.Status != DispositionSucceeded || len(d.Movements) != 1 {
		t.Fatalf("its time has come: %+v", d)
	}
	if err := b.r.cancelDisposition(d, "created_in_error", "", clerk, morning); !fault.Is(err, "RETURN_ACTION_NOT_ALLOWED") {
		t.Fatalf("goods that moved were canceled: %v", err)
	}
}

func TestAFailedDispositionIsTriedAgainUnderItsIdentity(t *testing.T) {
	t.Parallel()
	b := newBench(goodsOfLine("l", 2))
	x := b.received(t, ReceiptGoods{Lines: []ReceiptLineInput{{LineID: "l", Quantity: 2}}})
	d := b.placed(t, DispositionGoods{Quantity: 2, ReceiptLineID: x.Lines[0].ID, OccurredAt: morning.Add(time.Hour)})
	fresh := b.received(t, ReceiptGoods{
		Lines:            []ReceiptLineInput{{LineID: "l", Quantity: 1}},
		ObservationInput: ObservationInput{Supersedes: x.ID, CorrectionReason: "entry_error"},
	})
	d = b.r.Disposition(d.ID)
	if d.Status != DispositionFailed || d.FailureCode != FailureSuperseded || !slices.Contains(b.goodsBlockers(), BlockedException) {
		t.Fatalf("its observation was corrected: %+v", d)
	}
	retry := func() {
		t.Helper()
		check(t, b.retryDisposition(b.r, d, "operator_retry", "", clerk, b.clock.Now()))
		b.rest()
	}
	if retry(); d.Status != DispositionFailed {
		t.Fatalf("one unit came and two were placed: %+v", d)
	}
	b.received(t, ReceiptGoods{
		Lines:            []ReceiptLineInput{{LineID: "l", Quantity: 2}},
		ObservationInput: ObservationInput{Supersedes: fresh.ID, CorrectionReason: "reconciliation_correction"},
	})
	b.clock.Set(morning.Add(time.Hour))
	if retry(); d.Status != DispositionSucceeded || len(d.Movements) != 1 || b.r.Lines[0].MerchandiseStatus != GoodsResolved {
		t.Fatalf("both came after all: %+v", d)
	}
}

func TestMoneyPaidForGoodsThatDidNotComeStaysVisible(t *testing.T) {
	t.Parallel()
	b := newBench(goodsOfLine("l", 2))
	x := b.received(t, ReceiptGoods{Lines: []ReceiptLineInput{{LineID: "l", Quantity: 2}}})
	b.r.Resolutions = []Resolution{{
		ID: "rres_paid", Type: ResolutionRefund, Status: ResolutionFulfilled, ConfirmedAt: morning, FulfilledAt: morning, Effect: Effect{StartedAt: morning, RefundStatus: "succeeded"},
		Lines: []ResolutionLine{{LineID: "l", Quantity: 2, RefundTiming: AfterReceipt}},
	}}
	b.rest()
	if got := b.goodsBlockers(); len(got) > 0 {
		t.Fatalf("blocked though all is well: %v", got)
	}
	b.received(t, ReceiptGoods{
		Lines:            []ReceiptLineInput{{LineID: "l", Quantity: 1}},
		ObservationInput: ObservationInput{Supersedes: x.ID, CorrectionReason: "source_correction"},
	})
	k := slices.IndexFunc(b.r.CompletionBlockers, func(x Blocker) bool { return x.Code == BlockedException })
	if k < 0 || b.r.CompletionBlockers[k].ResolutionID != "rres_paid" || b.r.CompletionBlockers[k].ReceiptID == "" {
		t.Fatalf("nobody is told: %+v", b.r.CompletionBlockers)
	}
	b.r.Resolutions = append(b.r.Resolutions, Resolution{ID: "rres_fix", Type: ResolutionCorrection, Status: ResolutionFulfilled, ConfirmedAt: morning, FulfilledAt: morning, Effect: Effect{StartedAt: morning}, Corrects: "rres_paid"})
	b.rest()
	if slices.Contains(b.goodsBlockers(), BlockedException) {
		t.Fatal("the exception outlives its correction")
	}
}

func TestUnitsOfALineAreWithdrawn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name               string
		sent               int64
		quantity, handback int64
		resolved           int64
		code               string
	}{
		{"all of it", 0, 3, 3, 0, ""},
		{"some of it", 0, 1, 1, 0, ""},
		{"nothing", 0, 0, 0, 0, "INVALID_QUANTITY"},
		{"more handed back than withdrawn", 0, 1, 2, 0, "INVALID_QUANTITY"},
		{"more to send than approved", 0, 1, 0, 0, "RETURN_INVALID"},
		{"more than approved", 0, 4, 3, 0, "RETURN_LINE_CANCELLATION_CONFLICT"},
		{"held by a resolution", 0, 2, 2, 2, "RETURN_LINE_CANCELLATION_CONFLICT"},
		{"beside a resolution", 0, 1, 1, 2, ""},
		{"on its way", 3, 1, 1, 0, "RETURN_LINE_CANCELLATION_CONFLICT"},
		{"beside what is on its way", 2, 1, 1, 0, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(goodsOfLine("l", 3))
			if c.sent > 0 {
				b.r.Lines[0].handOff(Handoff{ShipmentID: "shp_1", Quantity: c.sent, At: morning})
			}
			if c.resolved > 0 {
				b.r.Resolutions = []Resolution{{ID: "rres_1", Status: ResolutionProposed, Lines: []ResolutionLine{{LineID: "l", Quantity: c.resolved}}}}
			}
			b.rest()
			in := CancelLineInput{Quantity: c.quantity, Handback: c.handback, Reason: "buyer_request"}
			err := b.r.cancelLine(&b.r.Lines[0], &in, clerk, morning, &change{})
			if c.code != "" {
				if !fault.Is(err, c.code) {
					t.Fatalf("got %v, want %s", err, c.code)
				}
				if held := c.sent > 0 || c.resolved > 0; held && fault.Of(err).Extra["blocking_resources"] == nil {
					t.Error("what holds the units is not named")
				}
				return
			}
			check(t, err)
			b.rest()
			if l := b.r.Lines[0]; l.Canceled != c.quantity || l.ReturnRequired != 3-c.handback || l.Live() != 3-c.quantity {
				t.Errorf("after the withdrawal: %+v", l)
			}
			if c.quantity == 3 && b.r.Status != StatusCanceled {
				t.Errorf("nothing is left and the return is %s", b.r.Status)
			}
		})
	}
}
