package server_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/secret"
	"flint/internal/server"
	"flint/internal/tenant"
	"flint/internal/webhook"
)

// echo is a receiver that always fails and sends back what it got.
type echo struct {
	*httptest.Server
	mu  sync.Mutex
	got [][]byte
}

func newEcho(t *testing.T) *echo {
	e := &echo{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		e.mu.Lock()
		e.got = append(e.got, body)
		e.mu.Unlock()
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(body)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *echo) all() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.got)
}

// everywhere is the text of every column of every table, bytes as hex too.
func everywhere(t *testing.T, d db.DB) string {
	t.Helper()
	sql := `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2`
	if d.Engine() == db.Postgres {
		sql = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2`
	}
	var out strings.Builder
	if err := d.Read(t.Context(), func(tx db.Tx) error {
		var columns [][2]string
		if err := tx.Query(func(r db.Row) error {
			var c [2]string
			err := r.Scan(&c[0], &c[1])
			columns = append(columns, c)
			return err
		}, sql); err != nil {
			return err
		}
		for _, c := range columns {
			if err := tx.Query(func(r db.Row) error {
				var v string
				err := r.Scan(&v)
				out.WriteString(v + "\n")
				return err
			}, `SELECT COALESCE(CAST("`+c[1]+`" AS TEXT), '') FROM "`+c[0]+`"`); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// TestCleanupTokenTravelsInTheNoticeAlone removes an app whose endpoint fails and echoes: the token is in
// each signed delivery while it works, in nothing that is kept or shown, and opens the app's own endpoints alone.
func TestCleanupTokenTravelsInTheNoticeAlone(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			c := clock.NewFixed(time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC))
			p := newPartner(t, server.Config{Database: dbtest.OpenURL(t, engine), Clock: c, Development: true, Egress: egress.Development()})
			receiver := newEcho(t)
			var (
				i        *app.Install
				mine     webhook.Endpoint
				ownerKey secret.Text
			)
			p.write(t, func(tx db.Tx) error {
				live, err := merchant.DefaultEnvironment(tx.Context(), tx, p.app.MerchantID, tenant.ModeLive)
				if err != nil {
					return err
				}
				sandbox, err := merchant.DefaultEnvironment(tx.Context(), tx, p.app.MerchantID, tenant.ModeTest)
				if err != nil {
					return err
				}
				if p.app, err = p.Apps.Publish(tx.Context(), tx, app.PublishInput{Scope: live.Scope, AppID: p.app.ID, Now: c.Now(), Manifest: []app.Permission{
					{ID: "all", Title: "All", Description: "Nearly all.", Scopes: []string{"commerce.orders.write", "commerce.refunds.write", "customers.read", "webhooks.write", "webhooks.read"}}}}); err != nil {
					return err
				}
				if _, _, err = p.Webhooks.Create(tx.Context(), tx, webhook.CreateInput{Scope: sandbox.Scope, URL: receiver.URL, PartnerAppID: p.app.ID,
					EventSources: []string{"partner_app"}, EnabledEvents: []string{app.EventRevoked}}); err != nil {
					return err
				}
				if _, ownerKey, err = p.Keys.CreateKey(tx.Context(), tx, auth.CreateKeyInput{Scope: sandbox.Scope, Name: "k",
					Scopes: []string{"webhooks.read", "developer.partner_apps.read"}, AnyMode: true, Now: c.Now()}); err != nil {
					return err
				}
				_, g, err := p.Apps.Consent(tx.Context(), tx, app.ConsentInput{App: p.app, Scope: p.shop.Sandbox.Scope, UserID: p.user, Holder: auth.AllScopes(),
					PermissionIDs: []string{"all"}, Now: c.Now()})
				if err != nil {
					return err
				}
				if i, _, err = p.Apps.Activate(tx.Context(), tx, g.Scope, g.ID, c.Now(), event.Cause{}); err != nil {
					return err
				}
				mine, _, err = p.Webhooks.Create(tx.Context(), tx, webhook.CreateInput{Scope: p.shop.Sandbox.Scope, By: webhook.Holder{AppID: p.app.ID}, URL: "https://app.example/hook"})
				return err
			})
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { p.Dispatcher.Run(ctx) })
			defer func() { stop(); running.Wait() }()
			begun := c.Now()
			p.write(t, func(tx db.Tx) error {
				_, err := p.Apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: p.shop.Merchant.ID, InstallID: i.ID, Reason: app.RevokedByMerchant, Now: begun})
				return err
			})
			attempt := func(n int, at time.Duration) map[string]any {
				t.Helper()
				c.Set(begun.Add(at))
				p.ClockChanged()
				for deadline := time.Now().Add(10 * time.Second); len(receiver.all()) < n; time.Sleep(5 * time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("%d attempts, want %d", len(receiver.all()), n)
					}
				}
				settleOutcomes(t, p, n) // the next try is due by the time at which this one is recorded
				var got struct {
					ID   string         `json:"webhook_event_id"`
					Data map[string]any `json:"data"`
				}
				if err := json.Unmarshal(receiver.all()[n-1], &got); err != nil {
					t.Fatal(err)
				}
				got.Data["event"] = got.ID
				return got.Data
			}
			told := attempt(1, 0)
			list, _ := told["cleanup"].([]any)
			if len(list) != 1 || told["sealed"] != nil {
				t.Fatalf("the notice says %v", told)
			}
			token := list[0].(map[string]any)["access_token"].(string)
			call := func(method, path, bearer string) (int, string) {
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
				raw, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				return res.StatusCode, string(raw)
			}
			// What it opens, and that it opens nothing else.
			for _, path := range []string{"/v1/app-install", "/v1/webhook-endpoints", "/v1/webhook-endpoints/" + mine.ID} {
				if status, raw := call("GET", path, token); status != 200 {
					t.Errorf("%s: %d %s", path, status, raw)
				}
			}
			closed, missing := 0, p.API.Missing()
			for _, r := range httpapi.Routes() {
				if r.By&auth.InstallToken == 0 || r.Cleanup || slices.Contains(missing, r.ID) {
					continue
				}
				if status, raw := call(r.Method, placeholder.ReplaceAllString(r.Path, "x_1"), token); status != 403 {
					t.Errorf("%s: %d %s", r.ID, status, raw)
				}
				closed++
			}
			if closed < 30 {
				t.Errorf("only %d operations were tried", closed)
			}
			// The same at each try while it works, gone when it does not.
			if attempt(2, time.Minute); !bytes.Equal(receiver.all()[0], receiver.all()[1]) {
				t.Errorf("another body at the second try:\n%s\n%s", receiver.all()[0], receiver.all()[1])
			}
			c.Set(begun.Add(app.CleanupTime - time.Microsecond))
			if status, raw := call("GET", "/v1/app-install", token); status != 200 {
				t.Errorf("just before its end: %d %s", status, raw)
			}
			if late := attempt(3, app.CleanupTime); late["cleanup"] != nil || late["sealed"] != nil || late["partner_app_install_id"] != i.ID {
				t.Errorf("after the end the notice says %v", late)
			}
			if status, raw := call("GET", "/v1/app-install", token); status != 401 {
				t.Errorf("after its end: %d %s", status, raw)
			}
			// What is kept and shown.
			status, raw := call("GET", "/v1/webhook-events/"+told["event"].(string), ownerKey.Reveal())
			if status != 200 || !strings.Contains(raw, i.ID) || strings.Contains(raw, "sealed") || strings.Contains(raw, "cleanup\"") {
				t.Errorf("the record of the event: %d %s", status, raw)
			}
			kept := everywhere(t, p.DB)
			if !strings.Contains(kept, secret.Hash(token)) || !strings.Contains(kept, "[redacted]") {
				t.Error("the search does not find what is there")
			}
			for name, text := range map[string]string{"table": kept, "log": p.log.String()} {
				if strings.Contains(text, token) || strings.Contains(text, hex.EncodeToString([]byte(token))) {
					t.Errorf("a %s holds the token in plain text", name)
				}
			}
		})
	}
}

// settleOutcomes waits until so many attempts are recorded.
func settleOutcomes(t *testing.T, p *partner, want int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var n int
		if err := p.DB.Read(t.Context(), func(tx db.Tx) error {
			return tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM webhook_attempts`)
		}); err != nil {
			t.Fatal(err)
		}
		if n >= want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d attempts are recorded", n)
		}
	}
}
