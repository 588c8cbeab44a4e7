package dbtest_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/ledger"
	"flint/internal/tenant"
)

var scope = tenant.Scope{MerchantID: "mer_1", EnvironmentID: "test_1"}

var now = time.Date(2031, 1, 2, 3, 4, 5, 6000, time.UTC)

// TestEvents: an object's events are numbered without gaps, also when writers race for the number.
func TestEvents(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		var mu sync.Mutex
		woken := 0
		log := event.Log{IDs: id.NewSource(clock.System{}), Wake: func() { mu.Lock(); woken++; mu.Unlock() }}
		record := func(root string) error {
			return d.Write(t.Context(), func(tx db.Tx) error {
				return log.Record(tx, scope, now, event.Cause{RequestID: "req_1"}, event.New{Type: "order.paid", RootType: "order",
					RootID: root, ResourceType: "order", ResourceID: root, Data: map[string]any{"root": root}})
			})
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				err := record(fmt.Sprint("ord_", i%2))
				for errors.Is(err, db.ErrConflict) { // nobody holds the root's lock here
					err = record(fmt.Sprint("ord_", i%2))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		err := d.Read(t.Context(), func(tx db.Tx) error {
			rows := 0
			err := tx.Query(func(r db.Row) error {
				var root, data string
				var least, most, n int64
				var at time.Time
				if err := r.Scan(&root, &least, &most, &n, &at, &data); err != nil {
					return err
				}
				rows++
				if least != 1 || most != 10 || n != 10 || !at.Equal(now) || data != `{"root":"`+root+`"}` {
					t.Errorf("%s: %d to %d, %d rows, %v, %s", root, least, most, n, at, data)
				}
				return nil
			}, "SELECT root_id, MIN(sequence), MAX(sequence), COUNT(*), MIN(created_at), MIN(data) FROM events WHERE position IS NULL GROUP BY root_id")
			if rows != 2 {
				t.Errorf("%d objects", rows)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if woken != 20 {
			t.Errorf("woken %d times", woken)
		}
	})
}

func TestLedger(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		j := ledger.Journal{IDs: id.NewSource(clock.System{})}
		entry := ledger.Entry{Reason: "order:ord_1:1", OrderID: "ord_1", Currency: "USD",
			Postings: []ledger.Posting{{Account: ledger.Receivable, Amount: 1080}, {Account: ledger.Sales, Amount: -1000}, {Account: ledger.Tips, Amount: 0}, {Account: ledger.Tax, Amount: -80}}}
		post := func(e ledger.Entry) error {
			return d.Write(t.Context(), func(tx db.Tx) error { return j.Post(tx, scope, now, e) })
		}
		if err := post(entry); err != nil {
			t.Fatal(err)
		}
		if err := post(entry); !errors.Is(err, db.ErrConflict) {
			t.Errorf("the same reason again: %v", err)
		}
		unbalanced := entry
		unbalanced.Reason, unbalanced.Postings = "order:ord_1:2", entry.Postings[:2]
		if err := post(unbalanced); err == nil {
			t.Error("an entry that does not balance was posted")
		}
		err := d.Read(t.Context(), func(tx db.Tx) error {
			got, err := ledger.Balances(tx, scope, "ord_1")
			if len(got) != 3 || got[ledger.Receivable] != 1080 || got[ledger.Sales] != -1000 || got[ledger.Tax] != -80 {
				t.Errorf("got %v", got)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestDatabasesAreFresh: what one test left does not reach the next.
func TestDatabasesAreFresh(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		for range 3 {
			t.Run(string(engine), func(t *testing.T) {
				d := dbtest.Open(t, engine)
				err := d.Write(t.Context(), func(tx db.Tx) error {
					var n int64
					if err := tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM event_feeds"); err != nil {
						return err
					}
					if n != 0 {
						t.Errorf("%d rows", n)
					}
					return tx.Send("INSERT INTO event_feeds (merchant_id, environment_id) VALUES ('m', 'e')")
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}
