package onboarding

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"time"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/merchant"
	"flint/internal/tenant"
	"flint/internal/throttle"
)

// Lifetimes and limits.
const (
	VerificationLife = 15 * time.Minute
	SessionLife      = 24 * time.Hour
	MaxTries         = 5 // wrong codes of one verification
)

// Mail is one mail to one person who may have no merchant yet.
type Mail struct {
	ID            string
	To            string
	Subject, Text string
	CreatedAt     time.Time
}

// Service holds the collaborators. NewService makes it.
type Service struct {
	Options
	addresses, emails *throttle.Throttle[string]
}

// Options are what a Service needs.
type Options struct {
	DB        db.DB
	Clock     clock.Clock
	IDs       *id.Source
	Keys      *auth.Service
	Merchants *merchant.Service
	// Key makes hashes of codes that nobody can guess back; 32 bytes, never stored.
	Key []byte
	// Send mails a code; nil when the installation sends no mail, which refuses onboarding.
	Send       func(ctx context.Context, m Mail) error
	APIVersion string // of new merchants
	// Demo allows demo sessions; only development environments do.
	Demo bool
	// Limited bounds how often an address may begin; tests and benchmarks may not want that.
	Limited bool
}

// NewService makes a Service in which nobody has begun yet.
func NewService(o Options) *Service {
	return &Service{Options: o, addresses: throttle.New[string](), emails: throttle.New[string]()}
}

// Rates of beginning, by where the request comes from and whom the mail goes to. Both are asked before
// anything is looked up, so that they tell nothing about who has an account.
var (
	addressRate = throttle.Rate{PerSecond: 1.0 / 30, Burst: 20}
	emailRate   = throttle.Rate{PerSecond: 1.0 / 300, Burst: 4}
)

// take counts a call against a rate.
func (s *Service) take(t *throttle.Throttle[string], key string, r throttle.Rate, now time.Time) error {
	if !s.Limited {
		return nil
	}
	if wait := t.Take(key, r, now); wait > 0 {
		return (&fault.Error{Class: fault.ClassRateLimited, Code: "RATE_LIMIT_EXCEEDED", Message: "Too many attempts.",
			NextSteps: "Wait for as long as Retry-After says."}).Retry(wait)
	}
	return nil
}

// network is what one client has: an address, or the network of an IPv6 address.
func network(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

func (s *Service) mac(parts ...string) string {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h.Sum(nil))
}

// newCode is six random digits.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}

// bootstrap are the scopes that a first key may have: what a shop needs, and what its tools do.
var bootstrap = strings.Fields(`accounts.api_keys.read accounts.api_keys.write accounts.organizations.read accounts.organizations.write
	capabilities.read checkouts.checkout_sessions.read checkouts.checkout_sessions.write checkouts.payment_links.read checkouts.payment_links.write
	commerce.delivery.read commerce.delivery.write commerce.invoices.read commerce.invoices.write commerce.orders.read commerce.orders.write
	commerce.refunds.read commerce.refunds.write customers.read customers.write developer.request_logs.self.read
	developer.request_logs.self.detail.read developer.resource_timelines.read merchants.account_sessions.write merchants.onboarding.read
	merchants.onboarding.write merchants.profile.read merchants.profile.write payments.payment_intents.read payments.payment_intents.write
	payments.payment_method_domains.read payments.payment_method_domains.write payments.payment_methods.read payments.payment_methods.write
	payments.payment_options.read webhooks.read webhooks.write`)

// ofSessions are the scopes that sessions have beside those they may give to keys.
var ofSessions = []string{"developer.sandboxes.read", "developer.sandboxes.write", "developer.partner_apps.read", "developer.partner_apps.write"}

// sandboxOf is the sandbox that a caller's onboarding is about: its own, or the selected one of the same
// merchant. Faults: SANDBOX_SELECTION_FORBIDDEN for a test key and a command line of a
// sandbox, which belong to one; RESOURCE_NOT_FOUND.
func (s *Service) sandboxOf(ctx context.Context, tx db.Tx, p auth.Principal, sandboxID string) (tenant.Scope, error) {
	if sandboxID == "" || sandboxID == p.Scope.EnvironmentID {
		return p.Scope, nil
	}
	if (p.Kind == auth.APIKey || p.Kind == auth.CLIToken) && p.Scope.Mode() == tenant.ModeTest {
		return tenant.Scope{}, fault.Forbidden("SANDBOX_SELECTION_FORBIDDEN", "A test credential belongs to one sandbox and selects no other.")
	}
	scope := tenant.Scope{MerchantID: p.Scope.MerchantID, EnvironmentID: sandboxID}
	e, err := s.Merchants.GetSandbox(ctx, tx, scope)
	if err == nil && e.Status != merchant.StatusActive {
		err = fault.Conflict("SANDBOX_INACTIVE", "This sandbox was retired.")
	}
	return scope, err
}
