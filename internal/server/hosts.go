package server

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/merchant"
	"flint/internal/payment"
	"flint/internal/paymentlink"
	"flint/internal/recovery"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// hosts lets the host of a request decide what is served. The name of a merchant serves the buyers' pages of its own
// environment and kind and nothing else; a removed one leads to where they are now. Every other host serves
// everything: the installation's own name, and an address or a name of a private network, which no table can know.
func (s *Server) hosts(next http.Handler) http.Handler {
	https := strings.HasPrefix(s.BaseURL, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ours := s.Settings.Named(r.Host)
		if !ours {
			next.ServeHTTP(w, r)
			return
		}
		if https { // what lies below the merchant's name is not ours to bind
			w.Header().Set("Strict-Transport-Security", "max-age=63072000")
		}
		if strings.HasPrefix(r.URL.Path, "/v1/") || strings.HasPrefix(r.URL.Path, "/.well-known/") {
			http.Error(w, "This name serves pages of buyers. The API is at the address of the installation.", http.StatusMisdirectedRequest)
			return
		}
		page, found := pageAt(r.URL.EscapedPath())
		if found && page.asset {
			next.ServeHTTP(w, r)
			return
		}
		found = found && (page.kind == "" || page.kind == name.Type)
		if found && page.owner != nil {
			scope, err := page.owner(r.Context(), s, page.of)
			if f := fault.Of(err); err != nil && (f == nil || f.Class != fault.ClassNotFound) {
				s.Log.ErrorContext(r.Context(), "whose page was asked for is not known", "error", err)
				s.checkout.Broken(w, r)
				return
			}
			found = err == nil && scope == name.Scope
		}
		switch {
		case !found:
			s.checkout.Missing(w, r)
		case name.Status == settings.DomainRemoved:
			// Browsers would keep the answer for good, and the merchant may take the name back.
			w.Header().Set("Cache-Control", "no-store")
			to := s.Settings.Address(name.Scope, name.Type) + r.URL.EscapedPath()
			if r.URL.RawQuery != "" {
				to += "?" + r.URL.RawQuery
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusPermanentRedirect)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// buyerPage is a page that a merchant's name may serve.
type buyerPage struct {
	kind  string // of the name that serves it; empty for both
	asset bool   // it is the same for everybody
	owner owner  // nil where nothing in the address belongs to anybody
	of    string // what the owner is found by
}

// owner finds whose a page is; a fault of class not found when it is nobody's.
type owner func(ctx context.Context, s *Server, of string) (tenant.Scope, error)

// pageAt finds the page of an escaped path. What is not listed here is served under no merchant's name.
func pageAt(escaped string) (buyerPage, bool) {
	if !strings.HasPrefix(escaped, "/") || path.Clean(escaped) != escaped {
		return buyerPage{}, false
	}
	parts := strings.Split(escaped[1:], "/")
	for n := range parts { // as http.ServeMux reads them
		part, err := url.PathUnescape(parts[n])
		if err != nil {
			return buyerPage{}, false
		}
		parts[n] = part
	}
	if len(parts) == 1 {
		return buyerPage{asset: true}, parts[0] == "flint.js"
	}
	first, of := parts[0], parts[1]
	switch first {
	case "assets":
		return buyerPage{asset: true}, true
	case "checkout":
		return buyerPage{kind: settings.DomainCheckout, owner: ownerOfSession, of: of}, true
	case "pay":
		return buyerPage{kind: settings.DomainCheckout, owner: ownerOfLink, of: of}, true
	case "i":
		return buyerPage{kind: settings.DomainCheckout, owner: ownerOfInvoice, of: of}, true
	case "r":
		return buyerPage{kind: settings.DomainCheckout, owner: ownerOfRecovery, of: of}, true
	case "account":
		return buyerPage{kind: settings.DomainAccount, owner: ownerOfAccount, of: of}, true
	case "o":
		if of == "open" { // the form carries the token; it leads to the page of its order, which is looked at again
			return buyerPage{kind: settings.DomainAccount}, len(parts) == 2
		}
		return buyerPage{kind: settings.DomainAccount, owner: ownerOfOrderLink, of: of}, true
	}
	if len(parts) != 3 {
		return buyerPage{}, false
	}
	switch of = parts[2]; first + "/" + parts[1] {
	case "mail/unsubscribe":
		return buyerPage{kind: settings.DomainAccount, owner: ownerOfMail, of: of}, true
	case "simulator/fields":
		return buyerPage{kind: settings.DomainCheckout, owner: ownerOfSession, of: of}, true
	case "simulator/challenge":
		return buyerPage{kind: settings.DomainCheckout, owner: ownerOfChallenge, of: of}, true
	case "simulator/setup":
		return buyerPage{owner: ownerOfSetup, of: of}, true
	}
	return buyerPage{}, false
}

// inRead makes an owner of what is looked up in a transaction.
func inRead(find func(tx db.Tx, of string) (tenant.Scope, error)) owner {
	return func(ctx context.Context, s *Server, of string) (scope tenant.Scope, err error) {
		err = s.DB.Read(ctx, func(tx db.Tx) error {
			scope, err = find(tx, of)
			return err
		})
		return scope, err
	}
}

var (
	ownerOfSession   = inRead(checkout.ScopeOf)
	ownerOfAccount   = inRead(merchant.FindEnvironment)
	ownerOfRecovery  = inRead(recovery.ScopeOf)
	ownerOfOrderLink = inRead(buyer.ScopeOfLink)
	ownerOfLink      = inRead(func(tx db.Tx, linkID string) (tenant.Scope, error) {
		l, err := paymentlink.Find(tx, linkID)
		if err != nil {
			return tenant.Scope{}, err
		}
		return l.Scope, nil
	})
	ownerOfInvoice = inRead(func(tx db.Tx, linkID string) (tenant.Scope, error) {
		v, err := invoice.FindByLink(tx, linkID)
		if err != nil {
			return tenant.Scope{}, err
		}
		return v.Scope, nil
	})
	ownerOfSetup = inRead(func(tx db.Tx, plain string) (tenant.Scope, error) {
		m, err := payment.MethodOfSetup(tx, plain)
		if err != nil {
			return tenant.Scope{}, err
		}
		return m.Scope, nil
	})
)

func ownerOfChallenge(ctx context.Context, s *Server, opaque string) (tenant.Scope, error) {
	op, _, err := s.Simulator.FindChallenge(ctx, opaque)
	return op.Scope, err
}

func ownerOfMail(_ context.Context, s *Server, token string) (tenant.Scope, error) {
	l, err := s.Receipts.ReadUnsubscribe(token)
	return l.Scope, err
}

// askHost answers a proxy that wants to know whether to get a certificate for a hostname: 200 for a merchant's name,
// 404 for any other. It looks into memory alone, and tells no more than a request under the name would.
func (s *Server) askHost(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if s.askThrottle != nil && s.askThrottle(r, "ask") > 0 {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if _, known := s.Settings.Named(r.URL.Query().Get("domain")); !known {
		w.WriteHeader(http.StatusNotFound)
	}
}

// namesEvery is how late this process follows a merchant's name that another one has changed.
const namesEvery = 15 * time.Second

// followNames keeps up with the names of merchants and frees those whose redirect is over.
func (s *Server) followNames(ctx context.Context) {
	const batch = 50
	t := time.NewTicker(namesEvery)
	defer t.Stop()
	for {
		err := s.Settings.LoadNames(ctx, s.DB)
		for n := batch; n == batch && err == nil; {
			n, err = s.Settings.Release(ctx, s.DB, batch)
		}
		if err != nil && ctx.Err() == nil {
			s.Log.Error("the names of merchants were not followed; the next try is soon", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-s.ticks[4]:
		}
	}
}
