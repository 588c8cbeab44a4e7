// Package egress calls addresses that somebody else chose: webhook endpoints, hooks of apps.
//
// A name is resolved once, every address of it that is not part of the public network is refused, and
// the connection goes to the very address that was checked; the socket is checked once more before it
// connects. So neither a name that points inwards, nor one that changes between two questions, nor a
// redirect reaches a private network. Time, header and body of an answer are bounded.
package egress

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"flint/internal/fault"
)

// MaxURL is the longest URL that is taken, in bytes.
const MaxURL = 2048

// Policy is what the operator allows beyond HTTPS to port 443 of the public network. The zero Policy
// allows nothing more.
type Policy struct {
	// AllowHTTP permits plain HTTP, and port 80 with it.
	AllowHTTP bool
	// Ports are further ports of public addresses.
	Ports []uint16
	// Allow are networks that may be reached whatever their class, on any port: the operator named them.
	Allow []netip.Prefix
}

// Development is the policy of a machine under a developer's hands: plain HTTP and loopback.
func Development() Policy {
	return Policy{AllowHTTP: true, Allow: []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	}}
}

// Permits reports whether a connection to the address and port may be made.
func (p Policy) Permits(to netip.AddrPort) bool {
	return p.named(to.Addr()) || Global(to.Addr()) && p.port(to.Port())
}

func (p Policy) named(a netip.Addr) bool {
	return slices.ContainsFunc(p.Allow, func(n netip.Prefix) bool { return n.Contains(a) })
}

func (p Policy) port(port uint16) bool {
	return port == 443 || port == 80 && p.AllowHTTP || slices.Contains(p.Ports, port)
}

// CheckURL says whether a URL can be kept as a target. It refuses what can never work, with the
// contract's codes and param as the path; the address behind a name is judged at each connection.
func (p Policy) CheckURL(param, raw string) error {
	t, err := parseTarget(param, raw)
	if err != nil {
		return err
	}
	if t.scheme != "https" && (t.scheme != "http" || !p.AllowHTTP) {
		return fault.Invalid("INVALID_URL_SCHEME", param, "The URL must start with https://.")
	}
	if t.addr.IsValid() {
		if !p.named(t.addr) && !Global(t.addr) {
			return fault.Invalid("INVALID_URL_HOST", param, "The URL's host must be on the public network.")
		}
	} else if local(t.host) && len(p.Allow) == 0 {
		return fault.Invalid("INVALID_URL_HOST", param, "The URL's host must be on the public network.")
	}
	// A name may turn out to be of a network the operator named, so its port is judged only without one.
	unnamed := t.addr.IsValid() && !p.named(t.addr) || !t.addr.IsValid() && len(p.Allow) == 0
	if unnamed && !p.port(t.port) {
		return fault.Invalid("INVALID_URL", param, "The URL's port is not among those that may be called.")
	}
	return nil
}

// local reports whether a name is one of those that never belong to the public network.
func local(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return slices.Contains([]string{"localhost", "local", "internal", "localdomain", "home", "lan", "arpa"}, last) ||
		!strings.Contains(host, ".")
}

// numeric reports whether a name's last label reads as a number, which resolvers of C libraries take
// for an IPv4 address in an old notation (2130706433, 0x7f.1, 0177.0.0.1).
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if rest, ok := strings.CutPrefix(last, "0x"); ok {
		_, err := strconv.ParseUint(rest, 16, 64)
		return err == nil || rest == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}
