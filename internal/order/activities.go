package order

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/tenant"
)

// Activity types that the order record and the domains around it write.
const (
	ActivityCreated             = "created"
	ActivityLineAdded           = "line_item_added"
	ActivityLineUpdated         = "line_item_updated"
	ActivityLineRemoved         = "line_item_removed"
	ActivityDiscountApplied     = "discount_applied"
	ActivityDiscountRemoved     = "discount_removed"
	ActivityTaxUpdated          = "tax_updated"
	ActivityTipAdded            = "requested_tip_added"
	ActivityTipUpdated          = "requested_tip_updated"
	ActivityTipRemoved          = "requested_tip_removed"
	ActivityChargeAdded         = "charge_added"
	ActivityChargeUpdated       = "charge_updated"
	ActivityChargeRemoved       = "charge_removed"
	ActivityUpdated             = "order_updated"
	ActivityAdjustment          = "adjustment"
	ActivityClosed              = "closed"
	ActivityPayment             = "payment"
	ActivityPaymentFailed       = "payment_failed"
	ActivityRefund              = "refund"
	ActivityRefundFailed        = "refund_failed"
	ActivitySessionCreated      = "checkout_session_created"
	ActivitySessionExpired      = "checkout_session_expired"
	ActivitySessionInvalidated  = "checkout_session_invalidated"
	ActivityFulfillmentCreated  = "fulfillment_created"
	ActivityFulfillmentUpdated  = "fulfillment_updated"
	ActivityFulfillmentState    = "fulfillment_state_changed"
	ActivityChargeFulfillmentUp = "charge_fulfillment_updated"
)

var activityTypes = []string{
	ActivityCreated, ActivityLineAdded, ActivityLineUpdated, ActivityLineRemoved, ActivityDiscountApplied, ActivityDiscountRemoved,
	ActivityTaxUpdated, ActivityTipAdded, ActivityTipUpdated, ActivityTipRemoved, ActivityChargeAdded, ActivityChargeUpdated,
	ActivityChargeRemoved, ActivityUpdated, ActivityAdjustment, ActivityClosed, ActivityPayment, ActivityPaymentFailed, ActivityRefund,
	ActivityRefundFailed, ActivitySessionCreated, ActivitySessionExpired, ActivitySessionInvalidated, ActivityFulfillmentCreated,
	ActivityFulfillmentUpdated, ActivityFulfillmentState, ActivityChargeFulfillmentUp,
}

// What an activity can refer to. The wire name of the reference is the type followed by "_id".
const (
	RefPaymentIntent   = "payment_intent"
	RefRefund          = "refund"
	RefCheckoutSession = "checkout_session"
	RefFulfillment     = "fulfillment"
	RefCharge          = "order_charge"
	RefDiscount        = "order_discount"
	RefLine            = "order_line_item"
	RefTip             = "order_tip"
)

// NewActivity is a row of history to be written by Save. Description is for people and names nothing
// of a processor.
type NewActivity struct {
	Type        string
	Description string
	RefType     string // empty when it refers to nothing
	RefID       string
	// Balance is the order's balance after this step, when one Save takes several; nil: the final one.
	Balance *int64
}

// Activity is one row of an order's history. It is narration: the figures explain how the balance
// came about, and are not to be summed up by readers.
type Activity struct {
	ID             string
	Sequence       int64
	Type           string
	Description    string
	BalanceDelta   int64 // minor units, signed
	RunningBalance int64 // the order's balance after this row
	Currency       money.Currency
	RefType        string
	RefID          string
	ActorType      string // as in event.Cause
	ActorID        string
	RequestID      string
	CreatedAt      time.Time
}

func (s *Service) appendActivities(tx db.Tx, o *Order, now time.Time, cause event.Cause, rows []NewActivity) error {
	if len(rows) == 0 {
		return nil
	}
	args := []any{o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID, string(o.Currency), cause.ActorType, cause.ActorID, cause.RequestID, now}
	values := make([]string, len(rows))
	before := o.stored.balance
	for i, a := range rows {
		after := o.Balance()
		if a.Balance != nil {
			after = *a.Balance
		}
		k := len(args)
		values[i] = fmt.Sprintf("($1, $2, $3, $%d, $%d, $%d, $%d, $%d, $%d, $4, $%d, $%d, $5, $6, $7, $8)", k+1, k+2, k+3, k+4, k+5, k+6, k+7, k+8)
		args = append(args, o.stored.activities+int64(i)+1, s.IDs.New(id.OrderActivity), a.Type, a.Description, after-before, after, a.RefType, a.RefID)
		before = after
	}
	err := tx.Send(`INSERT INTO order_activities (merchant_id, environment_id, order_id, sequence, activity_id, type, description,
		balance_delta, running_balance, currency, reference_type, reference_id, actor_type, actor_id, request_id, created_at)
		VALUES `+strings.Join(values, ", "), args...)
	if err != nil {
		return fmt.Errorf("write the order's activities: %w", err)
	}
	return nil
}

// ListActivitiesInput asks for one page of an order's history.
type ListActivitiesInput struct {
	Scope     tenant.Scope
	OrderID   string
	Types     []string // empty: all
	Ascending bool     // default: newest first
	After     *listing.Cursor
	Limit     int // 1 to 100
}

// ActivityPage is one page; Next is nil on the last one.
type ActivityPage struct {
	Activities []Activity
	Next       *listing.Cursor
}

// Validate reports every fault of the input.
func (in ListActivitiesInput) Validate() error {
	var l fault.List
	checkOneOf(&l, "INVALID_QUERY_PARAMETER", "type", in.Types, activityTypes)
	listing.CheckLimit(&l, in.Limit)
	return l.Err()
}

// ListActivities reads an order's history; RESOURCE_NOT_FOUND when the environment has no such order.
func (s *Service) ListActivities(ctx context.Context, tx db.Tx, in ListActivitiesInput) (ActivityPage, error) {
	var out ActivityPage
	if err := in.Validate(); err != nil {
		return out, err
	}
	if err := in.Scope.Check(); err != nil {
		return out, err
	}
	if !id.Valid(id.Order, in.OrderID) {
		return out, fault.NotFound("order")
	}
	var one int64
	err := tx.QueryRow([]any{&one}, `SELECT 1 FROM orders WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`,
		in.Scope.MerchantID, in.Scope.EnvironmentID, in.OrderID)
	if err != nil {
		return out, notFoundOr(err, "order", "look for the order")
	}
	q := listing.From("order_activities", activityColumns, "activity_id", in.Scope).Equal("order_id", in.OrderID).In("type", in.Types)
	if err := q.Sort("sequence", in.Ascending, true, in.After); err != nil {
		return out, err
	}
	out.Activities, out.Next, err = listing.Page(tx, q, in.Limit, scanActivity,
		func(a Activity) listing.Cursor { return listing.Cursor{Key: listing.Int(a.Sequence), ID: a.ID} })
	if err != nil {
		return ActivityPage{}, fmt.Errorf("list the order's activities: %w", err)
	}
	return out, nil
}

const activityColumns = `activity_id, sequence, type, description, balance_delta, running_balance, currency, reference_type, reference_id,
	actor_type, actor_id, request_id, created_at`

func scanActivity(r db.Row) (Activity, error) {
	var a Activity
	err := r.Scan(&a.ID, &a.Sequence, &a.Type, &a.Description, &a.BalanceDelta, &a.RunningBalance, &a.Currency, &a.RefType, &a.RefID,
		&a.ActorType, &a.ActorID, &a.RequestID, &a.CreatedAt)
	return a, err
}

// ActivityTypes lists the types that activities can have.
func ActivityTypes() []string { return slices.Clone(activityTypes) }
