package oauth_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestPagesOfAnInstallAreNotFramed: no page on the way of an install can be put into somebody's frame, nor
// kept by a cache, and none is answered with a redirect that repeats a password.
func TestPagesOfAnInstallAreNotFramed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, link := s.browser(), s.link()
		pages := map[string]*view{"sign-in": b.get(link), "problem": b.get(s.link("client_id", "fpc_nobody"))}
		signed := s.signedIn()
		pages["consent"], pages["apps"], pages["device"] = signed.get(link), signed.get("/apps"), signed.get("/device")
		signed.get(link).fill("decision", "approve").submit(link).wantAway()
		i, _ := s.install()
		pages["app"] = signed.get("/apps/" + i.ID)
		for name, v := range pages {
			if csp := v.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || v.header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s can be framed: %q (%d), %s", name, v.name, v.status, csp)
			}
			if v.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be cached", name)
			}
		}
		in := s.browser()
		if v := in.get(link).fill("email", "ana@shop.example", "password", password).submit("/sign-in"); v.name != "oauth/consent" {
			t.Fatalf("signed in to %q", v.name)
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			v := in.do(method, "/sign-in?next=https%3A%2F%2Fevil.example", nil)
			if v.status == http.StatusTemporaryRedirect || v.status == http.StatusPermanentRedirect || strings.Contains(v.location, "evil") {
				t.Errorf("%s goes with %d to %q", method, v.status, v.location)
			}
		}
	})
}

// TestReconsentGivesNoMoreThanIsTicked: a second approval with only what was there gives nothing of what
// the app asks for since, unless it was shown.
func TestReconsentGivesNoMoreThanIsTicked(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, link := s.signedIn(), s.link()
		first := b.get(link).fill("decision", "approve")
		first.submit(link).wantAway()
		_, grants := s.install()
		s.activate(grants[0].Scope, grants[0].ID)
		before := grants[0].Scopes
		form := b.get(link).fill("decision", "approve").form(link)
		s.publish("commerce.orders.read", "commerce.refunds.write", "customers.read")
		if v := b.post(link, form); v.status != 403 || v.location != "" {
			t.Errorf("a page of before agrees to what came after: %d to %q", v.status, v.location)
		}
		if _, grants = s.install(); grants[0].Scopes != before {
			t.Errorf("the grant grew to %v", grants[0].Scopes.Names())
		}
		first.submit(link)
		if _, grants = s.install(); grants[0].Scopes != before || !slices.Equal(grants[0].PermissionIDs, []string{"orders"}) {
			t.Errorf("the first page, sent again, gave %v", grants[0].Scopes.Names())
		}
	})
}
