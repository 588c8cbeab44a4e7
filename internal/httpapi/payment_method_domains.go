package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/settings"
)

// PaymentMethodDomain is a hostname whose pages may show wallets.
type PaymentMethodDomain struct {
	ID               string                      `json:"payment_method_domain_id"`
	DomainName       string                      `json:"domain_name"`
	Status           string                      `json:"status" enum:"active,inactive" doc:"As the merchant switched it."`
	ValidationStatus string                      `json:"validation_status" enum:"active,action_required,unavailable" doc:"unavailable: the environment's processor takes no wallet."`
	PaymentOptions   []PaymentMethodDomainOption `json:"payment_options"`
	CreatedAt        time.Time                   `json:"created_at"`
	UpdatedAt        time.Time                   `json:"updated_at"`
}

// PaymentMethodDomainOption is how a wallet stands on a domain.
type PaymentMethodDomainOption struct {
	PaymentOption string `json:"payment_option" enum:"apple_pay,google_pay"`
	Status        string `json:"status" enum:"active,inactive,unavailable"`
}

// CreatePaymentMethodDomainRequest names a hostname.
type CreatePaymentMethodDomainRequest struct {
	DomainName string `json:"domain_name" maxLength:"253" fault:"long=INVALID_DOMAIN_NAME" doc:"One hostname in lower case."`
}

// UpdatePaymentMethodDomainRequest switches a domain.
type UpdatePaymentMethodDomainRequest struct {
	Status string `json:"status" enum:"active,inactive"`
}

func registerPaymentMethodDomains(a *API, s *Services) {
	wire := func(d *settings.WalletDomain) *PaymentMethodDomain {
		out := &PaymentMethodDomain{ID: d.ID, DomainName: d.Hostname, Status: d.Status, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt}
		validation, options := s.Settings.Wallets(d)
		out.ValidationStatus = validation
		for _, o := range options {
			out.PaymentOptions = append(out.PaymentOptions, PaymentMethodDomainOption{o.Option, o.Status})
		}
		return out
	}
	answer := func(d *settings.WalletDomain, err error) (*PaymentMethodDomain, error) {
		if err != nil {
			return nil, err
		}
		return wire(d), nil
	}

	Get(a, "listPaymentMethodDomains", func(_ context.Context, tx db.Tx, c *Caller, in *struct{ PageQuery }) (Page[*PaymentMethodDomain], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*settings.WalletDomain, *listing.Cursor, error) {
			return s.Settings.WalletDomains(tx, c.Scope, after, limit)
		})
		return MapPage(page, wire), err
	}, Doc("List payment method domains", "Hostnames whose pages may show wallets, newest first."))

	Write(a, "createPaymentMethodDomain", func(_ context.Context, tx db.Tx, c *Caller, in *struct {
		Body CreatePaymentMethodDomainRequest
	}) (*PaymentMethodDomain, error) {
		return answer(s.Settings.CreateWalletDomain(tx, c.Scope, in.Body.DomainName))
	}, Doc("Register a payment method domain", "Its https pages may also embed a checkout while it is active."),
		Errors("INVALID_DOMAIN_NAME", "PAYMENT_METHOD_DOMAIN_EXISTS"))

	Get(a, "getPaymentMethodDomain", func(_ context.Context, tx db.Tx, c *Caller, in *struct {
		ID string `path:"payment_method_domain_id" id:"pmd"`
	}) (*PaymentMethodDomain, error) {
		return answer(s.Settings.WalletDomain(tx, c.Scope, in.ID))
	}, Doc("Read a payment method domain", "Its status and that of each wallet."))

	Write(a, "updatePaymentMethodDomain", func(_ context.Context, tx db.Tx, c *Caller, in *struct {
		ID   string `path:"payment_method_domain_id" id:"pmd"`
		Body UpdatePaymentMethodDomainRequest
	}) (*PaymentMethodDomain, error) {
		return answer(s.Settings.UpdateWalletDomain(tx, c.Scope, in.ID, in.Body.Status))
	}, Doc("Switch a payment method domain", "Inactive domains show no wallet."))
}
