package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"flint/internal/db"
	"flint/internal/failpoint"
)

// statement is one that Send holds back.
type statement struct {
	sql  string
	args []any
}

// tx is a running transaction. BEGIN is not sent before the first statement is. The first statement
// that fails ends its usefulness: every later one gives the same error and it cannot commit.
type tx struct {
	ctx        context.Context
	conn       *pgx.Conn
	begin      string
	begun      bool
	held       []statement
	guard      db.Guard
	inRow      bool
	err        error
	lost       bool // the connection went away before COMMIT was sent
	after      []func()
	failpoints *failpoint.Points
}

func (t *tx) Engine() db.Engine        { return db.Postgres }
func (t *tx) Context() context.Context { return t.guard.Context(t.ctx) }
func (t *tx) ForUpdate() string        { return " FOR UPDATE" }
func (t *tx) AfterCommit(fn func())    { t.after = append(t.after, fn) }

func (t *tx) Exec(sql string, args ...any) (int64, error) {
	var n int64
	err := t.run(sql, args, func(rows pgx.Rows) error {
		rows.Close()
		n = rows.CommandTag().RowsAffected()
		return nil
	})
	return n, err
}

func (t *tx) Send(sql string, args ...any) error {
	if err := t.usable(); err != nil {
		return err
	}
	s, err := t.statement(sql, args)
	if err != nil {
		return err
	}
	t.held = append(t.held, s)
	if len(t.held) >= longestHeld {
		return t.flush(t.ctx, nil)
	}
	return nil
}

func (t *tx) Query(fn func(db.Row) error, sql string, args ...any) error {
	return t.run(sql, args, func(rows pgx.Rows) error {
		for rows.Next() {
			if err := t.oneRow(fn, rows); err != nil {
				rows.Close()
				return err
			}
		}
		return nil
	})
}

func (t *tx) oneRow(fn func(db.Row) error, rows pgx.Rows) error {
	t.inRow = true
	defer func() { t.inRow = false }()
	return fn(row{rows})
}

func (t *tx) QueryRow(dest []any, sql string, args ...any) error {
	found := false
	err := t.run(sql, args, func(rows pgx.Rows) error {
		defer rows.Close()
		if !rows.Next() {
			return nil
		}
		found = true
		return row{rows}.Scan(dest...)
	})
	if err == nil && !found {
		return db.ErrNoRows
	}
	return err
}

func (t *tx) usable() error {
	switch {
	case t.guard.Ended():
		return db.ErrEnded
	case t.inRow:
		return db.ErrInRow
	case t.err != nil:
		return t.err
	}
	t.err = t.ctx.Err()
	return t.err
}

// statement converts the arguments to what pgx encodes without looking further.
func (t *tx) statement(sql string, args []any) (statement, error) {
	out := make([]any, len(args))
	for i, a := range args {
		v, err := db.ValueOf(a)
		if err != nil {
			t.err = fmt.Errorf("%s: $%d: %w", db.Excerpt(sql), i+1, err)
			return statement{}, t.err
		}
		switch v.Kind {
		case db.Int:
			out[i] = v.Int
		case db.Text:
			out[i] = v.Str
		case db.Bytes:
			out[i] = v.Raw
		}
	}
	return statement{sql, out}, nil
}

// run sends what is held and one statement more, and reads its rows with fn. An error of fn is
// returned as it is and leaves the transaction usable.
func (t *tx) run(sql string, args []any, fn func(pgx.Rows) error) error {
	if err := t.usable(); err != nil {
		return err
	}
	s, err := t.statement(sql, args)
	if err != nil {
		return err
	}
	if !t.begun || len(t.held) > 0 {
		t.held = append(t.held, s)
		return t.flush(t.ctx, fn)
	}
	rows, err := t.conn.Query(t.ctx, s.sql, s.args...)
	return t.read(t.ctx, s.sql, rows, err, fn)
}

// read lets fn read the rows of a statement and finishes it.
func (t *tx) read(ctx context.Context, sql string, rows pgx.Rows, err error, fn func(pgx.Rows) error) error {
	if err != nil {
		return t.fail(ctx, sql, err)
	}
	defer rows.Close()
	found := fn(rows)
	rows.Close()
	if err := rows.Err(); err != nil {
		return t.fail(ctx, sql, err)
	}
	return found
}

// flush sends BEGIN, when it was not sent, and everything held in one round trip. The rows of the
// last statement go to fn, unless it is nil.
func (t *tx) flush(ctx context.Context, fn func(pgx.Rows) error) (err error) {
	batch := &pgx.Batch{}
	first := t.begun
	if !first {
		batch.Queue(t.begin)
	}
	held := t.held
	t.held = nil
	for _, s := range held {
		batch.Queue(s.sql, s.args...)
	}
	t.begun = true
	results := t.conn.SendBatch(ctx, batch)
	defer func() {
		if closing := results.Close(); closing != nil && t.err == nil {
			err = t.fail(ctx, "", closing)
		}
	}()
	if !first {
		if _, err := results.Exec(); err != nil {
			return t.fail(ctx, t.begin, err)
		}
	}
	for i, s := range held {
		if fn != nil && i == len(held)-1 {
			rows, err := results.Query()
			return t.read(ctx, s.sql, rows, err, fn)
		}
		if _, err := results.Exec(); err != nil {
			return t.fail(ctx, s.sql, err)
		}
	}
	return nil
}

func (t *tx) fail(ctx context.Context, sql string, err error) error {
	var pg *pgconn.PgError
	switch {
	case t.err != nil:
		return t.err
	case ctx.Err() != nil:
		t.err = ctx.Err()
	case t.conn.IsClosed(), errors.As(err, &pg) && connectionLost(pg.Code):
		t.lost = true
		t.err = unavailable(err)
	default:
		if sql != "" {
			err = fmt.Errorf("%s: %w", db.Excerpt(sql), mapError(err))
		}
		t.err = mapError(err)
	}
	return t.err
}

// commit sends what is held together with the COMMIT. From here on the caller's context no longer
// counts: its end would leave the outcome open.
func (t *tx) commit() error {
	if t.err != nil {
		return t.err
	}
	if !t.begun && len(t.held) == 0 {
		return nil
	}
	if err := t.ctx.Err(); err != nil {
		t.err = err
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), settleTimeout)
	defer cancel()
	t.held = append(t.held, statement{sql: "COMMIT"})
	tag := ""
	t.failpoints.Hit("commit.before")
	err := t.flush(ctx, func(rows pgx.Rows) error {
		rows.Close()
		tag = rows.CommandTag().String()
		return nil
	})
	switch {
	case err == nil && tag == "COMMIT":
		t.failpoints.Hit("commit.after")
		t.begun = false
		return nil
	case err == nil:
		t.begun = false
		t.err = fmt.Errorf("postgres: COMMIT was answered by %s", tag)
		return t.err
	case t.lost || ctx.Err() != nil:
		if pgconn.SafeToRetry(err) {
			return err
		}
		t.lost = false
		t.err = unavailable(fmt.Errorf("%w: %w", db.ErrCommitUnknown, err))
		return t.err
	}
	return err
}

// rollback ends a transaction that did not commit. A connection that cannot even do that is closed;
// the server then rolls back by itself.
func (t *tx) rollback() {
	t.guard.Leave()
	if !t.begun || t.conn.IsClosed() || t.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), settleTimeout)
	defer cancel()
	if _, err := t.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = t.conn.Close(ctx) // broken already
	}
}
