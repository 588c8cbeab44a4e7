package settings

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Types of custom domains.
const (
	DomainCheckout = "checkout"
	DomainAccount  = "customer_account"
)

// Statuses of a custom domain.
const (
	DomainProvisioning = "provisioning"       // named, never found in order yet
	DomainActive       = "active"             // its DNS leads here and proves who owns it
	DomainAttention    = "attention_required" // its DNS is not, or no longer, as asked; the reason says what
	DomainRemoved      = "removed"            // taken back; a redirect may still run
)

// Reasons of a status.
const (
	ReasonCNAMEMissing     = "dns_record_missing"
	ReasonCNAMEMismatch    = "dns_record_mismatch"
	ReasonOwnerMissing     = "ownership_record_missing"
	ReasonOwnerMismatch    = "ownership_record_mismatch"
	ReasonRemoved          = "removed_by_merchant"
	ReasonOther            = "other" // the DNS could not be asked
	ValidateAfter          = time.Minute
	RedirectFor            = 30 * 24 * time.Hour
	ownershipLabel         = "_flint-domain."
	ownershipPrefix        = "flint-domain="
	maxHostname, maxLabels = 253, 10
)

// Domain is a hostname of the merchant's own under which buyers reach its pages.
type Domain struct {
	Scope          tenant.Scope
	Type           string // checkout or customer_account
	Hostname       string
	Status         string
	Reason         string // of a status that is not active; may be empty
	Records        []DNSRecord
	WalletDomainID string // pmd_…, of a checkout domain that is registered for wallets
	CheckedAt      time.Time
	// RedirectUntil is until when a domain that was active once leads to the present address after its removal; zero
	// for no redirect. Named again, a domain keeps it until it is active.
	RedirectUntil time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// DNSRecord is a record that the owner of a domain publishes.
type DNSRecord struct {
	Type  string // cname or txt
	Name  string
	Value string
}

// Resolver asks the domain name system. A name or record that does not exist is a *net.DNSError that says
// so, as package net gives it.
type Resolver struct {
	CNAME func(ctx context.Context, host string) (string, error)
	TXT   func(ctx context.Context, name string) ([]string, error)
}

// SystemResolver asks the machine's resolver.
func SystemResolver() Resolver {
	return Resolver{CNAME: net.DefaultResolver.LookupCNAME, TXT: net.DefaultResolver.LookupTXT}
}

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// checkHostname wants an exact public hostname in lower case, without a wildcard or a final dot.
func checkHostname(f *fault.List, param, v string) {
	if v == "" {
		return
	}
	labels := strings.Split(v, ".")
	ok := len(v) <= maxHostname && len(labels) >= 2 && len(labels) <= maxLabels && strings.Trim(labels[len(labels)-1], "0123456789") != ""
	for _, l := range labels {
		ok = ok && label.MatchString(l)
	}
	if _, err := netip.ParseAddr(v); !ok || err == nil {
		f.Add("INVALID_CUSTOM_DOMAIN", param, "This must be one hostname in lower case, such as pay.shop.example.")
	}
}

// ownership is what the owner of a hostname publishes to prove that this environment may use it. It is
// no secret: only who runs the domain can publish it.
func ownership(d Domain) string {
	return ownershipPrefix + secret.Hash(d.Scope.EnvironmentID + " " + d.Type + " " + d.Hostname)[:40]
}

// records are what the DNS of d has to hold.
func (s *Service) records(d Domain) []DNSRecord {
	return []DNSRecord{{Type: "cname", Name: d.Hostname, Value: s.Host}, {Type: "txt", Name: ownershipLabel + d.Hostname, Value: ownership(d)}}
}

// ask finds out what the DNS says about d. It is called outside any transaction.
func (s *Service) ask(ctx context.Context, d Domain) (status, reason string) {
	values, err := s.Resolver.TXT(ctx, ownershipLabel+d.Hostname)
	switch {
	case missing(err) || err == nil && len(values) == 0:
		return DomainAttention, ReasonOwnerMissing
	case err != nil:
		return DomainAttention, ReasonOther
	}
	owned := false
	for _, v := range values {
		owned = owned || strings.TrimSpace(v) == ownership(d)
	}
	if !owned {
		return DomainAttention, ReasonOwnerMismatch
	}
	name, err := s.Resolver.CNAME(ctx, d.Hostname)
	switch {
	case missing(err):
		return DomainAttention, ReasonCNAMEMissing
	case err != nil:
		return DomainAttention, ReasonOther
	}
	name = canonical(name)
	if name == canonical(s.Host) {
		return DomainActive, ""
	}
	if name == d.Hostname { // an address of its own, or none
		return DomainAttention, ReasonCNAMEMissing
	}
	// The resolver follows a chain to its end, and our own name may be a link in it.
	if own, err := s.Resolver.CNAME(ctx, s.Host); err == nil && canonical(own) == name {
		return DomainActive, ""
	}
	return DomainAttention, ReasonCNAMEMismatch
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// hostOf is the hostname of a request's host, which may carry a port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return canonical(host)
}

func missing(err error) bool {
	e, ok := errors.AsType[*net.DNSError](err)
	return ok && e.IsNotFound
}
