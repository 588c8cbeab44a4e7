package onboarding

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/merchant"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// DemoLife is how long a demo session lasts.
const DemoLife = 2 * time.Hour

// ofDemos are the scopes of a demo key: orders and their money, and looking into what happened. Nothing
// that makes keys, sandboxes, apps or endpoints that are called.
var ofDemos = []string{"checkouts.checkout_sessions.write", "commerce.orders.write", "commerce.refunds.write", "customers.write",
	"developer.request_logs.self.read", "developer.request_logs.self.detail.read", "developer.resource_timelines.read",
	"merchants.profile.read", "payments.payment_intents.write", "webhooks.read"}

// DemoInput is who wants to try the platform.
type DemoInput struct {
	Template string     // empty, or blank
	Address  netip.Addr // of the client, who has one session at a time
	Now      time.Time
}

// Validate reports the faults of the input.
func (in DemoInput) Validate() error {
	if in.Template != "" && in.Template != "blank" {
		return fault.Invalid("INVALID_TEMPLATE", "template", "There is no such template; blank is one.")
	}
	return nil
}

// Demo is a demo session with its key.
type Demo struct {
	ID        string // demo_…
	Scope     tenant.Scope
	Key       auth.Key
	Secret    secret.Text
	ExpiresAt time.Time
}

// OpenDemo makes a sandbox and a key that end by themselves. Faults: DEMO_SESSIONS_UNAVAILABLE outside of
// development environments, ACTIVE_DEMO_SESSION_EXISTS, INVALID_TEMPLATE, RATE_LIMIT_EXCEEDED.
func (s *Service) OpenDemo(ctx context.Context, tx db.Tx, in DemoInput) (Demo, error) {
	if err := s.mayDemo(in); err != nil {
		return Demo{}, err
	}
	active, err := s.activeDemos(tx, in)
	if err != nil {
		return Demo{}, err
	}
	if len(active) > 0 {
		return Demo{}, fault.Conflict("ACTIVE_DEMO_SESSION_EXISTS", "This client has a demo session.").
			Then("Use it, or reset it, which ends it and opens another.")
	}
	return s.openDemo(ctx, tx, in)
}

// ResetDemo ends what the client has and opens another. Faults: those of OpenDemo but the conflict.
func (s *Service) ResetDemo(ctx context.Context, tx db.Tx, in DemoInput) (Demo, error) {
	if err := s.mayDemo(in); err != nil {
		return Demo{}, err
	}
	active, err := s.activeDemos(tx, in)
	if err != nil {
		return Demo{}, err
	}
	for _, scope := range active {
		if err := s.endDemo(ctx, tx, scope, in.Now); err != nil {
			return Demo{}, err
		}
	}
	return s.openDemo(ctx, tx, in)
}

func (s *Service) mayDemo(in DemoInput) error {
	if !s.Demo {
		return fault.Unavailable("DEMO_SESSIONS_UNAVAILABLE", "Demo sessions exist in development environments only.")
	}
	return in.Validate()
}

func (s *Service) client(in DemoInput) string { return s.mac("demo", network(in.Address)) }

func (s *Service) activeDemos(tx db.Tx, in DemoInput) (out []tenant.Scope, err error) {
	err = tx.Query(func(r db.Row) error {
		var scope tenant.Scope
		err := r.Scan(&scope.MerchantID, &scope.EnvironmentID)
		out = append(out, scope)
		return err
	}, `SELECT merchant_id, environment_id FROM demo_sessions WHERE client_hash = $1 AND ended_at IS NULL AND expires_at > $2`, s.client(in), in.Now)
	if err != nil {
		return nil, fmt.Errorf("look for demo sessions: %w", err)
	}
	return out, nil
}

func (s *Service) openDemo(ctx context.Context, tx db.Tx, in DemoInput) (Demo, error) {
	merchantID, err := s.demoMerchant(ctx, tx, in.Now)
	if err != nil {
		return Demo{}, err
	}
	out := Demo{ID: s.IDs.New(id.DemoSession), ExpiresAt: in.Now.Add(DemoLife)}
	e, err := s.Merchants.CreateSandbox(ctx, tx, merchant.CreateSandboxInput{MerchantID: merchantID, Name: out.ID, Now: in.Now})
	if err != nil {
		return Demo{}, err
	}
	out.Scope = e.Scope
	if out.Key, out.Secret, err = s.Keys.CreateKey(ctx, tx, auth.CreateKeyInput{Scope: e.Scope, Name: "Demo", Scopes: ofDemos, ExpiresAt: out.ExpiresAt, Now: in.Now}); err != nil {
		return Demo{}, err
	}
	err = tx.Send(`INSERT INTO demo_sessions (merchant_id, environment_id, demo_session_id, client_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		e.Scope.MerchantID, e.Scope.EnvironmentID, out.ID, s.client(in), in.Now, out.ExpiresAt)
	if err != nil {
		return Demo{}, fmt.Errorf("keep a demo session: %w", err)
	}
	return out, nil
}

// demoMerchant is the merchant whose sandboxes the demo sessions are, made with the first of them.
func (s *Service) demoMerchant(ctx context.Context, tx db.Tx, now time.Time) (merchantID string, err error) {
	err = tx.QueryRow([]any{&merchantID}, `SELECT merchant_id FROM demo_sessions ORDER BY created_at LIMIT 1`)
	if !errors.Is(err, db.ErrNoRows) {
		return merchantID, err
	}
	made, err := s.Merchants.Create(ctx, tx, merchant.CreateInput{Email: "demo@flint.example", BusinessName: "Demo", APIVersion: s.APIVersion, Now: now})
	return made.Merchant.ID, err
}

func (s *Service) endDemo(ctx context.Context, tx db.Tx, scope tenant.Scope, now time.Time) error {
	if _, err := s.Merchants.ArchiveSandbox(ctx, tx, scope, now); err != nil && !fault.Is(err, "SANDBOX_ARCHIVED") {
		return err
	}
	err := tx.Send(`UPDATE demo_sessions SET ended_at = $3 WHERE merchant_id = $1 AND environment_id = $2`, scope.MerchantID, scope.EnvironmentID, now)
	if err != nil {
		return fmt.Errorf("end a demo session: %w", err)
	}
	return nil
}

// EndDemos retires the sandboxes whose time is over, at most limit of them, and returns how many.
func (s *Service) EndDemos(ctx context.Context, limit int) (int64, error) {
	now := s.Clock.Now()
	var over []tenant.Scope
	err := s.DB.Write(ctx, func(tx db.Tx) error {
		over = nil
		err := tx.Query(func(r db.Row) error {
			var scope tenant.Scope
			err := r.Scan(&scope.MerchantID, &scope.EnvironmentID)
			over = append(over, scope)
			return err
		}, `SELECT merchant_id, environment_id FROM demo_sessions WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2`, now, limit)
		if err != nil {
			return fmt.Errorf("look for demo sessions that are over: %w", err)
		}
		for _, scope := range over {
			if err := s.endDemo(ctx, tx, scope, now); err != nil {
				return err
			}
		}
		return nil
	})
	return int64(len(over)), err
}
