package server

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/notification"
	"flint/internal/payment"
	"flint/internal/settings"
	"flint/internal/tenant"
	"flint/internal/web/mailing"
	"flint/internal/web/ui"
)

// buildSettings makes what every domain asks for the settings of an environment.
func (s *Server) buildSettings(events *event.Log) {
	s.Settings = &settings.Service{IDs: s.IDs, Clock: s.Clock, Events: events, BaseURL: s.BaseURL, Host: publicHost(s.BaseURL), Resolver: settings.SystemResolver(),
		TakesOptions: func(scope tenant.Scope) []string {
			if s.processorFor(scope) == "" {
				return nil
			}
			return payment.DefaultOptions()
		}}
}

// accountAddress is where the account pages of an environment are, for packages that know no settings.
func (s *Server) accountAddress(scope tenant.Scope) string {
	return s.Settings.Address(scope, settings.DomainAccount)
}

// publicHost is the name under which the installation is reached from outside, empty when it has none.
func publicHost(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return ""
	}
	return host
}

// mailPolicy tells package notification, which knows no settings, what they say about a family of mails.
func (s *Server) mailPolicy(tx db.Tx, scope tenant.Scope, family string) (notification.Policy, error) {
	e, err := s.Settings.Effective(tx, scope)
	if err != nil {
		return notification.Policy{}, err
	}
	p := notification.Policy{MerchantSends: e.EmailDelivery.MerchantSends(family)}
	if family == notification.FamilyReminders {
		p.MaxMails, p.Within = e.Recovery.FrequencyCap.MaxMails, time.Duration(e.Recovery.FrequencyCap.Days)*24*time.Hour
		p.Quiet = e.AfterQuietHours
	}
	return p, nil
}

// mailBrand tells package notification how the mails of an environment look.
func (s *Server) mailBrand(tx db.Tx, scope tenant.Scope) (notification.Brand, error) {
	e, err := s.Settings.Effective(tx, scope)
	if err != nil {
		return notification.Brand{}, err
	}
	m, err := s.Merchants.Get(tx.Context(), tx, scope.MerchantID)
	if err != nil {
		return notification.Brand{}, fmt.Errorf("read the merchant of a mail: %w", err)
	}
	light, dark := ui.Brand{Accent: e.Branding.PrimaryColor}.Palettes()
	b := notification.Brand{Merchant: mailMerchant(m), Light: mailColors(light), Dark: mailColors(dark), Radius: e.Branding.CornerRadius,
		Font: ui.FontStack(e.Branding.FontFamily)}
	if m.Logo != nil {
		b.LogoURL, b.LogoAlt = m.Logo.URL, m.Logo.Alt
	}
	return b, nil
}

func mailColors(p ui.Palette) notification.Colors {
	return notification.Colors{Accent: p.Accent.String(), OnAccent: p.OnAccent.String(), Link: p.Link.String()}
}

// mailingPages are the pages behind the unsubscribe links of mails.
func (s *Server) mailingPages() *mailing.Handler {
	return &mailing.Handler{DB: s.DB, Log: s.Log, Mails: s.Receipts, Settings: s.Settings.Effective, UI: s.UI,
		Merchant: func(tx db.Tx, merchantID string) (name, logo string, err error) {
			m, err := s.Merchants.Get(tx.Context(), tx, merchantID)
			if m.Logo != nil {
				logo = m.Logo.URL
			}
			return m.BusinessName, logo, err
		}}
}
