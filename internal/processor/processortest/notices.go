package processortest

import (
	"testing"

	"flint/internal/payment"
)

// notices: news comes at least once, is about the right operation and has a version that rises.
func notices(t *testing.T, b *bench) {
	sale := b.opening(payment.KindSale, b.Sources.Approve)
	out := b.want(t, sale, payment.OutcomeSucceeded)
	refund := func() payment.Operation { return b.following(payment.KindRefund, sale, out, 10) }

	t.Run("a refund that settles is told", func(t *testing.T) {
		op := refund()
		if b.do(t, op).State == payment.OutcomeSucceeded {
			return // it was told by the answer
		}
		b.told(t, op, b.settled(t, op, payment.OutcomeSucceeded))
	})
	if b.RefuseNotices != nil {
		t.Run("a refused notice comes again", func(t *testing.T) {
			op := refund()
			if b.do(t, op).State == payment.OutcomeSucceeded {
				return
			}
			b.RefuseNotices(3)
			after := b.settled(t, op, payment.OutcomeSucceeded)
			for range 4 {
				b.Settle(t)
			}
			b.told(t, op, after)
		})
	}
	if b.Restart != nil {
		t.Run("a restart loses no notice", func(t *testing.T) {
			op := refund()
			if b.do(t, op).State == payment.OutcomeSucceeded {
				return
			}
			b.Processor = b.Restart(t)
			b.told(t, op, b.settled(t, op, payment.OutcomeSucceeded))
		})
	}
	t.Run("versions and identifiers", func(t *testing.T) {
		versions := map[string]map[int64]payment.OutcomeState{}
		ids := map[string]payment.Notice{}
		for _, n := range b.Notices() {
			if n.ID == "" || n.Processor != b.Processor.Name() || n.Scope != b.Scope {
				t.Errorf("a notice says %+v", n)
			}
			if first, repeated := ids[n.ID]; repeated && first.Outcome.Version != n.Outcome.Version {
				t.Errorf("notice %s came with two contents", n.ID)
			}
			ids[n.ID] = n
			seen := versions[n.OperationID]
			if seen == nil {
				seen = map[int64]payment.OutcomeState{}
				versions[n.OperationID] = seen
			}
			if state, ok := seen[n.Outcome.Version]; ok && state != n.Outcome.State {
				t.Errorf("version %d of an operation is %s and %s", n.Outcome.Version, state, n.Outcome.State)
			}
			seen[n.Outcome.Version] = n.Outcome.State
		}
	})
}

// told checks that a notice with this outcome of op has come, or comes soon.
func (b *bench) told(t *testing.T, op payment.Operation, want payment.Outcome) {
	t.Helper()
	eventually(t, "a notice of "+string(op.Kind)+" "+string(want.State), func() bool {
		for _, n := range b.Notices() {
			if n.OperationID == op.ID && n.Outcome.Version == want.Version {
				matches(t, op, n.Outcome)
				same(t, n.Outcome, want)
				return true
			}
		}
		return false
	})
}
