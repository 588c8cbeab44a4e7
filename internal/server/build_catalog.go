package server

import (
	"flint/internal/catalog"
	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/httpapi"
	"flint/internal/order"
	"flint/internal/paymentlink"
	"flint/internal/qr"
	"flint/internal/tenant"
	webpay "flint/internal/web/pay"
)

// catalog is the catalogue, which asks those who sell before it archives anything.
func (s *Server) catalog() *catalog.Service {
	c := &catalog.Service{IDs: s.IDs, Clock: s.Clock}
	c.InUse = append(c.InUse, checkout.VariantsInUse, order.VariantsInUse, paymentlink.VariantsInUse)
	return c
}

// buildCatalog makes the links that sell what the catalogue and the orders hold.
func (s *Server) buildCatalog() {
	v := s.Services
	v.PaymentLinks = &paymentlink.Service{
		IDs: s.IDs, Clock: s.Clock, Orders: v.Orders, Catalog: v.Catalog, Checkouts: v.Checkouts, Key: s.derive("payment links"), Send: s.sendTickets, Failpoints: s.Failpoints,
	}
	v.PaymentLinks.Register(v.Payments)
	v.Merchant, v.QR = s.shop, qr.Draw
}

// shop is what buyers are told about a merchant.
func (s *Server) shop(tx db.Tx, scope tenant.Scope) (httpapi.Shop, error) {
	m, err := s.Merchants.Get(tx.Context(), tx, scope.MerchantID)
	if err != nil {
		return httpapi.Shop{}, err
	}
	e, err := s.Settings.Effective(tx, scope)
	if err != nil {
		return httpapi.Shop{}, err
	}
	out := httpapi.Shop{Name: m.BusinessName, Primary: e.Branding.PrimaryColor, Accent: e.Branding.AccentColor}
	if m.Logo != nil {
		out.LogoURL, out.LogoAlt = m.Logo.URL, m.Logo.Alt
	}
	if m.Icon != nil {
		out.IconURL, out.IconAlt = m.Icon.URL, m.Icon.Alt
	}
	return out, nil
}

// buildPay makes the pages of payment links.
func (s *Server) buildPay() {
	s.pay = webpay.NewHandler(webpay.Config{
		DB: s.DB, Log: s.Log, UI: s.UI, Links: s.Services.PaymentLinks, BaseURL: s.BaseURL, Throttle: s.pageThrottle(), Enter: s.checkout.Enter,
		Shop: func(tx db.Tx, scope tenant.Scope) (webpay.Shop, error) {
			shop, err := s.shop(tx, scope)
			return webpay.Shop{Name: shop.Name, LogoURL: shop.LogoURL, Accent: shop.Primary}, err
		},
	})
}
