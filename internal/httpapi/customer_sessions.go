package httpapi

import (
	"context"

	"flint/internal/auth/buyer"
	"flint/internal/db"
)

// CreateCustomerSessionRequest asks for a buyer's credential.
type CreateCustomerSessionRequest struct {
	CustomerID     string `json:"customer_id" maxLength:"64"`
	Seconds        int64  `json:"expires_in_seconds,omitzero" minimum:"300" maximum:"86400" fault:"invalid=INVALID_EXPIRATION" doc:"Of the secret, 3600 when left out."`
	RefreshSeconds int64  `json:"refresh_expires_in_seconds,omitzero" minimum:"3600" maximum:"2592000" fault:"invalid=INVALID_EXPIRATION" doc:"Of each refresh token, 2592000 when left out."`
	EntrySeconds   int64  `json:"account_url_expires_in_seconds,omitzero" minimum:"60" maximum:"3600" fault:"invalid=INVALID_EXPIRATION" doc:"Of account_url, 300 when left out."`
}

// CreateCustomerSessionInput is the request of createCustomerSession.
type CreateCustomerSessionInput struct{ Body CreateCustomerSessionRequest }

// RefreshCustomerSessionRequest exchanges a refresh token.
type RefreshCustomerSessionRequest struct {
	RefreshToken string `json:"refresh_token" maxLength:"255"`
}

// RefreshCustomerSessionInput is the request of refreshCustomerSession.
type RefreshCustomerSessionInput struct{ Body RefreshCustomerSessionRequest }

// RevokeCustomerSessionInput is the request of revokeCustomerSession.
type RevokeCustomerSessionInput struct {
	SessionID string `path:"customer_session_id" id:"csess"`
}

// RevokeCustomerSessionsInput is the request of revokeCustomerSessions.
type RevokeCustomerSessionsInput struct {
	CustomerID string `path:"customer_id" id:"cus"`
}

// CustomerSessionRevocation tells that a session has ended.
type CustomerSessionRevocation struct {
	ID      string `json:"customer_session_id"`
	Revoked bool   `json:"revoked" doc:"The session is revoked, now or before."`
}

// CustomerSessionsRevocation tells how many sessions ended.
type CustomerSessionsRevocation struct {
	CustomerID string `json:"customer_id"`
	Count      int64  `json:"revoked_count"`
}

func registerCustomerSessions(a *API, s *Services) {
	Write(a, "createCustomerSession", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCustomerSessionInput) (*CustomerSession, error) {
		made, err := s.Buyers.Create(ctx, tx, buyer.CreateInput{Scope: c.Scope, CustomerID: in.Body.CustomerID, Seconds: in.Body.Seconds,
			RefreshSeconds: in.Body.RefreshSeconds, EntrySeconds: in.Body.EntrySeconds})
		if err != nil {
			return nil, inBody(err, "customer_id")
		}
		return wireCustomerSession(made), nil
	}, Doc("Open a customer session", "Call it from your server after you have signed the customer in, and give the secret to their browser or app."),
		OneTimeSecrets(), Errors("INVALID_EXPIRATION", "RESOURCE_NOT_FOUND"))

	Write(a, "refreshCustomerSession", func(ctx context.Context, tx db.Tx, c *Caller, in *RefreshCustomerSessionInput) (*CustomerSession, error) {
		out, err := s.Buyers.Refresh(ctx, tx, buyer.RefreshInput{Token: in.Body.RefreshToken, Key: c.IdempotencyKey})
		if err != nil {
			return nil, err
		}
		return wireCustomerSession(out), nil
	}, Doc("Refresh a customer session", "Replaces the secret and the refresh token. Repeat a call without an answer with the same token and the same Idempotency-Key; "+
		"a refresh token that comes again in any other way ends the session."),
		Errors("CUSTOMER_SESSION_REFRESH_EXPIRED", "CUSTOMER_SESSION_REFRESH_REUSED", "IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_REUSED"))

	Write(a, "revokeCustomerSession", func(ctx context.Context, tx db.Tx, c *Caller, in *RevokeCustomerSessionInput) (*CustomerSessionRevocation, error) {
		if _, err := s.Buyers.Revoke(ctx, tx, c.Scope, in.SessionID); err != nil {
			return nil, err
		}
		return &CustomerSessionRevocation{ID: in.SessionID, Revoked: true}, nil
	}, Doc("Revoke a customer session", "Its secret and its refresh token stop working at once. A login to the hosted account is another thing and stays."),
		Errors("CUSTOMER_SESSION_NOT_FOUND"))

	Write(a, "revokeCustomerSessions", func(ctx context.Context, tx db.Tx, c *Caller, in *RevokeCustomerSessionsInput) (*CustomerSessionsRevocation, error) {
		n, err := s.Buyers.RevokeAll(ctx, tx, c.Scope, in.CustomerID)
		if err != nil {
			return nil, err
		}
		return &CustomerSessionsRevocation{CustomerID: in.CustomerID, Count: n}, nil
	}, Doc("Revoke all sessions of a customer", "Those of this environment."))
}
