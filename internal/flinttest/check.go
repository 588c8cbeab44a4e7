package flinttest

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/doctor"
	"flint/internal/payment"
)

// Check runs the doctor over the bench's scope and holds the simulator to its own rules. It may be
// called at any moment, whatever is in flight.
func (b *Bench) Check(t TB) doctor.Report {
	t.Helper()
	report, err := doctor.Check(b.ctx, b.DB, doctor.Options{Scope: &b.Scope})
	if err != nil {
		t.Fatalf("doctor: %v", err)
	}
	if b.CreditsAlone { // credits were given without the notes that the doctor adds up
		report.Findings = slices.DeleteFunc(report.Findings, func(f doctor.Finding) bool {
			return strings.HasPrefix(f.Rule, "credited = sum of allocations")
		})
	}
	for _, f := range report.Findings {
		t.Errorf("%s", f)
	}
	books, err := b.Simulator.Books(b.ctx, b.Scope)
	if err != nil {
		t.Fatalf("books: %v", err)
	}
	if err := books.Check(); err != nil {
		t.Errorf("the simulator's books: %v", err)
	}
	if !report.OK() {
		t.Fatalf("the books do not add up: %d findings", len(report.Findings))
	}
	return report
}

// CheckQuiet is Check for when nothing is in flight: clearing is empty, and the simulator's books say
// of every payment what ours say.
func (b *Bench) CheckQuiet(t TB) {
	t.Helper()
	report := b.Check(t)
	if b.forgetBooks {
		return
	}
	if report.InFlight != 0 {
		t.Errorf("%d operations are in flight", report.InFlight)
	}
	books, err := b.Simulator.Books(b.ctx, b.Scope)
	if err != nil {
		t.Fatalf("books: %v", err)
	}
	type sums struct{ captured, refunded, pending int64 }
	theirs, charges := map[string]sums{}, map[string]int{}
	for _, e := range books.Payments {
		s := theirs[e.PaymentID]
		s.captured += e.Captured
		s.refunded += e.Refunded
		s.pending += e.RefundPending
		theirs[e.PaymentID] = s
		if e.Captured > 0 {
			charges[e.PaymentID]++
		}
	}
	b.Read(t, func(tx db.Tx) error {
		return tx.Query(func(r db.Row) error {
			var intentID, status string
			var amount int64
			var ours sums
			if err := r.Scan(&intentID, &status, &amount, &ours.captured, &ours.refunded, &ours.pending); err != nil {
				return err
			}
			if theirs[intentID] != ours {
				t.Errorf("payment %s: the simulator has %+v, we have %+v", intentID, theirs[intentID], ours)
			}
			if charges[intentID] > 1 {
				t.Errorf("payment %s was captured %d times", intentID, charges[intentID])
			}
			if status == payment.IntentProcessing || status == payment.IntentRequiresAction {
				t.Errorf("payment %s is %s although nothing is in flight", intentID, status)
			}
			delete(theirs, intentID)
			return nil
		}, `SELECT payment_intent_id, status, amount, captured + (SELECT CAST(COALESCE(SUM(m.amount), 0) AS BIGINT) FROM processor_operations m
				WHERE m.merchant_id = payment_intents.merchant_id AND m.environment_id = payment_intents.environment_id
				AND m.payment_intent_id = payment_intents.payment_intent_id AND m.kind = 'reversal' AND m.state = 'succeeded'),
				refunded - (SELECT CAST(COALESCE(SUM(m.amount), 0) AS BIGINT) FROM processor_operations m
					WHERE m.merchant_id = payment_intents.merchant_id AND m.environment_id = payment_intents.environment_id
					AND m.payment_intent_id = payment_intents.payment_intent_id AND m.kind = 'refund' AND m.state = 'succeeded'
					AND m.processor IN ('exchange_credit', 'manual'))
				+ (SELECT CAST(COALESCE(SUM(m.amount), 0) AS BIGINT) FROM processor_operations m
					WHERE m.merchant_id = payment_intents.merchant_id AND m.environment_id = payment_intents.environment_id
					AND m.known_as = payment_intents.payment_intent_id AND m.kind = 'refund' AND m.state = 'succeeded'),
				refund_reserved - (SELECT CAST(COALESCE(SUM(w.amount), 0) AS BIGINT) FROM refund_allocations w
					WHERE w.merchant_id = payment_intents.merchant_id AND w.environment_id = payment_intents.environment_id
					AND w.payment_intent_id = payment_intents.payment_intent_id AND w.status = 'requires_action') FROM payment_intents
			WHERE merchant_id = $1 AND environment_id = $2 AND processor <> 'manual' AND credit_of = '' ORDER BY payment_intent_id`, b.Scope.MerchantID, b.Scope.EnvironmentID)
	})
	for intentID := range theirs {
		t.Errorf("payment %s is in the simulator's books and not in ours", intentID)
	}
	var clearing int64
	b.Read(t, func(tx db.Tx) error {
		return tx.Query(func(r db.Row) error {
			var account string
			if err := r.Scan(&account, &clearing); err != nil {
				return err
			}
			t.Errorf("account %s holds %d although nothing is in flight", account, clearing)
			return nil
		}, `SELECT account, CAST(SUM(amount) AS BIGINT) FROM postings WHERE merchant_id = $1 AND environment_id = $2
			AND account IN ('processor_clearing', 'payments_in_flight', 'refunds_in_flight') GROUP BY account HAVING SUM(amount) <> 0`,
			b.Scope.MerchantID, b.Scope.EnvironmentID)
	})
}

// Events are the types of an object's events in the order in which they happened.
func (b *Bench) Events(t TB, rootID string) []string {
	t.Helper()
	var out []string
	b.Read(t, func(tx db.Tx) error {
		return tx.Query(func(r db.Row) error {
			var kind string
			err := r.Scan(&kind)
			out = append(out, kind)
			return err
		}, `SELECT type FROM events WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $3 ORDER BY sequence`,
			b.Scope.MerchantID, b.Scope.EnvironmentID, rootID)
	})
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
