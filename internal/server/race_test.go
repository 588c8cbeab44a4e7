package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/egress"
	"flint/internal/flinttest"
	"flint/internal/server"
	"flint/internal/tenant"
	"flint/internal/webhook"
)

// told counts what came of each order.
type told struct {
	*httptest.Server
	mu     sync.Mutex
	orders map[string]int
}

func newTold(t *testing.T) *told {
	h := &told{orders: map[string]int{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e struct {
			RootID string `json:"root_id"`
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &e); err == nil {
			h.mu.Lock()
			h.orders[e.RootID]++
			h.mu.Unlock()
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *told) of(order string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.orders[order]
}

// racer is a client that many use at once: it fails by error, so that it may run beside the test.
func (p *partner) racer(method, path, media, body, bearer string) (status int, out map[string]any, err error) {
	return p.send(method, path, media, body, bearer, "")
}

// keyed is racer with an Idempotency-Key.
func (p *partner) keyed(method, path, body, bearer, key string) (status int, out map[string]any, err error) {
	return p.send(method, path, jsonMedia, body, bearer, key)
}

func (p *partner) send(method, path, media, body, bearer, key string) (status int, out map[string]any, err error) {
	req, err := http.NewRequest(method, p.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, err
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return res.StatusCode, out, err
}

func (p *partner) keyOf(t *testing.T, scope tenant.Scope) (text, keyID string) {
	t.Helper()
	p.write(t, func(tx db.Tx) error {
		k, s, err := p.Keys.CreateKey(tx.Context(), tx, auth.CreateKeyInput{Scope: scope, Name: "race", Scopes: auth.AllScopes().Names(), Now: p.Clock.Now()})
		text, keyID = s.Reveal(), k.ID
		return err
	})
	return text, keyID
}

// eachRace runs a race of a running server on both engines.
func eachRace(t *testing.T, test func(t *testing.T, p *partner)) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			p := newPartner(t, server.Config{Database: dbtest.OpenURL(t, engine), Egress: egress.Development()})
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { p.Dispatcher.Run(ctx) })
			t.Cleanup(func() { stop(); running.Wait() })
			test(t, p)
		})
	}
}

const anOrder = `{"line_items":[{"name":"Mug","unit_price_money":{"amount":3499,"currency":"USD"}}]}`

func orderOf(answer map[string]any) string {
	data, _ := answer["data"].(map[string]any)
	id, _ := data["order_id"].(string)
	return id
}

// TestRace16RemovalAndUse: a merchant removes an app that calls and refreshes at the same moment. What was
// answered before counts; after the answer to the removal nothing is let in, nothing half is left, and
// the app hears of no later order.
func TestRace16RemovalAndUse(t *testing.T) {
	eachRace(t, func(t *testing.T, p *partner) {
		hook := newTold(t)
		p.write(t, func(tx db.Tx) error {
			_, _, err := p.Webhooks.Create(tx.Context(), tx, webhook.CreateInput{Scope: p.owner.Sandbox.Scope, URL: hook.URL, PartnerAppID: p.app.ID,
				EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"order.created"}, Mode: "test"})
			return err
		})
		live, _ := p.keyOf(t, p.shop.Live.Scope)
		test, _ := p.keyOf(t, p.shop.Sandbox.Scope)
		var before, after []string
		made := map[string]bool{}
		flinttest.Rounds(t, func(width int) {
			access, refresh := p.tokens(t)
			status, answer, err := p.racer("GET", "/v1/app-install", "", "", access)
			if err != nil || status != 200 {
				t.Fatal(status, answer, err)
			}
			install := answer["data"].(map[string]any)["partner_app_install_id"].(string)
			_, answer, _ = p.racer("POST", "/v1/orders", jsonMedia, anOrder, test)
			before = append(before, orderOf(answer))
			if len(before) == 1 { // it is told at all
				wait(t, func() bool { return hook.of(before[0]) > 0 })
			}
			var mu sync.Mutex
			given := []string{access}
			errs := flinttest.Race(width+1, func(k int) error {
				var (
					status int
					answer map[string]any
					err    error
				)
				switch {
				case k == 0:
					if status, answer, err = p.racer("DELETE", "/v1/installed-apps/"+install, "", "", live); err == nil && status != 200 {
						err = fmt.Errorf("the removal is answered with %d %v", status, answer)
					}
					return err
				case k%2 == 1:
					status, answer, err = p.racer("POST", "/v1/orders", jsonMedia, anOrder, access)
					if err == nil && status == 201 {
						mu.Lock()
						made[orderOf(answer)] = true
						mu.Unlock()
					} else if err == nil && status != 401 && status != 403 {
						err = fmt.Errorf("an order is answered with %d %v", status, answer)
					}
					return err
				}
				status, answer, err = p.racer("POST", "/v1/oauth/token", formMedia, p.form("grant_type", "refresh_token", "refresh_token", refresh), "")
				if token, _ := answer["access_token"].(string); err == nil && status == 200 {
					mu.Lock()
					given = append(given, token)
					mu.Unlock()
				} else if err == nil && answer["error"] != "invalid_grant" {
					err = fmt.Errorf("a refresh is answered with %d %v", status, answer)
				}
				return err
			})
			for _, err := range errs {
				if err != nil {
					t.Error(err)
				}
			}
			for _, token := range given { // one for cleaning up may be among them
				if status, answer, err := p.racer("POST", "/v1/orders", jsonMedia, anOrder, token); err != nil || status != 401 && status != 403 {
					t.Errorf("after the removal a token makes an order: %d %v, %v", status, answer, err)
				}
			}
			_, answer, _ = p.racer("POST", "/v1/orders", jsonMedia, anOrder, test)
			after = append(after, orderOf(answer))
			p.write(t, func(tx db.Tx) error { // the time for cleaning up is over
				_, err := p.Apps.FinishRemoval(tx.Context(), tx, p.shop.Merchant.ID, install, p.Clock.Now())
				return err
			})
			for _, token := range given {
				if status, answer, err := p.racer("GET", "/v1/app-install", "", "", token); err != nil || status != 401 {
					t.Errorf("after its time a token still opens something: %d %v, %v", status, answer, err)
				}
			}
		})
		t.Logf("%d orders of the app were made in time", len(made))
		var stored []string
		wait(t, func() bool {
			var unplaced, waiting int64
			p.read(t, func(tx db.Tx) error {
				if err := tx.QueryRow([]any{&unplaced}, `SELECT COUNT(*) FROM events WHERE position IS NULL`); err != nil {
					return err
				}
				return tx.QueryRow([]any{&waiting}, `SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending'`)
			})
			return unplaced+waiting == 0
		})
		for _, order := range after {
			if n := hook.of(order); n > 0 {
				t.Errorf("order %s of after the removal was told %d times", order, n)
			}
		}
		p.read(t, func(tx db.Tx) error {
			return tx.Query(func(row db.Row) error {
				stored = append(stored, "")
				return row.Scan(&stored[len(stored)-1])
			}, `SELECT root_id FROM events WHERE merchant_id = $1 AND type = 'order.created' AND actor_type = 'app'`, p.shop.Merchant.ID)
		})
		if len(stored) != len(made) {
			t.Errorf("%d orders of the app were answered with 201, %d are stored", len(made), len(stored))
		}
		for _, order := range stored {
			if !made[order] {
				t.Errorf("order %s is stored, and the app was told otherwise", order)
			}
		}
	})
}

// TestRace17RotationAndUse: keys and secrets change while they are in use. The new one is good from the
// answer on, the old key is not; of an app's secret both are good, so that nobody is refused.
func TestRace17RotationAndUse(t *testing.T) {
	eachRace(t, func(t *testing.T, p *partner) {
		live, _ := p.keyOf(t, p.shop.Live.Scope)
		owner, _ := p.keyOf(t, p.owner.Live.Scope)
		_, refresh := p.tokens(t)
		key, keyID := p.keyOf(t, p.shop.Live.Scope)
		secretNow := p.secret
		flinttest.Rounds(t, func(width int) {
			var next, nextID, secretNext string
			form := url.Values{"client_id": {p.app.ClientID}, "client_secret": {secretNow}, "token": {refresh}}.Encode()
			errs := flinttest.Race(width+2, func(k int) error {
				switch {
				case k == 0: // make the next key, then end the old one
					status, answer, err := p.racer("POST", "/v1/api-keys", jsonMedia, `{"name":"next","scopes":["merchants.profile.read"]}`, live)
					if err != nil || status != 201 {
						return fmt.Errorf("a key is answered with %d %v, %w", status, answer, err)
					}
					data := answer["data"].(map[string]any)
					next, nextID = data["secret_key"].(string), data["api_key_id"].(string)
					if status, answer, err := p.racer("GET", "/v1/merchant", "", "", next); err != nil || status != 200 {
						return fmt.Errorf("a key that was just made: %d %v, %w", status, answer, err)
					}
					if status, answer, err = p.racer("POST", "/v1/api-keys/"+keyID+"/revoke", "", "", live); err != nil || status != 200 {
						return fmt.Errorf("a revocation is answered with %d %v, %w", status, answer, err)
					}
					if status, _, err = p.racer("GET", "/v1/merchant", "", "", key); err != nil || status != 401 {
						return fmt.Errorf("the old key after its revocation: %d, %w", status, err)
					}
					return nil
				case k == 1:
					status, answer, err := p.racer("POST", "/v1/developer/partner/apps/"+p.app.ID+"/rotate-secret", "", "", owner)
					if err != nil || status != 200 {
						return fmt.Errorf("a rotation is answered with %d %v, %w", status, answer, err)
					}
					secretNext = answer["data"].(map[string]any)["client_secret"].(string)
					return nil
				case k%2 == 0:
					status, answer, err := p.racer("GET", "/v1/merchant", "", "", key)
					fault, _ := answer["error"].(map[string]any)
					if err != nil || status != 200 && fault["code"] != "API_KEY_REVOKED" {
						return fmt.Errorf("a key in use: %d %v, %w", status, answer, err)
					}
					return nil
				}
				status, answer, err := p.racer("POST", "/v1/oauth/introspect", formMedia, form, "")
				if err != nil || status != 200 || answer["active"] != true {
					return fmt.Errorf("a secret in use: %d %v, %w", status, answer, err)
				}
				return nil
			})
			for _, err := range errs {
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, secret := range []string{secretNow, secretNext} {
				body := url.Values{"client_id": {p.app.ClientID}, "client_secret": {secret}, "token": {refresh}}.Encode()
				if status, answer, err := p.racer("POST", "/v1/oauth/introspect", formMedia, body, ""); err != nil || status != 200 || answer["active"] != true {
					t.Fatalf("after the rotation: %d %v, %v", status, answer, err)
				}
			}
			key, keyID, secretNow = next, nextID, secretNext
		})
		if strings.Contains(p.log.String(), secretNow) || strings.Contains(p.log.String(), key) {
			t.Error("the log holds a secret")
		}
	})
}

func (p *partner) read(t *testing.T, f func(tx db.Tx) error) {
	t.Helper()
	if err := p.DB.Read(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func wait(t *testing.T, until func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !until(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to that within a minute")
		}
	}
}
