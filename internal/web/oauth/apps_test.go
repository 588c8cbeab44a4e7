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
