package settings

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Statuses of a payment method domain, as the merchant switches it.
const (
	WalletActive   = "active"
	WalletInactive = "inactive"
)

// walletOptions are the payment options that want their domains registered.
var walletOptions = []string{"apple_pay", "google_pay"}

// WalletDomain is a hostname whose pages may show wallets and, while it is active, embed a checkout.
type WalletDomain struct {
	Scope     tenant.Scope
	ID        string // pmd_…
	Hostname  string
	Status    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// WalletOption is how a wallet stands on a domain: active, inactive (switched off) or unavailable (the
// environment's processor does not take it).
type WalletOption struct{ Option, Status string }

// Wallets tells for each wallet how it stands on the domain, and whether the domain as a whole is
// validated: active, or unavailable when no wallet is taken at all.
func (s *Service) Wallets(d *WalletDomain) (validation string, options []WalletOption) {
	var taken []string
	if s.TakesOptions != nil {
		taken = s.TakesOptions(d.Scope)
	}
	validation = "unavailable"
	for _, o := range walletOptions {
		status := "unavailable"
		if slices.Contains(taken, o) {
			status, validation = d.Status, "active"
		}
		options = append(options, WalletOption{o, status})
	}
	return validation, options
}

// CreateWalletDomain registers a hostname. Faults: INVALID_DOMAIN_NAME, PAYMENT_METHOD_DOMAIN_EXISTS (409).
func (s *Service) CreateWalletDomain(tx db.Tx, scope tenant.Scope, hostname string) (*WalletDomain, error) {
	var f fault.List
	checkHostname(&f, "domain_name", hostname)
	if f.Err() != nil || hostname == "" {
		return nil, fault.Invalid("INVALID_DOMAIN_NAME", "domain_name", "This must be one hostname in lower case, such as shop.example.")
	}
	d, made, err := s.insertWalletDomain(tx, scope, hostname)
	if err == nil && !made {
		return nil, fault.Conflict("PAYMENT_METHOD_DOMAIN_EXISTS", "This domain is registered already.").With("payment_method_domain_id", d.ID)
	}
	return d, err
}

// UpdateWalletDomain switches a domain. Faults: RESOURCE_NOT_FOUND, INVALID_STATUS.
func (s *Service) UpdateWalletDomain(tx db.Tx, scope tenant.Scope, domainID, status string) (*WalletDomain, error) {
	if status != WalletActive && status != WalletInactive {
		return nil, fault.Invalid("INVALID_REQUEST", "status", "The status is active or inactive.")
	}
	d, err := s.WalletDomain(tx, scope, domainID)
	if err != nil || d.Status == status {
		return d, err
	}
	d.Status, d.UpdatedAt = status, s.Clock.Now()
	err = tx.Send(`UPDATE payment_method_domains SET status = $4, updated_at = $5 WHERE merchant_id = $1 AND environment_id = $2 AND payment_method_domain_id = $3`,
		scope.MerchantID, scope.EnvironmentID, domainID, d.Status, d.UpdatedAt)
	if err != nil {
		return nil, fmt.Errorf("switch a payment method domain: %w", err)
	}
	return d, nil
}

const walletColumns = `payment_method_domain_id, domain_name, status, created_at, updated_at`

// WalletDomain reads one domain; RESOURCE_NOT_FOUND when there is none.
func (s *Service) WalletDomain(tx db.Tx, scope tenant.Scope, domainID string) (*WalletDomain, error) {
	d, err := walletDomain(tx, scope, "payment_method_domain_id", domainID)
	if err == nil && d == nil {
		return nil, fault.NotFound("payment method domain")
	}
	return d, err
}

// WalletDomains lists domains, newest first.
func (s *Service) WalletDomains(tx db.Tx, scope tenant.Scope, after *listing.Cursor, limit int) ([]*WalletDomain, *listing.Cursor, error) {
	q := listing.From("payment_method_domains", walletColumns, "payment_method_domain_id", scope)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, limit, func(r db.Row) (*WalletDomain, error) {
		d := &WalletDomain{Scope: scope}
		return d, r.Scan(&d.ID, &d.Hostname, &d.Status, &d.CreatedAt, &d.UpdatedAt)
	}, func(d *WalletDomain) listing.Cursor { return listing.Cursor{Key: listing.Time(d.CreatedAt), ID: d.ID} })
}

// MayEmbed reports whether pages of an origin may show an embedded checkout: it is among the settings'
// allowed origins, or the https origin of an active payment method domain. An environment that has named
// neither allows every https origin, and those of this machine in test mode.
func (s *Service) MayEmbed(tx db.Tx, scope tenant.Scope, origin string) (bool, error) {
	origin, ok := Origin(origin)
	if !ok {
		return false, nil
	}
	e, err := s.Effective(tx, scope)
	if err != nil || slices.Contains(e.Checkout.AllowedOrigins, origin) {
		return err == nil, err
	}
	u, err := url.Parse(origin)
	var registered int
	if err := tx.QueryRow([]any{&registered}, `SELECT COUNT(*) FROM payment_method_domains WHERE merchant_id = $1 AND environment_id = $2`,
		scope.MerchantID, scope.EnvironmentID); err != nil {
		return false, fmt.Errorf("count payment method domains: %w", err)
	}
	if err == nil && len(e.Checkout.AllowedOrigins)+registered == 0 {
		host := u.Hostname()
		local := host == "localhost" || host == "127.0.0.1" || host == "::1"
		return u.Scheme == "https" && !local || local && scope.Mode() == tenant.ModeTest, nil
	}
	if err != nil || u.Scheme != "https" || u.Port() != "" {
		return false, nil
	}
	d, err := walletDomain(tx, scope, "domain_name", u.Hostname())
	return d != nil && d.Status == WalletActive, err
}

// ensureWalletDomain registers a hostname that may be there.
func (s *Service) ensureWalletDomain(tx db.Tx, scope tenant.Scope, hostname string) (*WalletDomain, error) {
	d, _, err := s.insertWalletDomain(tx, scope, hostname)
	return d, err
}

func (s *Service) insertWalletDomain(tx db.Tx, scope tenant.Scope, hostname string) (d *WalletDomain, made bool, err error) {
	now := s.Clock.Now()
	d = &WalletDomain{Scope: scope, ID: s.IDs.New(id.PaymentMethodDomain), Hostname: hostname, Status: WalletActive, CreatedAt: now, UpdatedAt: now}
	n, err := tx.Exec(`INSERT INTO payment_method_domains (merchant_id, environment_id, payment_method_domain_id, domain_name, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (merchant_id, environment_id, domain_name) DO NOTHING`,
		scope.MerchantID, scope.EnvironmentID, d.ID, hostname, d.Status, now)
	if err != nil {
		return nil, false, fmt.Errorf("register a payment method domain: %w", err)
	}
	if n == 0 {
		d, err = walletDomain(tx, scope, "domain_name", hostname)
	}
	return d, n == 1, err
}

// walletDomain finds a domain by a column of the table, nil when there is none.
func walletDomain(tx db.Tx, scope tenant.Scope, column, v string) (*WalletDomain, error) {
	d := &WalletDomain{Scope: scope}
	err := tx.QueryRow([]any{&d.ID, &d.Hostname, &d.Status, &d.CreatedAt, &d.UpdatedAt}, `SELECT `+walletColumns+` FROM payment_method_domains
		WHERE merchant_id = $1 AND environment_id = $2 AND `+column+` = $3`, scope.MerchantID, scope.EnvironmentID, v)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a payment method domain: %w", err)
	}
	return d, nil
}
