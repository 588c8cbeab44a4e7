package settings

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// name brings the domains of a type in line with the hostname that the settings now name, empty for
// none: another one is removed, and one that was ever active keeps redirecting for RedirectFor.
func (s *Service) name(tx db.Tx, scope tenant.Scope, kind, param, hostname string, cause event.Cause) error {
	old, err := findDomain(tx, scope, kind, tx.ForUpdate())
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	if old != nil && old.Status != DomainRemoved {
		if old.Hostname == hostname {
			return nil
		}
		if err := s.remove(tx, old, now, cause); err != nil {
			return err
		}
	}
	if hostname == "" {
		return nil
	}
	if scope.Mode() != tenant.ModeLive {
		return fault.Invalid("CUSTOM_DOMAIN_LIVE_MODE_REQUIRED", param, "A custom domain is set with a live key.")
	}
	d := &Domain{Scope: scope, Type: kind, Hostname: hostname, CreatedAt: now, UpdatedAt: now}
	if s.Host == "" {
		return &fault.Error{Class: fault.ClassConflict, Code: "CUSTOM_DOMAIN_UNAVAILABLE", Param: param, Message: "This installation has no public hostname that a domain could lead to.",
			NextSteps: "The operator serves it under a public hostname."}
	}
	free, err := hostnameFree(tx, d)
	if err != nil {
		return err
	}
	if !free || hostname == s.Host {
		return &fault.Error{Class: fault.ClassConflict, Code: "CUSTOM_DOMAIN_UNAVAILABLE", Param: param, Message: "This hostname is in use."}
	}
	before, err := oneDomain(tx, scope, kind, ` AND hostname = $4`, hostname)
	if err != nil {
		return err
	}
	previous := ""
	if before != nil {
		d, previous = before, before.Status
		d.UpdatedAt, d.CheckedAt = now, time.Time{}
		if !d.RedirectUntil.After(now) {
			d.RedirectUntil = time.Time{}
		}
	}
	d.Status, d.Reason = DomainProvisioning, ""
	return s.keepDomain(tx, d, previous, cause)
}

func (s *Service) remove(tx db.Tx, d *Domain, now time.Time, cause event.Cause) error {
	previous := d.Status
	d.Status, d.Reason, d.UpdatedAt = DomainRemoved, ReasonRemoved, now
	switch {
	case previous == DomainActive || previous == DomainAttention: // it was active once, so links carry it
		d.RedirectUntil = now.Add(RedirectFor)
	case previous == DomainProvisioning && d.RedirectUntil.After(now): // named again and given up once more: its links still run
	default:
		d.RedirectUntil = time.Time{}
		if err := freeHostname(tx, d); err != nil {
			return err
		}
	}
	return s.keepDomain(tx, d, previous, cause)
}

// keepDomain writes a domain and, when its status changed, the event about it. Links and requests follow with
// the commit.
func (s *Service) keepDomain(tx db.Tx, d *Domain, previous string, cause event.Cause) error {
	d.Records = s.records(*d)
	if err := saveDomain(tx, d); err != nil {
		return err
	}
	now := *d
	tx.AfterCommit(func() { s.learn(now) })
	if previous == d.Status {
		return nil
	}
	return s.Events.Record(tx, d.Scope, s.Clock.Now(), cause, domainChanged(d, previous))
}

// BeginValidation is the first half of a check of a custom domain: it finds the domain and bounds how
// often it is checked. Faults: RESOURCE_NOT_FOUND (no such type), CUSTOM_DOMAIN_LIVE_MODE_REQUIRED,
// CUSTOM_DOMAIN_NOT_CONFIGURED (409), CUSTOM_DOMAIN_VALIDATION_RATE_LIMITED (429).
func (s *Service) BeginValidation(tx db.Tx, scope tenant.Scope, kind string) (hostname string, err error) {
	if kind != DomainCheckout && kind != DomainAccount {
		return "", fault.NotFound("type of custom domain")
	}
	if scope.Mode() != tenant.ModeLive {
		return "", fault.Invalid("CUSTOM_DOMAIN_LIVE_MODE_REQUIRED", "", "A custom domain is checked with a live key.")
	}
	d, err := findDomain(tx, scope, kind, tx.ForUpdate())
	if err != nil {
		return "", err
	}
	if d == nil || d.Status == DomainRemoved {
		return "", fault.Conflict("CUSTOM_DOMAIN_NOT_CONFIGURED", "No custom domain of this type is set.")
	}
	now := s.Clock.Now()
	if wait := d.CheckedAt.Add(ValidateAfter).Sub(now); wait > 0 {
		return "", (&fault.Error{Class: fault.ClassRateLimited, Code: "CUSTOM_DOMAIN_VALIDATION_RATE_LIMITED",
			Message: "This domain was checked less than a minute ago."}).Retry(wait)
	}
	d.CheckedAt = now
	return d.Hostname, saveDomain(tx, d)
}

// EndValidation is the second half: it asks the DNS, outside any transaction, and writes down what it
// says. write opens the transaction, settle runs in it. A domain that was changed meanwhile is left as it
// is. Fault: CUSTOM_DOMAIN_UNAVAILABLE (409, somebody else has proven the hostname).
func (s *Service) EndValidation(ctx context.Context, d db.DB, scope tenant.Scope, kind, hostname string, cause event.Cause,
	settle func(tx db.Tx, found *Domain) error) (*Domain, error) {
	asked := Domain{Scope: scope, Type: kind, Hostname: hostname}
	status, reason := s.ask(ctx, asked)
	var found *Domain
	err := d.Write(ctx, func(tx db.Tx) error {
		var err error
		if found, err = findDomain(tx, scope, kind, tx.ForUpdate()); err != nil {
			return err
		}
		if found == nil || found.Hostname != hostname || found.Status == DomainRemoved {
			return fault.Conflict("CUSTOM_DOMAIN_NOT_CONFIGURED", "The custom domain was changed while it was checked.")
		}
		previous := found.Status
		found.Status, found.Reason, found.UpdatedAt = status, reason, s.Clock.Now()
		switch {
		case status == DomainActive:
			mine, err := takeHostname(tx, found)
			if err != nil {
				return err
			}
			if !mine {
				return fault.Conflict("CUSTOM_DOMAIN_UNAVAILABLE", "This hostname is in use.")
			}
			found.RedirectUntil = time.Time{}
			if kind == DomainCheckout {
				w, err := s.ensureWalletDomain(tx, scope, hostname)
				if err != nil {
					return err
				}
				found.WalletDomainID = w.ID
			}
		case previous == DomainProvisioning: // still on its way; the reason says what it waits for
			found.Status = DomainProvisioning
		}
		if err := s.keepDomain(tx, found, previous, cause); err != nil {
			return err
		}
		return settle(tx, found)
	})
	return found, err
}
