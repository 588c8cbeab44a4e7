package server

import (
	"time"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
	"flint/internal/webhook"
)

// webhookApps is what webhooks have to know of partner apps.
func webhookApps(apps *app.Service) webhook.Apps {
	return webhook.Apps{
		Open: apps.OpenSealed,
		Owns: func(tx db.Tx, merchantID, appID string) (bool, error) {
			a, err := app.Get(tx, merchantID, appID)
			if fault.Is(err, "RESOURCE_NOT_FOUND") {
				return false, nil
			}
			return err == nil && a.Status == app.AppActive, err
		},
		Grant: func(tx db.Tx, scope tenant.Scope, grantID string) (webhook.Grant, error) {
			g, i, err := app.GetGrant(tx, scope, grantID)
			if err != nil {
				return webhook.Grant{}, err
			}
			return webhookGrant(*g, i.Usable(g)), nil
		},
	}
}

func webhookGrant(g app.Grant, usable bool) webhook.Grant {
	return webhook.Grant{Scope: g.Scope, ID: g.ID, InstallID: g.InstallID, AppID: g.AppID, OwnerID: g.OwnerID, Usable: usable, Allows: g.Scopes.Has}
}

// endWebhooks is the hook of app.Service.OnRevoke that ends a removed grant's endpoints and what waits
// for the app because of it, and notes both on the receipt.
func endWebhooks(w *webhook.Service) func(tx db.Tx, g app.Grant, now time.Time) error {
	return func(tx db.Tx, g app.Grant, now time.Time) error {
		ended, err := w.GrantEnded(tx, webhookGrant(g, false), now)
		if err != nil {
			return err
		}
		g.Removed("webhook_endpoints", ended.Endpoints)
		g.Removed("webhook_deliveries", ended.Deliveries)
		return nil
	}
}
