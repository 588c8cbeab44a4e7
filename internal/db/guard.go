package db

import (
	"context"
	"errors"
	"sync/atomic"
)

// ErrNested is the answer to a transaction begun inside another one. It would wait for itself.
var ErrNested = errors.New("db: a transaction was begun inside another one; pass the Tx on instead")

// ErrEnded is the answer to a Tx used after its function returned.
var ErrEnded = errors.New("db: the transaction has ended")

// ErrInRow is the answer to a statement run from inside a row function: the connection is still
// reading the outer query. Collect the rows first.
var ErrInRow = errors.New("db: a statement was run inside a row function; collect the rows first")

type guardKey struct{}

// Guard marks the context of a running transaction, so that one begun with it is refused. Engines use
// it; it decides nothing else.
type Guard struct{ ended atomic.Bool }

// Enter refuses a context that belongs to a running transaction.
func (g *Guard) Enter(ctx context.Context) error {
	if outer, ok := ctx.Value(guardKey{}).(*Guard); ok && !outer.ended.Load() {
		return ErrNested
	}
	return nil
}

// Context is ctx with the mark.
func (g *Guard) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, guardKey{}, g)
}

// Leave ends the mark; contexts that outlive the transaction are free again.
func (g *Guard) Leave() { g.ended.Store(true) }

// Ended reports whether Leave was called.
func (g *Guard) Ended() bool { return g.ended.Load() }
