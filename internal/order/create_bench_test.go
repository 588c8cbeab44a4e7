package order_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/ledger"
	"flint/internal/order"
)

// BenchmarkCreate makes orders of three lines from 1 and from 64 callers at once.
func BenchmarkCreate(b *testing.B) {
	for _, engine := range dbtest.Engines(b) {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprint(engine, "/", callers), func(b *testing.B) {
				d := dbtest.Open(b, engine)
				ids := id.NewSource(clock.System{})
				s := &order.Service{IDs: ids, Clock: clock.System{}, Events: &event.Log{IDs: ids}, Journal: &ledger.Journal{IDs: ids}}
				in := order.CreateInput{Scope: scope, Lines: []order.LineInput{line("Chair", 2500, 2), line("Table", 9900, 1), line("Lamp", 500, 3)}}
				var wg sync.WaitGroup
				b.ResetTimer()
				for c := range callers {
					wg.Go(func() {
						for i := c; i < b.N; i += callers {
							err := d.Write(context.Background(), func(tx db.Tx) error {
								_, err := s.Create(tx.Context(), tx, in)
								return err
							})
							if err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
			})
		}
	}
}
