package webhook

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// BenchmarkFanOut measures placing an event in its feed and queueing it for one endpoint.
func BenchmarkFanOut(b *testing.B) {
	for _, engine := range dbtest.Engines(b) {
		b.Run(string(engine), func(b *testing.B) {
			d := dbtest.Open(b, engine)
			box, err := secret.NewBox(bytes.Repeat([]byte{7}, 32))
			if err != nil {
				b.Fatal(err)
			}
			ids := id.NewSource(clock.System{})
			s := &Service{IDs: ids, Clock: clock.System{}, Box: box, Events: &event.Log{IDs: ids}}
			scope := tenant.Scope{MerchantID: "mer_1", EnvironmentID: "test_1"}
			e := Endpoint{Scope: scope, ID: "whep_1", URL: "https://shop.example", Enabled: true, EventSources: []event.Source{event.SourceMerchant},
				Mode: tenant.ModeTest, APIVersion: DefaultVersion, CreatedAt: s.Clock.Now(), UpdatedAt: s.Clock.Now()}
			err = d.Write(b.Context(), func(tx db.Tx) error {
				if err := insertEndpoint(tx, e); err != nil {
					return err
				}
				for i := range b.N {
					root := fmt.Sprintf("ord_%d", i)
					if err := s.Events.Record(tx, scope, s.Clock.Now(), event.Cause{}, event.New{Type: "order.created", RootType: "order", RootID: root,
						ResourceType: "order", ResourceID: root, Data: map[string]string{"order_id": root}}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			if engine == db.Postgres { // as the server does by itself after a while; without it the planner guesses
				err := d.Write(b.Context(), func(tx db.Tx) error { _, err := tx.Exec(`ANALYZE`); return err })
				if err != nil {
					b.Fatal(err)
				}
			}
			disp := NewDispatcher(s, d, slog.New(slog.DiscardHandler), &Notifier{})
			b.ResetTimer()
			if err := disp.sequence(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}
