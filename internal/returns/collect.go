package returns

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
)

// Doors through which the difference of an exchange is collected, one at a time.
const (
	DoorCheckout = "checkout"
	DoorLink     = "payment_link"
	DoorInvoice  = "invoice"
)

// Doors open and close what a buyer pays through. The order is that of the resolution, and locked.
type Doors struct {
	// Session opens a checkout, or hands out the open one of the same surface once more; it answers with its id.
	Session func(ctx context.Context, tx db.Tx, o *order.Order, in SessionInput) (sessionID string, err error)
	// Link and Invoice make a payment link or an invoice over the order; they answer with its id and address.
	Link    func(ctx context.Context, tx db.Tx, o *order.Order, r *Return, x *Resolution, cause event.Cause) (id, url string, err error)
	Invoice func(ctx context.Context, tx db.Tx, o *order.Order, r *Return, x *Resolution, cause event.Cause) (id, url string, err error)
	// Close ends a door for good, with the session that is open behind it.
	Close func(ctx context.Context, tx db.Tx, o *order.Order, door, id string, cause event.Cause) error
}

// SessionInput asks for the checkout of a balance.
type SessionInput struct {
	ResolutionID string
	Surface      string // hosted when empty
	PageOrigin   string
	SuccessURL   string
	CancelURL    string
	Cause        event.Cause
}

// balance loads a resolution whose difference the buyer owes, and locks its order.
func (s *Service) balance(tx db.Tx, in ResolutionVersion) (*Return, *order.Order, *Resolution, *order.Order, error) {
	r, o, x, err := s.at(tx, in)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if x.ActionReason != "buyer_payment" {
		return nil, nil, nil, nil, notAllowed(x.Status, "Read execution_blockers: a balance is collected while they name buyer_payment_pending.", "The buyer owes nothing for this resolution now.")
	}
	made, err := s.Orders.Load(tx, r.Scope, x.ReplacementID)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if made.Outstanding() == 0 {
		return nil, nil, nil, nil, fault.Conflict("ORDER_ALREADY_PAID", "The difference is paid.")
	}
	return r, o, x, made, nil
}

// Checkout opens the checkout that collects the difference, or hands out the open one. It answers with the return, the
// resolution and the id of the session. Another surface replaces a session in which no payment runs.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED, ORDER_ALREADY_PAID, ORDER_COLLECTION_IN_PROGRESS,
// CHECKOUT_SURFACE_CHANGE_NOT_ALLOWED and those of a checkout session.
func (s *Service) Checkout(ctx context.Context, tx db.Tx, v ResolutionVersion, in SessionInput) (*Return, *Resolution, error) {
	r, o, x, made, err := s.balance(tx, v)
	if err != nil {
		return nil, nil, err
	}
	if err := s.changeDoor(ctx, tx, made, x, DoorCheckout, v.Cause); err != nil {
		return nil, nil, err
	}
	in.ResolutionID, in.Cause = x.ID, v.Cause
	sessionID, err := s.Doors.Session(ctx, tx, made, in)
	if err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("return.checkout_opened")
	x.Effect.SessionID, x.Effect.Door, x.Effect.DoorID = sessionID, DoorCheckout, sessionID
	return s.finish(tx, o, r, x.ID, v.Cause)
}

// Collection is where the buyer pays.
type Collection struct {
	Door string
	ID   string
	URL  string
}

// Collect makes a payment link or an invoice over the difference, or names the one there is.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED, ORDER_ALREADY_PAID, ORDER_COLLECTION_IN_PROGRESS and those of
// links and invoices.
func (s *Service) Collect(ctx context.Context, tx db.Tx, v ResolutionVersion, door string) (*Return, *Resolution, Collection, error) {
	var out Collection
	if !slices.Contains([]string{DoorLink, DoorInvoice}, door) {
		return nil, nil, out, fault.Invalid("INVALID_REQUEST", "door", "The door is payment_link or invoice.")
	}
	r, o, x, made, err := s.balance(tx, v)
	if err != nil {
		return nil, nil, out, err
	}
	if x.Effect.Door == door {
		return r, x, Collection{Door: door, ID: x.Effect.DoorID, URL: x.Effect.DoorURL}, nil
	}
	if err := s.changeDoor(ctx, tx, made, x, door, v.Cause); err != nil {
		return nil, nil, out, err
	}
	open := s.Doors.Link
	if door == DoorInvoice {
		open = s.Doors.Invoice
	}
	out.Door = door
	if out.ID, out.URL, err = open(ctx, tx, made, r, x, v.Cause); err != nil {
		return nil, nil, out, err
	}
	s.Failpoints.Hit("return.door_opened")
	x.Effect.Door, x.Effect.DoorID, x.Effect.DoorURL = door, out.ID, out.URL
	r, x, err = s.finish(tx, o, r, x.ID, v.Cause)
	return r, x, out, err
}

// changeDoor closes the door that is open, unless it is the one that is asked for.
func (s *Service) changeDoor(ctx context.Context, tx db.Tx, made *order.Order, x *Resolution, door string, cause event.Cause) error {
	if x.Effect.Door == "" || x.Effect.Door == door {
		return nil
	}
	if made.ActiveAttemptID != "" {
		return inProgress(made)
	}
	return s.closeDoor(ctx, tx, made, x, cause)
}

func (s *Service) closeDoor(ctx context.Context, tx db.Tx, made *order.Order, x *Resolution, cause event.Cause) error {
	if err := s.Doors.Close(ctx, tx, made, x.Effect.Door, x.Effect.DoorID, cause); err != nil {
		return err
	}
	x.Effect.Door, x.Effect.DoorID, x.Effect.DoorURL, x.Effect.SessionID = "", "", "", ""
	return s.reload(tx, made)
}

// closeDoors ends every way to pay for the order of a resolution that is given up.
func (s *Service) closeDoors(tx db.Tx, made *order.Order, x *Resolution, cause event.Cause) error {
	if made.ActiveAttemptID != "" {
		return inProgress(made)
	}
	if x.Effect.Door == "" || s.Doors.Close == nil {
		return nil
	}
	return s.closeDoor(tx.Context(), tx, made, x, cause)
}

func inProgress(o *order.Order) error {
	return fault.Conflict("ORDER_COLLECTION_IN_PROGRESS", "A payment of the difference is under way.").
		Then("Wait for it, or cancel it.").With("order_payment_attempt_id", o.ActiveAttemptID)
}

// Admit refuses to hand over the goods of an exchange whose difference is not paid, unless the merchant says
// otherwise. It is one of fulfillment.Service.Admit; the order is locked.
//
// Faults: RETURN_CHECKOUT_REQUIRED.
func (s *Service) Admit(tx db.Tx, o *order.Order) error {
	if o.ReturnResolutionID == "" || o.Outstanding() == 0 {
		return nil
	}
	if s.ShipsUnpaid != nil {
		if ships, err := s.ShipsUnpaid(tx, o.Scope); err != nil || ships {
			return err
		}
	}
	return fault.Conflict("RETURN_CHECKOUT_REQUIRED", "The buyer has not paid the difference of the exchange yet, so its goods are not handed over.").
		Then("Collect it with POST /v1/return-resolutions/{id}/checkout-session.").
		With("return_resolution_id", o.ReturnResolutionID).With("return_id", o.ReturnID)
}
