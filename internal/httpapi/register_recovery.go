package httpapi

import (
	"context"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/recovery"
)

// ListRecoveriesInput is the request of listRecoveries.
type ListRecoveriesInput struct {
	PageQuery
	Status        string    `query:"status" enum:"watching,abandoned,returned,recovered,completed,ended,lapsed"`
	OrderID       string    `query:"order_id"`
	SessionID     string    `query:"checkout_session_id"`
	CreatedAfter  time.Time `query:"created_after"`
	CreatedBefore time.Time `query:"created_before"`
}

// GetRecoveryInput is the request of getRecovery.
type GetRecoveryInput struct {
	RecoveryID string `path:"recovery_id" id:"rcv"`
}

// ListSessionActionsInput is the request of listCheckoutSessionRecoveryActions.
type ListSessionActionsInput struct {
	PageQuery
	SessionID string `path:"checkout_session_id" id:"cs"`
}

// ListOrderActionsInput is the request of listOrderRecoveryActions.
type ListOrderActionsInput struct {
	PageQuery
	OrderID string `path:"order_id" id:"ord"`
}

// RevokeRecoveryLinksInput is the request of revokeOrderRecoveryLinks.
type RevokeRecoveryLinksInput struct {
	OrderID string `path:"order_id" id:"ord"`
}

// RevokedRecoveryLinks tells how many links were ended.
type RevokedRecoveryLinks struct {
	OrderID string `json:"order_id"`
	Revoked int64  `json:"revoked_count"`
}

// registerRecovery adds what brings buyers back.
func registerRecovery(a *API, s *Services) {
	Get(a, "listRecoveries", func(_ context.Context, tx db.Tx, c *Caller, in *ListRecoveriesInput) (Page[*Recovery], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*recovery.Recovery, *listing.Cursor, error) {
			return recovery.List(tx, recovery.ListInput{
				Scope: c.Scope, State: in.Status, OrderID: in.OrderID, SessionID: in.SessionID,
				CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore, After: after, Limit: limit,
			})
		})
		if err != nil {
			return Page[*Recovery]{}, err
		}
		out := Page[*Recovery]{Data: make([]*Recovery, len(page.Data)), Next: page.Next}
		for n, r := range page.Data {
			steps, err := recovery.Steps(tx, c.Scope, r.ID)
			if err != nil {
				return out, err
			}
			out.Data[n] = wireRecovery(r, steps)
		}
		return out, nil
	}, Doc("List recoveries", "Buyers who were at a checkout: whether they left, came back and bought. Newest first."))

	Get(a, "getRecovery", func(_ context.Context, tx db.Tx, c *Caller, in *GetRecoveryInput) (*Recovery, error) {
		r, err := recovery.Get(tx, c.Scope, in.RecoveryID)
		if err != nil {
			return nil, err
		}
		steps, err := recovery.Steps(tx, c.Scope, r.ID)
		if err != nil {
			return nil, err
		}
		return wireRecovery(r, steps), nil
	}, Doc("Read a recovery", "Its reminders say why they were not sent; a recovered order says what brought the money."))

	actions := func(tx db.Tx, c *Caller, q PageQuery, orderID string) (Page[*RecoveryAction], error) {
		page, err := List(c, q, func(after *listing.Cursor, limit int) ([]*recovery.Action, *listing.Cursor, error) {
			return recovery.ListActions(tx, c.Scope, orderID, after, limit)
		})
		return MapPage(page, wireRecoveryAction), err
	}
	Get(a, "listCheckoutSessionRecoveryActions", func(_ context.Context, tx db.Tx, c *Caller, in *ListSessionActionsInput) (Page[*RecoveryAction], error) {
		session, err := checkout.Get(tx, c.Scope, in.SessionID)
		if err != nil {
			return Page[*RecoveryAction]{}, err
		}
		return actions(tx, c, in.PageQuery, session.OrderID)
	}, Doc("List the recovery actions of a session's order", "Newest first."))

	Get(a, "listOrderRecoveryActions", func(ctx context.Context, tx db.Tx, c *Caller, in *ListOrderActionsInput) (Page[*RecoveryAction], error) {
		if _, err := s.Orders.Get(ctx, tx, c.Scope, in.OrderID); err != nil {
			return Page[*RecoveryAction]{}, err
		}
		return actions(tx, c, in.PageQuery, in.OrderID)
	}, Doc("List the recovery actions of an order", "Newest first."))

	Write(a, "revokeOrderRecoveryLinks", func(_ context.Context, tx db.Tx, c *Caller, in *RevokeRecoveryLinksInput) (*RevokedRecoveryLinks, error) {
		if _, err := s.Orders.Load(tx, c.Scope, in.OrderID); err != nil {
			return nil, err
		}
		n, err := s.Recovery.Revoke(tx, c.Scope, in.OrderID)
		return &RevokedRecoveryLinks{OrderID: in.OrderID, Revoked: n}, err
	}, Doc("Revoke the recovery links of an order", "None of those handed out so far leads back any more. An open session stays open."))

	registerRecoveryActions(a, s)
}
