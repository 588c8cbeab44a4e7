package payment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const intentColumns = `payment_intent_id, order_id, attempt_id, customer_id, status, amount, tip, currency, capture_method,
	flow, origin, processor, authorized, captured, released, refunded, refund_reserved, disputed, authorized_at,
	authorization_expires_at, captured_at, external_reference_id, detail, created_at, updated_at, credit_of`

func scanIntent(r db.Row, scope tenant.Scope) (*Intent, error) {
	i := &Intent{Scope: scope}
	var detail string
	err := r.Scan(&i.ID, &i.OrderID, &i.AttemptID, &i.CustomerID, &i.Status, &i.Amount, &i.Tip, &i.Currency, &i.CaptureMethod,
		&i.Flow, &i.Origin, &i.Processor, &i.Authorized, &i.Captured, &i.Released, &i.Refunded, &i.RefundReserved, &i.Disputed,
		&i.AuthorizedAt, &i.AuthorizationExpiresAt, &i.CapturedAt, &i.ExternalReferenceID, &detail, &i.CreatedAt, &i.UpdatedAt, &i.CreditOf)
	if err != nil {
		return nil, err
	}
	return i, json.Unmarshal([]byte(detail), &i.Detail)
}

func queryIntents(tx db.Tx, scope tenant.Scope, sql string, args ...any) ([]*Intent, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []*Intent
	err := tx.Query(func(r db.Row) error {
		i, err := scanIntent(r, scope)
		if err == nil {
			out = append(out, i)
		}
		return err
	}, sql, args...)
	return out, err
}

// Get reads one intent without locking it; a fault RESOURCE_NOT_FOUND when the scope has none.
func Get(tx db.Tx, scope tenant.Scope, intentID string) (*Intent, error) {
	return oneIntent(tx, scope, intentID, "")
}

// Load reads one intent and locks it until the transaction ends. The order is locked before.
func Load(tx db.Tx, scope tenant.Scope, intentID string) (*Intent, error) {
	return oneIntent(tx, scope, intentID, tx.ForUpdate())
}

func oneIntent(tx db.Tx, scope tenant.Scope, intentID, lock string) (*Intent, error) {
	found, err := queryIntents(tx, scope, `SELECT `+intentColumns+` FROM payment_intents
		WHERE merchant_id = $1 AND environment_id = $2 AND payment_intent_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, intentID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("payment intent")
	}
	return found[0], nil
}

// OfOrder reads all intents of an order, oldest first. With lock they stay locked until the end.
func OfOrder(tx db.Tx, scope tenant.Scope, orderID string, lock bool) ([]*Intent, error) {
	clause := ""
	if lock {
		clause = tx.ForUpdate()
	}
	return queryIntents(tx, scope, `SELECT `+intentColumns+` FROM payment_intents
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 ORDER BY payment_intent_id`+clause,
		scope.MerchantID, scope.EnvironmentID, orderID)
}

// OfOrders reads all intents of some orders, by order, oldest first.
func OfOrders(tx db.Tx, scope tenant.Scope, orderIDs []string) (map[string][]*Intent, error) {
	if err := scope.Check(); err != nil || len(orderIDs) == 0 {
		return nil, err
	}
	q := listing.From("payment_intents", intentColumns, "payment_intent_id", scope).In("order_id", orderIDs)
	if err := q.Sort("order_id", true, false, nil); err != nil {
		return nil, err
	}
	found, err := listing.All(tx, q, func(r db.Row) (*Intent, error) { return scanIntent(r, scope) })
	if err != nil {
		return nil, fmt.Errorf("read the payment intents of %d orders: %w", len(orderIDs), err)
	}
	out := make(map[string][]*Intent, len(orderIDs))
	for _, i := range found {
		out[i.OrderID] = append(out[i.OrderID], i)
	}
	return out, nil
}

func insertIntent(tx db.Tx, i *Intent) error {
	detail, err := json.Marshal(&i.Detail)
	if err != nil {
		return fmt.Errorf("encode intent %s: %w", i.ID, err)
	}
	return tx.Send(`INSERT INTO payment_intents (merchant_id, environment_id, `+intentColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)`,
		i.Scope.MerchantID, i.Scope.EnvironmentID, i.ID, i.OrderID, i.AttemptID, i.CustomerID, i.Status, i.Amount, i.Tip,
		i.Currency, i.CaptureMethod, i.Flow, i.Origin, i.Processor, i.Authorized, i.Captured, i.Released, i.Refunded,
		i.RefundReserved, i.Disputed, i.AuthorizedAt, i.AuthorizationExpiresAt, i.CapturedAt, i.ExternalReferenceID,
		string(detail), i.CreatedAt, i.UpdatedAt, i.CreditOf)
}

// Save writes an intent that Load locked. A broken bound (more refunded than captured, say) is a
// db.ErrConstraint, whatever the caller checked before.
func Save(tx db.Tx, i *Intent, now time.Time) error {
	i.UpdatedAt = now
	detail, err := json.Marshal(&i.Detail)
	if err != nil {
		return fmt.Errorf("encode intent %s: %w", i.ID, err)
	}
	return tx.Send(`UPDATE payment_intents SET attempt_id = $4, status = $5, authorized = $6, captured = $7, released = $8,
		refunded = $9, refund_reserved = $10, disputed = $11, authorized_at = $12, authorization_expires_at = $13,
		captured_at = $14, detail = $15, updated_at = $16, processor = $17, tip = $18
		WHERE merchant_id = $1 AND environment_id = $2 AND payment_intent_id = $3`,
		i.Scope.MerchantID, i.Scope.EnvironmentID, i.ID, i.AttemptID, i.Status, i.Authorized, i.Captured, i.Released,
		i.Refunded, i.RefundReserved, i.Disputed, i.AuthorizedAt, i.AuthorizationExpiresAt, i.CapturedAt, string(detail),
		i.UpdatedAt, i.Processor, i.Tip)
}

const attemptColumns = `attempt_id, order_id, checkout_session_id, mode, status, completion, expected_outstanding, currency,
	intent_ids, failure_code, failure_message, started_at, completed_at, updated_at`

func scanAttempt(r db.Row, scope tenant.Scope) (*Attempt, error) {
	a := &Attempt{Scope: scope}
	var intents string
	err := r.Scan(&a.ID, &a.OrderID, &a.CheckoutSessionID, &a.Mode, &a.Status, &a.Completion, &a.ExpectedOutstanding,
		&a.Currency, &intents, &a.FailureCode, &a.FailureMessage, &a.StartedAt, &a.CompletedAt, &a.UpdatedAt)
	if intents != "" {
		a.IntentIDs = strings.Split(intents, " ")
	}
	return a, err
}

// GetAttempt reads one attempt of an order; a fault RESOURCE_NOT_FOUND when there is none.
func GetAttempt(tx db.Tx, scope tenant.Scope, orderID, attemptID string) (*Attempt, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var found *Attempt
	err := tx.Query(func(r db.Row) (err error) {
		found, err = scanAttempt(r, scope)
		return err
	}, `SELECT `+attemptColumns+` FROM payment_attempts
		WHERE merchant_id = $1 AND environment_id = $2 AND attempt_id = $3 AND order_id = $4`,
		scope.MerchantID, scope.EnvironmentID, attemptID, orderID)
	if err == nil && found == nil {
		err = fault.NotFound("payment attempt")
	}
	return found, err
}

// Attempts reads one page of an order's attempts, newest first, and the cursor of the next; with a session
// only those of its buyer.
func Attempts(tx db.Tx, scope tenant.Scope, orderID, sessionID string, after *listing.Cursor, limit int) ([]*Attempt, *listing.Cursor, error) {
	if err := scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("payment_attempts", attemptColumns, "attempt_id", scope).
		Equal("order_id", orderID).Equal("checkout_session_id", sessionID)
	if err := q.Sort("started_at", false, true, after); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, limit, func(r db.Row) (*Attempt, error) { return scanAttempt(r, scope) },
		func(a *Attempt) listing.Cursor { return listing.At(a.StartedAt, a.ID) })
}

// AttemptsByID reads some attempts.
func AttemptsByID(tx db.Tx, scope tenant.Scope, attemptIDs []string) (map[string]*Attempt, error) {
	if err := scope.Check(); err != nil || len(attemptIDs) == 0 {
		return nil, err
	}
	q := listing.From("payment_attempts", attemptColumns, "attempt_id", scope).In("attempt_id", attemptIDs)
	if err := q.Sort("started_at", true, true, nil); err != nil {
		return nil, err
	}
	found, err := listing.All(tx, q, func(r db.Row) (*Attempt, error) { return scanAttempt(r, scope) })
	if err != nil {
		return nil, fmt.Errorf("read %d payment attempts: %w", len(attemptIDs), err)
	}
	out := make(map[string]*Attempt, len(found))
	for _, a := range found {
		out[a.ID] = a
	}
	return out, nil
}

// NewestAttempt is the last attempt of an order, with a session the last of its buyer, nil without one.
func NewestAttempt(tx db.Tx, scope tenant.Scope, orderID, sessionID string) (*Attempt, error) {
	found, _, err := Attempts(tx, scope, orderID, sessionID, nil, 1)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func insertAttempt(tx db.Tx, a *Attempt) error {
	return tx.Send(`INSERT INTO payment_attempts (merchant_id, environment_id, `+attemptColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID, a.OrderID, a.CheckoutSessionID, a.Mode, a.Status, a.Completion,
		a.ExpectedOutstanding, a.Currency, strings.Join(a.IntentIDs, " "), a.FailureCode, a.FailureMessage, a.StartedAt,
		a.CompletedAt, a.UpdatedAt)
}

func saveAttempt(tx db.Tx, a *Attempt, now time.Time) error {
	a.UpdatedAt = now
	if !a.Open() && a.CompletedAt.IsZero() {
		a.CompletedAt = now
	}
	return tx.Send(`UPDATE payment_attempts SET status = $4, failure_code = $5, failure_message = $6, completed_at = $7, updated_at = $8
		WHERE merchant_id = $1 AND environment_id = $2 AND attempt_id = $3`,
		a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID, a.Status, a.FailureCode, a.FailureMessage, a.CompletedAt, a.UpdatedAt)
}

// States of an operation's row.
const (
	opPlanned        = "planned"
	opUnknown        = "unknown" // the answer was lost
	opRequiresAction = "requires_action"
	opProcessing     = "processing"
	opSucceeded      = "succeeded"
	opFailed         = "failed"
	opParked         = "parked" // the answer contradicts the operation; an operator decides
)

// record is an operation with what is known of its outcome.
type record struct {
	Operation
	State        string
	Version      int64
	ProcessorRef string
	Code         string
	ActionURL    string
	Checks       int64
	NextCheckAt  time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

const operationColumns = `merchant_id, environment_id, operation_id, kind, processor, order_id, payment_intent_id, refund_id,
	state, amount, currency, source, target, return_url, version, processor_ref, code, action_url, checks, next_check_at,
	created_at, updated_at, known_as`

func queryOperations(tx db.Tx, sql string, args ...any) ([]*record, error) {
	var out []*record
	err := tx.Query(func(r db.Row) error {
		o := &record{}
		if err := r.Scan(&o.Scope.MerchantID, &o.Scope.EnvironmentID, &o.ID, &o.Kind, &o.Processor, &o.OrderID, &o.PaymentID,
			&o.RefundID, &o.State, &o.Amount, &o.Currency, &o.Source, &o.Target, &o.ReturnURL, &o.Version, &o.ProcessorRef,
			&o.Code, &o.ActionURL, &o.Checks, &o.NextCheckAt, &o.CreatedAt, &o.UpdatedAt, &o.KnownAs); err != nil {
			return err
		}
		out = append(out, o)
		return nil
	}, sql, args...)
	return out, err
}

func loadOperation(tx db.Tx, scope tenant.Scope, operationID string) (*record, error) {
	found, err := queryOperations(tx, `SELECT `+operationColumns+` FROM processor_operations
		WHERE merchant_id = $1 AND environment_id = $2 AND operation_id = $3`+tx.ForUpdate(),
		scope.MerchantID, scope.EnvironmentID, operationID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("processor operation")
	}
	return found[0], nil
}

// lastOperation is the newest operation of an intent of one of the kinds, nil when it has none.
func lastOperation(tx db.Tx, scope tenant.Scope, intentID string, kinds ...Kind) (*record, error) {
	found, err := queryOperations(tx, `SELECT `+operationColumns+` FROM processor_operations
		WHERE merchant_id = $1 AND environment_id = $2 AND payment_intent_id = $3 ORDER BY operation_id DESC`,
		scope.MerchantID, scope.EnvironmentID, intentID)
	if err != nil {
		return nil, err
	}
	for _, o := range found {
		if slices.Contains(kinds, o.Kind) {
			return o, nil
		}
	}
	return nil, nil
}

func saveOperation(tx db.Tx, o *record, now time.Time) error {
	o.UpdatedAt = now
	return tx.Send(`UPDATE processor_operations SET state = $4, version = $5, processor_ref = $6, code = $7, action_url = $8,
		checks = $9, next_check_at = $10, updated_at = $11
		WHERE merchant_id = $1 AND environment_id = $2 AND operation_id = $3`,
		o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID, o.State, o.Version, o.ProcessorRef, o.Code, o.ActionURL,
		o.Checks, o.NextCheckAt, o.UpdatedAt)
}
