package settings

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

// Name is a hostname that a merchant has proven, and what it serves.
type Name struct {
	Scope    tenant.Scope
	Type     string // checkout or customer_account: whose pages are found there
	Hostname string
	Status   string
	// RedirectUntil is until when a removed name leads to the present address; zero for one in use.
	RedirectUntil time.Time

	changedAt time.Time
}

// over reports whether a removed name has done its last redirect.
func (n Name) over(now time.Time) bool {
	return n.Status == DomainRemoved && !now.Before(n.RedirectUntil)
}

// names holds every proven hostname of the installation in memory, so that neither a link nor a request costs a
// statement. A change of this process is seen with its commit, one of another process with the next LoadNames.
type names struct {
	writing sync.Mutex
	known   atomic.Pointer[nameTable]
}

type nameTable struct {
	byHost map[string]Name
	links  map[nameUse]string // the active hostname of a use
}

type nameUse struct {
	scope tenant.Scope
	kind  string
}

func newNameTable(byHost map[string]Name) *nameTable {
	t := &nameTable{byHost: byHost, links: map[nameUse]string{}}
	for host, n := range byHost {
		if n.Status == DomainActive {
			t.links[nameUse{n.Scope, n.Type}] = host
		}
	}
	return t
}

// Address is where buyers find the pages of a kind (DomainCheckout, DomainAccount) of an environment: the active
// custom domain, otherwise the installation's own address; without a slash at its end. Every link to such a page
// that is handed out begins with it. It asks no database.
func (s *Service) Address(scope tenant.Scope, kind string) string {
	if scope.Mode() == tenant.ModeLive {
		if t := s.names.known.Load(); t != nil {
			if host := t.links[nameUse{scope, kind}]; host != "" && host != s.Host {
				return "https://" + host
			}
		}
	}
	return s.BaseURL
}

// Named finds the merchant's name that a request came under, by the host it named: false for the installation's
// own, for unknown ones, and for a removed one whose redirect is over.
func (s *Service) Named(host string) (Name, bool) {
	t := s.names.known.Load()
	if t == nil || len(t.byHost) == 0 {
		return Name{}, false
	}
	n, ok := t.byHost[hostOf(host)]
	return n, ok && n.Hostname != s.Host && !n.over(s.Clock.Now())
}

// Here is the address of the pages around the one that a request with this host asked for: where its cookies are,
// and so where a buyer who is sent away has to come back to. Without a slash at its end.
func (s *Service) Here(host string) string {
	if n, ok := s.Named(host); ok && n.Status != DomainRemoved {
		return "https://" + n.Hostname
	}
	return s.BaseURL
}

// LoadNames reads all proven hostnames.
func (s *Service) LoadNames(ctx context.Context, d db.DB) error {
	s.names.writing.Lock() // a change that commits meanwhile is noted after what was read before it
	defer s.names.writing.Unlock()
	byHost := map[string]Name{}
	err := d.Read(ctx, func(tx db.Tx) error {
		clear(byHost)
		return tx.Query(func(row db.Row) error {
			var n Name
			var until *time.Time
			if err := row.Scan(&n.Hostname, &n.Scope.MerchantID, &n.Scope.EnvironmentID, &n.Type, &n.Status, &until, &n.changedAt); err != nil {
				return err
			}
			if until != nil {
				n.RedirectUntil = *until
			}
			byHost[n.Hostname] = n
			return nil
		}, `SELECT h.hostname, h.merchant_id, h.environment_id, h.domain_type, d.status, d.redirect_until, d.updated_at FROM platform_hostnames h
			JOIN custom_domains d ON d.merchant_id = h.merchant_id AND d.environment_id = h.environment_id AND d.domain_type = h.domain_type
			AND d.hostname = h.hostname`)
	})
	if err != nil {
		return fmt.Errorf("read the hostnames of merchants: %w", err)
	}
	s.names.known.Store(newNameTable(byHost))
	return nil
}

// learn takes a committed change of a domain over. A name that was never proven is nobody's and stays unknown.
func (s *Service) learn(d Domain) {
	s.names.writing.Lock()
	defer s.names.writing.Unlock()
	byHost := map[string]Name{}
	if t := s.names.known.Load(); t != nil {
		byHost = maps.Clone(t.byHost)
	}
	old, held := byHost[d.Hostname]
	held = held && old.Scope == d.Scope && old.Type == d.Type
	n := Name{Scope: d.Scope, Type: d.Type, Hostname: d.Hostname, Status: d.Status, RedirectUntil: d.RedirectUntil, changedAt: d.UpdatedAt}
	switch {
	case held && old.changedAt.After(n.changedAt): // the later commit was noted first
		return
	case d.Status == DomainActive || held && !n.over(d.UpdatedAt):
		byHost[d.Hostname] = n
	case held:
		delete(byHost, d.Hostname)
	default:
		return
	}
	s.names.known.Store(newNameTable(byHost))
}
