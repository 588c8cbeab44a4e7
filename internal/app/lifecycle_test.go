package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

func TestInstallLifecycle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, g, err := w.consent("refunds", "orders")
		if err != nil {
			t.Fatal(err)
		}
		if i.Status != app.StatusPendingExchange || g.Status != app.GrantPendingExchange || i.Usable(g) {
			t.Fatalf("after consent: %s, %s", i.Status, g.Status)
		}
		if !slices.Equal(i.PermissionIDs, []string{"orders", "refunds"}) || g.Scopes != auth.ScopesOf("commerce.orders.read", "commerce.refunds.write") {
			t.Errorf("granted %v, %v", i.PermissionIDs, g.Scopes.Names())
		}
		if i, err = w.activate(g); err != nil || i.Status != app.StatusActive {
			t.Fatalf("after the exchange: %v %v", i, err)
		}
		// Consenting again, to more, goes on with the same grant.
		i2, g2, err := w.consent("orders", "people")
		if err != nil || i2.ID != i.ID || g2.ID != g.ID || g2.Status != app.GrantActive || i2.Status != app.StatusActive {
			t.Fatalf("consent again: %+v %+v %v", i2, g2, err)
		}
		if g2.Scopes != auth.ScopesOf("commerce.orders.read", "customers.read") {
			t.Errorf("scopes are %v", g2.Scopes.Names())
		}
		// A second environment gets a grant of its own.
		w.Scope = w.installer.Live.Scope
		i3, live := w.install(t, "orders")
		if i3.ID != i.ID || live.ID == g.ID {
			t.Fatalf("a second environment made %s, %s", i3.ID, live.ID)
		}
		if i, err = w.revoke(i.ID, app.RevokedByMerchant); err != nil {
			t.Fatal(err)
		}
		if i.Status != app.StatusRevoked || !i.CleaningUp(w.Clock.Now()) || i.Removal != nil || len(w.wound) != 2 || len(w.ended) != 0 {
			t.Fatalf("after the removal: %+v, wound down %v, ended %v", i, w.wound, w.ended)
		}
		w.work(t)
		if len(w.ended) != 0 {
			t.Fatal("the end did not wait")
		}
		w.Advance(app.CleanupTime)
		w.work(t)
		i, grants := w.now(t, i.ID)
		if i.Removal == nil || i.Removal.Removed["tokens"] != 4 || len(i.Removal.GrantIDs) != 2 || len(w.ended) != 2 || i.CleaningUp(w.Clock.Now()) {
			t.Fatalf("the receipt is %+v; ended %v", i.Removal, w.ended)
		}
		for _, g := range grants {
			if g.Status != app.GrantRevoked || g.RevokedBy != "user_1" {
				t.Errorf("grant %+v", g)
			}
		}
		want := []string{app.EventInstalled, app.EventGrantCreated, app.EventUpdated, app.EventPermissionsUpdated, app.EventGrantRevoked, app.EventRevoked}
		if got := w.heard(t, i.ID); !slices.Equal(got, want) {
			t.Errorf("the owner's sandbox heard %v, want %v", got, want)
		}
		// Once more for nothing, and a new install is another one.
		before := len(w.ended)
		if _, err := w.revoke(i.ID, app.RevokedByMerchant); err != nil {
			t.Fatal(err)
		}
		if _, err := w.on(func(tx db.Tx) (*app.Install, error) {
			return w.apps.FinishRemoval(tx.Context(), tx, i.MerchantID, i.ID, w.Clock.Now())
		}); err != nil || len(w.ended) != before {
			t.Errorf("it ended twice: %v", err)
		}
		if fresh, _ := w.install(t, "orders"); fresh.ID == i.ID {
			t.Error("a removed install came back")
		}
	})
}

func TestCleanupToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var until time.Time
		box, err := secret.NewBox(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		w.apps.Box = box
		w.apps.CleanupToken = func(_ db.Tx, g app.Grant, _ app.Install, end time.Time) (secret.Text, error) {
			until = end
			return secret.NewText("fpat_v1.cleanup-" + g.ID), nil
		}
		i, g := w.install(t, "orders")
		if _, err := w.revoke(i.ID, app.RevokedByMerchant); err != nil {
			t.Fatal(err)
		}
		if !until.Equal(w.Clock.Now().Add(app.CleanupTime)) {
			t.Errorf("good until %s", until)
		}
		var told []event.Event
		var plain int
		w.Read(t, func(tx db.Tx) error {
			var ids []string
			err := tx.Query(func(r db.Row) error {
				var v string
				err := r.Scan(&v)
				ids = append(ids, v)
				return err
			}, `SELECT event_id FROM events WHERE merchant_id = $1 AND environment_id = $2 AND type = $3`, w.owner.Merchant.ID,
				w.owner.Sandbox.Scope.EnvironmentID, app.EventRevoked)
			if err == nil {
				told, err = event.Some(tx, w.owner.Sandbox.Scope, ids)
			}
			if err != nil {
				return err
			}
			return tx.QueryRow([]any{&plain}, `SELECT COUNT(*) FROM events WHERE merchant_id = $1 AND data LIKE '%fpat%'`, w.owner.Merchant.ID)
		})
		if len(told) != 1 || plain != 0 {
			t.Fatalf("%d notices, %d with the token in plain text", len(told), plain)
		}
		var data struct {
			Sealed string `json:"sealed"`
		}
		if err := json.Unmarshal(told[0].Data, &data); err != nil {
			t.Fatal(err)
		}
		open := func(e event.Event, after time.Duration) string {
			t.Helper()
			more, err := w.apps.OpenSealed(e, data.Sealed, w.Clock.Now().Add(after))
			if err != nil {
				return err.Error()
			}
			return string(more["cleanup"])
		}
		soon, late := open(told[0], 0), open(told[0], app.CleanupTime-time.Microsecond)
		if !strings.Contains(soon, "fpat_v1.cleanup-"+g.ID) || soon != late {
			t.Errorf("opens as %s, then as %s", soon, late)
		}
		if v := open(told[0], app.CleanupTime); v != "" {
			t.Errorf("when it is over it opens as %s", v)
		}
		for name, change := range map[string]func(e *event.Event){
			"another install": func(e *event.Event) { e.RootID = "pinst_other" },
			"another owner":   func(e *event.Event) { e.Scope.MerchantID = w.installer.Merchant.ID },
		} {
			e := told[0]
			change(&e)
			if v := open(e, 0); strings.Contains(v, "fpat") {
				t.Errorf("it opens for %s", name)
			}
		}
		if names := g.CleanupScopes().Names(); !slices.Equal(names, []string{"webhooks.read"}) {
			t.Errorf("an app without webhooks cleans up with %v", names)
		}
	})
}

func TestRiskEndsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, _ := w.install(t, "orders")
		i, err := w.revoke(i.ID, app.RevokedByRisk)
		if err != nil || i.Removal == nil || i.CleaningUp(w.Clock.Now()) || len(w.ended) != 1 {
			t.Errorf("%+v, ended %v, %v", i, w.ended, err)
		}
	})
}

func TestUnredeemedConsentFails(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, g, err := w.consent("orders")
		if err != nil {
			t.Fatal(err)
		}
		w.Advance(app.ExchangeTime / 2)
		if _, _, err := w.consent("orders", "people"); err != nil { // its code has a time of its own
			t.Fatal(err)
		}
		w.Advance(app.ExchangeTime / 2)
		w.work(t)
		if i, _ = w.now(t, i.ID); i.Status != app.StatusPendingExchange {
			t.Fatalf("too early: %s", i.Status)
		}
		w.Advance(app.ExchangeTime / 2)
		w.work(t)
		if i, _ = w.now(t, i.ID); i.Status != app.StatusErrored {
			t.Fatalf("an install that failed is %s", i.Status)
		}
		if _, err := w.activate(g); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("a late code: %v", err)
		}
		if again, _ := w.install(t, "orders"); again.ID != i.ID || again.Status != app.StatusActive {
			t.Errorf("the second try is %s, %s", again.ID, again.Status)
		}
	})
}

func TestPendingStates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		open := func(onboard bool) *app.Install {
			t.Helper()
			i, err := w.on(func(tx db.Tx) (*app.Install, error) {
				return w.apps.Open(tx.Context(), tx, app.OpenInput{App: w.app, Scope: w.Scope, UserID: "user_1", Onboard: onboard, Now: w.Clock.Now()})
			})
			if err != nil {
				t.Fatal(err)
			}
			return i
		}
		i := open(true)
		if i.Status != app.StatusPendingOnboarding {
			t.Errorf("a merchant to be activated: %s", i.Status)
		}
		if again := open(false); again.ID != i.ID || again.Status != app.StatusPendingConsent {
			t.Errorf("a page that is open: %+v", again)
		}
		if got, _ := w.install(t, "orders"); got.ID != i.ID || got.Status != app.StatusActive {
			t.Errorf("consent made %+v", got)
		}
		if after := open(false); after.Status != app.StatusActive {
			t.Errorf("looking at the page again made it %s", after.Status)
		}
	})
}

func TestPauseAndReview(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, g := w.install(t, "orders")
		do := func(f func(*app.Service, db.Tx) (*app.Install, error)) *app.Install {
			t.Helper()
			i, err := w.on(func(tx db.Tx) (*app.Install, error) { return f(w.apps, tx) })
			if err != nil {
				t.Fatal(err)
			}
			return i
		}
		usable := func(want bool) {
			t.Helper()
			now, grants := w.now(t, i.ID)
			if now.Usable(&grants[0]) != want {
				t.Errorf("%s, paused %s: usable %v", now.Status, now.PausedAt, !want)
			}
		}
		now := w.Clock.Now()
		usable(true)
		do(func(s *app.Service, tx db.Tx) (*app.Install, error) {
			return s.Pause(tx.Context(), tx, i.MerchantID, i.ID, now, w.Cause)
		})
		usable(false)
		do(func(s *app.Service, tx db.Tx) (*app.Install, error) {
			return s.Resume(tx.Context(), tx, i.MerchantID, i.ID, now, w.Cause)
		})
		usable(true)
		do(func(s *app.Service, tx db.Tx) (*app.Install, error) {
			return s.Flag(tx.Context(), tx, i.MerchantID, i.ID, now, w.Cause)
		})
		usable(false)
		if _, _, err := w.consent("orders"); !fault.Is(err, "APP_INSTALL_FLAGGED") {
			t.Errorf("consent during a review: %v", err)
		}
		w.publish(t, append(slices.Clone(everything), app.Permission{ID: "more", Title: "More", Description: "More.", Scopes: []string{"webhooks.read"}}))
		w.work(t)
		if got, _ := w.now(t, i.ID); got.Status != app.StatusFlaggedForReview {
			t.Errorf("a new version ended the review: %s", got.Status)
		}
		if got := do(func(s *app.Service, tx db.Tx) (*app.Install, error) {
			return s.Unflag(tx.Context(), tx, i.MerchantID, i.ID, now, w.Cause)
		}); got.Status != app.StatusPendingPermissionUpgrade {
			t.Errorf("after the review: %s", got.Status)
		}
		usable(true)
		if _, err := w.revoke(i.ID, app.RevokedByMerchant); err != nil {
			t.Fatal(err)
		}
		if _, err := w.on(func(tx db.Tx) (*app.Install, error) {
			return w.apps.Resume(tx.Context(), tx, i.MerchantID, i.ID, now, w.Cause)
		}); !fault.Is(err, "APP_INSTALL_REVOKED") {
			t.Errorf("resume a removed one: %v", err)
		}
		if _, err := w.activate(g); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("activate a removed one: %v", err)
		}
	})
}

func TestVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, g := w.install(t, "orders", "refunds")
		had := g.Scopes
		wider := slices.Clone(everything)
		wider[0].Scopes = []string{"commerce.orders.read", "commerce.orders.write"}
		w.Write(t, func(tx db.Tx) error { // a name alone asks nobody
			name := "Returns 2"
			_, err := w.apps.Publish(tx.Context(), tx, app.PublishInput{Scope: w.owner.Live.Scope, AppID: w.app.ID, Name: &name, Now: w.Clock.Now()})
			return err
		})
		w.work(t)
		if got, _ := w.now(t, i.ID); got.Status != app.StatusActive {
			t.Fatalf("a new name made it %s", got.Status)
		}
		w.publish(t, wider)
		w.work(t)
		got, grants := w.now(t, i.ID)
		if got.Status != app.StatusPendingPermissionUpgrade || grants[0].Scopes != had || !got.Usable(&grants[0]) {
			t.Fatalf("a wider manifest: %s with %v", got.Status, grants[0].Scopes.Names())
		}
		accept := func(version int64, holder auth.ScopeSet) (*app.Install, error) {
			return w.on(func(tx db.Tx) (*app.Install, error) {
				return w.apps.AcceptPermissions(tx.Context(), tx, app.AcceptInput{MerchantID: i.MerchantID, InstallID: i.ID, Version: version, Holder: holder,
					Now: w.Clock.Now(), Cause: w.Cause})
			})
		}
		if _, err := accept(2, auth.AllScopes()); !fault.Is(err, "APP_CHANGED") {
			t.Errorf("accept what nobody saw: %v", err)
		}
		if _, err := accept(3, had); !fault.Is(err, "INSUFFICIENT_SCOPE") {
			t.Errorf("accept more than one holds: %v", err)
		}
		done, err := accept(3, auth.AllScopes())
		if err != nil || done.Status != app.StatusActive || !done.Scopes.Contains(auth.ScopesOf("commerce.orders.write")) || done.Version != 3 {
			t.Fatalf("accepted: %+v %v", done, err)
		}
		// Going back to less keeps what was consented to until somebody accepts.
		w.publish(t, everything[:1])
		w.work(t)
		if got, _ := w.now(t, i.ID); got.Status != app.StatusActive || got.Scopes != done.Scopes {
			t.Errorf("less made it %s with %v", got.Status, got.Scopes.Names())
		}
		if less, err := accept(4, auth.AllScopes()); err != nil || less.Scopes != auth.ScopesOf("commerce.orders.read") {
			t.Errorf("accepted less: %v %v", less.Scopes.Names(), err)
		}
		if got := w.heard(t, i.ID); !slices.Equal(got[3:], []string{app.EventUpdated, app.EventPermissionsUpdated, app.EventPermissionsUpdated}) {
			t.Errorf("the owner heard %v", got)
		}
	})
}

func TestConsentRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			change func(*app.ConsentInput)
			code   string
		}{
			"nothing":             {func(in *app.ConsentInput) { in.PermissionIDs = nil }, "PERMISSION_REQUIRED"},
			"unknown":             {func(in *app.ConsentInput) { in.PermissionIDs = []string{"payouts"} }, "UNKNOWN_PERMISSION"},
			"not asked":           {func(in *app.ConsentInput) { in.Requested = []string{"refunds"} }, "INVALID_REQUEST"},
			"declined":            {func(in *app.ConsentInput) { in.Requested = []string{"orders", "refunds", "people"} }, "PERMISSION_REQUIRED"},
			"more than they hold": {func(in *app.ConsentInput) { in.Holder = auth.ScopesOf("commerce.orders.write") }, "INSUFFICIENT_SCOPE"},
			"an old version":      {func(in *app.ConsentInput) { in.App.Version = 9 }, "APP_CHANGED"},
			"nobody's":            {func(in *app.ConsentInput) { in.Scope = tenant.Scope{} }, "MERCHANT_CONTEXT_MISSING"},
		} {
			shown := *w.app
			in := app.ConsentInput{App: &shown, Scope: w.Scope, UserID: "user_1", Holder: auth.AllScopes(), PermissionIDs: []string{"orders"}, Now: w.Clock.Now()}
			c.change(&in)
			err := w.DB.Write(w.Context(), func(tx db.Tx) error {
				_, _, err := w.apps.Consent(tx.Context(), tx, in)
				return err
			})
			if !fault.Is(err, c.code) {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
	})
}

func TestSecrets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		check := func(text secret.Text, want bool) {
			t.Helper()
			w.Read(t, func(tx db.Tx) error {
				a, err := app.ByClientID(tx, w.app.ClientID)
				if err == nil && w.apps.CheckSecret(a, text.Reveal()) != want {
					t.Errorf("a secret is good: %v", !want)
				}
				return err
			})
		}
		rotate := func() (text secret.Text) {
			t.Helper()
			w.Write(t, func(tx db.Tx) (err error) {
				_, text, err = w.apps.RotateSecret(tx.Context(), tx, w.owner.Live.Scope, w.app.ID, w.Clock.Now())
				return err
			})
			return text
		}
		check(w.secret, true)
		check(secret.NewText(""), false)
		check(secret.NewText("fps_guess"), false)
		second := rotate()
		check(w.secret, true)
		check(second, true)
		w.Advance(app.SecretOverlap - time.Second)
		check(w.secret, true)
		w.Advance(time.Second)
		check(w.secret, false)
		check(second, true)
		third := rotate()
		fourth := rotate()
		check(second, false) // two rotations end it at once
		check(third, true)
		check(fourth, true)
	})
}

func TestPin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pin := func(version, expected *string) (a *app.App, err error) {
			err = w.DB.Write(w.Context(), func(tx db.Tx) error {
				a, err = w.apps.Pin(tx.Context(), tx, app.PinInput{Scope: w.owner.Live.Scope, AppID: w.app.ID, Version: version, Expected: expected,
					Versions: []string{"2026-09-07", "2027-01-01"}, Now: w.Clock.Now()})
				return err
			})
			return a, err
		}
		old, fresh, odd := "2026-09-07", "2027-01-01", "x"
		if _, err := pin(nil, nil); !fault.Is(err, "NO_FIELDS_TO_UPDATE") {
			t.Errorf("nothing: %v", err)
		}
		if _, err := pin(&odd, nil); !fault.Is(err, "INVALID_API_VERSION") {
			t.Errorf("an unknown version: %v", err)
		}
		if _, err := pin(&fresh, &odd); !fault.Is(err, "API_VERSION_CHANGED") || fault.Of(err).Param != "expected_api_version" {
			t.Errorf("a stale expectation: %v", err)
		}
		if a, err := pin(&fresh, &old); err != nil || a.APIVersion != fresh || a.APIVersionPrevious != old || a.APIVersionChangedAt.IsZero() {
			t.Errorf("%+v %v", a, err)
		}
	})
}

func TestDeleteAppWindsDown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, _ := w.install(t, "orders")
		gone := 0
		w.apps.OnDelete = append(w.apps.OnDelete, func(tx db.Tx, ownerID, appID string, _ time.Time) error {
			if ownerID != w.app.MerchantID || appID != w.app.ID {
				t.Errorf("the end of %s of %s", appID, ownerID)
			}
			tx.AfterCommit(func() { gone++ })
			return nil
		})
		w.Write(t, func(tx db.Tx) error {
			_, err := w.apps.Delete(tx.Context(), tx, w.owner.Live.Scope, w.app.ID, w.Clock.Now())
			return err
		})
		if _, _, err := w.consent("orders"); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("install an app that goes: %v", err)
		}
		w.work(t)
		if got, _ := w.now(t, i.ID); got.Status != app.StatusRevoked || got.RevokedReason != app.RevokedByDeletion || got.Removal != nil {
			t.Fatalf("its install is %+v", got)
		}
		w.Advance(app.CleanupTime + time.Minute)
		w.work(t)
		w.Advance(app.CleanupTime + time.Minute)
		w.work(t)
		w.Advance(app.CleanupTime + time.Minute)
		w.work(t)
		if gone != 1 {
			t.Errorf("the app ended %d times", gone)
		}
		if got, _ := w.now(t, i.ID); got.Removal == nil {
			t.Error("its install never ended")
		}
		w.Read(t, func(tx db.Tx) error {
			if _, err := app.Get(tx, w.app.MerchantID, w.app.ID); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Errorf("the app is still there: %v", err)
			}
			got, err := app.OfInstall(tx, i) // its merchant still sees what it was
			if err == nil && (got.Status != app.AppDeleted || got.Name == "") {
				t.Errorf("the merchant sees %+v", got)
			}
			return err
		})
	})
}

func TestSandboxEndsItsGrants(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Scope = w.installer.Live.Scope
		i, live := w.install(t, "orders")
		w.Scope = w.installer.Sandbox.Scope
		_, g := w.install(t, "orders", "refunds")
		w.Write(t, func(tx db.Tx) error { return w.apps.EndEnvironment(tx.Context(), tx, w.Scope, w.Clock.Now()) })
		got, grants := w.now(t, i.ID)
		if got.Status != app.StatusActive || got.Scopes != live.Scopes || !slices.Equal(w.ended, []string{g.ID}) {
			t.Errorf("%s with %v, ended %v", got.Status, got.Scopes.Names(), w.ended)
		}
		for _, v := range grants {
			if (v.ID == g.ID) != (v.Status == app.GrantRevoked) {
				t.Errorf("grant %s is %s", v.ID, v.Status)
			}
		}
	})
}

func TestDataRequests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		raise := func(topic, customer string) (d *app.DataRequest, err error) {
			err = w.DB.Write(w.Context(), func(tx db.Tx) error {
				d, err = w.apps.RaiseDataRequest(tx.Context(), tx, app.RaiseInput{Scope: w.Scope, Topic: topic, CustomerID: customer, Now: w.Clock.Now(),
					Cause: event.Cause{ActorType: "api_key"}})
				return err
			})
			return d, err
		}
		i, _ := w.install(t, "orders")
		if d, err := raise(app.TopicCustomerData, "cus_1"); err != nil || len(d.Apps) != 0 {
			t.Fatalf("an app that read no customers was asked: %+v %v", d, err)
		}
		if d, err := raise(app.TopicMerchantRedact, ""); err != nil || len(d.Apps) != 1 {
			t.Fatalf("an app was not asked: %+v %v", d, err)
		}
		if _, _, err := w.consent("orders", "people"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.revoke(i.ID, app.RevokedByMerchant); err != nil {
			t.Fatal(err)
		}
		d, err := raise(app.TopicCustomerRedact, "cus_1") // a removed app may still hold what it read
		if err != nil || len(d.Apps) != 1 || d.Apps[0].AppID != w.app.ID || !d.DueAt.Equal(w.Clock.Now().Add(app.DataRequestTime)) {
			t.Fatalf("%+v %v", d, err)
		}
		if heard := w.heard(t, d.ID); !slices.Equal(heard, []string{"partner_app.customer.redact_requested"}) {
			t.Errorf("the owner heard %v", heard)
		}
		for name, c := range map[string][2]string{"no customer": {app.TopicCustomerData, ""}, "no topic": {"x", "cus_1"}, "too much": {app.TopicMerchantRedact, "cus_1"}} {
			if _, err := raise(c[0], c[1]); fault.Of(err) == nil || fault.Of(err).Class != fault.ClassInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		acknowledge := func(appID, note string) error {
			return w.DB.Write(w.Context(), func(tx db.Tx) error {
				_, err := w.apps.Acknowledge(tx.Context(), tx, app.AcknowledgeInput{Scope: w.Scope, RequestID: d.ID, AppID: appID, Note: note, Now: w.Clock.Now()})
				return err
			})
		}
		if err := acknowledge("papp_other", ""); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("another app answered: %v", err)
		}
		first := w.Clock.Now()
		if err := acknowledge(w.app.ID, "done"); err != nil {
			t.Fatal(err)
		}
		w.Advance(time.Hour)
		if err := acknowledge(w.app.ID, "again"); err != nil {
			t.Fatal(err)
		}
		w.Read(t, func(tx db.Tx) error {
			got, err := app.DataRequestOf(tx, w.app.MerchantID, w.app.ID, d.ID)
			if err == nil && (!got.Apps[0].AcknowledgedAt.Equal(first) || got.Apps[0].Note != "done") {
				t.Errorf("the first answer does not count: %+v", got.Apps)
			}
			if _, err := app.DataRequestOf(tx, w.installer.Merchant.ID, w.app.ID, d.ID); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Errorf("somebody else finds it as an owner: %v", err)
			}
			return err
		})
	})
}

// TestARemovedAppIsAskedToDelete: by itself, two days after its end, if it read about people and was not
// installed again.
func TestARemovedAppIsAskedToDelete(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		requests := func() (found []*app.DataRequest) {
			t.Helper()
			w.Read(t, func(tx db.Tx) (err error) {
				found, _, err = app.ListDataRequests(tx, w.Scope, nil, 10)
				return err
			})
			return found
		}
		remove := func(i *app.Install) {
			t.Helper()
			if _, err := w.revoke(i.ID, app.RevokedByMerchant); err != nil {
				t.Fatal(err)
			}
			w.Advance(app.CleanupTime)
			w.work(t)
		}
		wait := func(d time.Duration) {
			t.Helper()
			w.Advance(d)
			w.work(t)
		}
		plain, _ := w.install(t, "orders")
		remove(plain)
		wait(app.RedactAfter)
		if got := requests(); len(got) != 0 {
			t.Fatalf("an app that read about nobody was asked: %+v", got)
		}
		first, _ := w.install(t, "orders", "people")
		remove(first)
		wait(app.RedactAfter - time.Second)
		if got := requests(); len(got) != 0 {
			t.Fatalf("it was asked too early: %+v", got)
		}
		second, _ := w.install(t, "orders", "people")
		wait(time.Second)
		if got := requests(); len(got) != 0 {
			t.Fatalf("an app that was installed again was asked: %+v", got)
		}
		remove(second)
		wait(app.RedactAfter)
		got := requests()
		if len(got) != 1 || got[0].Topic != app.TopicMerchantRedact || len(got[0].Apps) != 2 || !got[0].DueAt.Equal(w.Clock.Now().Add(app.DataRequestTime)) {
			t.Fatalf("asked %+v", got)
		}
		for _, a := range got[0].Apps {
			if a.AppID != w.app.ID || a.InstallID != first.ID && a.InstallID != second.ID || !a.AcknowledgedAt.IsZero() {
				t.Errorf("%+v", a)
			}
		}
		if heard := w.heard(t, got[0].ID); !slices.Equal(heard, []string{"partner_app.merchant.redact_requested", "partner_app.merchant.redact_requested"}) {
			t.Errorf("the owner heard %v", heard)
		}
		if err := w.DB.Write(w.Context(), func(tx db.Tx) error {
			_, err := w.apps.Acknowledge(tx.Context(), tx, app.AcknowledgeInput{Scope: w.Scope, RequestID: got[0].ID, AppID: w.app.ID, Now: w.Clock.Now()})
			return err
		}); err != nil {
			t.Errorf("the owner answers: %v", err)
		}
		// What was asked since is not asked again.
		third, _ := w.install(t, "orders", "people")
		remove(third)
		w.Write(t, func(tx db.Tx) error {
			_, err := w.apps.RaiseDataRequest(tx.Context(), tx, app.RaiseInput{Scope: w.Scope, Topic: app.TopicMerchantRedact, Now: w.Clock.Now()})
			return err
		})
		wait(app.RedactAfter)
		if got := requests(); len(got) != 2 {
			t.Errorf("%d requests, one by the job and one by the merchant", len(got))
		}
	})
}
