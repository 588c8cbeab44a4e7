package flinttest

import (
	"strings"

	"flint/internal/failpoint"

	"flint/internal/db"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
)

// Answer plays the buyer of a payment that waits for them.
func (b *Bench) Answer(t TB, i *payment.Intent, approve bool) {
	t.Helper()
	var url string
	b.Read(t, func(tx db.Tx) error {
		return tx.QueryRow([]any{&url}, `SELECT action_url FROM processor_operations
			WHERE merchant_id = $1 AND environment_id = $2 AND payment_intent_id = $3 AND kind IN ('sale', 'authorize') ORDER BY operation_id DESC LIMIT 1`,
			i.Scope.MerchantID, i.Scope.EnvironmentID, i.ID)
	})
	_, err := b.Simulator.Answer(b.ctx, strings.TrimPrefix(url, simulator.ChallengePath), approve)
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
}

// Operation is the id of a payment's newest operation.
func (b *Bench) Operation(t TB, intentID string) string {
	t.Helper()
	var operationID string
	b.Read(t, func(tx db.Tx) error {
		return tx.QueryRow([]any{&operationID}, `SELECT operation_id FROM processor_operations
			WHERE merchant_id = $1 AND environment_id = $2 AND payment_intent_id = $3 ORDER BY operation_id DESC LIMIT 1`,
			b.Scope.MerchantID, b.Scope.EnvironmentID, intentID)
	})
	return operationID
}

// Charges is how often the simulator took money for a payment.
func (b *Bench) Charges(t TB, intentID string) int {
	t.Helper()
	books, err := b.Simulator.Books(b.ctx, b.Scope)
	if err != nil {
		t.Fatalf("books: %v", err)
	}
	n := 0
	for _, e := range books.Payments {
		if e.PaymentID == intentID && e.Captured > 0 {
			n++
		}
	}
	return n
}

// LoseRequests makes the next calls of a kind fail before their effect.
func (b *Bench) LoseRequests(t TB, kind payment.Kind, n int) {
	t.Helper()
	b.faults(t, kind, simulator.Fault{TimeoutBefore: simulator.Chance{Next: n}})
}

// LoseAnswers makes the next calls of a kind fail after their effect.
func (b *Bench) LoseAnswers(t TB, kind payment.Kind, n int) {
	t.Helper()
	b.faults(t, kind, simulator.Fault{TimeoutAfter: simulator.Chance{Next: n}})
}

// FailNext makes the next call of a kind be refused for good.
func (b *Bench) FailNext(t TB, kind payment.Kind) {
	t.Helper()
	b.faults(t, kind, simulator.Fault{Fail: simulator.Chance{Next: 1}})
}

// NoFaults makes everything go right again.
func (b *Bench) NoFaults(t TB) {
	t.Helper()
	if err := b.Simulator.SetFaults(simulator.Faults{}); err != nil {
		t.Fatalf("set faults: %v", err)
	}
}

func (b *Bench) faults(t TB, kind payment.Kind, f simulator.Fault) {
	t.Helper()
	if err := b.Simulator.SetFaults(simulator.Faults{Operations: map[payment.Kind]simulator.Fault{kind: f}}); err != nil {
		t.Fatalf("set faults: %v", err)
	}
}

// CrashAt makes the next pass through a failpoint end its goroutine, as the end of the process would.
func (b *Bench) CrashAt(place string) {
	b.crashed.Store(false)
	b.Payments.Failpoints = failpoint.Call(func(name string) {
		if name == "payment."+place && b.crashed.CompareAndSwap(false, true) {
			panic(crash{})
		}
	})
}

type crash struct{}

// Crashes runs fn and tells whether it came to the place of CrashAt. A panic inside a transaction rolls
// it back and may come out as an error.
func (b *Bench) Crashes(fn func()) bool {
	func() {
		defer func() {
			if r := recover(); r != nil && r != (crash{}) {
				panic(r)
			}
		}()
		fn()
	}()
	return b.crashed.Load()
}

// ForgetBooks makes CheckQuiet leave the simulator and open operations alone, for tests that made
// them differ on purpose.
func (b *Bench) ForgetBooks() { b.forgetBooks = true }

// TryAnswer is Answer for a buyer who may come too late.
func (b *Bench) TryAnswer(i *payment.Intent, approve bool) {
	var url string
	err := b.DB.Read(b.ctx, func(tx db.Tx) error {
		return tx.QueryRow([]any{&url}, `SELECT action_url FROM processor_operations
			WHERE merchant_id = $1 AND environment_id = $2 AND payment_intent_id = $3 AND kind IN ('sale', 'authorize') ORDER BY operation_id DESC LIMIT 1`,
			i.Scope.MerchantID, i.Scope.EnvironmentID, i.ID)
	})
	if err == nil {
		_, _ = b.Simulator.Answer(b.ctx, strings.TrimPrefix(url, simulator.ChallengePath), approve)
	}
}
