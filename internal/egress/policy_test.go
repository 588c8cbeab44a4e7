package egress

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"flint/internal/fault"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	strict, dev := Policy{}, Development()
	named := Policy{Ports: []uint16{8443}, Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for _, c := range []struct {
		policy Policy
		url    string
		code   string
	}{
		{strict, "https://shop.example/hooks?a=b%20c", ""},
		{strict, "https://shop.example:443/", ""},
		{strict, "https://xn--bcher-kva.example", ""},
		{strict, "https://8.8.8.8/x", ""},
		{strict, "https://[2606:4700:4700::1111]/x", ""},
		{dev, "http://localhost:3000/hook", ""},
		{dev, "http://127.0.0.1:9/hook", ""},
		{dev, "http://[::1]:9/hook", ""},
		{named, "https://10.1.2.3:9000/", ""},
		{named, "https://hooks.shop.internal:9000/", ""},
		{Policy{Ports: []uint16{8443}}, "https://shop.example:8443/", ""},

		{strict, "", "MISSING_URL"},
		{strict, "https://shop.example/" + strings.Repeat("a", MaxURL), "URL_TOO_LONG"},
		{strict, "http://shop.example/", "INVALID_URL_SCHEME"},
		{strict, "ftp://shop.example/", "INVALID_URL_SCHEME"},
		{strict, "javascript:alert(1)", "INVALID_URL_SCHEME"},
		{strict, "//shop.example/", "INVALID_URL_SCHEME"},
		{strict, "shop.example", "INVALID_URL_SCHEME"},
		{strict, "https:shop.example", "INVALID_URL_HOST"},
		{strict, "https:///path", "INVALID_URL_HOST"},
		{strict, "https://:443/path", "INVALID_URL_HOST"},
		{strict, "https://user:secret@shop.example/", "INVALID_URL"},
		{strict, "https://shop.example@127.0.0.1/", "INVALID_URL"},
		{strict, "https://shop.example/#part", "INVALID_URL"},
		{strict, "https://shop.example/#", "INVALID_URL"},
		{strict, "https://shop.example:0/", "INVALID_URL"},
		{strict, "https://shop.example:70000/", "INVALID_URL"},
		{strict, "https://shop.example:/", "INVALID_URL"},
		{strict, "https://shop.example:22/", "INVALID_URL"},
		{strict, "https://8.8.8.8:25/", "INVALID_URL"},
		{strict, "https://shop.example\\@127.0.0.1/", "INVALID_URL"},
		{strict, "https://shop.example/a b", "INVALID_URL"},
		{strict, "https://shop.example/\r\nX-Evil: 1", "INVALID_URL"},
		{strict, "https://sh\u043ep.example/", "INVALID_URL"},
		{strict, "https://%31%32%37.0.0.1/", "INVALID_URL"},
		{strict, "https://127.0.0.1/", "INVALID_URL_HOST"},
		{strict, "https://[::1]/", "INVALID_URL_HOST"},
		{strict, "https://[::ffff:8.8.8.8]/", "INVALID_URL_HOST"},
		{strict, "https://[fe80::1%25eth0]/", "INVALID_URL_HOST"},
		{strict, "https://169.254.169.254/latest/meta-data", "INVALID_URL_HOST"},
		{strict, "https://2130706433/", "INVALID_URL_HOST"},
		{strict, "https://0x7f000001/", "INVALID_URL_HOST"},
		{strict, "https://0177.0.0.1/", "INVALID_URL_HOST"},
		{strict, "https://127.1/", "INVALID_URL_HOST"},
		{strict, "https://shop.0x1/", "INVALID_URL_HOST"},
		{strict, "https://localhost/", "INVALID_URL_HOST"},
		{strict, "https://a.localhost/", "INVALID_URL_HOST"},
		{strict, "https://db.internal/", "INVALID_URL_HOST"},
		{strict, "https://intranet/", "INVALID_URL_HOST"},
		{strict, "https://shop..example/", "INVALID_URL_HOST"},
		{strict, "https://shop.example./", "INVALID_URL_HOST"},
		{strict, "https://-shop.example/", "INVALID_URL_HOST"},
		{strict, "https://" + strings.Repeat("a", 64) + ".example/", "INVALID_URL_HOST"},
		{dev, "https://192.168.1.1/", "INVALID_URL_HOST"},
		{named, "https://10.2.0.1/", "INVALID_URL_HOST"},
		{named, "http://10.1.0.1/", "INVALID_URL_SCHEME"},
	} {
		err := c.policy.CheckURL("url", c.url)
		if c.code == "" && err != nil || c.code != "" && (!fault.Is(err, c.code) || fault.Of(err).Param != "url") {
			t.Errorf("CheckURL(%.60q) = %v, want %q", c.url, err, c.code)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://shop.example/", "https://a@b", "https://[::1]:9/", "https://0x7f.1/", "https://a\\b", "https://A.Example:443/x?y#z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if (Policy{}).CheckURL("url", raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || (u.Port() != "" && u.Port() != "443") {
			t.Fatalf("%q passed", raw)
		}
		host := u.Hostname()
		if a, err := netip.ParseAddr(host); err == nil && !Global(a) {
			t.Fatalf("%q passed", raw)
		}
		if strings.ContainsAny(host, "@\\/ \t\r\n%") || strings.HasSuffix(strings.ToLower(host), "localhost") {
			t.Fatalf("%q passed", raw)
		}
	})
}
