package buyer

import (
	"log/slog"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
	"flint/internal/throttle"
)

// Prefixes of what buyers hold, beside auth.PrefixCustomerSession.
const (
	PrefixRefresh = "flint_csrf_"
	PrefixEntry   = "flint_cae_"
	PrefixLogin   = "flint_cal_"
	PrefixPending = "flint_cap_"
	PrefixLink    = "flint_oal_"
)

// Buyer is a customer as far as proofs go.
type Buyer struct {
	CustomerID string
	Email      string // as written; empty when there is none
}

// Guest tells which purchases of an address have no customer yet.
type Guest func(tx db.Tx, scope tenant.Scope, address string) (bool, error)

// CodeMail is a mail with a code.
type CodeMail struct {
	Scope      tenant.Scope
	Key        string // names the mail for good
	Purpose    string
	CustomerID string
	To         string
	Code       secret.Text // six digits
	Life       time.Duration
}

// Service holds the collaborators. Every field but Log, SendCode and Addresses is required.
type Service struct {
	DB    db.DB
	Clock clock.Clock
	IDs   *id.Source
	Log   *slog.Logger
	Box   *secret.Box // seals answers for a repeated refresh, and cookies of links
	Key   []byte      // of the hashes of codes
	// Address is where the account pages of an environment are, without a slash at its end.
	Address func(scope tenant.Scope) string
	// Find reads a customer; RESOURCE_NOT_FOUND when the scope has none with the id.
	Find func(tx db.Tx, scope tenant.Scope, customerID string) (Buyer, error)
	// ByEmail finds a customer by address in whatever letter case; the zero Buyer when there is none.
	ByEmail func(tx db.Tx, scope tenant.Scope, address string) (Buyer, error)
	// Hosted reports whether customers of the scope have their account on our pages.
	Hosted func(tx db.Tx, scope tenant.Scope) (bool, error)
	// Guest reports whether an address has purchases without a customer.
	Guest Guest
	// SendCode queues the mail in the caller's transaction; nil where no mail is sent.
	SendCode func(tx db.Tx, m CodeMail) error
	// Addresses bounds what one network address asks for; nil bounds nobody.
	Addresses *throttle.Throttle[string]
}

// randomLen is how many characters stand behind the prefix of a token.
const randomLen = 43

func wellFormed(prefix, token string) bool {
	return len(token) == len(prefix)+randomLen && token[:len(prefix)] == prefix
}

// account refuses scopes whose customers have their account elsewhere.
func (s *Service) account(tx db.Tx, scope tenant.Scope) error {
	hosted, err := s.Hosted(tx, scope)
	if err != nil {
		return err
	}
	if !hosted {
		return fault.Conflict("CUSTOMER_ACCOUNTS_UNAVAILABLE", "This merchant hosts its customers' accounts itself.")
	}
	return nil
}
