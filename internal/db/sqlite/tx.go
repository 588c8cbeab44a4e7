package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"zombiezen.com/go/sqlite"

	"flint/internal/db"
)

// tx is a running transaction. The first statement that fails ends its usefulness, as it does on
// PostgreSQL: every later statement gives the same error and it cannot commit.
type tx struct {
	conn  *conn
	ctx   context.Context
	guard db.Guard
	inRow bool
	err   error
	after []func()
	// statements counts what was run, a measure of how much there is to checkpoint.
	statements int
	wrote      bool // something other than a query ran
}

func (t *tx) Engine() db.Engine        { return db.SQLite }
func (t *tx) Context() context.Context { return t.guard.Context(t.ctx) }
func (t *tx) ForUpdate() string        { return "" }
func (t *tx) AfterCommit(fn func())    { t.after = append(t.after, fn) }

func (t *tx) Exec(sql string, args ...any) (int64, error) {
	if err := t.each(sql, args, func(row) (bool, error) { return true, nil }); err != nil {
		return 0, err
	}
	return int64(t.conn.Changes()), nil
}

func (t *tx) Send(sql string, args ...any) error {
	return t.each(sql, args, func(row) (bool, error) { return true, nil })
}

func (t *tx) Query(fn func(db.Row) error, sql string, args ...any) error {
	return t.each(sql, args, func(r row) (bool, error) {
		t.inRow = true
		defer func() { t.inRow = false }()
		return true, fn(r)
	})
}

func (t *tx) QueryRow(dest []any, sql string, args ...any) error {
	found := false
	err := t.each(sql, args, func(r row) (bool, error) {
		if found {
			return false, nil
		}
		found = true
		return true, r.Scan(dest...)
	})
	if err == nil && !found {
		return db.ErrNoRows
	}
	return err
}

// each runs a statement and calls fn for its rows until fn wants no more. An error of fn is returned
// as it is and leaves the transaction usable.
func (t *tx) each(sql string, args []any, fn func(row) (bool, error)) error {
	switch {
	case t.guard.Ended():
		return db.ErrEnded
	case t.inRow:
		return db.ErrInRow
	case t.err != nil:
		return t.err
	}
	if err := t.ctx.Err(); err != nil {
		t.err = err
		return err
	}
	t.statements++
	stmt, keep, err := t.conn.prepare(sql)
	if err != nil {
		return t.fail(sql, err)
	}
	defer func() { _ = release(stmt, keep) }() // repeats the error of Step
	t.wrote = t.wrote || stmt.writes
	if err := bind(stmt, args); err != nil {
		return t.fail(sql, err)
	}
	for {
		more, err := stmt.Step()
		if err != nil {
			stmt.forget()
			return t.fail(sql, err)
		}
		if !more {
			return nil
		}
		goOn, err := fn(row{stmt})
		if err != nil || !goOn {
			return err
		}
	}
}

func (t *tx) fail(sql string, err error) error {
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultInterrupt && t.ctx.Err() != nil {
		t.err = t.ctx.Err()
	} else {
		t.err = fmt.Errorf("%s: %w", db.Excerpt(sql), mapError(err))
	}
	return t.err
}

// errGone stands for a function that ended its goroutine instead of returning, as testing.T.Fatal does.
var errGone = errors.New("sqlite: the transaction's function ended its goroutine")

// call runs fn and returns its panic as an error.
func call(fn func(db.Tx) error, t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sqlite: panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(t)
}
