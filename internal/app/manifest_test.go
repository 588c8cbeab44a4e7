package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/fault"
	"flint/internal/tenant"
)

var liveScope = tenant.Scope{MerchantID: "mer_1", EnvironmentID: "menv_1"}

func valid() app.CreateInput {
	return app.CreateInput{Scope: liveScope, Name: "Returns", RedirectURIs: []string{"https://app.test/done"}, Versions: []string{"2026-09-07"},
		Manifest: []app.Permission{{ID: "orders", Title: "Orders", Description: "Read orders.", Scopes: []string{"commerce.orders.read"}}}}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	if err := valid().Validate(); err != nil {
		t.Fatalf("a valid app: %v", err)
	}
	scopes := func(names ...string) func(*app.CreateInput) {
		return func(in *app.CreateInput) { in.Manifest[0].Scopes = names }
	}
	for name, c := range map[string]struct {
		change      func(*app.CreateInput)
		code, param string
	}{
		"no name":            {func(in *app.CreateInput) { in.Name = "  " }, "NAME_REQUIRED", "name"},
		"a long name":        {func(in *app.CreateInput) { in.Name = strings.Repeat("é", 101) }, "NAME_TOO_LONG", "name"},
		"no address":         {func(in *app.CreateInput) { in.RedirectURIs = nil }, "INVALID_PARTNER_APP", "redirect_uris"},
		"too many addresses": {func(in *app.CreateInput) { in.RedirectURIs = slices.Repeat([]string{"https://a.test/"}, 21) }, "INVALID_PARTNER_APP", "redirect_uris"},
		"the same twice":     {func(in *app.CreateInput) { in.RedirectURIs = slices.Repeat([]string{"https://a.test/"}, 2) }, "INVALID_PARTNER_APP", "redirect_uris[1]"},
		"no manifest":        {func(in *app.CreateInput) { in.Manifest = nil }, "INVALID_PARTNER_APP", "permission_manifest"},
		"a type":             {func(in *app.CreateInput) { in.Type = "desktop" }, "INVALID_PARTNER_APP", "app_type"},
		"public":             {func(in *app.CreateInput) { in.Visibility = "public" }, "INVALID_PARTNER_APP", "visibility"},
		"an icon":            {func(in *app.CreateInput) { in.IconURL = "http://a.test/i.png" }, "INVALID_URL", "icon_url"},
		"a permission id":    {func(in *app.CreateInput) { in.Manifest[0].ID = "Orders!" }, "INVALID_PARTNER_APP", "permission_manifest[0].permission_id"},
		"a permission twice": {func(in *app.CreateInput) { in.Manifest = append(in.Manifest, in.Manifest[0]) }, "INVALID_PARTNER_APP", "permission_manifest[1].permission_id"},
		"no title":           {func(in *app.CreateInput) { in.Manifest[0].Title = "" }, "FIELD_REQUIRED", "permission_manifest[0].title"},
		"a long description": {func(in *app.CreateInput) { in.Manifest[0].Description = strings.Repeat("x", 501) }, "DESCRIPTION_TOO_LONG", "permission_manifest[0].description"},
		"no scopes":          {scopes(), "INVALID_PARTNER_APP", "permission_manifest[0].required_scopes"},
		"an unknown scope":   {scopes("customers.read", "customers.sell"), "UNKNOWN_SCOPE", "permission_manifest[0].required_scopes[1]"},
		"a scope twice":      {scopes("customers.read", "customers.read"), "DUPLICATE_SCOPE", "permission_manifest[0].required_scopes[1]"},
		"a barred scope":     {scopes("accounts.api_keys.write"), "SCOPE_NOT_ALLOWED", "permission_manifest[0].required_scopes[0]"},
		"payouts":            {scopes("money_movement.payouts.write"), "SCOPE_NOT_ALLOWED", "permission_manifest[0].required_scopes[0]"},
		"a default":          {func(in *app.CreateInput) { in.DefaultPermissions = []string{"refunds"} }, "INVALID_PARTNER_APP", "default_requested_permissions[0]"},
		"a version":          {func(in *app.CreateInput) { in.APIVersion = "2020-01-01" }, "INVALID_API_VERSION", "api_version"},
	} {
		in := valid()
		c.change(&in)
		f := fault.Of(in.Validate())
		if f == nil || f.Code != c.code || f.Param != c.param {
			t.Errorf("%s: %v, want %s at %s", name, f, c.code, c.param)
		}
	}
}

func TestRedirectURIs(t *testing.T) {
	t.Parallel()
	for uri, ok := range map[string]bool{
		"https://app.test/done": true, "https://app.test": true, "https://app.test:8443/a?b=c": true,
		"http://localhost:3000/done": true, "http://127.0.0.1/done": true, "http://[::1]:80/": true,
		"http://app.test/done": false, "http://127.0.0.1.app.test/": false, "http://localhost.app.test/": false,
		"https://app.test/a?codes=1&State=2": true, "https://app.test/a?code=1": false, "https://app.test/a?b=c&state=": false, "https://app.test/a?iss": false,
		"https://app.test/a?%65rror=x": false, "https://app.test/a?error_description=x": false, "https://app.test/a?b=c;code=1": false,
		"https://app.test/done#x": false, "https://app.test/#": false, "https://user@app.test/": false, "https://u:p@app.test/": false,
		"https://*.app.test/": false, "https://app.test/*": false, `https://app.test\@evil.test/`: false, "javascript:alert(1)": false,
		"//app.test/": false, "/done": false, "": false, "https:///done": false, "https://app.test/ä": false, "https://app.test/a b": false,
		"myapp://done": false, "https:app.test": false, "data:text/html,x": false, "https://app.test/\n": false,
	} {
		in := valid()
		in.RedirectURIs = []string{uri}
		if err := in.Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// manifests draws a manifest over a few permissions and scopes, so that versions overlap.
func manifests(t *rapid.T, label string) []app.Permission {
	scopes := []string{"commerce.orders.read", "commerce.orders.write", "customers.read", "commerce.refunds.write"}
	var out []app.Permission
	for n := range 4 {
		if rapid.Bool().Draw(t, fmt.Sprint(label, n)) {
			picked := rapid.SliceOfNDistinct(rapid.SampledFrom(scopes), 1, 3, func(s string) string { return s }).Draw(t, fmt.Sprint(label, " scopes ", n))
			out = append(out, app.Permission{ID: fmt.Sprint("p", n), Scopes: picked, Optional: rapid.Bool().Draw(t, fmt.Sprint(label, " optional ", n))})
		}
	}
	return out
}

// TestDiff: a diff that does not grow gives no new scope, accepting one leaves nothing to accept, and the
// scopes are those of the permissions.
func TestDiff(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old, latest := manifests(t, "old"), manifests(t, "new")
		var held []string
		for _, p := range old {
			if !p.Optional || rapid.Bool().Draw(t, "held "+p.ID) {
				held = append(held, p.ID)
			}
		}
		before := union(old, held)
		d := app.Diff(old, held, latest)
		accepted := d.AcceptedPermissions(held, latest)
		if d.Scopes != union(latest, accepted) {
			t.Fatalf("%v are the scopes of %v", d.Scopes.Names(), accepted)
		}
		if !d.Grows() && !before.Contains(d.Scopes) {
			t.Fatalf("it does not grow and adds to %v: %v", before.Names(), d.Scopes.Names())
		}
		again := app.Diff(latest, accepted, latest)
		if again.Grows() || len(again.Narrowed)+len(again.Dropped) > 0 {
			t.Fatalf("after accepting there is still %+v", again)
		}
		for _, p := range latest {
			if slices.Contains(accepted, p.ID) != (slices.Contains(held, p.ID) || !p.Optional) {
				t.Fatalf("permission %+v, held %v, accepted %v", p, held, accepted)
			}
		}
	})
}

func union(manifest []app.Permission, ids []string) auth.ScopeSet {
	var names []string
	for _, p := range manifest {
		if slices.Contains(ids, p.ID) {
			names = append(names, p.Scopes...)
		}
	}
	return auth.ScopesOf(names...)
}
