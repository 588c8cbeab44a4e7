package egress

import (
	"net/netip"
	"slices"
)

// refused4 are the IPv4 ranges of the IANA special-purpose registry that are not globally reachable,
// multicast, the reserved block, and the relay of 6to4, which leads back into an IPv4 network.
var refused4 = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("224.0.0.0/4"),
	netip.MustParsePrefix("240.0.0.0/4"),
}

// global6 is all that is handed out as global unicast. Starting from it refuses every other range at
// once: loopback, mapped and translated IPv4, unique local, link-local, site-local, multicast.
var global6 = netip.MustParsePrefix("2000::/3")

// refused6 are the ranges inside global6 that are not the public network: protocol assignments with
// Teredo, ORCHID and benchmarking, documentation, and 6to4, which carries any IPv4 address.
var refused6 = []netip.Prefix{
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
}

// Global reports whether a is an address of the public network. An IPv4 address written as IPv6 and an
// address with a zone are not.
func Global(a netip.Addr) bool {
	contains := func(p netip.Prefix) bool { return p.Contains(a) }
	switch {
	case !a.IsValid() || a.Zone() != "" || a.Is4In6():
		return false
	case a.Is4():
		return !slices.ContainsFunc(refused4, contains)
	default:
		return global6.Contains(a) && !slices.ContainsFunc(refused6, contains) && !isatap(a)
	}
}

// isatap reports whether the address carries an IPv4 address in its last half as ISATAP does (RFC 5214):
// a machine with such a tunnel would send there, whatever the network in the first half.
func isatap(a netip.Addr) bool {
	b := a.As16()
	return b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
