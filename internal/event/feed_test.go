package event_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

var start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

func newLog() *event.Log { return &event.Log{IDs: id.NewSource(clock.System{})} }

func scope(n int) tenant.Scope {
	return tenant.Scope{MerchantID: fmt.Sprintf("mer_%d", n), EnvironmentID: fmt.Sprintf("test_%d", n)}
}

func record(t testing.TB, d db.DB, l *event.Log, s tenant.Scope, at time.Time, root, typ string) {
	t.Helper()
	err := d.Write(t.Context(), func(tx db.Tx) error {
		return l.Record(tx, s, at, event.Cause{RequestID: "req-" + root}, event.New{
			Type: typ, RootType: "order", RootID: root, ResourceType: "order", ResourceID: root, Data: map[string]any{"order_id": root}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sequenceAll(ctx context.Context, d db.DB, limit int, fanOut func(db.Tx, []event.Event) error) error {
	for {
		_, more, err := event.Sequence(ctx, d, limit, fanOut)
		if err != nil || !more {
			return err
		}
	}
}

func nobody(db.Tx, []event.Event) error { return nil }

func feed(t testing.TB, d db.DB, s tenant.Scope) []event.Event {
	t.Helper()
	var out []event.Event
	err := d.Read(t.Context(), func(tx db.Tx) (err error) {
		out, err = event.After(tx, s, 0, 100_000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checkFeed(t testing.TB, events []event.Event, want int) {
	t.Helper()
	if len(events) != want {
		t.Fatalf("the feed has %d events, not %d", len(events), want)
	}
	last := map[string]int64{}
	for i, e := range events {
		if e.Position != int64(i+1) {
			t.Fatalf("event %d of the feed has position %d", i+1, e.Position)
		}
		if e.Sequence != last[e.RootID]+1 {
			t.Fatalf("root %s: sequence %d follows %d in the feed", e.RootID, e.Sequence, last[e.RootID])
		}
		last[e.RootID] = e.Sequence
	}
}

// Writers of eight roots, each root's events in its own order but with times that go back and forth,
// while three sequencers run.
func TestTheFeedHasNoHolesUnderParallelWriters(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		const writers, each, roots = 32, 6, 8
		var (
			l       = newLog()
			locks   [roots]sync.Mutex // stands for the root row's lock
			fanned  = map[string]int{}
			mu      sync.Mutex
			writing sync.WaitGroup
			placing sync.WaitGroup
			done    = make(chan struct{})
		)
		fanOut := func(tx db.Tx, events []event.Event) error {
			ids := make([]string, len(events))
			for i, e := range events {
				ids[i] = e.ID
			}
			tx.AfterCommit(func() {
				mu.Lock()
				defer mu.Unlock()
				for _, v := range ids {
					fanned[v]++
				}
			})
			return nil
		}
		for w := range writers {
			writing.Go(func() {
				for i := range each {
					r := (w + i) % roots
					locks[r].Lock()
					record(t, d, l, scope(r%2), start.Add(time.Duration((w*7+i*13)%29)*time.Millisecond), fmt.Sprintf("ord_%d", r), "order.updated")
					locks[r].Unlock()
				}
			})
		}
		for range 3 {
			placing.Go(func() {
				for {
					if _, _, err := event.Sequence(t.Context(), d, 5, fanOut); err != nil {
						t.Error(err)
						return
					}
					select {
					case <-done:
						return
					default:
					}
				}
			})
		}
		writing.Wait()
		close(done)
		placing.Wait()
		if err := sequenceAll(t.Context(), d, 5, fanOut); err != nil {
			t.Fatal(err)
		}
		checkFeed(t, feed(t, d, scope(0)), writers*each/2)
		checkFeed(t, feed(t, d, scope(1)), writers*each/2)
		if len(fanned) != writers*each {
			t.Errorf("%d of %d events were fanned out", len(fanned), writers*each)
		}
		for v, n := range fanned {
			if n != 1 {
				t.Errorf("event %s was fanned out %d times", v, n)
			}
		}
	})
}

// Whatever the times say and wherever batches are cut, a root's events keep their order.
func TestTimesDoNotReorderARoot(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			s, l := scope(n), newLog()
			count := rapid.IntRange(1, 12).Draw(rt, "events")
			for range count {
				root := rapid.IntRange(0, 2).Draw(rt, "root")
				at := rapid.IntRange(0, 5).Draw(rt, "time")
				record(t, d, l, s, start.Add(time.Duration(at)*time.Second), fmt.Sprintf("ord_%d", root), "order.updated")
			}
			if err := sequenceAll(t.Context(), d, rapid.IntRange(1, 4).Draw(rt, "batch"), nobody); err != nil {
				rt.Fatal(err)
			}
			checkFeed(t, feed(t, d, s), count)
		})
	})
}

func TestAFailedFanOutPlacesNothingAndHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		l := newLog()
		record(t, d, l, scope(1), start, "ord_1", "order.created")
		record(t, d, l, scope(2), start, "ord_2", "order.created")
		broken := errors.New("no")
		n, _, err := event.Sequence(t.Context(), d, 10, func(_ db.Tx, events []event.Event) error {
			if events[0].Scope == scope(1) {
				return broken
			}
			return nil
		})
		if n != 1 || !errors.Is(err, broken) {
			t.Fatal(n, err)
		}
		checkFeed(t, feed(t, d, scope(1)), 0)
		checkFeed(t, feed(t, d, scope(2)), 1)
		if n, more, err := event.Sequence(t.Context(), d, 10, nobody); n != 1 || more || err != nil {
			t.Fatal(n, more, err)
		}
		checkFeed(t, feed(t, d, scope(1)), 1)
	})
}

func TestListsFilterAndPage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		l := newLog()
		for i := range 7 {
			typ := []string{"order.created", "order.paid"}[i%2]
			record(t, d, l, scope(1), start.Add(time.Duration(i/2)*time.Second), fmt.Sprintf("ord_%d", i), typ)
		}
		record(t, d, l, scope(2), start, "ord_0", "order.created")
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := l.RecordTest(tx, scope(1), start, event.Cause{}, event.New{Type: "order.paid", RootType: "webhook_endpoint", RootID: "whep_1", ResourceType: "order", ResourceID: "ord_x", Data: 1})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		list := func(f event.Filter) (all []event.Event) {
			var after *listing.Cursor
			for {
				var page []event.Event
				err := d.Read(t.Context(), func(tx db.Tx) (err error) {
					page, after, err = event.List(tx, scope(1), f, after, 2)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if all = append(all, page...); after == nil {
					return all
				}
			}
		}
		for name, c := range map[string]struct {
			filter event.Filter
			want   int
		}{
			"all":      {event.Filter{}, 7},
			"tests":    {event.Filter{Tests: true}, 8},
			"type":     {event.Filter{Type: "order.paid"}, 3},
			"resource": {event.Filter{ResourceType: "order", ResourceID: "ord_3"}, 1},
			"request":  {event.Filter{RequestID: "req-ord_4"}, 1},
			"range":    {event.Filter{CreatedAfter: start, CreatedBefore: start.Add(3 * time.Second)}, 4},
			"where":    {event.Filter{Where: "e.root_id IN (?, ?)", Args: []any{"ord_1", "ord_2"}, Type: "order.paid"}, 1},
		} {
			all := list(c.filter)
			if len(all) != c.want {
				t.Errorf("%s: %d events", name, len(all))
			}
			if !slices.IsSortedFunc(all, func(a, b event.Event) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
				t.Errorf("%s: not from the newest to the oldest", name)
			}
		}
		err = d.Read(t.Context(), func(tx db.Tx) error {
			_, err := event.Get(tx, scope(2), list(event.Filter{})[0].ID)
			return err
		})
		if !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Error("another environment's event:", err)
		}
	})
}

func TestTheCatalogueIsTheContracts(t *testing.T) {
	t.Parallel()
	names, merchant := map[string]bool{}, 0
	for _, typ := range event.Types() {
		if names[typ.Name] || typ.Description == "" || typ.Resource == "" {
			t.Errorf("%+v", typ)
		}
		names[typ.Name] = true
		if typ.From(event.SourceMerchant) {
			merchant++
		}
		if event.Recorded(typ.Resource) != (event.ReadScope(typ.Resource) != "") {
			t.Errorf("%s: a recorded resource needs a scope that shows it", typ.Name)
		}
	}
	if len(names) != 221 || merchant != 212 {
		t.Errorf("%d types, %d of merchants", len(names), merchant)
	}
}
