package webhook

import (
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/listing"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

func TestCreateReportsEveryFault(t *testing.T) {
	t.Parallel()
	scope := tenant.Scope{MerchantID: "mer_1", EnvironmentID: "test_1"}
	const url = "https://shop.example/hooks"
	for _, c := range []struct {
		in    CreateInput
		code  string
		param string
	}{
		{CreateInput{URL: url}, "", ""},
		{CreateInput{URL: url, Mode: "test", EventSources: []string{"merchant"}, APIVersion: CurrentVersion, EnabledEvents: []string{"order.paid"}}, "", ""},
		{CreateInput{}, "MISSING_URL", "url"},
		{CreateInput{URL: "http://shop.example"}, "INVALID_URL_SCHEME", "url"},
		{CreateInput{URL: url, Description: strings.Repeat("é", 501)}, "DESCRIPTION_TOO_LONG", "description"},
		{CreateInput{URL: url, EnabledEvents: []string{"order.paid", "order.exploded"}}, "INVALID_EVENT_TYPE", "enabled_events[1]"},
		{CreateInput{URL: url, EnabledEvents: []string{"partner_app.install.created"}}, "INVALID_EVENT_TYPE", "enabled_events[0]"},
		{CreateInput{URL: url, EnabledEvents: []string{"*"}}, "INVALID_EVENT_TYPE", "enabled_events[0]"},
		{CreateInput{URL: url, EventSources: []string{"partner_app"}}, "INVALID_WEBHOOK_ENDPOINT_SOURCE", "partner_app_id"},
		{CreateInput{URL: url, EventSources: []string{"merchant", "martian"}}, "INVALID_EVENT_SOURCE", "event_sources[1]"},
		{CreateInput{URL: url, Mode: "live"}, "INVALID_MODE", "mode"},
		{CreateInput{URL: url, Mode: "both"}, "INVALID_MODE", "mode"},
		{CreateInput{URL: url, APIVersion: "2020-01-01"}, "INVALID_API_VERSION", "api_version"},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"partner_app"}}, "", ""},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"partner_app"}, Mode: "both", EnabledEvents: []string{"partner_app.install.created"}}, "", ""},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"partner_app"}, Mode: "test"}, "INVALID_MODE", "mode"},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"partner_app"}, EnabledEvents: []string{"order.paid"}}, "INVALID_EVENT_TYPE", "enabled_events[0]"},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"installed_merchants"}}, "INVALID_WEBHOOK_ENDPOINT", "enabled_events"},
		{CreateInput{URL: url, EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"order.paid"}}, "INVALID_WEBHOOK_ENDPOINT_SOURCE", "partner_app_id"},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"order.paid"}, Mode: "test"}, "", ""},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"order.paid"}, Mode: "live"}, "", ""},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"order.paid"}, Mode: "both"}, "", ""},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"order.paid"}, Mode: "all"}, "INVALID_MODE", "mode"},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"partner_app.install.created"}}, "INVALID_REQUEST", "enabled_events[0]"},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"partner_app", "installed_merchants"}, EnabledEvents: []string{"order.paid", "partner_app.install.revoked"}}, "", ""},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"partner_app", "installed_merchants"}, EnabledEvents: []string{"partner_app.install.revoked"}}, "INVALID_WEBHOOK_ENDPOINT", "enabled_events"},
		{CreateInput{URL: url, PartnerAppID: "papp_1", EventSources: []string{"merchant", "partner_app"}}, "INVALID_EVENT_SOURCES", "event_sources"},
		{CreateInput{Mode: "x", APIVersion: "y"}, "INVALID_REQUEST", "url"},
	} {
		c.in.Scope = scope
		err := c.in.Validate(egress.Policy{})
		if c.code == "" && err != nil || c.code != "" && (!fault.Is(err, c.code) || fault.Of(err).Param != c.param) {
			t.Errorf("%+v: %v", c.in, err)
		}
	}
	if n := len(fault.Of(CreateInput{Scope: scope, Mode: "x", APIVersion: "y"}.Validate(egress.Policy{})).Details); n != 3 {
		t.Errorf("%d faults", n)
	}
}

func TestAnEndpointLives(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		e, plain := r.endpoint("https://shop.example/hooks", "order.paid", "order.paid", "refund.created")
		if !strings.HasPrefix(plain.Reveal(), "whsec_") || e.Mode != tenant.ModeTest || e.APIVersion != DefaultVersion || !e.Enabled || len(e.EnabledEvents) != 2 {
			t.Errorf("%+v", e)
		}
		if got := r.get(e); strings.Contains(got.secret, plain.Reveal()[6:]) || got.secret == "" {
			t.Error("the secret is not sealed")
		}
		other := tenant.Scope{MerchantID: "mer_2", EnvironmentID: "test_1"}
		r.must(d.Read(t.Context(), func(tx db.Tx) error {
			if _, err := r.s.Get(t.Context(), tx, other, Holder{}, e.ID); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Error("another merchant:", err)
			}
			return nil
		}))
		r.advance(time.Minute)
		update := func(in UpdateInput) (out Endpoint, err error) {
			in.Scope, in.EndpointID = r.scope, e.ID
			err = r.write(func(tx db.Tx) error { out, err = r.s.Update(t.Context(), tx, in); return err })
			return out, err
		}
		url, empty, version, wrong := "https://shop.example/new", []string{}, CurrentVersion, "2020-01-01"
		if _, err := update(UpdateInput{URL: &url, ExpectedAPIVersion: &wrong}); !fault.Is(err, "API_VERSION_CHANGED") {
			t.Error(err)
		}
		if _, err := update(UpdateInput{APIVersion: &wrong}); !fault.Is(err, "INVALID_API_VERSION") {
			t.Error(err)
		}
		was := DefaultVersion
		got, err := update(UpdateInput{URL: &url, EnabledEvents: &empty, APIVersion: &version, ExpectedAPIVersion: &was})
		if err != nil || got.URL != url || len(got.EnabledEvents) != 0 || got.APIVersionPrevious != DefaultVersion || !got.APIVersionChangedAt.Equal(r.clock.Now()) || !got.Wants("order.created", event.SourceMerchant) {
			t.Errorf("%+v %v", got, err)
		}
		if stored := r.get(e); stored.URL != url || stored.Description != "" || !stored.UpdatedAt.Equal(r.clock.Now()) {
			t.Errorf("%+v", stored)
		}
		var page []Endpoint
		second, _ := r.endpoint("https://shop.example/second")
		r.must(d.Read(t.Context(), func(tx db.Tx) (err error) {
			after := listing.At(second.CreatedAt, second.ID)
			page, _, err = r.s.List(t.Context(), tx, r.scope, EndpointFilter{}, &after, 10)
			return err
		}))
		if len(page) != 1 || page[0].ID != e.ID {
			t.Errorf("%+v", page)
		}
		r.must(r.write(func(tx db.Tx) error { return r.s.Delete(t.Context(), tx, r.scope, Holder{}, e.ID) }))
		if err := r.write(func(tx db.Tx) error { return r.s.Delete(t.Context(), tx, r.scope, Holder{}, e.ID) }); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Error(err)
		}
		if _, err := update(UpdateInput{URL: &url}); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Error(err)
		}
		if gone := r.get(e); gone.secret != "" {
			t.Error("a deleted endpoint keeps its secret")
		}
	})
}

func TestTheLastPlaceIsTakenOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		off := false
		r.must(r.write(func(tx db.Tx) error {
			_, _, err := r.s.Create(t.Context(), tx, CreateInput{Scope: r.scope, URL: "https://shop.example/off", Enabled: &off})
			return err
		}))
		var (
			wg      sync.WaitGroup
			mu      sync.Mutex
			created int
			refused int
			last    Endpoint
		)
		for range MaxEnabled + 8 {
			wg.Go(func() {
				err := d.Write(t.Context(), func(tx db.Tx) error {
					e, _, err := r.s.Create(t.Context(), tx, CreateInput{Scope: r.scope, URL: "https://shop.example/x"})
					if err == nil {
						tx.AfterCommit(func() { mu.Lock(); created++; last = e; mu.Unlock() })
					}
					return err
				})
				if fault.Is(err, "RESOURCE_LIMIT_EXCEEDED") {
					mu.Lock()
					refused++
					mu.Unlock()
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if created != MaxEnabled || refused != 8 {
			t.Errorf("%d created, %d refused", created, refused)
		}
		set := func(on bool) error {
			return r.write(func(tx db.Tx) error {
				_, err := r.s.Update(t.Context(), tx, UpdateInput{Scope: r.scope, EndpointID: last.ID, Enabled: &on})
				return err
			})
		}
		r.must(set(true)) // it is one of the sixteen
		r.must(set(false))
		r.endpoint("https://shop.example/takes-the-place")
		if err := set(true); !fault.Is(err, "RESOURCE_LIMIT_EXCEEDED") {
			t.Error(err)
		}
	})
}

func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, nil)
		e, first := r.endpoint(rc.URL)
		rotate := func() (v string, err error) {
			err = r.write(func(tx db.Tx) error {
				plain, err := r.s.RotateSecret(t.Context(), tx, r.scope, Holder{}, e.ID)
				v = plain.Reveal()
				return err
			})
			return v, err
		}
		second, err := rotate()
		if err != nil || second == first.Reveal() {
			t.Fatal(err)
		}
		if _, err := rotate(); !fault.Is(err, "WEBHOOK_SECRET_ROTATION_OVERLAP_ACTIVE") {
			t.Error(err)
		}
		r.advance(RotationOverlap - time.Microsecond)
		r.record("ord_1", "order.created")
		r.drain()
		r.advance(time.Microsecond)
		r.record("ord_2", "order.created")
		r.drain()
		got := rc.all()
		if len(got) != 2 {
			t.Fatal(len(got))
		}
		for i, want := range []map[string]bool{{first.Reveal(): true, second: true}, {first.Reveal(): false, second: true}} {
			for v, ok := range want {
				if verify(t, v, got[i]) != ok {
					t.Errorf("request %d: a secret verifies: %v", i, !ok)
				}
			}
		}
		third, err := rotate()
		if err != nil || third == second {
			t.Error(err)
		}
	})
}

func TestWants(t *testing.T) {
	t.Parallel()
	merchant := []event.Source{event.SourceMerchant}
	all := Endpoint{EventSources: merchant}
	some := Endpoint{EventSources: merchant, EnabledEvents: []string{"order.paid"}}
	for _, c := range []struct {
		e    Endpoint
		typ  string
		want bool
	}{
		{all, "order.paid", true}, {all, "partner_app.install.created", false}, {all, "unknown.type", false},
		{some, "order.paid", true}, {some, "order.created", false},
	} {
		if got := c.e.Wants(c.typ, event.SourceMerchant); got != c.want {
			t.Errorf("%v %s: %v", c.e.EnabledEvents, c.typ, got)
		}
	}
}
