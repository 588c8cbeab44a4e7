package returns

import (
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/id"
)

// The morning on which goods of these tests arrive.
var morning = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

var clerk = Actor{ActorMerchant, "key_clerk"}

// bench is a service without a database over one return in memory.
type bench struct {
	*Service
	clock *clock.Fixed
	r     *Return
}

// goodsOfLine is an approved line of n units that all come back.
func goodsOfLine(lineID string, n int64, change ...func(*Line)) Line {
	l := Line{
		ID: lineID, Requested: n, Approved: n, ReturnRequired: n, DecidedAt: morning, DecidedBy: &clerk, ReceivingLocation: "loc_hall",
		ResolutionMode: ModeManual, RefundTiming: AfterReceipt,
	}
	for _, f := range change {
		f(&l)
	}
	return l
}

func underPolicy(mode string) func(*Line) {
	return func(l *Line) { l.Eligibility.RevisionID, l.ReceiptDispositionMode = "rprev_1", mode }
}

func inspected(l *Line) { l.InspectionRequired = true }

func newBench(lines ...Line) *bench {
	fake := clock.NewFixed(morning)
	b := &bench{Service: &Service{Clock: fake, IDs: id.NewSource(fake)}, clock: fake, r: &Return{ID: "ret_1", CompletionMode: ModeManual, Lines: lines}}
	b.rest()
	return b
}

// rest derives and lets happen what happens by itself, as save does.
func (b *bench) rest() {
	for {
		derive(b.r, b.clock.Now())
		if !b.advanceGoods(b.r, &change{}) {
			return
		}
	}
}

func (b *bench) receive(in ReceiptGoods) (*Receipt, error) {
	in.ReceivedAt, in.LocationID = b.clock.Now(), "loc_hall"
	x, err := b.Service.receive(b.r, &in, clerk, b.clock.Now(), &change{})
	if err != nil {
		return nil, err
	}
	receiptID := x.ID
	b.rest()
	return b.r.Receipt(receiptID), nil
}

func (b *bench) inspect(in InspectionGoods) (*Inspection, error) {
	in.InspectedAt, in.LocationID = b.clock.Now(), "loc_hall"
	for k := range in.Lines {
		in.Lines[k].Condition = "opened"
	}
	x, err := b.Service.inspect(b.r, &in, clerk, b.clock.Now(), &change{})
	if err != nil {
		return nil, err
	}
	inspectionID := x.ID
	b.rest()
	return b.r.Inspection(inspectionID), nil
}

func (b *bench) dispose(in DispositionGoods) (*Disposition, error) {
	if in.OccurredAt.IsZero() {
		in.OccurredAt = b.clock.Now()
	}
	if in.Type == "" {
		in.Type = DisposeSellable
	}
	in.Reason = "warehouse_override"
	d, err := b.Service.dispose(b.r, &in, clerk, b.clock.Now(), &change{})
	if err != nil {
		return nil, err
	}
	dispositionID := d.ID
	b.rest()
	return b.r.Disposition(dispositionID), nil
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) received(t testing.TB, in ReceiptGoods) *Receipt {
	t.Helper()
	x, err := b.receive(in)
	check(t, err)
	return x
}

func (b *bench) looked(t testing.TB, in InspectionGoods) *Inspection {
	t.Helper()
	x, err := b.inspect(in)
	check(t, err)
	return x
}

func (b *bench) placed(t testing.TB, in DispositionGoods) *Disposition {
	t.Helper()
	d, err := b.dispose(in)
	check(t, err)
	return d
}
