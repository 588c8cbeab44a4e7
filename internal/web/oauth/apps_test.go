package oauth_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/money"
	"flint/internal/secret"
)

// installed signs ana in with an active install.
func (s *site) installed() (*browser, *app.Install) {
	s.t.Helper()
	b := s.signedIn()
	b.get(s.link()).fill("permission", "refunds", "decision", "approve").submit(s.link()).wantAway()
	_, grants := s.install()
	s.activate(grants[0].Scope, grants[0].ID)
	i, _ := s.install()
	return b, i
}

func TestPauseResumeRemove(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, i := s.installed()
		at := "/apps/" + i.ID
		b.get("/apps").want("oauth/apps", 200, "Parcel Pilot", "Active", "See your orders · Refund lost parcels")
		b.get(at).want("oauth/app", 200, "Made by Contoso Books", "Moves money", "Connected").submit(at+"/pause").want("oauth/app", 200, "Paused")
		b.get(at).submit(at+"/resume").want("oauth/app", 200, "Active")
		b.get(at+"/remove").want("oauth/remove", 200, "cannot be undone").submit(at+"/remove").want("oauth/app", 200, "Receipt of the removal", "put its own things away until 12:15 UTC")
		s.clock.Set(s.clock.Now().Add(app.CleanupTime))
		if _, err := s.apps.Jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.get(at).want("oauth/app", 200, "Everything ended", "1 environment")
		b.get("/apps").want("oauth/apps", 200, "1 removed app")
		if now, _ := s.install(); now.RevokedReason != app.RevokedByMerchant || now.RevokedBy == "" {
			t.Errorf("%+v", now)
		}
	})
}

func TestLimits(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, i := s.installed()
		at := "/apps/" + i.ID
		b.get(at).fill("currency.0", "usd", "order.0", "1,500.5", "above.0", "20", "own_orders_only", "1").submit(at+"/limits").want("oauth/app", 200)
		b.get(at).fill("currency.1", "JPY", "order.1", "0", "day.1", "90000").submit(at+"/limits").want("oauth/app", 200)
		now, _ := s.install()
		want := app.Limits{RefundPerOrder: []money.Amount{{Minor: 150050, Currency: "USD"}, {Minor: 0, Currency: "JPY"}}, RefundPerDay: []money.Amount{{Minor: 90000, Currency: "JPY"}},
			RefundApprovalAbove: []money.Amount{{Minor: 2000, Currency: "USD"}}, OwnOrdersOnly: true}
		if got := now.Limits; len(got.RefundPerOrder) != 2 || got.RefundPerOrder[0] != want.RefundPerOrder[0] || got.RefundPerOrder[1] != want.RefundPerOrder[1] ||
			len(got.RefundPerDay) != 1 || got.RefundPerDay[0] != want.RefundPerDay[0] || got.RefundApprovalAbove[0] != want.RefundApprovalAbove[0] || !got.OwnOrdersOnly {
			t.Errorf("%+v", got)
		}
		for _, bad := range []string{"-1", "1.005", "ten", "1e3", strings.Repeat("9", 30), "."} {
			b.get(at).fill("order.0", bad).submit(at+"/limits").want("oauth/app", 422, "Nothing was saved", "Enter an amount")
		}
		b.get(at).fill("currency.2", "XXY", "order.2", "1").submit(at+"/limits").want("oauth/app", 422, "three letters")
		if again, _ := s.install(); len(again.Limits.RefundPerOrder) != 2 {
			t.Errorf("%+v", again.Limits)
		}
	})
}

func TestOneEnvironmentEnds(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, i := s.installed()
		_, grants := s.install()
		at := "/apps/" + i.ID + "/places/" + grants[0].ID + "/end"
		b.get(at).want("oauth/end", 200, "sandbox Default of Northwind Supply", "works nowhere else").submit(at).want("oauth/app", 200, "Ended")
		b.get(at).want("oauth/app", 200) // nothing is left to ask
		b.get("/apps/"+i.ID+"/places/egrt_1/end").want("signin/problem", 404)
		if _, grants := s.install(); grants[0].Status != app.GrantRevoked || grants[0].RevokedBy == "" {
			t.Errorf("%+v", grants[0])
		}
	})
}

func TestAViewerLooksAndChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		_, i := s.installed()
		s.write(func(tx db.Tx) error {
			_, err := s.auth.CreateUser(tx.Context(), tx, auth.CreateUserInput{MerchantID: s.shop.Merchant.ID, Email: "vic@shop.example", Password: secret.NewText(password),
				Role: auth.RoleViewer, Now: s.clock.Now()})
			return err
		})
		b := s.browser()
		b.get("/account").fill("email", "vic@shop.example", "password", password).submit("/sign-in").want("signin/account", 200)
		at := "/apps/" + i.ID
		page := b.get(at).want("oauth/app", 200, "Your role is viewer", "No limit")
		for _, hidden := range []string{"Save limits", "/pause", "/remove", "/end"} {
			if strings.Contains(page.body, hidden) {
				t.Errorf("the page offers %s", hidden)
			}
		}
		_, grants := s.install()
		for _, path := range []string{at + "/remove", at + "/places/" + grants[0].ID + "/end"} {
			b.get(path).want("signin/problem", 403, "Ask one of them")
		}
	})
}

// What an install may do is what was agreed to, not what the newest version asks for.
func TestAnOlderConsentIsShownAsItWasGiven(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, i := s.installed()
		s.write(func(tx db.Tx) error {
			manifest := []app.Permission{{ID: "orders", Title: "See your orders", Description: "To pack them.", Scopes: []string{"commerce.orders.read"}}}
			_, err := s.apps.Publish(tx.Context(), tx, app.PublishInput{Scope: s.maker.Live.Scope, AppID: s.app.ID, Manifest: manifest, DefaultPermissions: []string{"orders"}, Now: s.clock.Now()})
			return err
		})
		b.get("/apps/"+i.ID).want("oauth/app", 200, "Refund lost parcels", "Moves money")
		b.get("/apps").want("oauth/apps", 200, "Refund lost parcels")
	})
}

func TestDataRequestsAreFollowed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, _ := s.installed()
		s.write(func(tx db.Tx) error {
			_, err := s.apps.RaiseDataRequest(tx.Context(), tx, app.RaiseInput{Scope: s.shop.Sandbox.Scope, Topic: app.TopicMerchantRedact, Now: s.clock.Now()})
			return err
		})
		b.get("/data-requests").want("oauth/requests", 200, "Delete a merchant's data", "Due 7 October 2026", "Parcel Pilot", "Waiting")
		s.write(func(tx db.Tx) error { return s.user(tx, s.maker, "mia@app.example") })
		m := s.browser()
		m.get("/account").fill("email", "mia@app.example", "password", password).submit("/sign-in")
		page := m.get("/data-requests").want("oauth/requests", 200, "From Northwind Supply", "Mark as done")
		action := ""
		for n := range page.doc.Descendants() {
			if strings.HasPrefix(attr(n, "action"), "/data-requests/") {
				action = attr(n, "action")
			}
		}
		if b.post(action, url.Values{"csrf": {"x"}}).status != 403 {
			t.Error("a form without its token was taken")
		}
		page.fill("note", "All gone.").submit(action).want("oauth/requests", 200, "Done", "All gone.")
		s.clock.Set(s.clock.Now().Add(31 * 24 * time.Hour))
		b = s.signedIn()
		b.get("/data-requests").want("oauth/requests", 200, "All gone.")
	})
}

// device begins the flow of the command line.
func (s *site) device() *oauth.Device {
	s.t.Helper()
	var d *oauth.Device
	s.write(func(tx db.Tx) error {
		client, err := s.oauth.AuthenticateClient(tx, "flint-cli", "")
		if err != nil {
			return err
		}
		d, err = s.oauth.StartDevice(tx.Context(), tx, oauth.DeviceInput{Client: client, Now: s.clock.Now()})
		return err
	})
	return d
}

func (s *site) poll(d *oauth.Device) (*oauth.Tokens, error) {
	s.clock.Set(s.clock.Now().Add(10 * time.Second))
	var tokens *oauth.Tokens
	var refused error
	s.write(func(tx db.Tx) error {
		client, err := s.oauth.AuthenticateClient(tx, "flint-cli", "")
		if err != nil {
			return err
		}
		tokens, refused = s.oauth.Poll(tx.Context(), tx, oauth.PollInput{Client: client, Code: d.Code.Reveal(), Now: s.clock.Now()})
		return nil
	})
	return tokens, refused
}

func TestDevice(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		d, b := s.device(), s.browser()
		form := b.get("/device?user_code="+d.UserCode).want("signin/sign_in", 200).fill("email", "ana@shop.example", "password", password).submit("/sign-in").want("oauth/device", 200)
		if got := form.form("/device").Get("user_code"); got != d.UserCode {
			t.Errorf("the code of the link is %q", got)
		}
		review := form.submit("/device").want("oauth/device_review", 200, d.UserCode, "Northwind Supply · Default", "It may move money")
		forged := review.form("/device/decide")
		forged.Set("user_code", s.device().UserCode)
		forged.Set("decision", "approve")
		b.post("/device/decide", forged).want("signin/problem", 403)
		if _, err := s.poll(d); err == nil {
			t.Fatal("let in before anybody said yes")
		}
		review.fill("decision", "approve").submit("/device/decide").want("oauth/device", 200, "The device is connected")
		tokens, err := s.poll(d)
		if err != nil || tokens.Family.Scope != s.shop.Sandbox.Scope || tokens.Family.UserID == "" {
			t.Fatalf("%+v %v", tokens, err)
		}
		review.submit("/device/decide").want("signin/problem", 403)

		denied := s.device()
		b.get("/device").fill("user_code", " "+strings.ToLower(denied.UserCode)).submit("/device").want("oauth/device_review", 200).fill("decision", "deny").submit("/device/decide").want("oauth/device", 200, "refused")
		if _, err := s.poll(denied); oauth.Refusal(err) == nil || oauth.Refusal(err).Code != oauth.CodeAccessDenied {
			t.Errorf("%v", err)
		}
		b.get("/device").fill("user_code", "BCDF-GHJK").submit("/device").want("oauth/device", 422, "not waiting for anybody")
		limited := 0
		for range 15 {
			if b.get("/device").fill("user_code", "BCDF-GHJK").submit("/device").status == 429 {
				limited++
			}
		}
		if limited == 0 {
			t.Error("codes can be tried without end")
		}
	})
}

// TestADeviceCodeFromALinkIsNotTaken: opening a link is not a yes.
func TestADeviceCodeFromALinkIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		d, b := s.device(), s.signedIn()
		b.get("/device?user_code="+d.UserCode).want("oauth/device", 200)
		b.get("/device?user_code="+url.QueryEscape(strings.Repeat("A", 500))).want("oauth/device", 200)
		if _, err := s.poll(d); err == nil {
			t.Error("the device was let in")
		}
	})
}

func TestEveryScopeHasASentence(t *testing.T) {
	t.Parallel()
	for _, s := range auth.Scopes() {
		if s.Allows == "" {
			t.Errorf("%s says nothing", s.Name)
		}
	}
}
