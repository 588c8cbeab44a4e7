package oauth

import (
	"log/slog"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
	"flint/internal/throttle"
)

// Lifetimes (docs/decisions/0032). Those of the command line are the contract's.
const (
	CodeLifetime   = 60 * time.Second
	AccessLifetime = time.Hour
	IdleLifetime   = 90 * 24 * time.Hour  // of a family whose refresh token nobody uses
	FamilyLifetime = 365 * 24 * time.Hour // after which a merchant is asked again
	CLIAccess      = 15 * time.Minute
	CLIIdle        = 30 * 24 * time.Hour
	CLILifetime    = 90 * 24 * time.Hour
	DeviceLifetime = 10 * time.Minute

	// RetryWindow is how long callers who hold the same refresh token get the same successor, unless one of
	// them has used that already.
	RetryWindow = 30 * time.Second

	// maxFamilies is how many families of one grant are alive; the oldest makes room for a new one.
	maxFamilies = 20

	// keepSpent is how long what was used or has ended is kept, so that a second use is recognized.
	keepSpent = 30 * 24 * time.Hour
)

// Prefixes of the contract, and ours for the command line's.
const (
	PrefixCode       = "fpac_"
	PrefixRefresh    = "fprt_"
	PrefixDevice     = "fdev_"
	PrefixCLIRefresh = "flint_clir_"
)

// Kinds of families. One of KindCleanup holds a single access token of a removed install.
const (
	KindInstall = "install"
	KindCleanup = "cleanup"
	KindCLI     = "cli"
)

// Family is all tokens that descend from one consent.
type Family struct {
	ID        string // osess_…
	Kind      string
	Scope     tenant.Scope
	ClientID  string
	AppID     string // empty for the command line, like the next two
	OwnerID   string
	GrantID   string
	UserID    string // who consented
	Scopes    auth.ScopeSet
	Revoked   bool
	Reason    string // why it was revoked
	CreatedAt time.Time
	IdleUntil time.Time
	ExpiresAt time.Time
}

// live reports whether the family has neither ended nor run out.
func (f *Family) live(now time.Time) bool {
	return !f.Revoked && now.Before(f.IdleUntil) && now.Before(f.ExpiresAt)
}

// Tokens is what an exchange gives.
type Tokens struct {
	Family    *Family
	InstallID string // empty for the command line
	Access    secret.Text
	Refresh   secret.Text
	ExpiresIn time.Duration
	Scopes    auth.ScopeSet
}

// Service gives out tokens and tells what they open. All fields but Reused are required.
type Service struct {
	DB    db.DB
	Clock clock.Clock
	IDs   *id.Source
	Log   *slog.Logger
	Box   *secret.Box
	// Key makes hashes of the short codes that people type; 32 bytes, the same on every node.
	Key  []byte
	Apps *app.Service
	// Issuer is the public address of this installation without a slash at its end.
	Issuer string
	// Holder tells what a user of a merchant may do, empty for somebody who is not (any more).
	Holder func(tx db.Tx, merchantID, userID string) (auth.ScopeSet, error)
	// Reused is told, in the transaction that ends the family, that a spent code or token was used again.
	Reused []func(tx db.Tx, f Family, now time.Time) error

	guesses *throttle.Throttle[string]
}

// New returns s ready for use.
func New(s Service) *Service {
	s.guesses = throttle.New[string]()
	return &s
}
