package server

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/notification"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// buildSettings makes what every domain asks for the settings of an environment.
func (s *Server) buildSettings() { s.Settings = &settings.Service{} }

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
	b := notification.Brand{Merchant: mailMerchant(m), Accent: e.Branding.PrimaryColor, Radius: e.Branding.CornerRadius, Font: e.Branding.FontFamily}
	if m.Logo != nil {
		b.LogoURL, b.LogoAlt = m.Logo.URL, m.Logo.Alt
	}
	return b, nil
}
