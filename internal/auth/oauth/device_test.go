package oauth_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/tenant"
)

var cli = &oauth.Client{ID: oauth.ClientCLI}

func (r *rig) device(t testing.TB, scope string) (dev *oauth.Device) {
	t.Helper()
	r.write(t, func(tx db.Tx) (err error) {
		dev, err = r.oauth.StartDevice(tx.Context(), tx, oauth.DeviceInput{Client: cli, Scope: scope, Now: r.now()})
		return err
	})
	return dev
}

func (r *rig) poll(code string) (tokens *oauth.Tokens, err error) {
	err = r.try(func(tx db.Tx) (err error) {
		tokens, err = r.oauth.Poll(tx.Context(), tx, oauth.PollInput{Client: cli, Code: code, Now: r.now()})
		return err
	})
	return tokens, err
}

func (r *rig) approve(userCode string, scopes auth.ScopeSet) error {
	return r.try(func(tx db.Tx) error {
		return r.oauth.ApproveDevice(tx.Context(), tx, oauth.ApproveInput{UserCode: userCode, UserID: r.user, Scope: r.scope(), Scopes: scopes, Now: r.now()})
	})
}

func (r *rig) signIn(t testing.TB) *oauth.Tokens {
	t.Helper()
	dev := r.device(t, "")
	if err := r.approve(dev.UserCode, auth.AllScopes()); err != nil {
		t.Fatal(err)
	}
	tokens, err := r.poll(dev.Code.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestDeviceFlow(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		dev := r.device(t, "customers.read commerce.orders.read")
		if len(dev.UserCode) != 9 || dev.UserCode[4] != '-' || dev.Interval != 5*time.Second {
			t.Fatalf("%+v", dev)
		}
		_, err := r.poll(dev.Code.Reveal())
		refused(t, err, "authorization_pending")
		_, err = r.poll(dev.Code.Reveal())
		refused(t, err, "slow_down")
		r.later(5 * time.Second)
		_, err = r.poll(dev.Code.Reveal())
		refused(t, err, "slow_down") // ten seconds by now
		r.later(15 * time.Second)
		_, err = r.poll(dev.Code.Reveal())
		refused(t, err, "authorization_pending")

		typed := strings.ToLower(strings.ReplaceAll(dev.UserCode, "-", " "))
		var shown *oauth.Device
		r.write(t, func(tx db.Tx) (err error) {
			shown, err = r.oauth.DeviceByUserCode(tx, r.user, typed, r.now())
			return err
		})
		if shown.ClientID != oauth.ClientCLI || shown.Requested != auth.ScopesOf("customers.read", "commerce.orders.read") {
			t.Errorf("%+v", shown)
		}
		r.held = auth.ScopesOf("customers.read", "settings.read")
		if err := r.approve(typed, auth.AllScopes()); err != nil {
			t.Fatal(err)
		}
		r.later(15 * time.Second)
		tokens, err := r.poll(dev.Code.Reveal())
		if err != nil || tokens.ExpiresIn != 15*time.Minute || tokens.Scopes != auth.ScopesOf("customers.read") {
			t.Fatalf("%+v, %v", tokens, err)
		}
		p, err := r.oauth.AuthenticateCLI(t.Context(), "", tokens.Access.Reveal())
		if err != nil || p.Kind != auth.CLIToken || p.ActorType() != "user" || p.ActorID() != r.user || p.Scope != r.scope() || p.Scopes != tokens.Scopes || p.ID != tokens.Family.ID {
			t.Errorf("%+v, %v", p, err)
		}
		if strings.Contains(r.stored(t), dev.UserCode) || strings.Contains(r.stored(t), dev.Code.Reveal()[10:]) {
			t.Error("a code lies in a table")
		}
		if _, err := r.oauth.Authenticate(t.Context(), "", tokens.Access.Reveal()); !fault.Is(err, "INVALID_PARTNER_TOKEN") {
			t.Errorf("the command line as an app: %v", err)
		}
	})
}

func TestDeviceCodeUsedTwiceEndsTheSession(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		dev := r.device(t, "")
		if err := r.approve(dev.UserCode, auth.AllScopes()); err != nil {
			t.Fatal(err)
		}
		tokens, err := r.poll(dev.Code.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.poll(dev.Code.Reveal())
		refused(t, err, "invalid_grant")
		if _, err := r.oauth.AuthenticateCLI(t.Context(), "", tokens.Access.Reveal()); !fault.Is(err, "INVALID_OAUTH_TOKEN") {
			t.Error(err)
		}
	})
}

func TestDevicesThatAreNotLetIn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		dev := r.device(t, "")
		r.write(t, func(tx db.Tx) error { return r.oauth.DenyDevice(tx.Context(), tx, dev.UserCode, r.now()) })
		_, err := r.poll(dev.Code.Reveal())
		refused(t, err, "access_denied")
		if err := r.approve(dev.UserCode, auth.AllScopes()); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("a denied device is approved: %v", err)
		}
		dev = r.device(t, "")
		r.later(oauth.DeviceLifetime)
		_, err = r.poll(dev.Code.Reveal())
		refused(t, err, "expired_token")
		if err := r.approve(dev.UserCode, auth.AllScopes()); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("an expired device is approved: %v", err)
		}
		_, err = r.poll("fdev_" + strings.Repeat("a", 43))
		refused(t, err, "invalid_grant")
		dev = r.device(t, "settings.write")
		r.held = auth.ScopesOf("customers.read")
		if err := r.approve(dev.UserCode, auth.AllScopes()); !fault.Is(err, "INSUFFICIENT_SCOPE") {
			t.Errorf("a user hands out what they do not hold: %v", err)
		}
		if err := r.try(func(tx db.Tx) error {
			return r.oauth.ApproveDevice(tx.Context(), tx, oauth.ApproveInput{UserCode: dev.UserCode, UserID: r.user, Scope: tenant.Scope{}, Scopes: auth.AllScopes(), Now: r.now()})
		}); err == nil {
			t.Error("a session of nobody")
		}
		refused(t, r.try(func(tx db.Tx) error {
			_, err := r.oauth.StartDevice(tx.Context(), tx, oauth.DeviceInput{Client: r.client, Now: r.now()})
			return err
		}), "unauthorized_client")
	})
}

func TestGuessingUserCodesIsSlow(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		guess := func() error {
			return r.try(func(tx db.Tx) error { _, err := r.oauth.DeviceByUserCode(tx, r.user, "BBBB-BBBB", r.now()); return err })
		}
		for range 10 {
			if err := guess(); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Fatal(err)
			}
		}
		if err := guess(); !fault.Is(err, "RATE_LIMIT_EXCEEDED") {
			t.Error(err)
		}
		var err error
		for range 21 {
			err = r.try(func(tx db.Tx) error {
				_, err := r.oauth.StartDevice(tx.Context(), tx, oauth.DeviceInput{Client: cli, Address: netip.MustParseAddr("192.0.2.1"), Now: r.now()})
				return err
			})
		}
		if !fault.Is(err, "RATE_LIMIT_EXCEEDED") {
			t.Error(err)
		}
	})
}

func TestSessionsFollowTheirUser(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		tokens := r.signIn(t)
		next, err := r.refresh(oauth.RefreshInput{Client: cli, Token: tokens.Refresh.Reveal(), ContextID: r.scope().EnvironmentID})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.refresh(oauth.RefreshInput{Client: cli, Token: next.Refresh.Reveal(), ContextID: "test_other"})
		refused(t, err, "invalid_context")
		r.held = auth.ScopesOf("customers.read")
		p, err := r.oauth.AuthenticateCLI(t.Context(), "", next.Access.Reveal())
		if err != nil || p.Scopes != r.held {
			t.Errorf("%v, %v", p.Scopes.Names(), err)
		}
		r.held = auth.ScopeSet{}
		if _, err := r.oauth.AuthenticateCLI(t.Context(), "", next.Access.Reveal()); !fault.Is(err, "INVALID_OAUTH_TOKEN") {
			t.Errorf("of somebody who left: %v", err)
		}
		_, err = r.refresh(oauth.RefreshInput{Client: cli, Token: next.Refresh.Reveal()})
		refused(t, err, "invalid_grant")
		r.held = auth.AllScopes()
		r.write(t, func(tx db.Tx) error { return r.oauth.EndUser(tx.Context(), tx, r.shop.Merchant.ID, r.user, r.now()) })
		if _, err := r.oauth.AuthenticateCLI(t.Context(), "", next.Access.Reveal()); !fault.Is(err, "INVALID_OAUTH_TOKEN") {
			t.Error(err)
		}
		r.later(time.Minute)
		idle := r.signIn(t)
		r.later(oauth.CLIIdle)
		_, err = r.refresh(oauth.RefreshInput{Client: cli, Token: idle.Refresh.Reveal()})
		refused(t, err, "invalid_grant")
	})
}
