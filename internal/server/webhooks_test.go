package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/server"
	"flint/internal/webhook"
)

// heard is a receiver that checks each signature and counts what came of each type.
type heard struct {
	*httptest.Server
	mu     sync.Mutex
	key    string
	types  []string
	faults []error
}

func newHeard(t *testing.T) *heard {
	h := &heard{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		if err == nil {
			var v *standardwebhooks.Webhook
			if v, err = standardwebhooks.NewWebhook(h.key); err == nil {
				err = v.Verify(body, r.Header)
			}
		}
		if err != nil {
			h.faults = append(h.faults, err)
		}
		h.types = append(h.types, r.Header.Get(webhook.HeaderLegacyType))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *heard) all() ([]string, []error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.types...), h.faults
}

// An app is installed, hears of the merchant, is paused, goes on, and is removed: the notice of the
// removal is the last that it hears.
func TestAnAppHearsFromItsInstallToItsRemoval(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			s, err := server.Open(t.Context(), server.Config{Database: dbtest.OpenURL(t, engine), DataDir: t.TempDir(), Development: true,
				BaseURL: "https://pay.example", Egress: egress.Development()})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			must := func(fn func(tx db.Tx) error) {
				t.Helper()
				if err := s.DB.Write(t.Context(), fn); err != nil {
					t.Fatal(err)
				}
			}
			apps := s.Apps
			var owner, shop merchant.Created
			receiver := newHeard(t)
			var (
				a       *app.App
				install *app.Install
			)
			must(func(tx db.Tx) (err error) {
				for _, m := range []*merchant.Created{&owner, &shop} {
					if *m, err = s.Merchants.Create(t.Context(), tx, merchant.CreateInput{Email: "owner@northwind.example", BusinessName: "Northwind",
						APIVersion: httpapi.Version, Now: s.Clock.Now()}); err != nil {
						return err
					}
				}
				a, _, err = apps.Create(t.Context(), tx, app.CreateInput{Scope: owner.Live.Scope, Name: "Recovery", RedirectURIs: []string{"https://app.example/cb"},
					Manifest: []app.Permission{{ID: "orders", Title: "Orders", Description: "Reads orders.", Scopes: []string{"commerce.orders.read"}}},
					Versions: []string{httpapi.Version}, Now: s.Clock.Now()})
				if err != nil {
					return err
				}
				e, key, err := s.Webhooks.Create(t.Context(), tx, webhook.CreateInput{Scope: owner.Sandbox.Scope, URL: receiver.URL, PartnerAppID: a.ID,
					EventSources:  []string{"partner_app", "installed_merchants"},
					EnabledEvents: []string{"order.created", "customer.created", "partner_app.install.created", "partner_app.install.revoked"}})
				receiver.key = key.Reveal()
				if err == nil && e.Mode != webhook.ModeBoth {
					t.Errorf("mode %s", e.Mode)
				}
				return err
			})
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { s.Dispatcher.Run(ctx) })
			defer func() { stop(); running.Wait() }()

			happen := func(typ, resource string) {
				must(func(tx db.Tx) error {
					return s.Webhooks.Events.Record(tx, shop.Sandbox.Scope, s.Clock.Now(), event.Cause{}, event.New{Type: typ, RootType: resource,
						RootID: s.IDs.New("sample"), ResourceType: resource, ResourceID: "x", Data: map[string]any{resource + "_id": "x"}})
				})
			}
			expect := func(want ...string) {
				t.Helper()
				for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
					got, faults := receiver.all()
					if len(faults) > 0 {
						t.Fatal(faults)
					}
					if len(got) == len(want) {
						for i := range want {
							if got[i] != want[i] {
								t.Fatalf("%v, want %v", got, want)
							}
						}
						return
					}
					if time.Now().After(deadline) {
						t.Fatalf("%v, want %v", got, want)
					}
				}
			}
			happen("order.created", "order") // before there is an install
			must(func(tx db.Tx) error {
				_, g, err := apps.Consent(t.Context(), tx, app.ConsentInput{App: a, Scope: shop.Sandbox.Scope, UserID: "user_1", Holder: auth.AllScopes(),
					PermissionIDs: []string{"orders"}, Now: s.Clock.Now()})
				if err != nil {
					return err
				}
				install, _, err = apps.Activate(t.Context(), tx, shop.Sandbox.Scope, g.ID, s.Clock.Now(), event.Cause{})
				return err
			})
			expect("partner_app.install.created")
			happen("order.created", "order")
			expect("partner_app.install.created", "order.created")
			happen("customer.created", "customer") // the grant does not hold customers.read
			must(func(tx db.Tx) error {
				_, err := apps.Pause(t.Context(), tx, shop.Merchant.ID, install.ID, s.Clock.Now(), event.Cause{})
				return err
			})
			happen("order.created", "order") // paused
			settle(t, s)
			must(func(tx db.Tx) error {
				_, err := apps.Resume(t.Context(), tx, shop.Merchant.ID, install.ID, s.Clock.Now(), event.Cause{})
				return err
			})
			happen("order.created", "order")
			expect("partner_app.install.created", "order.created", "order.created")
			must(func(tx db.Tx) error {
				_, err := apps.RevokeInstall(t.Context(), tx, app.RevokeInput{MerchantID: shop.Merchant.ID, InstallID: install.ID,
					Reason: app.RevokedByMerchant, Now: s.Clock.Now()})
				return err
			})
			happen("order.created", "order")
			must(func(tx db.Tx) (err error) {
				install, err = apps.FinishRemoval(t.Context(), tx, shop.Merchant.ID, install.ID, s.Clock.Now())
				return err
			})
			happen("order.created", "order")
			settle(t, s)
			expect("partner_app.install.created", "order.created", "order.created", "partner_app.install.revoked")
			if install.Removal == nil {
				t.Error("no receipt")
			} else if _, told := install.Removal.Removed["webhook_endpoints"]; !told {
				t.Errorf("the receipt is silent on endpoints: %v", install.Removal.Removed)
			}
		})
	}
}

// settle waits until nothing is left to place, to send or to decide.
func settle(t *testing.T, s *server.Server) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var open int
		err := s.DB.Read(t.Context(), func(tx db.Tx) error {
			return tx.QueryRow([]any{&open}, `SELECT (SELECT COUNT(*) FROM events WHERE position IS NULL) +
				(SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending')`)
		})
		if err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events and deliveries are left", open)
		}
	}
}
