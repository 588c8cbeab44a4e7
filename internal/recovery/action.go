package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Types of actions: which door takes the place of the old one.
const (
	TypeCheckoutSession = "checkout_session"
	TypePaymentLink     = "payment_link"
	TypeInvoice         = "invoice"
	TypeRecoveryLink    = "recovery_link"
)

// States of an action.
const (
	ActionPending = "pending" // waits for the end of the payment it cancels
	ActionDone    = "done"
	ActionFailed  = "failed"
)

// Action is a door that was put in the place of another.
type Action struct {
	Scope             tenant.Scope
	ID                string // ract_…
	OrderID           string
	SessionID         string // that the action was asked on, empty for actions on the order
	RecoveryID        string // of the buyer who is away, may be empty
	Type              string
	State             string
	FailureCode       string
	CanceledAttemptID string // payment that had to be given up first
	DoorID            string // cs_…, rlnk_…, pl_… or inv_…
	FencedSessionID   string // the session that was ended for it
	ActorType         string
	ActorID           string
	CreatedAt         time.Time
	EndedAt           time.Time
}

// Door is an opened door.
type Door struct {
	ID  string
	URL string // a secret of the buyer's
}

// OpenDoor opens a door of another domain for an order, in the caller's transaction.
type OpenDoor func(ctx context.Context, tx db.Tx, o *order.Order, cause event.Cause) (Door, error)

// StartInput asks for another door to an order.
type StartInput struct {
	Scope         tenant.Scope
	OrderID       string // empty when SessionID is given
	SessionID     string
	Type          string
	CancelPayment bool // give up a payment that waits for its buyer
	AppID         string
	Cause         event.Cause
}

// Start writes an action down as pending. When a payment is in the way and may be given up, it plans that
// and returns the operations to execute before Finish.
//
// Faults: RESOURCE_NOT_FOUND, ORDER_NOT_OPEN, ORDER_ALREADY_PAID, CHECKOUT_SESSION_CURRENT_CHANGED,
// CHECKOUT_PAYMENT_RESOLVING, PAYMENT_ATTEMPT_NOT_CANCELABLE, RECOVERY_ACTION_UNAVAILABLE,
// ORDER_COLLECTION_ALREADY_ACTIVE.
func (s *Service) Start(tx db.Tx, in StartInput) (*Action, []payment.Operation, error) {
	if in.SessionID != "" {
		session, err := checkout.Get(tx, in.Scope, in.SessionID)
		if err != nil {
			return nil, nil, err
		}
		in.OrderID = session.OrderID
	}
	o, err := s.Orders.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	if err := s.payable(o, in.Type); err != nil {
		return nil, nil, err
	}
	if in.Type != TypeCheckoutSession && in.Type != TypeRecoveryLink && s.Doors[in.Type] == nil {
		return nil, nil, fault.Conflict("RECOVERY_ACTION_UNAVAILABLE", "This installation cannot open such a door for an order.")
	}
	if err := s.sameDoor(tx, o, in.SessionID); err != nil {
		return nil, nil, err
	}
	now := s.Clock.Now()
	a := &Action{
		Scope: in.Scope, ID: s.IDs.New(id.RecoveryAction), OrderID: o.ID, SessionID: in.SessionID, Type: in.Type, State: ActionPending,
		ActorType: in.Cause.ActorType, ActorID: in.Cause.ActorID, CreatedAt: now,
	}
	if r, err := live(tx, o.Scope, o.ID); err != nil {
		return nil, nil, err
	} else if r != nil {
		a.RecoveryID = r.ID
	}
	var ops []payment.Operation
	if o.ActiveAttemptID != "" && in.Type != TypeRecoveryLink { // a link leads to the payment under way
		if !in.CancelPayment {
			return nil, nil, resolving(o)
		}
		a.CanceledAttemptID = o.ActiveAttemptID
		ops, err = s.Payments.CancelAttempt(tx, payment.CancelAttemptInput{
			Scope: o.Scope, OrderID: o.ID, AttemptID: o.ActiveAttemptID, Reason: "abandoned", Cause: in.Cause,
		})
		if err != nil {
			return nil, nil, err
		}
	}
	s.Failpoints.Hit("recovery.action_started")
	return a, ops, insertAction(tx, a)
}

// Finish ends the old door and opens the new one in one transaction, once the payment that was in the way is
// over. A pending action whose order was paid meanwhile fails with ORDER_ALREADY_PAID and opens nothing.
//
// Faults: those of Start, as the order is now, and of the door.
func (s *Service) Finish(ctx context.Context, tx db.Tx, scope tenant.Scope, actionID string, cause event.Cause) (*Action, Door, error) {
	peek, err := GetAction(tx, scope, actionID)
	if err != nil {
		return nil, Door{}, err
	}
	o, err := s.Orders.Load(tx, scope, peek.OrderID)
	if err != nil {
		return nil, Door{}, err
	}
	a, err := GetAction(tx, scope, actionID)
	if err != nil {
		return nil, Door{}, err
	}
	if a.State != ActionPending {
		return a, Door{}, fault.Conflict("RECOVERY_ACTION_ALREADY_ENDED", "The action has ended.").With("current_status", a.State)
	}
	if err := s.payable(o, a.Type); err != nil {
		return a, Door{}, err
	}
	if o.ActiveAttemptID != "" && a.Type != TypeRecoveryLink {
		return a, Door{}, resolving(o)
	}
	if err := s.sameDoor(tx, o, a.SessionID); err != nil {
		return a, Door{}, err
	}
	door, err := s.open(ctx, tx, o, a, cause)
	if err != nil {
		return a, Door{}, err
	}
	s.Failpoints.Hit("recovery.action_done")
	a.State, a.DoorID, a.EndedAt = ActionDone, door.ID, s.Clock.Now()
	return a, door, saveAction(tx, a)
}

// Fail notes why a pending action came to nothing; an ended one stays as it is.
func (s *Service) Fail(tx db.Tx, scope tenant.Scope, actionID, code string) error {
	a, err := GetAction(tx, scope, actionID)
	if err != nil || a.State != ActionPending {
		return err
	}
	a.State, a.FailureCode, a.EndedAt = ActionFailed, code, s.Clock.Now()
	return saveAction(tx, a)
}

// open fences the order's session and opens the new door.
func (s *Service) open(ctx context.Context, tx db.Tx, o *order.Order, a *Action, cause event.Cause) (Door, error) {
	if a.Type == TypeRecoveryLink {
		link := &Link{Scope: o.Scope, OrderID: o.ID, RecoveryID: a.RecoveryID, Source: SourceAction, ActionID: a.ID}
		if a.ActorType == "app" {
			link.AppID = a.ActorID
		}
		if _, err := s.mint(tx, link, s.Clock.Now()); err != nil {
			return Door{}, err
		}
		return Door{ID: link.ID, URL: s.URL(o.Scope, link.ID)}, nil
	}
	current, err := s.Checkouts.Current(tx, o, cause)
	if err != nil {
		return Door{}, err
	}
	if current != nil {
		a.FencedSessionID = current.ID
	}
	if a.Type == TypeCheckoutSession {
		return s.openSession(ctx, tx, o, current, cause)
	}
	if err := s.Checkouts.Fence(tx, o, checkout.ReasonSuperseded, cause); err != nil {
		return Door{}, err
	}
	door, err := s.Doors[a.Type](ctx, tx, o, cause)
	if err != nil {
		return Door{}, fmt.Errorf("open a door of type %s: %w", a.Type, err)
	}
	return door, nil
}

func (s *Service) openSession(ctx context.Context, tx db.Tx, o *order.Order, current *checkout.Session, cause event.Cause) (Door, error) {
	old, replaces := current, ""
	if current != nil {
		replaces = current.ID
	} else if n := len(o.CheckoutSessionIDs); n > 0 {
		var err error
		if old, err = checkout.Get(tx, o.Scope, o.CheckoutSessionIDs[n-1]); err != nil {
			return Door{}, err
		}
	} else {
		old = &checkout.Session{}
	}
	launch, err := s.again(ctx, tx, o, old, replaces, cause)
	if err != nil {
		return Door{}, err
	}
	return Door{ID: launch.Session.ID, URL: s.Checkouts.PageLink(s.Address(o.Scope, settings.DomainCheckout), launch.Session)}, nil
}

// payable refuses an order that no door of the kind can collect. One that an invoice collects is refused before a
// payment of the invoice could be given up for nothing; a second invoice is refused in its own words.
func (s *Service) payable(o *order.Order, kind string) error {
	switch {
	case o.Status != order.StatusOpen:
		return fault.Conflict("ORDER_NOT_OPEN", "The order is closed.")
	case o.DerivePaymentStatus() == order.PaymentPaid:
		return fault.Conflict("ORDER_ALREADY_PAID", "The order is paid; nothing is outstanding.")
	case kind != TypeInvoice:
		return o.CheckCollectable("")
	}
	return nil
}

// sameDoor refuses an action on a session when another one is the order's open session.
func (s *Service) sameDoor(tx db.Tx, o *order.Order, sessionID string) error {
	if sessionID == "" || len(o.CheckoutSessionIDs) == 0 {
		return nil
	}
	newest, err := checkout.Get(tx, o.Scope, o.CheckoutSessionIDs[len(o.CheckoutSessionIDs)-1])
	if err != nil || newest.ID == sessionID || !newest.Open(s.Clock.Now()) {
		return err
	}
	return fault.Conflict("CHECKOUT_SESSION_CURRENT_CHANGED", "Another session is the order's open one now.").
		With("current_checkout_session_id", newest.ID)
}

func resolving(o *order.Order) error {
	return fault.Conflict("CHECKOUT_PAYMENT_RESOLVING", "A payment of this order is under way.").
		Then("Wait for it, or send cancel_open_payment.").With("order_payment_attempt_id", o.ActiveAttemptID)
}

const actionColumns = `action_id, order_id, checkout_session_id, recovery_id, type, state, failure_code, canceled_attempt_id, door_id,
	fenced_session_id, actor_type, actor_id, created_at, ended_at`

func scanAction(r db.Row, scope tenant.Scope) (*Action, error) {
	a := &Action{Scope: scope}
	return a, r.Scan(&a.ID, &a.OrderID, &a.SessionID, &a.RecoveryID, &a.Type, &a.State, &a.FailureCode, &a.CanceledAttemptID, &a.DoorID,
		&a.FencedSessionID, &a.ActorType, &a.ActorID, &a.CreatedAt, &a.EndedAt)
}

// GetAction reads an action; a fault RESOURCE_NOT_FOUND when the scope has none. The order's lock guards it.
func GetAction(tx db.Tx, scope tenant.Scope, actionID string) (*Action, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var found *Action
	err := tx.Query(func(r db.Row) (err error) {
		found, err = scanAction(r, scope)
		return err
	}, `SELECT `+actionColumns+` FROM recovery_actions WHERE merchant_id = $1 AND environment_id = $2 AND action_id = $3`,
		scope.MerchantID, scope.EnvironmentID, actionID)
	if err != nil {
		return nil, fmt.Errorf("read a recovery action: %w", err)
	}
	if found == nil {
		return nil, fault.NotFound("recovery action")
	}
	return found, nil
}

func insertAction(tx db.Tx, a *Action) error {
	return tx.Send(`INSERT INTO recovery_actions (merchant_id, environment_id, `+actionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`, a.Scope.MerchantID, a.Scope.EnvironmentID,
		a.ID, a.OrderID, a.SessionID, a.RecoveryID, a.Type, a.State, a.FailureCode, a.CanceledAttemptID, a.DoorID,
		a.FencedSessionID, a.ActorType, a.ActorID, a.CreatedAt, a.EndedAt)
}

func saveAction(tx db.Tx, a *Action) error {
	n, err := tx.Exec(`UPDATE recovery_actions SET state = $4, failure_code = $5, door_id = $6, fenced_session_id = $7, ended_at = $8
		WHERE merchant_id = $1 AND environment_id = $2 AND action_id = $3 AND state = 'pending'`, a.Scope.MerchantID, a.Scope.EnvironmentID,
		a.ID, a.State, a.FailureCode, a.DoorID, a.FencedSessionID, a.EndedAt)
	if err == nil && n == 0 {
		err = errors.New("the action has ended meanwhile")
	}
	if err != nil {
		return fmt.Errorf("end recovery action %s: %w", a.ID, err)
	}
	return nil
}

// Unfinished lists the operations that a pending action has planned and nobody has executed.
func Unfinished(tx db.Tx, scope tenant.Scope, actionID string) ([]payment.Operation, error) {
	a, err := GetAction(tx, scope, actionID)
	if err != nil || a.State != ActionPending || a.CanceledAttemptID == "" {
		return nil, err
	}
	attempt, err := payment.GetAttempt(tx, scope, a.OrderID, a.CanceledAttemptID)
	if err != nil {
		return nil, err
	}
	return payment.Planned(tx, attempt)
}
