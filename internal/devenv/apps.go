package devenv

import (
	"context"
	"fmt"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/server"
	"flint/internal/tenant"
)

// demoRedirect is where merchants come back to after they installed the demo app: a program on this
// machine, or a test.
const demoRedirect = "http://127.0.0.1:3000/callback"

// demoApp makes an app of the second merchant that the first one can install, and the key that apps are
// managed with, unless they are there.
func demoApp(ctx context.Context, s *server.Server, facts *Facts) error {
	return s.DB.Write(ctx, func(tx db.Tx) error {
		live, err := merchant.DefaultEnvironment(ctx, tx, facts.OtherMerchant.MerchantID, tenant.ModeLive)
		if err != nil {
			return fmt.Errorf("find the second merchant: %w", err)
		}
		if facts.OtherMerchant.LiveAPIKey == "" { // dev.json was written before there were apps
			if facts.OtherMerchant.LiveAPIKey, err = newKey(ctx, tx, s, live.Scope, "Development, live"); err != nil {
				return err
			}
		}
		found, err := app.ByClientID(tx, facts.PartnerApp.ClientID)
		if err == nil && s.Apps.CheckSecret(found, facts.PartnerApp.ClientSecret) {
			return nil
		}
		if err != nil && !fault.Is(err, "RESOURCE_NOT_FOUND") {
			return err
		}
		made, secret, err := s.Apps.Create(ctx, tx, app.CreateInput{
			Scope: live.Scope, Name: "Contoso Loyalty", RedirectURIs: []string{demoRedirect}, Manifest: demoManifest(),
			Versions: []string{httpapi.Version}, Now: s.Clock.Now(),
		})
		if err != nil {
			return err
		}
		facts.PartnerApp = PartnerApp{ID: made.ID, ClientID: made.ClientID, ClientSecret: secret.Reveal(), RedirectURI: demoRedirect}
		return nil
	})
}

func demoManifest() []app.Permission {
	return []app.Permission{
		{ID: "orders", Title: "See and change orders", Description: "Read what was bought, and add to open orders.",
			Scopes: []string{"commerce.orders.read", "commerce.orders.write"}},
		{ID: "payments", Title: "See payments", Description: "Read how orders were paid.", Scopes: []string{"payments.payment_intents.read"}},
		{ID: "refunds", Title: "Give refunds", Description: "Give money back within the limits you set.",
			Scopes: []string{"commerce.refunds.read", "commerce.refunds.write"}},
		{ID: "events", Title: "Hear of events", Description: "Register addresses that are told what happens.",
			Scopes: []string{"webhooks.read", "webhooks.write"}},
		{ID: "customers", Title: "See customers", Description: "Read names and e-mail addresses of buyers.",
			Scopes: []string{"customers.read"}, Optional: true},
	}
}
