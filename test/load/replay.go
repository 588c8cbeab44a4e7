package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/postgres"
	"flint/internal/db/sqlite"
	"flint/internal/id"
	"flint/internal/server"
)

// replay writes a captured flow again and again, with fresh ids and times, through the database and
// nothing else: the floor under every flow, which no HTTP, no JSON and no rule costs.
type replay struct {
	captured
	db        db.DB
	ids       *id.Source
	plans     [][]plan
	tokens    []string // the ids of the flow
	number    string   // the order's number
	numbers   atomic.Int64
	positions atomic.Int64
	onlyRows  bool // leave out what only reads
}

// plan tells how an argument is made for the next flow.
type plan []func(r *replay, f *fresh) any

// fresh are the values of one flow.
type fresh struct {
	ids    map[string]string
	number string
	delta  int64
}

// openDatabase opens a migrated database the way the server does.
func openDatabase(ctx context.Context, database string) (db.DB, error) {
	log := slog.New(slog.DiscardHandler)
	if server.EngineOf(database) == db.Postgres {
		return postgres.Open(ctx, postgres.Options{URL: database, Logger: log})
	}
	return sqlite.Open(ctx, sqlite.Options{Path: database, Logger: log})
}

func newReplay(c captured, d db.DB, onlyRows bool) *replay {
	r := &replay{captured: c, db: d, ids: id.NewSource(clock.System{}), onlyRows: onlyRows}
	r.numbers.Store(time.Now().UnixNano()) // two replays over one database must not meet
	r.positions.Store(r.numbers.Load())
	seen := map[string]bool{}
	for _, t := range c.transactions {
		for _, s := range t.statements {
			if strings.Contains(s.sql, "INSERT INTO orders ") {
				r.number, _ = s.args[26].(string) // order_number
			}
			for _, a := range s.args {
				text, _ := a.(string)
				for _, token := range idPattern.FindAllString(text, -1) {
					if !seen[token] && !c.known[token] {
						seen[token] = true
						r.tokens = append(r.tokens, token)
					}
				}
			}
		}
	}
	for _, t := range c.transactions {
		var plans []plan
		for _, s := range t.statements {
			plans = append(plans, r.plan(s))
		}
		r.plans = append(r.plans, plans)
	}
	return r
}

func (r *replay) plan(s statement) plan {
	out := make(plan, len(s.args))
	for i, a := range s.args {
		switch v := a.(type) {
		case int64:
			out[i] = planNumber(s.sql, i, v, r.at)
		case string:
			out[i] = r.planText(s.sql, i, v)
		default:
			out[i] = func(*replay, *fresh) any { return a }
		}
	}
	return out
}

func planNumber(sql string, i int, v int64, at time.Time) func(*replay, *fresh) any {
	switch {
	case strings.HasPrefix(sql, "UPDATE events SET position") && i == 3:
		return func(r *replay, _ *fresh) any { return r.positions.Add(1) }
	case v > 0 && strings.HasPrefix(sql, "UPDATE invoices SET") && strings.Contains(sql, fmt.Sprintf(" sequence = $%d,", i+1)):
		return func(r *replay, _ *fresh) any { return r.numbers.Add(1) } // invoices have numbers of their own
	case v > at.Add(-48*time.Hour).UnixMicro():
		return func(_ *replay, f *fresh) any { return v + f.delta }
	}
	return func(*replay, *fresh) any { return v }
}

func (r *replay) planText(sql string, i int, v string) func(*replay, *fresh) any {
	switch {
	case v == r.number && r.number != "":
		return func(_ *replay, f *fresh) any { return f.number }
	case strings.Contains(sql, "idempotency_keys") && i == 4:
		// Both transactions of a long call name the same key.
		return func(_ *replay, f *fresh) any {
			if f.ids[v] == "" {
				f.ids[v] = rand.Text()
			}
			return f.ids[v]
		}
	}
	type piece struct{ fixed, token string }
	var pieces []piece
	last := 0
	for _, at := range idPattern.FindAllStringIndex(v, -1) {
		if token := v[at[0]:at[1]]; !r.known[token] {
			pieces = append(pieces, piece{v[last:at[0]], token})
			last = at[1]
		}
	}
	rest := v[last:]
	if len(pieces) == 0 {
		return func(*replay, *fresh) any { return v }
	}
	return func(_ *replay, f *fresh) any {
		b := make([]byte, 0, len(v))
		for _, p := range pieces {
			b = append(append(b, p.fixed...), f.ids[p.token]...)
		}
		return string(append(b, rest...))
	}
}

// once writes one flow.
func (r *replay) once(ctx context.Context) error {
	f := &fresh{ids: make(map[string]string, len(r.tokens)+8), delta: time.Since(r.at).Microseconds()}
	for _, token := range r.tokens {
		prefix, _, _ := strings.Cut(token, "_")
		f.ids[token] = r.ids.New(prefix)
	}
	f.number = strconv.FormatInt(r.numbers.Add(1), 10)
	for n, t := range r.transactions {
		if r.onlyRows && !t.writes() {
			continue
		}
		run := r.db.Read
		if t.write {
			run = r.db.Write
		}
		err := run(ctx, func(tx db.Tx) error {
			for k, s := range t.statements {
				if r.onlyRows && !s.writes() {
					continue
				}
				args := make([]any, len(s.args))
				for i, make := range r.plans[n][k] {
					args[i] = make(r, f)
				}
				var err error
				if s.rows {
					err = tx.Query(skim, s.sql, args...)
				} else {
					err = tx.Send(s.sql, args...)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("replay transaction %d: %w", n, err)
		}
	}
	return nil
}

// skim takes a row without looking at it.
func skim(db.Row) error { return nil }

// run repeats the flow with some goroutines for a time and returns flows a second and the processor
// time of one.
func (r *replay) run(ctx context.Context, clients int, length time.Duration) (perSecond float64, each time.Duration, err error) {
	before, err := cpu(os.Getpid())
	if err != nil {
		return 0, 0, err
	}
	limited, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var (
		count atomic.Int64
		wg    sync.WaitGroup
		errs  = make([]error, clients)
	)
	began := time.Now()
	for n := range clients {
		wg.Go(func() {
			for limited.Err() == nil {
				if err := r.once(ctx); err != nil {
					errs[n] = err
					cancel()
					return
				}
				count.Add(1)
			}
		})
	}
	wg.Wait()
	perSecond = float64(count.Load()) / time.Since(began).Seconds()
	after, err := cpu(os.Getpid())
	if n := count.Load(); n > 0 {
		each = (after - before) / time.Duration(n)
	}
	return perSecond, each, errors.Join(append(errs, err)...)
}

// withoutReads is the same flow over the same database with only what writes rows.
func (r *replay) withoutReads() *replay { return newReplay(r.captured, r.db, true) }
