package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"golang.org/x/oauth2"

	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/secret"
)

// TestTheCommandLineOfSomebodyWhoLeaves ends with the request that revokes the membership, and does not come
// back with another one.
func TestTheCommandLineOfSomebodyWhoLeaves(t *testing.T) {
	t.Parallel()
	eachPartner(t, func(t *testing.T, p *partner) {
		var bob auth.User
		var key secret.Text
		organizationID := ""
		p.write(t, func(tx db.Tx) (err error) {
			if bob, err = p.Keys.CreateUser(tx.Context(), tx, auth.CreateUserInput{MerchantID: p.shop.Merchant.ID, Email: "bob@shop.test", Role: auth.RoleAdmin,
				Password: secret.NewText("correct horse battery"), Now: p.Clock.Now()}); err != nil {
				return err
			}
			if _, key, err = p.Keys.CreateKey(tx.Context(), tx, auth.CreateKeyInput{Scope: p.shop.Live.Scope, Name: "k", Scopes: []string{"accounts.organizations.write"},
				Now: p.Clock.Now()}); err != nil {
				return err
			}
			return tx.QueryRow([]any{&organizationID}, `SELECT organization_id FROM organization_memberships WHERE user_id = $1`, bob.ID)
		})
		signIn := func() (access, refresh string) {
			t.Helper()
			config := &oauth2.Config{ClientID: oauth.ClientCLI, Endpoint: p.config(oauth2.AuthStyleInParams).Endpoint}
			device, err := config.DeviceAuth(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.write(t, func(tx db.Tx) error {
				return p.OAuth.ApproveDevice(tx.Context(), tx, oauth.ApproveInput{UserCode: device.UserCode, UserID: bob.ID, Scope: p.shop.Sandbox.Scope,
					Scopes: auth.RoleScopes(auth.RoleAdmin), Now: p.Clock.Now()})
			})
			status, _, got := p.post(t, "/v1/oauth/token", formMedia, url.Values{"client_id": {oauth.ClientCLI},
				"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device.DeviceCode}}.Encode())
			if status != 200 {
				t.Fatal(got)
			}
			return got["access_token"].(string), got["refresh_token"].(string)
		}
		call := func(method, path, bearer string) int {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+bearer)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			return res.StatusCode
		}
		memberships := "/v1/organizations/" + organizationID + "/memberships"
		grant := func(role string) {
			t.Helper()
			if status, _, got := p.post(t, memberships, jsonMedia, `{"user_id":"`+bob.ID+`","role":"`+role+`"}`, "Authorization: Bearer "+key.Reveal()); status > 201 {
				t.Fatalf("%d %v", status, got)
			}
		}
		for what, end := range map[string]func(){
			"revoked": func() {
				if status := call("DELETE", memberships+"/"+bob.ID, key.Reveal()); status != 200 {
					t.Fatalf("revoke: %d", status)
				}
				grant("admin") // it is another membership: what ended stays ended
			},
			"changed": func() { grant("viewer"); grant("admin") },
		} {
			access, refresh := signIn()
			if status := call("GET", "/v1/merchant", access); status != 200 {
				t.Fatalf("%s: before: %d", what, status)
			}
			end()
			if status := call("GET", "/v1/merchant", access); status != 401 {
				t.Errorf("%s: the access token: %d", what, status)
			}
			if status, _, got := p.post(t, "/v1/oauth/token", formMedia, url.Values{"client_id": {oauth.ClientCLI}, "grant_type": {"refresh_token"},
				"refresh_token": {refresh}}.Encode()); status != 400 || got["error"] != "invalid_grant" {
				t.Errorf("%s: the refresh token: %d %v", what, status, got)
			}
		}
	})
}
