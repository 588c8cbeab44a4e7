package buyer_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

var (
	scope = tenant.Scope{MerchantID: "mer_a", EnvironmentID: "test_a"}
	start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)
)

const (
	ann   = "cus_01J00000000000000000000000"
	annTo = "ann@buyer.test"
)

// bench is the service over customers that a test makes up.
type bench struct {
	*buyer.Service
	clock *clock.Fixed
	mu    sync.Mutex
	sent  []buyer.CodeMail
	guest map[string]bool
}

func newBench(t testing.TB, d db.DB) *bench {
	t.Helper()
	box, err := secret.NewBox(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{clock: clock.NewFixed(start), guest: map[string]bool{}}
	b.Service = &buyer.Service{DB: d, Clock: b.clock, IDs: id.NewSource(b.clock), Log: slog.New(slog.DiscardHandler), Box: box, Key: []byte("a key"),
		Address: func(tenant.Scope) string { return "https://flint.test" },
		Find: func(_ db.Tx, s tenant.Scope, customerID string) (buyer.Buyer, error) {
			if s != scope || customerID != ann {
				return buyer.Buyer{}, fault.NotFound("customer")
			}
			return buyer.Buyer{CustomerID: ann, Email: annTo}, nil
		},
		ByEmail: func(_ db.Tx, s tenant.Scope, address string) (buyer.Buyer, error) {
			if s != scope || address != annTo {
				return buyer.Buyer{}, nil
			}
			return buyer.Buyer{CustomerID: ann, Email: annTo}, nil
		},
		Hosted: func(db.Tx, tenant.Scope) (bool, error) { return true, nil },
		Guest:  func(_ db.Tx, _ tenant.Scope, address string) (bool, error) { return b.guest[address], nil },
		SendCode: func(tx db.Tx, m buyer.CodeMail) error {
			tx.AfterCommit(func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.sent = append(b.sent, m)
			})
			return nil
		},
	}
	return b
}

// last is the code that was mailed last; empty when none was.
func (b *bench) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.sent) == 0 {
		return ""
	}
	return b.sent[len(b.sent)-1].Code.Reveal()
}

// wrong is a code that is not the right one.
func wrong(right string) string {
	if right == "111111" {
		return "222222"
	}
	return "111111"
}

func code(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
