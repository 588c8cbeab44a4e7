package oauth

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzRedirect holds the comparison of redirect URIs to what it promises: only a registered string passes,
// and parameters that are added to it change nothing that was registered.
func FuzzRedirect(f *testing.F) {
	const cb = "https://app.example/cb"
	for _, v := range []string{cb, cb + "/", cb + "?", cb + "?a=1", cb + "#", "HTTPS://app.example/cb", "https://app.example:443/cb", "https://u@app.example/cb",
		"https://app.example\\@evil.example/cb", "https://xn--pp-xka.example/cb", "https://app.example/%63b", "http://localhost:1/cb", "http://[::1]:1/cb", "//app.example/cb", ""} {
		f.Add(cb, v, "state", "fpac_x")
		f.Add(v, v, "a b&c=d#e", "x&iss=evil")
	}
	f.Fuzz(func(t *testing.T, allowed, given, state, code string) {
		uris := []string{allowed, "https://second.example/cb?x=1"}
		if registered(uris, given) != (given != "" && slices.Contains(uris, given)) {
			t.Fatalf("%q against %q", given, uris)
		}
		if !registered(uris, given) {
			return
		}
		was, err := url.Parse(given)
		if err != nil || strings.Contains(given, "#") || !was.IsAbs() || was.Host == "" {
			return // never registered
		}
		got := location(given, url.Values{"state": {state}, "code": {code}})
		is, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if !strings.HasPrefix(got, given) || is.Scheme != was.Scheme || is.Host != was.Host || is.Path != was.Path || is.Fragment != "" || is.User.String() != was.User.String() {
			t.Fatalf("%q became %q", given, got)
		}
		if before := was.Query(); !before.Has("code") && !before.Has("state") && !strings.Contains(was.RawQuery, ";") {
			if q := is.Query(); len(q["code"]) != 1 || q.Get("code") != code || len(q["state"]) != 1 || q.Get("state") != state {
				t.Fatalf("%q carries %v", got, q)
			}
		}
		if toLoopback(given) != toLoopback(got) {
			t.Fatalf("%q is another kind of place than %q", got, given)
		}
	})
}
