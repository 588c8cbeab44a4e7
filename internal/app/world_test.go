package app_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/flinttest"
	"flint/internal/job"
	"flint/internal/merchant"
	"flint/internal/refund"
	"flint/internal/secret"
)

// world is an owner with an app and a merchant that can install it, around a bench whose orders are that
// merchant's.
type world struct {
	*flinttest.Bench
	apps      *app.Service
	jobs      *job.Queue
	owner     merchant.Created
	installer merchant.Created
	app       *app.App
	secret    secret.Text

	mu           sync.Mutex
	wound, ended []string // grants, in the order of the hooks' runs that committed
}

// note remembers after the commit that a hook saw a grant.
func (w *world) note(tx db.Tx, into *[]string, g app.Grant) {
	tx.AfterCommit(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		*into = append(*into, g.ID)
	})
}

var everything = []app.Permission{
	{ID: "orders", Title: "Orders", Description: "Read orders.", Scopes: []string{"commerce.orders.read"}},
	{ID: "refunds", Title: "Refunds", Description: "Refund orders.", Scopes: []string{"commerce.refunds.write"}},
	{ID: "people", Title: "Customers", Description: "Read customers.", Scopes: []string{"customers.read"}, Optional: true},
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) { test(t, newWorld(t, d)) })
}

func newWorld(t *testing.T, d db.DB) *world {
	t.Helper()
	w := &world{Bench: flinttest.New(t, d)}
	w.jobs = job.New(d, w.Clock, w.IDs, slog.New(slog.DiscardHandler))
	w.apps = &app.Service{DB: d, IDs: w.IDs, Clock: w.Clock, Events: &event.Log{IDs: w.IDs}, Jobs: w.jobs}
	w.apps.Register()
	w.apps.OnWindDown = append(w.apps.OnWindDown, func(tx db.Tx, g app.Grant, _ time.Time) error {
		w.note(tx, &w.wound, g)
		return nil
	})
	w.apps.OnRevoke = append(w.apps.OnRevoke, func(tx db.Tx, g app.Grant, _ time.Time) error {
		g.Removed("tokens", 2)
		w.note(tx, &w.ended, g)
		return nil
	})
	merchants := merchant.NewService(w.IDs, w.apps.EndEnvironment)
	w.Write(t, func(tx db.Tx) (err error) {
		in := merchant.CreateInput{Email: "owner@app.test", BusinessName: "Owner", APIVersion: "2026-09-07", Now: w.Clock.Now()}
		if w.owner, err = merchants.Create(tx.Context(), tx, in); err != nil {
			return err
		}
		in.Email, in.BusinessName = "shop@shop.test", "Shop"
		if w.installer, err = merchants.Create(tx.Context(), tx, in); err != nil {
			return err
		}
		create := valid()
		create.Scope, create.Manifest, create.Now = w.owner.Live.Scope, everything, w.Clock.Now()
		w.app, w.secret, err = w.apps.Create(tx.Context(), tx, create)
		return err
	})
	w.Scope = w.installer.Sandbox.Scope
	w.Refunds.Permit = func(tx db.Tx, r refund.AppRefund) error {
		return w.apps.BookRefund(tx, app.RefundUse{Scope: r.Scope, GrantID: r.GrantID, RefundID: r.RefundID, OrderID: r.OrderID, OrderApp: r.AppID,
			Amount: r.Amount, Approved: r.Approved, Now: r.Now})
	}
	w.Refunds.Recount = w.apps.RecountRefund
	return w
}

// consent gives the app permissions in the bench's environment.
func (w *world) consent(permissions ...string) (i *app.Install, g *app.Grant, err error) {
	err = w.DB.Write(w.Context(), func(tx db.Tx) error {
		latest, err := app.Get(tx, w.app.MerchantID, w.app.ID)
		if err != nil {
			return err
		}
		i, g, err = w.apps.Consent(tx.Context(), tx, app.ConsentInput{App: latest, Scope: w.Scope, UserID: "user_1", Holder: auth.AllScopes(),
			PermissionIDs: permissions, Now: w.Clock.Now(), Cause: w.Cause})
		return err
	})
	return i, g, err
}

func (w *world) activate(g *app.Grant) (i *app.Install, err error) {
	err = w.DB.Write(w.Context(), func(tx db.Tx) error {
		i, _, err = w.apps.Activate(tx.Context(), tx, g.Scope, g.ID, w.Clock.Now(), w.Cause)
		return err
	})
	return i, err
}

// install consents to and activates the app.
func (w *world) install(t testing.TB, permissions ...string) (*app.Install, *app.Grant) {
	t.Helper()
	_, g, err := w.consent(permissions...)
	if err != nil {
		t.Fatalf("consent: %v", err)
	}
	i, err := w.activate(g)
	if err != nil {
		t.Fatalf("activate: %v", err)
	}
	return i, g
}

// on runs an operation on an install and gives its error.
func (w *world) on(f func(tx db.Tx) (*app.Install, error)) (i *app.Install, err error) {
	err = w.DB.Write(w.Context(), func(tx db.Tx) error {
		i, err = f(tx)
		return err
	})
	return i, err
}

func (w *world) revoke(installID, reason string) (*app.Install, error) {
	return w.on(func(tx db.Tx) (*app.Install, error) {
		return w.apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: w.Scope.MerchantID, InstallID: installID, UserID: "user_1", Reason: reason,
			Now: w.Clock.Now(), Cause: w.Cause})
	})
}

func (w *world) publish(t testing.TB, manifest []app.Permission) {
	t.Helper()
	w.Write(t, func(tx db.Tx) error {
		_, err := w.apps.Publish(tx.Context(), tx, app.PublishInput{Scope: w.owner.Live.Scope, AppID: w.app.ID, Manifest: manifest, Now: w.Clock.Now()})
		return err
	})
}

// work runs every job that is due.
func (w *world) work(t testing.TB) {
	t.Helper()
	for {
		n, err := w.jobs.RunDue(w.Context())
		if err != nil {
			t.Fatalf("run the jobs: %v", err)
		}
		if n == 0 {
			return
		}
	}
}

// now reads an install and its grants again.
func (w *world) now(t testing.TB, installID string) (i *app.Install, grants []app.Grant) {
	t.Helper()
	w.Read(t, func(tx db.Tx) (err error) {
		if i, err = app.GetInstall(tx, w.Scope.MerchantID, "", installID); err != nil {
			return err
		}
		grants, err = app.Grants(tx, w.Scope.MerchantID, installID)
		return err
	})
	return i, grants
}

// heard are the types of the events in the owner's feed of the sandbox, about an install.
func (w *world) heard(t testing.TB, installID string) (types []string) {
	t.Helper()
	w.Read(t, func(tx db.Tx) error {
		types = nil
		return tx.Query(func(r db.Row) error {
			var typ string
			err := r.Scan(&typ)
			types = append(types, typ)
			return err
		}, `SELECT type FROM events WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $3 ORDER BY sequence`,
			w.owner.Merchant.ID, w.owner.Sandbox.Scope.EnvironmentID, installID)
	})
	return types
}
