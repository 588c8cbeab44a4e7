package dbtest

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"flint/internal/db"
)

// BenchmarkFourInserts measures a transaction of four inserts and a read of one row, one caller at a
// time and with 32 at once.
func BenchmarkFourInserts(b *testing.B, engine db.Engine) {
	d := Open(b, engine)
	exec := func(sql string) {
		if err := d.Write(context.WithoutCancel(b.Context()), func(tx db.Tx) error { return tx.Send(sql) }); err != nil {
			b.Fatal(err)
		}
	}
	exec("CREATE TABLE things (merchant_id TEXT NOT NULL, thing_id TEXT NOT NULL, n BIGINT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (merchant_id, thing_id))")
	exec("CREATE INDEX things_by_n ON things (merchant_id, n)")
	b.Cleanup(func() { exec("DROP TABLE things") })
	var next atomic.Int64
	four := func(b *testing.B) {
		err := d.Write(b.Context(), func(tx db.Tx) error {
			for range 4 {
				n := next.Add(1)
				if err := tx.Send("INSERT INTO things (merchant_id, thing_id, n, note) VALUES ($1, $2, $3, $4)",
					"mer_01HZX3", "ord_"+strconv.FormatInt(n*7919, 36), n, "a note of some length, as rows have"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Error(err)
		}
	}
	b.Run("serial", func(b *testing.B) {
		for b.Loop() {
			four(b)
		}
	})
	b.Run("parallel32", func(b *testing.B) {
		b.SetParallelism(16) // times GOMAXPROCS
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				four(b)
			}
		})
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			err := d.Read(b.Context(), func(tx db.Tx) error {
				var note string
				return tx.QueryRow([]any{&note}, "SELECT note FROM things WHERE merchant_id = $1 AND thing_id = $2", "mer_01HZX3", "ord_"+strconv.FormatInt(7919, 36))
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}
