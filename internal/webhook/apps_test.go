package webhook

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

var (
	ownerTest = tenant.Scope{MerchantID: "mer_owner", EnvironmentID: "test_owner"}
	ownerLive = tenant.Scope{MerchantID: "mer_owner", EnvironmentID: "menv_owner"}
	shopTest  = tenant.Scope{MerchantID: "mer_shop", EnvironmentID: "test_shop"}
	shopLive  = tenant.Scope{MerchantID: "mer_shop", EnvironmentID: "menv_shop"}
)

const appID = "papp_1"

// appRig is a rig with an app of mer_owner and grants that a test gives and takes.
type appRig struct {
	*rig
	grants map[string]*Grant
	scopes map[string]string // of a grant, separated by blanks
}

func newAppRig(t *testing.T, d db.DB) *appRig { return newAppRigOn(newRig(t, d)) }

func newAppRigOn(on *rig) *appRig {
	r := &appRig{on, map[string]*Grant{}, map[string]string{}}
	r.scope = ownerTest
	r.s.Apps = Apps{
		Owns: func(_ db.Tx, merchantID, app string) (bool, error) {
			return merchantID == ownerTest.MerchantID && app == appID, nil
		},
		Grant: func(_ db.Tx, scope tenant.Scope, grantID string) (Grant, error) {
			if g := r.grants[grantID]; g != nil && g.Scope == scope {
				return *g, nil
			}
			return Grant{}, fault.NotFound("environment grant")
		},
	}
	return r
}

// grant installs the app in an environment with scopes.
func (r *appRig) grant(scope tenant.Scope, grantID, scopes string) *Grant {
	r.t.Helper()
	return r.grantTo(appID, ownerTest.MerchantID, scope, grantID, scopes)
}

// grantTo installs any app.
func (r *appRig) grantTo(app, owner string, scope tenant.Scope, grantID, scopes string) *Grant {
	r.t.Helper()
	g := &Grant{Scope: scope, ID: grantID, InstallID: "pinst_" + scope.MerchantID, AppID: app, OwnerID: owner, Usable: true}
	if app != appID {
		g.InstallID += "_" + app
	}
	r.scopes[grantID] = scopes
	g.Allows = func(s string) bool { return strings.Contains(" "+r.scopes[grantID]+" ", " "+s+" ") }
	r.grants[grantID] = g
	r.must(r.write(func(tx db.Tx) error {
		return tx.Send(`INSERT INTO app_grants (merchant_id, environment_id, grant_id, install_id, app_id, owner_id, status, version,
			permission_ids, scopes, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 'active', 1, '[]', '[]', $7, $7)`,
			scope.MerchantID, scope.EnvironmentID, grantID, g.InstallID, g.AppID, g.OwnerID, start)
	}))
	return g
}

func (r *appRig) create(in CreateInput) (e Endpoint, plain secret.Text, err error) {
	r.t.Helper()
	err = r.write(func(tx db.Tx) error { e, plain, err = r.s.Create(r.t.Context(), tx, in); return err })
	return e, plain, err
}

// listen makes an endpoint of the app for orders that are paid.
func (r *appRig) listen(scope tenant.Scope, url, mode string) (Endpoint, string) {
	r.t.Helper()
	e, plain, err := r.create(CreateInput{Scope: scope, URL: url, PartnerAppID: appID, EventSources: []string{"installed_merchants"},
		EnabledEvents: []string{"order.paid"}, Mode: mode})
	r.must(err)
	return e, plain.Reveal()
}

func (r *appRig) happen(scope tenant.Scope, root, typ string) {
	r.t.Helper()
	r.must(r.write(func(tx db.Tx) error {
		return r.s.Events.Record(tx, scope, r.s.Clock.Now(), event.Cause{RequestID: "req_1", IdempotencyKey: "key_1"}, event.New{
			Type: typ, RootType: "order", RootID: root, ResourceType: "order", ResourceID: root, Data: map[string]any{"order_id": root, "merchant_id": "forged"}})
	}))
}

// TestWhoDidItIsTheMerchantsOwn: to the app's owner what another merchant did names nobody but the app.
func TestWhoDidItIsTheMerchantsOwn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		rc := newReceiver(t, nil)
		r.listen(ownerTest, rc.URL, "test")
		r.grant(shopTest, "egrt_1", "commerce.orders.read")
		for root, by := range map[string]event.Cause{"ord_key": {ActorType: "api_key", ActorID: "key_1"}, "ord_app": {ActorType: "app", ActorID: appID},
			"ord_rival": {ActorType: "app", ActorID: "papp_2"}, "ord_old": {}, "ord_system": {ActorType: "system"}} {
			r.must(r.write(func(tx db.Tx) error {
				return r.s.Events.Record(tx, shopTest, start, by, event.New{Type: "order.paid", RootType: "order", RootID: root, ResourceType: "order",
					ResourceID: root, Data: map[string]any{"order_id": root}})
			}))
		}
		for root, by := range map[string]event.Cause{"pinst_user": {ActorType: "user", ActorID: "user_1"}, "pinst_app": {ActorType: "app", ActorID: appID}} {
			r.must(r.write(func(tx db.Tx) error {
				return r.s.Events.Record(tx, ownerTest, start, by, event.New{Type: "partner_app.install.updated", RootType: "partner_app_install", RootID: root,
					ResourceType: "partner_app_install", ResourceID: root, Data: map[string]any{"partner_app_id": appID}})
			}))
		}
		r.drain()
		actors := func(scope tenant.Scope, f EventFilter) map[string]EventActor {
			out := map[string]EventActor{}
			for _, rec := range r.events(scope, f) {
				out[rec.RootID] = EventActor{}
				if rec.Actor != nil {
					out[rec.RootID] = *rec.Actor
				}
			}
			return out
		}
		if got, want := actors(shopTest, EventFilter{}), (map[string]EventActor{"ord_key": {"api_key", "key_1"}, "ord_app": {"app", appID},
			"ord_rival": {"app", "papp_2"}, "ord_old": {}, "ord_system": {Type: "system"}}); !maps.Equal(got, want) {
			t.Errorf("the merchant sees %v", got)
		}
		if got, want := actors(ownerTest, EventFilter{}), (map[string]EventActor{"ord_key": {}, "ord_app": {"app", appID}, "ord_rival": {}, "ord_old": {},
			"ord_system": {}, "pinst_user": {}, "pinst_app": {"app", appID}}); !maps.Equal(got, want) {
			t.Errorf("the owner sees %v", got)
		}
		for _, got := range rc.all() {
			if strings.Contains(string(got.body), "actor") || strings.Contains(string(got.body), "key_1") {
				t.Errorf("what is signed names who did it: %s", got.body)
			}
		}
		if len(rc.all()) != 5 {
			t.Errorf("%d deliveries", len(rc.all()))
		}
	})
}

// live records an event of the life of an install.
func (r *appRig) live(scope tenant.Scope, typ, app string) {
	r.t.Helper()
	r.must(r.write(func(tx db.Tx) error {
		return r.s.Events.Record(tx, scope, r.s.Clock.Now(), event.Cause{RequestID: "req_1"}, event.New{Type: typ, RootType: "partner_app_install",
			RootID: "pinst_1", ResourceType: "partner_app_install", ResourceID: "pinst_1",
			Data: map[string]any{"partner_app_id": app, "partner_app_install_id": "pinst_1", "merchant_id": shopTest.MerchantID, "status": "active"}})
	}))
}

func (r *appRig) deliveriesOf(scope tenant.Scope) []Delivery {
	r.t.Helper()
	var out []Delivery
	r.must(r.d.Read(r.t.Context(), func(tx db.Tx) (err error) {
		out, err = queryDeliveries(tx, `d.merchant_id = $1 AND d.environment_id = $2 ORDER BY d.created_at, d.delivery_id`, scope.MerchantID, scope.EnvironmentID)
		return err
	}))
	return out
}

func (r *appRig) events(scope tenant.Scope, f EventFilter) []EventRecord {
	r.t.Helper()
	var out []EventRecord
	r.must(r.d.Read(r.t.Context(), func(tx db.Tx) (err error) {
		out, _, err = r.s.ListEvents(r.t.Context(), tx, scope, f, nil, 50)
		return err
	}))
	return out
}

func all(string) bool { return true }

func TestAnAppHearsOfMerchantsThatInstalledIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		rc := newReceiver(t, nil)
		e, key := r.listen(ownerTest, rc.URL, "test")
		r.grant(shopTest, "egrt_1", "commerce.orders.read")
		r.clock.Set(start.Add(-time.Minute))
		r.happen(shopTest, "ord_0", "order.paid") // before the app was installed, though not placed yet
		r.clock.Set(start)
		r.happen(shopTest, "ord_1", "order.paid")
		r.happen(shopTest, "ord_1", "order.updated")                                                        // not asked for
		r.happen(ownerTest, "ord_2", "order.paid")                                                          // the owner's own business
		r.happen(tenant.Scope{MerchantID: "mer_other", EnvironmentID: "test_other"}, "ord_3", "order.paid") // did not install
		r.drain()
		got := rc.all()
		if len(got) != 1 {
			t.Fatalf("%d deliveries", len(got))
		}
		verifier, err := standardwebhooks.NewWebhook(key)
		r.must(err)
		if err := verifier.VerifyIgnoringTimestamp(got[0].body, got[0].header); err != nil {
			t.Error(err)
		}
		want := `{"webhook_event_id":"` + got[0].header.Get("webhook-id") + `","event_type":"order.paid","api_version":"2026-09-07","partner_app_id":"papp_1",` +
			`"created_at":"2026-09-07T12:00:00Z","sequence":1,"root_type":"order","root_id":"ord_1","data":{"environment_grant_id":"egrt_1",` +
			`"environment_id":"test_shop","merchant_id":"mer_shop","mode":"test","order_id":"ord_1","partner_app_install_id":"pinst_mer_shop","source_type":"installed_merchants"}}`
		if string(got[0].body) != want {
			t.Errorf("\n%s\nwant\n%s", got[0].body, want)
		}
		mine := r.deliveriesOf(ownerTest)
		if len(mine) != 1 || mine[0].Status != StatusDelivered || mine[0].EndpointID != e.ID || len(r.deliveriesOf(shopTest)) != 0 {
			t.Errorf("%+v", mine)
		}
		forwarded := r.events(ownerTest, EventFilter{EventSources: []string{"installed_merchants"}, PartnerAppID: appID})
		if len(forwarded) != 1 || forwarded[0].EventSource != event.SourceInstalledMerchants || forwarded[0].PartnerAppID != appID || forwarded[0].RequestID != "" {
			t.Errorf("%+v", forwarded)
		}
		if n := len(r.events(ownerTest, EventFilter{})); n != 2 {
			t.Errorf("%d records in all", n)
		}
		if n := len(r.events(shopTest, EventFilter{EventSources: []string{"installed_merchants"}})); n != 0 {
			t.Errorf("the merchant sees %d forwarded records", n)
		}
		read := func(allows func(string) bool) (rec EventRecord) {
			r.must(d.Read(t.Context(), func(tx db.Tx) (err error) {
				rec, err = r.s.GetEvent(t.Context(), tx, ownerTest, Holder{}, mine[0].EventID, allows)
				return err
			}))
			return rec
		}
		if p := read(all).Payload; !strings.Contains(string(p), `"environment_grant_id":"egrt_1"`) {
			t.Errorf("payload %s", p)
		}
		if read(func(string) bool { return false }).Payload != nil {
			t.Error("a key without the scope reads the payload")
		}
		r.grants["egrt_1"].Usable = false
		if read(all).Payload != nil {
			t.Error("the payload is shown without a grant")
		}
	})
}

func TestAGrantIsAskedWhenItIsSent(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		for name, change := range map[string]func(r *appRig, g *Grant){
			"paused or revoked": func(_ *appRig, g *Grant) { g.Usable = false },
			"narrower":          func(r *appRig, g *Grant) { r.scopes[g.ID] = "customers.read" },
			"gone":              func(r *appRig, g *Grant) { delete(r.grants, g.ID) },
			"of another app":    func(_ *appRig, g *Grant) { g.AppID = "papp_2" },
			"of another owner":  func(_ *appRig, g *Grant) { g.OwnerID = "mer_thief" },
			"of another place":  func(_ *appRig, g *Grant) { g.Scope = shopLive },
		} {
			t.Run(name, func(t *testing.T) {
				r := newAppRig(t, dbtest.Open(t, d.Engine()))
				rc := newReceiver(t, status(500, 200))
				r.listen(ownerTest, rc.URL, "test")
				g := r.grant(shopTest, "egrt_1", "commerce.orders.read")
				r.happen(shopTest, "ord_1", "order.paid")
				r.drain()
				change(r, g)
				r.advance(time.Minute)
				r.drain()
				got := r.deliveriesOf(ownerTest)
				if len(rc.all()) != 1 || got[0].Status != StatusSuppressed || got[0].ErrorCategory != CategoryAuthorization || got[0].LastError == "" {
					t.Errorf("%d attempts, %+v", len(rc.all()), got[0])
				}
				if _, _, err := r.resend(got[0]); !fault.Is(err, "WEBHOOK_ENDPOINT_NOT_ACTIVE") {
					t.Errorf("resend: %v", err)
				}
			})
		}
	})
}

func TestTheModeChoosesTheGrants(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		receivers := map[string]*receiver{}
		for _, mode := range []string{"test", "live", "both"} {
			receivers[mode] = newReceiver(t, nil)
			r.listen(ownerTest, receivers[mode].URL, mode)
		}
		r.grant(shopTest, "egrt_1", "commerce.orders.read")
		r.grant(shopLive, "egrt_2", "commerce.orders.read")
		r.happen(shopTest, "ord_1", "order.paid")
		r.happen(shopLive, "ord_2", "order.paid")
		r.drain()
		for mode, want := range map[string][]string{"test": {"test"}, "live": {"live"}, "both": {"test", "live"}} {
			var got []string
			for _, one := range receivers[mode].all() {
				var body struct {
					Data struct {
						Mode string `json:"mode"`
					} `json:"data"`
				}
				r.must(json.Unmarshal(one.body, &body))
				got = append(got, body.Data.Mode)
			}
			if len(got) != len(want) || !strings.Contains(strings.Join(got, " "), want[0]) {
				t.Errorf("mode %s heard of %v", mode, got)
			}
		}
	})
}

func TestNothingIsSentAfterAGrantEnded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		rc := newReceiver(t, status(500))
		r.listen(ownerTest, rc.URL, "test")
		life, _, err := r.create(CreateInput{Scope: ownerLive, URL: rc.URL + "/life", PartnerAppID: appID, EventSources: []string{"partner_app"}})
		r.must(err)
		g := r.grant(shopTest, "egrt_1", "commerce.orders.read")
		r.grant(shopLive, "egrt_2", "commerce.orders.read")
		made, _, err := r.create(CreateInput{Scope: shopTest, By: Holder{AppID: appID}, URL: rc.URL + "/made"})
		r.must(err)
		r.happen(shopTest, "ord_1", "order.paid")
		r.drain()
		if len(rc.all()) != 2 {
			t.Fatalf("%d first attempts", len(rc.all()))
		}
		var ended Ended
		r.must(r.write(func(tx db.Tx) (err error) { ended, err = r.s.GrantEnded(tx, *g, r.clock.Now()); return err }))
		if ended != (Ended{Endpoints: 1, Deliveries: 2}) {
			t.Errorf("%+v", ended)
		}
		for _, d := range append(r.deliveriesOf(ownerTest), r.deliveriesOf(shopTest)...) {
			if d.Status != StatusSuppressed {
				t.Errorf("%+v", d)
			}
		}
		if r.get(made).Live() {
			t.Error("the endpoint that the app made lives on")
		}
		g.Usable = false
		r.live(ownerTest, "partner_app.install.revoked", appID)
		r.happen(shopTest, "ord_2", "order.paid") // fanned out while the row of the grant is still there
		r.advance(time.Hour)
		r.drain()
		got := rc.all()
		if last := got[len(got)-1]; len(got) != 3 || last.header.Get(HeaderLegacyType) != "partner_app.install.revoked" || last.header.Get(HeaderLegacyEndpoint) != life.ID {
			t.Errorf("%d requests", len(got))
		}
		r.happen(shopLive, "ord_3", "order.paid") // the other environment's grant lives on, for endpoints of its mode
		r.drain()
		if len(r.deliveriesOf(ownerTest)) != 2 || !r.get(life).Live() {
			t.Errorf("%+v", r.deliveriesOf(ownerTest))
		}
	})
}

func TestTheLifeOfInstallsGoesToTheAppsEndpoints(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		r.s.Apps.Owns = func(db.Tx, string, string) (bool, error) { return true, nil }
		same, beside, narrow, otherApp, stranger := newReceiver(t, nil), newReceiver(t, nil), newReceiver(t, nil), newReceiver(t, nil), newReceiver(t, nil)
		make := func(scope tenant.Scope, rc *receiver, app string, events ...string) {
			_, _, err := r.create(CreateInput{Scope: scope, URL: rc.URL, PartnerAppID: app, EventSources: []string{"partner_app"}, EnabledEvents: events})
			r.must(err)
		}
		make(ownerTest, same, appID)
		make(ownerLive, beside, appID)
		make(ownerTest, narrow, appID, "partner_app.install.revoked")
		make(ownerTest, otherApp, "papp_2")
		make(shopTest, stranger, appID)
		r.live(ownerTest, "partner_app.install.created", appID)
		r.drain()
		for name, c := range map[string]struct {
			rc   *receiver
			want int
		}{"same environment": {same, 1}, "other environment": {beside, 1}, "other type": {narrow, 0}, "other app": {otherApp, 0}, "other merchant": {stranger, 0}} {
			if n := len(c.rc.all()); n != c.want {
				t.Errorf("%s: %d", name, n)
			}
		}
		want := `"event_type":"partner_app.install.created","api_version":"2026-09-07","partner_app_id":"papp_1","created_at":"2026-09-07T12:00:00Z","sequence":1,` +
			`"root_type":"partner_app_install","root_id":"pinst_1","data":{"merchant_id":"mer_shop","partner_app_id":"papp_1","partner_app_install_id":"pinst_1","status":"active"}}`
		for _, rc := range []*receiver{same, beside} {
			if got := string(rc.all()[0].body); !strings.HasSuffix(got, want) {
				t.Error(got)
			}
		}
		for scope, want := range map[tenant.Scope]int{ownerTest: 1, ownerLive: 1, shopTest: 0} {
			got := r.events(scope, EventFilter{EventSources: []string{"partner_app"}, PartnerAppID: appID})
			if len(got) != want || want == 1 && (got[0].EventSource != event.SourcePartnerApp || got[0].PartnerAppID != appID) {
				t.Errorf("%v: %+v", scope, got)
			}
		}
		if n := len(r.events(ownerTest, EventFilter{EventSources: []string{"merchant"}})); n != 0 {
			t.Errorf("%d are the merchant's", n)
		}
		if n := len(r.events(ownerTest, EventFilter{By: Holder{AppID: "papp_9"}})); n != 0 {
			t.Errorf("an app sees %d", n)
		}
	})
}

func TestAnAppManagesOnlyWhatItMade(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		rc, own := newReceiver(t, nil), newReceiver(t, nil)
		g := r.grant(shopTest, "egrt_1", "commerce.orders.read")
		theirs, _, err := r.create(CreateInput{Scope: shopTest, URL: own.URL})
		r.must(err)
		app, other := Holder{AppID: appID}, Holder{AppID: "papp_2"}
		made, _, err := r.create(CreateInput{Scope: shopTest, By: app, URL: rc.URL})
		if err != nil || made.PartnerAppID != appID || !made.OfInstall() {
			t.Fatalf("%+v %v", made, err)
		}
		for code, in := range map[string]CreateInput{
			"INVALID_WEBHOOK_ENDPOINT_SOURCE": {PartnerAppID: appID, EventSources: []string{"partner_app"}},
			"PARTNER_APP_NOT_FOUND":           {PartnerAppID: "papp_2"},
		} {
			in.Scope, in.By, in.URL = shopTest, app, rc.URL
			if _, _, err := r.create(in); !fault.Is(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
		r.must(r.write(func(tx db.Tx) error {
			for by, sees := range map[Holder][]bool{{}: {true, true}, app: {false, true}, other: {false, false}} {
				for i, e := range []Endpoint{theirs, made} {
					if _, err := r.s.Get(t.Context(), tx, shopTest, by, e.ID); (err == nil) != sees[i] {
						t.Errorf("%+v sees endpoint %d: %v", by, i, err)
					}
				}
				page, _, err := r.s.List(t.Context(), tx, shopTest, EndpointFilter{By: by}, nil, 10)
				if want := map[Holder]int{{}: 2, app: 1, other: 0}[by]; err != nil || len(page) != want {
					t.Errorf("%+v lists %d, %v", by, len(page), err)
				}
			}
			return nil
		}))
		off, on, url := false, true, "https://elsewhere.example/"
		try := func(fn func(tx db.Tx) error) error { return r.write(fn) }
		update := func(by Holder, in UpdateInput) error {
			in.Scope, in.By, in.EndpointID = shopTest, by, made.ID
			return try(func(tx db.Tx) error { _, err := r.s.Update(t.Context(), tx, in); return err })
		}
		if err := update(Holder{}, UpdateInput{URL: &url}); !fault.Is(err, "AUTHORIZATION_FAILED") {
			t.Error("the merchant sends an app's events elsewhere:", err)
		}
		if err := try(func(tx db.Tx) error {
			_, err := r.s.RotateSecret(t.Context(), tx, shopTest, Holder{}, made.ID)
			return err
		}); !fault.Is(err, "AUTHORIZATION_FAILED") {
			t.Error("the merchant learns an app's secret:", err)
		}
		if err := update(other, UpdateInput{Enabled: &off}); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Error(err)
		}
		r.must(update(app, UpdateInput{Enabled: &off}))
		r.must(update(app, UpdateInput{Enabled: &on}))

		r.happen(shopTest, "ord_1", "order.paid")
		r.must(r.write(func(tx db.Tx) error {
			return r.s.Events.Record(tx, shopTest, r.clock.Now(), event.Cause{}, event.New{Type: "customer.created", RootType: "customer", RootID: "cus_1",
				ResourceType: "customer", ResourceID: "cus_1", Data: map[string]any{"customer_id": "cus_1"}})
		}))
		r.drain()
		if len(own.all()) != 2 || len(rc.all()) != 1 || rc.all()[0].header.Get(HeaderLegacyType) != "order.paid" {
			t.Errorf("the merchant got %d, the app %d", len(own.all()), len(rc.all()))
		}
		if body := string(rc.all()[0].body); !strings.Contains(body, `"payload_version":1,"mode":"test","merchant_id":"mer_shop"`) {
			t.Error(body)
		}
		for _, del := range r.deliveriesOf(shopTest) {
			mine := del.EndpointID == made.ID
			r.must(d.Read(t.Context(), func(tx db.Tx) error {
				if _, err := r.s.GetDelivery(t.Context(), tx, shopTest, app, del.ID); (err == nil) != mine {
					t.Errorf("the app reads delivery %+v: %v", del, err)
				}
				if _, _, err := r.s.ListAttempts(t.Context(), tx, shopTest, app, del.ID, nil, 10); (err == nil) != mine {
					t.Errorf("the app reads attempts of %+v: %v", del, err)
				}
				page, _, err := r.s.ListDeliveries(t.Context(), tx, shopTest, app, del.EventID, nil, 10)
				if err != nil || len(page) != 1 || page[0].EndpointID != made.ID {
					t.Errorf("%+v %v", page, err)
				}
				return nil
			}))
		}
		g.Usable = false
		r.happen(shopTest, "ord_2", "order.paid")
		r.drain()
		if len(rc.all()) != 1 || len(own.all()) != 3 {
			t.Errorf("a paused app got %d, the merchant %d", len(rc.all()), len(own.all()))
		}
		for range MaxEnabledOfApp - 1 {
			_, _, err := r.create(CreateInput{Scope: shopTest, By: app, URL: rc.URL})
			r.must(err)
		}
		if _, _, err := r.create(CreateInput{Scope: shopTest, By: app, URL: rc.URL}); !fault.Is(err, "RESOURCE_LIMIT_EXCEEDED") {
			t.Error(err)
		}
		r.must(r.write(func(tx db.Tx) error { return r.s.Delete(t.Context(), tx, shopTest, Holder{}, made.ID) }))
	})
}

// An app's endpoint belongs to whoever owns the app, whatever a row says.
func TestAnImpostorsEndpointHearsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		rc := newReceiver(t, nil)
		thief := tenant.Scope{MerchantID: "mer_thief", EnvironmentID: "test_thief"}
		in := CreateInput{Scope: thief, URL: rc.URL, PartnerAppID: appID, EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"order.paid"}}
		if _, _, err := r.create(in); !fault.Is(err, "PARTNER_APP_NOT_FOUND") {
			t.Error(err)
		}
		r.s.Apps.Owns = func(db.Tx, string, string) (bool, error) { return true, nil }
		_, _, err := r.create(in)
		r.must(err)
		r.grant(shopTest, "egrt_1", "commerce.orders.read")
		r.happen(shopTest, "ord_1", "order.paid")
		r.drain()
		if len(rc.all()) != 0 || len(r.deliveriesOf(thief)) != 0 {
			t.Error("the impostor heard of it")
		}
	})
}

// A test event to an app's endpoint looks like one of a merchant that installed it.
func TestATestEventForAnApp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		rc := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		e, _ := r.listen(ownerTest, rc.URL, "test")
		var j Sending
		r.must(r.write(func(tx db.Tx) (err error) {
			j, err = r.s.BeginTest(t.Context(), tx, TestInput{Scope: ownerTest, EndpointID: e.ID, EventType: "order.paid"})
			return err
		}))
		del, _, err := r.s.Send(t.Context(), d, j)
		r.must(err)
		body := string(rc.all()[0].body)
		for _, part := range []string{`"partner_app_id":"papp_1"`, `"test":true`, `"source_type":"installed_merchants"`, `"merchant_id":"mer_owner"`} {
			if !strings.Contains(body, part) {
				t.Errorf("%s misses %s", body, part)
			}
		}
		_, _, err = r.resend(del)
		r.must(err)
		if len(rc.all()) != 2 {
			t.Error("a test event cannot be sent again")
		}
	})
}

// Pages hold what happened here and what was forwarded, in one order and each once.
func TestEventsOfBothKindsShareTheirPages(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		rc := newReceiver(t, nil)
		r.listen(ownerTest, rc.URL, "test")
		r.listen(ownerTest, rc.URL, "both") // a second endpoint that is told the same
		r.grant(shopTest, "egrt_1", "commerce.orders.read")
		r.grant(ownerTest, "egrt_2", "commerce.orders.read") // the owner uses its own app
		for range 5 {
			r.happen(shopTest, "ord_1", "order.paid")
			r.happen(ownerTest, "ord_2", "order.paid")
			r.happen(ownerTest, "ord_2", "order.updated")
			r.advance(time.Second)
		}
		r.drain()
		for sources, want := range map[string]int{"": 15, "merchant": 10, "installed_merchants": 10, "partner_app": 0} {
			f := EventFilter{}
			if sources != "" {
				f.EventSources = []string{sources}
			}
			var (
				seen  = map[string]bool{}
				last  EventRecord
				after *listing.Cursor
			)
			for page := 0; ; page++ {
				var records []EventRecord
				r.must(d.Read(t.Context(), func(tx db.Tx) (err error) {
					records, after, err = r.s.ListEvents(t.Context(), tx, ownerTest, f, after, 4)
					return err
				}))
				for _, rec := range records {
					if seen[rec.WebhookEventID] || last.WebhookEventID != "" && rec.CreatedAt.After(last.CreatedAt) {
						t.Errorf("%q: %s comes twice or out of order", sources, rec.WebhookEventID)
					}
					seen[rec.WebhookEventID], last = true, rec
				}
				if after == nil || page > 20 {
					break
				}
			}
			if len(seen) != want {
				t.Errorf("%q: %d events, want %d", sources, len(seen), want)
			}
		}
		if n := len(rc.all()); n != 20 {
			t.Errorf("%d deliveries to two endpoints", n)
		}
	})
}

// TestADeletedAppLeavesItsPlaces: its endpoints end with it, and others can be made in their place.
func TestADeletedAppLeavesItsPlaces(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		rc := newReceiver(t, status(500))
		var of []Endpoint
		for range MaxEnabled - 1 {
			e, _ := r.listen(ownerTest, rc.URL, "test")
			of = append(of, e)
		}
		own, _, err := r.create(CreateInput{Scope: ownerTest, URL: rc.URL + "/own"})
		r.must(err)
		if _, _, err := r.create(CreateInput{Scope: ownerTest, URL: rc.URL}); !fault.Is(err, "RESOURCE_LIMIT_EXCEEDED") {
			t.Fatalf("one too many: %v", err)
		}
		life, _, err := r.create(CreateInput{Scope: ownerLive, URL: rc.URL + "/life", PartnerAppID: appID, EventSources: []string{"partner_app"}})
		r.must(err)
		r.live(ownerLive, "partner_app.install.revoked", appID)
		r.drain()
		for _, no := range [][2]string{{ownerTest.MerchantID, "papp_other"}, {shopTest.MerchantID, appID}} {
			r.must(r.write(func(tx db.Tx) error { return r.s.AppDeleted(tx, no[0], no[1], r.clock.Now()) }))
		}
		if !r.get(life).Live() {
			t.Fatal("it ended with another app")
		}
		r.must(r.write(func(tx db.Tx) error { return r.s.AppDeleted(tx, ownerTest.MerchantID, appID, r.clock.Now()) }))
		for _, e := range append(of, life) {
			if r.get(e).Live() {
				t.Errorf("endpoint %s lives on", e.ID)
			}
		}
		for _, d := range r.deliveriesOf(ownerLive) {
			if d.Status != StatusSuppressed {
				t.Errorf("%+v", d)
			}
		}
		if !r.get(own).Live() {
			t.Error("the owner's own endpoint ended")
		}
		_, _, err = r.create(CreateInput{Scope: ownerTest, URL: rc.URL})
		r.must(err)
	})
}
