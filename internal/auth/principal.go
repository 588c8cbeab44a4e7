package auth

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"flint/internal/tenant"
)

// Kind is a kind of credential. A route accepts a union of kinds.
type Kind uint16

// Kinds of credentials, as bits.
const (
	APIKey Kind = 1 << iota
	InstallToken
	CheckoutCredential
	InvoiceToken
	CustomerSession
	OnboardingSession
	// Nobody is a call without credential.
	Nobody
	// CLIToken is the command line's token of a user. It opens what a key of the merchant opens, within the
	// scopes of the user, who is named as the actor.
	CLIToken
)

var kindNames = map[Kind]string{
	APIKey: "api_key", InstallToken: "install_token", CheckoutCredential: "checkout_credential",
	InvoiceToken: "invoice_token", CustomerSession: "customer_session",
	OnboardingSession: "onboarding_session", Nobody: "none", CLIToken: "cli_token",
}

// String is the contract's name of a single kind.
func (k Kind) String() string { return kindNames[k] }

// Bearer prefixes that tell the kinds apart.
const (
	PrefixLiveKey           = "flint_live_"
	PrefixTestKey           = "flint_test_"
	PrefixInstallToken      = "fpat_v1."
	PrefixCustomerSession   = "flint_cses_"
	PrefixInvoiceToken      = "flint_invt_"
	PrefixOnboardingSession = "flint_onbs_"
	PrefixCLIToken          = "flint_cli_"
)

// Principal is an authenticated caller: which credential, on behalf of which merchant environment,
// with which scopes. The zero Principal may do nothing.
type Principal struct {
	Kind   Kind
	ID     string // of the credential: key_…, pinst_…, cs_…, osess_…
	Name   string
	Scope  tenant.Scope
	Scopes ScopeSet
	// ExpiresAt is when the credential ends, zero when it does not.
	ExpiresAt time.Time
	// Networks are where the credential may be used from; none is anywhere.
	Networks []netip.Prefix
	// AppID and GrantID belong to install tokens.
	AppID   string
	GrantID string
	// CleanupOnly marks the token of a removed app: it opens the few operations with which an app puts its
	// own things away, whatever its scopes would open besides.
	CleanupOnly bool
	// UserID is who a command line's token acts for.
	UserID string
	// HeldBy is who stands behind an API key that somebody else made: "user:usr_…" or "api_key:key_…"; empty when it
	// stands for itself.
	HeldBy string
	// SubjectID is the one object a narrow credential opens: a checkout session, an invoice, a customer.
	SubjectID string
	// LaunchOnly marks the launch token of a hosted checkout's page, which reads the session and nothing else.
	LaunchOnly bool
	// RecoveryID is the unresolved payment attempt of a checkout session that has ended: its credential sees
	// that one through and opens nothing else. Empty while the session is open, and once it has simply ended.
	RecoveryID string
	// ActsForID is the customer whose address the holder of a checkout credential has proven, else empty.
	ActsForID string
	// APIVersion is the version the partner app or merchant is pinned to, empty for the current one.
	APIVersion string
}

// UsableFrom reports whether the credential may be used from the address. An address that is not known
// is in no network.
func (p Principal) UsableFrom(a netip.Addr) bool {
	return len(p.Networks) == 0 || slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(a.Unmap()) })
}

// SandboxID is the sandbox of a test credential and empty for a live one.
func (p Principal) SandboxID() string {
	if p.Scope.EnvironmentID != "" && p.Scope.Mode() == tenant.ModeTest {
		return p.Scope.EnvironmentID
	}
	return ""
}

// ActorType is the kind of actor that events and activities name.
func (p Principal) ActorType() string {
	switch p.Kind {
	case APIKey:
		return "api_key"
	case InstallToken:
		return "app"
	case OnboardingSession, CLIToken:
		return "user"
	default:
		return "buyer"
	}
}

// Person is who stands behind the credential, for telling two people apart: the user who is signed in, or
// whoever made the key, as far back as is known. All keys that a user or a key made are one person with them.
func (p Principal) Person() string {
	if p.Kind == OnboardingSession {
		return "user:" + p.SubjectID
	}
	return cmp.Or(p.HeldBy, p.ActorType()+":"+p.ActorID())
}

// ActorID is the app for an install token, the user for a command line's, the customer for a customer session, and the
// credential otherwise.
func (p Principal) ActorID() string {
	if p.Kind == CustomerSession {
		return p.SubjectID
	}
	return cmp.Or(p.AppID, p.UserID, p.ID)
}
