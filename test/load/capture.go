package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/server"
	"flint/internal/webhook"
)

// statement is one that a transaction ran, with its arguments as the database sees them.
type statement struct {
	rows bool // it was asked for rows
	sql  string
	args []any
}

func (s statement) writes() bool { return !strings.HasPrefix(strings.TrimSpace(s.sql), "SELECT") }

// transaction is one that was committed, or one that only read.
type transaction struct {
	write      bool
	statements []statement
}

func (t transaction) writes() bool {
	for _, s := range t.statements {
		if s.writes() {
			return true
		}
	}
	return false
}

// recorder stands before a database and keeps what the domains ask of it.
type recorder struct {
	db.DB
	mu   sync.Mutex
	seen []transaction
}

type recordedTx struct {
	db.Tx
	kept []statement
}

func (r *recorder) Write(ctx context.Context, fn func(db.Tx) error) error {
	return r.record(ctx, true, r.DB.Write, fn)
}

func (r *recorder) Read(ctx context.Context, fn func(db.Tx) error) error {
	return r.record(ctx, false, r.DB.Read, fn)
}

func (r *recorder) record(ctx context.Context, write bool, run func(context.Context, func(db.Tx) error) error, fn func(db.Tx) error) error {
	var tx *recordedTx
	err := run(ctx, func(inner db.Tx) error {
		tx = &recordedTx{Tx: inner}
		return fn(tx)
	})
	if err == nil && tx != nil && len(tx.kept) > 0 {
		r.mu.Lock()
		r.seen = append(r.seen, transaction{write, tx.kept})
		r.mu.Unlock()
	}
	return err
}

// take returns what was recorded since the last call.
func (r *recorder) take() []transaction {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.seen
	r.seen = nil
	return out
}

func (t *recordedTx) keep(rows bool, sql string, args []any) {
	s := statement{rows: rows, sql: sql, args: make([]any, len(args))}
	for i, a := range args {
		v, err := db.ValueOf(a)
		switch {
		case err != nil: // the engine will say so
		case v.Kind == db.Int:
			s.args[i] = v.Int
		case v.Kind == db.Text:
			s.args[i] = v.Str
		case v.Kind == db.Bytes:
			s.args[i] = v.Raw
		}
	}
	t.kept = append(t.kept, s)
}

func (t *recordedTx) Exec(sql string, args ...any) (int64, error) {
	t.keep(false, sql, args)
	return t.Tx.Exec(sql, args...)
}

func (t *recordedTx) Send(sql string, args ...any) error {
	t.keep(false, sql, args)
	return t.Tx.Send(sql, args...)
}

func (t *recordedTx) Query(row func(db.Row) error, sql string, args ...any) error {
	t.keep(true, sql, args)
	return t.Tx.Query(row, sql, args...)
}

func (t *recordedTx) QueryRow(dest []any, sql string, args ...any) error {
	t.keep(true, sql, args)
	return t.Tx.QueryRow(dest, sql, args...)
}

// captured is a flow as its statements.
type captured struct {
	transactions []transaction
	at           time.Time
	known        map[string]bool // ids that were there before and stay as they are
}

// size is how much a flow asks of the database.
type size struct{ statements, transactions int }

func (c captured) size() size {
	n := size{transactions: len(c.transactions)}
	for _, t := range c.transactions {
		n.statements += len(t.statements)
	}
	return n
}

var idPattern = regexp.MustCompile(`\b[a-z]+_[0-9A-HJKMNP-TV-Z]{26}\b`)

// capture runs the server in this process over a database, makes one round of each flow and returns their
// statements. Those of the calls are kept as they came. Of the work behind them (feed, webhooks, the
// settling of the refund) only what writes is kept, because how often it looks for work is a matter of time.
func capture(ctx context.Context, database, dir string, kinds []kind) (all []captured, err error) {
	hook, err := newSink()
	if err != nil {
		return nil, err
	}
	defer hook.close()
	rec := &recorder{}
	s, err := server.Open(ctx, server.Config{
		Database: database, DataDir: dir, Addr: "127.0.0.1:0", Development: true, Egress: egress.Development(),
		Log: slog.New(slog.DiscardHandler), Wrap: func(d db.DB) db.DB { rec.DB = d; return rec },
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, s.Handler()) }()
	defer func() {
		stop()
		if e := <-ended; err == nil {
			err = e
		}
		if e := s.Close(); err == nil {
			err = e
		}
	}()
	key, err := newShop(ctx, s, hook.url)
	if err != nil {
		return nil, fmt.Errorf("make a shop: %w", err)
	}
	conn, err := dial(strings.TrimPrefix(s.BaseURL, "http://"), key)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	known := map[string]bool{}
	for _, k := range kinds {
		round, err := k.make(conn)
		if err != nil {
			return nil, fmt.Errorf("prepare the flow %s: %w", k.name, err)
		}
		for _, t := range rec.take() {
			for _, st := range t.statements {
				for _, a := range st.args {
					if text, ok := a.(string); ok && idPattern.MatchString(text) {
						known[text] = true
					}
				}
			}
		}
		c, err := captureOne(conn, hook, rec, round)
		if err != nil {
			return nil, fmt.Errorf("capture the flow %s: %w", k.name, err)
		}
		c.known = maps.Clone(known)
		all = append(all, c)
	}
	return all, nil
}

func captureOne(conn *client, hook *sink, rec *recorder, round func(*client, *timings) error) (c captured, err error) {
	var ignored timings
	if err := round(conn, &ignored); err != nil { // the first round fills caches and makes counters
		return c, err
	}
	hook.settle(settleFor)
	rec.take()
	c.at = time.Now()
	if err := round(conn, &ignored); err != nil {
		return c, err
	}
	hook.settle(settleFor)
	for _, t := range rec.take() {
		if ofCall(t) {
			c.transactions = append(c.transactions, t)
		} else if kept := onlyWrites(t); len(kept.statements) > 0 {
			c.transactions = append(c.transactions, kept)
		}
	}
	return c, nil
}

func onlyWrites(t transaction) transaction {
	kept := transaction{write: t.write}
	for _, s := range t.statements {
		if s.writes() {
			kept.statements = append(kept.statements, s)
		}
	}
	return kept
}

// behindCalls are what transactions behind the calls start with: the feed, an endpoint, a delivery, the
// simulator's and the sweepers' search for what is due, and the look at the operation of a notice.
var behindCalls = []string{"event_feeds", "webhook_", "FROM events", "simulator_notices", "settle_at <=", "FROM jobs",
	"expires_at <=", "next_check_at <=", "FROM simulator_operations", "contact_until <=", "due_at <=", "invoice_deliveries WHERE status"}

// ofCall tells a transaction of a call, which takes its idempotency key first, from one behind the calls.
func ofCall(t transaction) bool {
	first := t.statements[0].sql
	return strings.HasPrefix(first, "INSERT INTO idempotency_keys") ||
		!slices.ContainsFunc(behindCalls, func(part string) bool { return strings.Contains(first, part) })
}

// newShop makes a merchant with a key of all scopes and an endpoint for all events.
func newShop(ctx context.Context, s *server.Server, hook string) (key string, err error) {
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		now := s.Clock.Now()
		m, err := s.Merchants.Create(ctx, tx, merchant.CreateInput{
			Email: "load@shop.example", BusinessName: "Load", APIVersion: httpapi.Version, Now: now,
		})
		if err != nil {
			return err
		}
		scope := m.Sandbox.Scope
		_, text, err := s.Keys.CreateKey(ctx, tx, auth.CreateKeyInput{Scope: scope, Name: "Load", Scopes: auth.AllScopes().Names(), Now: now})
		if err != nil {
			return err
		}
		key = text.Reveal()
		_, _, err = s.Webhooks.Create(ctx, tx, webhook.CreateInput{Scope: scope, URL: hook})
		return err
	})
	return key, err
}
