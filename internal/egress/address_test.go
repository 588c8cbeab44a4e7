package egress

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

func TestGlobalTellsPublicFromEverythingElse(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "99.255.255.255": true, "100.128.0.0": true, "172.15.255.255": true,
		"172.32.0.0": true, "192.0.1.0": true, "198.17.255.255": true, "198.20.0.0": true, "223.255.255.255": true,
		"2606:4700::5efe:7f00:1": false, "2606:4700::200:5efe:a00:1": false, "2606:4700::5eff:7f00:1": true,
		"2606:4700:4700::1111": true, "2a00:1450::1": true, "2001:200::1": true, "2003::1": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.255": false,
		"127.0.0.1": false, "127.255.255.255": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.0.0.8": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false,
		"198.19.255.255": false, "198.51.100.7": false, "203.0.113.9": false, "224.0.0.1": false, "239.255.255.255": false,
		"240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::7f00:1": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": false,
		"::ffff:0:8.8.8.8": false, "64:ff9b::a00:1": false, "64:ff9b::8.8.8.8": false, "64:ff9b:1::1": false,
		"100::1": false, "2001::1": false, "2001:0:4136:e378:8000:63bf:3fff:fdd2": false, "2001:2::1": false,
		"2001:10::1": false, "2001:20::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "2002:a00:1::1": false,
		"3fff::1": false, "4000::1": false, "5f00::1": false, "fc00::1": false, "fd12:3456::1": false, "fe80::1": false,
		"fe80::1%eth0": false, "2606:4700:4700::1111%1": false, "fec0::1": false, "ff02::1": false, "ff0e::1": false,
	} {
		if got := Global(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Global(%s) = %v", addr, got)
		}
	}
	if Global(netip.Addr{}) {
		t.Error("no address is global")
	}
}

// The standard library's own predicates are a second, independent opinion.
func TestGlobalAgreesWithTheStandardLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes")
		a6 := netip.AddrFrom16([16]byte(raw))
		a4 := netip.AddrFrom4([4]byte(raw[:4]))
		for _, a := range []netip.Addr{a4, a6, netip.AddrFrom16(a4.As16())} {
			if Global(a) && (!a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast()) {
				t.Fatalf("%s passed", a)
			}
		}
	})
}

func FuzzGlobal(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "8.8.8.8", "fe80::1%x", "64:ff9b::7f00:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return
		}
		if u := a.Unmap(); Global(a) && (!u.IsGlobalUnicast() || u.IsPrivate() || a.Is4In6() || a.Zone() != "") {
			t.Fatalf("%q passed", s)
		}
	})
}
