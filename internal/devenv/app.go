package devenv

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/secret"
	"flint/internal/server"
	"flint/internal/tenant"
	"flint/internal/web/devhome"
)

// App is the demo app of the other merchant, which the demo user can install.
type App struct {
	ID           string `json:"partner_app_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RedirectURI  string `json:"redirect_uri"`
	CodeVerifier string `json:"code_verifier"` // a real app makes one for each install
	InstallURL   string `json:"install_url"`
}

// callbackPath is where the demo app receives its codes.
const callbackPath = "/dev/app/callback"

const demoState = "made-by-the-app"

func demoManifest() []app.Permission {
	return []app.Permission{
		{ID: "orders", Title: "See your orders", Description: "To know what has to be packed, and where it goes.", Scopes: []string{"commerce.orders.read", "customers.read"}},
		{ID: "deliveries", Title: "Keep your delivery options up to date", Description: "To offer your buyers the prices of the parcel services you use.", Scopes: []string{"commerce.delivery.read", "commerce.delivery.write"}},
		{ID: "updates", Title: "Hear of new orders at once", Description: "To begin packing without asking again and again.", Scopes: []string{"webhooks.read", "webhooks.write"}},
		{ID: "refunds", Title: "Refund parcels that got lost", Description: "To give buyers their money back when a carrier loses a parcel. You can set a limit.", Scopes: []string{"commerce.refunds.read", "commerce.refunds.write"}, Optional: true},
		{ID: "products", Title: "See your products", Description: "To know sizes and weights without asking you.", Scopes: []string{"commerce.products.read"}, Optional: true},
	}
}

// demoInstall makes the demo app, or moves it to the address that this start listens at. An address that
// an app cannot have leaves the environment without one.
func demoInstall(ctx context.Context, s *server.Server, facts *Facts) error {
	redirect := s.BaseURL + callbackPath
	err := s.DB.Write(ctx, func(tx db.Tx) error {
		now := s.Clock.Now()
		live, err := merchant.DefaultEnvironment(ctx, tx, facts.OtherMerchant.MerchantID, tenant.ModeLive)
		if err != nil {
			return err
		}
		if facts.OtherMerchant.LiveAPIKey == "" { // of a dev.json from before there were apps
			if facts.OtherMerchant.LiveAPIKey, err = newKey(ctx, tx, s, live.Scope, "Development, live"); err != nil {
				return err
			}
		}
		if facts.App.ID != "" {
			if facts.App.RedirectURI == redirect {
				return nil
			}
			_, err := s.Apps.Publish(ctx, tx, app.PublishInput{Scope: live.Scope, AppID: facts.App.ID, RedirectURIs: []string{redirect}, Now: now})
			return err
		}
		made, text, err := s.Apps.Create(ctx, tx, app.CreateInput{Scope: live.Scope, Name: "Parcel Pilot", RedirectURIs: []string{redirect},
			Manifest: demoManifest(), DefaultPermissions: []string{"orders", "deliveries", "updates", "refunds", "products"},
			Versions: []string{httpapi.Version}, Now: now})
		if err != nil {
			return err
		}
		facts.App = App{ID: made.ID, ClientID: made.ClientID, ClientSecret: text.Reveal(), CodeVerifier: secret.NewToken("")}
		return nil
	})
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		s.Log.Warn("there is no demo app at this address", "base_url", s.BaseURL, "error", err)
		facts.App = App{}
		return nil
	}
	if err != nil {
		return err
	}
	challenge := sha256.Sum256([]byte(facts.App.CodeVerifier))
	facts.App.RedirectURI = redirect
	facts.App.InstallURL = s.BaseURL + "/v1/oauth/authorize?" + url.Values{"response_type": {"code"}, "client_id": {facts.App.ClientID}, "redirect_uri": {redirect},
		"mode": {"test"}, "state": {demoState}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}}.Encode()
	return nil
}

// callback is the page of the demo app to which an install leads.
func (e *Environment) callback(w http.ResponseWriter, r *http.Request) {
	q, a := r.URL.Query(), e.Facts.App
	v := devhome.Callback{Error: q.Get("error"), Description: q.Get("error_description"), StateFits: q.Get("state") == demoState}
	if code := q.Get("code"); code != "" {
		v.Exchange = devhome.Exchange(e.Server.BaseURL, a.ClientID, a.ClientSecret, a.RedirectURI, a.CodeVerifier, code)
	}
	if v.Error == "" && v.Exchange == "" {
		v.Error = "invalid_request"
	}
	e.Server.Home.RenderCallback(w, r, v)
}
