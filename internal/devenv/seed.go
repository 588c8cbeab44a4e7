package devenv

import (
	"context"
	"fmt"

	"flint/internal/auth"
	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/secret"
	"flint/internal/server"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Prepare makes the demo merchants on first use, makes sure that there is an app to install and an order
// that waits to be paid, and writes dev.json. A second start on the same data keeps merchants and keys.
func Prepare(ctx context.Context, s *server.Server) (*Facts, error) {
	facts, err := readFacts(s.DataDir)
	if err != nil {
		return nil, err
	}
	if facts == nil || !known(ctx, s, facts.APIKey) {
		if facts, err = seed(ctx, s); err != nil {
			return nil, fmt.Errorf("make the demo merchants: %w", err)
		}
	}
	facts.BaseURL, facts.DashboardURL, facts.MailboxURL = s.BaseURL, s.BaseURL+"/", s.BaseURL+"/dev/mailbox"
	facts.MetricsURL = s.MetricsURL()
	if err := demo(ctx, s, facts); err != nil {
		return nil, fmt.Errorf("make the demo order: %w", err)
	}
	if err := demoInstall(ctx, s, facts); err != nil {
		return nil, fmt.Errorf("make the demo app: %w", err)
	}
	return facts, facts.write(s.DataDir)
}

// known tells whether the key belongs to this database: dev.json may stem from another one.
func known(ctx context.Context, s *server.Server, key string) bool {
	_, err := s.Keys.Authenticate(ctx, "", key)
	return err == nil
}

func seed(ctx context.Context, s *server.Server) (*Facts, error) {
	facts := &Facts{User: User{Email: "owner@northwind.example", Password: secret.NewToken("")[:20]}}
	err := s.DB.Write(ctx, func(tx db.Tx) error {
		now := s.Clock.Now()
		first, err := s.Merchants.Create(ctx, tx, merchant.CreateInput{
			Email: facts.User.Email, BusinessName: "Northwind Supply", APIVersion: httpapi.Version, Now: now,
		})
		if err != nil {
			return err
		}
		support := "help@northwind.example"
		if _, err := s.Merchants.Update(ctx, tx, merchant.UpdateInput{MerchantID: first.Merchant.ID, SupportEmail: &support, Now: now}); err != nil {
			return err
		}
		facts.MerchantID, facts.SandboxID = first.Merchant.ID, first.Sandbox.Scope.EnvironmentID
		if facts.APIKey, err = newKey(ctx, tx, s, first.Sandbox.Scope, "Development"); err != nil {
			return err
		}
		if facts.LiveAPIKey, err = newKey(ctx, tx, s, first.Live.Scope, "Development, live"); err != nil {
			return err
		}
		if _, err = s.Keys.CreateUser(ctx, tx, auth.CreateUserInput{
			MerchantID: first.Merchant.ID, Email: facts.User.Email, Password: secret.NewText(facts.User.Password),
			FirstName: "Robin", LastName: "Owner", Now: now,
		}); err != nil {
			return err
		}
		second, err := s.Merchants.Create(ctx, tx, merchant.CreateInput{
			Email: "owner@contoso.example", BusinessName: "Contoso Books", APIVersion: httpapi.Version, Now: now,
		})
		if err != nil {
			return err
		}
		facts.OtherMerchant.MerchantID = second.Merchant.ID
		facts.OtherMerchant.APIKey, err = newKey(ctx, tx, s, second.Sandbox.Scope, "Development")
		return err
	})
	return facts, err
}

func newKey(ctx context.Context, tx db.Tx, s *server.Server, scope tenant.Scope, name string) (string, error) {
	_, text, err := s.Keys.CreateKey(ctx, tx, auth.CreateKeyInput{
		Scope: scope, Name: name, Scopes: auth.AllScopes().Names(), Now: s.Clock.Now(),
	})
	return text.Reveal(), err
}

// demo makes an order with an open checkout unless the last one still waits.
func demo(ctx context.Context, s *server.Server, facts *Facts) error {
	scope := tenant.Scope{MerchantID: facts.MerchantID, EnvironmentID: facts.SandboxID}
	return s.DB.Write(ctx, func(tx db.Tx) error {
		if facts.Demo.OrderID != "" {
			o, err := s.Services.Orders.Get(ctx, tx, scope, facts.Demo.OrderID)
			if err == nil && len(o.CheckoutSessionIDs) > 0 {
				session, err := checkout.Get(tx, scope, o.CheckoutSessionIDs[len(o.CheckoutSessionIDs)-1])
				if err == nil && session.Open(s.Clock.Now()) {
					facts.Demo.CheckoutURL = s.BaseURL + pathOf(facts.Demo.CheckoutURL)
					return nil
				}
			}
		}
		cause := event.Cause{ActorType: "system"}
		o, err := s.Services.Orders.Create(ctx, tx, demoOrder(scope, cause))
		if err != nil {
			return err
		}
		ten, fifteen, twenty := money.Percent(100000), money.Percent(150000), money.Percent(200000)
		launch, err := s.Services.Checkouts.Create(ctx, tx, checkout.CreateInput{
			Scope: scope, OrderID: o.ID, Cause: cause, Detail: checkout.Detail{
				Collection: checkout.Collection{RequireEmail: true},
				Tip:        checkout.Tip{Enabled: true, Custom: true, Options: []money.Percent{ten, fifteen, twenty}},
			},
		})
		if err != nil {
			return err
		}
		facts.Demo = Demo{
			OrderID:     o.ID,
			CheckoutURL: s.Services.Checkouts.PageLink(s.Settings.Address(scope, settings.DomainCheckout), launch.Session),
		}
		return nil
	})
}

func demoOrder(scope tenant.Scope, cause event.Cause) order.CreateInput {
	two := int64(2)
	return order.CreateInput{
		Scope: scope, Cause: cause,
		Lines: []order.LineInput{
			{Name: "Canvas tote bag", Description: "Natural, 12 oz", UnitPrice: &money.Amount{Minor: 1850, Currency: "USD"}, Quantity: &two},
			{Name: "Enamel mug", Description: "Forest green", UnitPrice: &money.Amount{Minor: 1400, Currency: "USD"}},
		},
		Tax: &order.TaxInput{Location: &order.TaxLocationInput{
			Address: order.Address{PostalCode: "98101", Country: "US"}, AddressType: "postal_code",
		}},
		ExternalReferenceID: "demo",
	}
}

// pathOf is an address without its scheme and host, which change with the port.
func pathOf(address string) string {
	for n, slashes := 0, 0; n < len(address); n++ {
		if address[n] == '/' {
			if slashes++; slashes == 3 {
				return address[n:]
			}
		}
	}
	return ""
}
