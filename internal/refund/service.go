package refund

import (
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// Service creates refunds and applies their outcomes. Set payment.Service.Refunds to its Apply.
type Service struct {
	Clock    clock.Clock
	IDs      *id.Source
	Events   *event.Log
	Orders   *order.Service
	Payments *payment.Service
	// Permit is asked about every refund that an app makes, once its amount is known and before anything
	// is written; its error ends the refund. Without it apps refund nothing.
	Permit func(tx db.Tx, r AppRefund) error
	// Recount is told what a refund of an app gives back, whenever parts of it fail or go through after
	// all; nil for nobody.
	Recount func(tx db.Tx, scope tenant.Scope, refundID string, minor int64) error
	// Changed are told of every outcome of a refund's parts, in the transaction that applies it and after it was
	// booked on the order. was is the status before, which one part of several may leave as it is.
	Changed []func(tx db.Tx, o *order.Order, r *Refund, was string, cause event.Cause) error
	// Claimed tells what confirmed resolutions of returns hold of the lines of an order and no refund carries yet,
	// by line; other refunds cannot take it. Who carries a claim out ends it first. Nil for nothing.
	Claimed func(tx db.Tx, scope tenant.Scope, orderID string) (map[string]Taken, error)
	// Promised tells how much of an order's money confirmed resolutions of returns will give back, in minor units;
	// refunds that belong to no return leave as much. Nil for nothing.
	Promised func(tx db.Tx, scope tenant.Scope, orderID string) (int64, error)
	// Completing is told before the money of a failed refund is recorded as given back by hand, so that what a return
	// claimed again is free for it. Nil for nobody.
	Completing func(tx db.Tx, failed *Refund) error
	// Limit is the amount above which a second person has to approve a refund; nil for no limit. A refund in
	// another currency than the limit's needs approval too. A nil Limit is none.
	Limit func(tx db.Tx, scope tenant.Scope) (*money.Amount, error)
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// AppRefund is a refund that an app is about to make, on an order that is locked.
type AppRefund struct {
	Scope    tenant.Scope
	GrantID  string // of the app in this environment
	RefundID string
	OrderID  string
	AppID    string // that created the order, empty for none
	Amount   money.Amount
	Approved bool // by the merchant
	Probe    bool // it is only asked whether the app may: nothing is made now
	Now      time.Time
}
