package egress

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// liberal is a resolver that gives an attacker all there is: names of the table, any old notation of an
// IPv4 address that C libraries take, and names with trailing dots or in other cases.
type liberal struct {
	mu    sync.Mutex
	names map[string][]string
	asked []string
}

func (l *liberal) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	l.mu.Lock()
	l.asked = append(l.asked, host)
	l.mu.Unlock()
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if a, ok := oldNotation(host); ok {
		return []netip.Addr{a}, nil
	}
	var out []netip.Addr
	for _, a := range l.names[host] {
		out = append(out, netip.MustParseAddr(a))
	}
	if out == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

// oldNotation reads an address as inet_aton does: one to four parts in decimal, octal or hexadecimal.
func oldNotation(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var v uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 0, 32)
		if err != nil {
			return netip.Addr{}, false
		}
		if i == len(parts)-1 {
			v |= n
		} else {
			v |= n << (24 - 8*i)
		}
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
}

// Every way that is known to write an inner address is tried against a server that listens on one. None
// may reach it, and the URL is refused when it is registered wherever it can be told by then.
func TestNoTrickReachesAnInnerAddress(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	policy := Policy{AllowHTTP: true, Ports: []uint16{uint16(number)}}
	const (
		refused = "refused" // when it is registered
		blocked = "blocked" // when it is called
	)
	names := map[string][]string{}
	for name, addrs := range map[string][]string{
		"loopback": {"127.0.0.1"}, "loopback6": {"::1"}, "mapped": {"::ffff:127.0.0.1"}, "compatible": {"::127.0.0.1"}, "private": {"10.0.0.1"},
		"metadata": {"169.254.169.254"}, "metadata6": {"fd00:ec2::254"}, "alibaba": {"100.100.100.200"}, "nat64": {"64:ff9b::7f00:1"},
		"nat64-local": {"64:ff9b:1::7f00:1"}, "6to4": {"2002:7f00:1::1"}, "teredo": {"2001:0:4136:e378:8000:63bf:80ff:fffe"},
		"isatap": {"2606:4700::5efe:7f00:1"}, "isatap-global": {"2606:4700::200:5efe:a00:1"}, "link-local": {"fe80::1"}, "unique-local": {"fd12:3456::1"},
		"site-local": {"fec0::1"}, "multicast": {"224.0.0.1"}, "multicast6": {"ff02::1"}, "broadcast": {"255.255.255.255"}, "this-host": {"0.0.0.0"},
		"unspecified": {"::"}, "carrier": {"100.64.0.1"}, "documentation": {"192.0.2.1"}, "benchmark": {"198.18.0.1"}, "reserved": {"240.0.0.1"},
		"translated": {"::ffff:0:127.0.0.1"}, "all-inner": {"10.0.0.1", "127.0.0.1", "::1"},
	} {
		names[name+".tricks.example"] = addrs
	}
	resolver := &liberal{names: names}
	for _, inner := range []string{"localhost", "a.localhost", "metadata.google.internal", "router.home", "printer", "x.local", "1.0.0.127.in-addr.arpa"} {
		names[inner] = []string{"127.0.0.1"}
	}
	c := NewClient(policy, resolver.lookup, nil)
	try := func(host, how string) {
		t.Helper()
		raw := "http://" + host + ":" + port + "/hook"
		if err := policy.CheckURL("url", raw); (err != nil) != (how == refused) {
			t.Errorf("%s: registered with %v, want it %s", host, err, how)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, raw, strings.NewReader("{}"))
		if err != nil {
			return // no request can be made of it
		}
		if r, err := c.Do(req); err == nil || kind(err) != KindBlocked && kind(err) != KindRequest {
			t.Errorf("%s: %d, %v", host, r.Status, err)
		}
	}
	for name := range names {
		if strings.HasSuffix(name, ".example") {
			try(name, blocked)
			try(strings.ToUpper(name), blocked)
			try(name+".", refused) // one name must not have two spellings
		}
	}
	for _, host := range []string{
		// Other notations of 127.0.0.1, 10.0.0.1 and the address of metadata.
		"127.0.0.1", "2130706433", "0x7f000001", "0x7F000001", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "127.1", "127.0.1", "0x7f.1", "0177.1",
		"127.0.0.1.", "00000177.0.0.1", "0", "0.0.0.0", "2852039166", "0xa9fea9fe", "169.254.169.254", "0251.0376.0251.0376", "10.1", "012.0.0.1",
		// IPv6, with what hides IPv4 in it.
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]",
		"[2002:7f00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2606:4700::5efe:127.0.0.1]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00:ec2::254]", "[ff02::1]",
		"[::1%25lo]", "[::ffff:a9fe:a9fe]",
		// Names that belong to the inside.
		"localhost", "LOCALHOST", "localhost.", "a.localhost", "metadata.google.internal", "router.home", "printer", "x.local", "1.0.0.127.in-addr.arpa",
		// Somebody else before the host, or inside it.
		"user@127.0.0.1", "shop.example@127.0.0.1", "shop.example:80@127.0.0.1", "127.0.0.1#@shop.example", "127.0.0.1\\@shop.example",
		"shop.example%2f@127.0.0.1", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "shop.example%00.127.0.0.1",
		// Letters that other parsers fold into digits, dots or nothing.
		"１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "loc\u00adalhost", "ⓛocalhost", "shop.example\u200b", "xn--.example.", "",
	} {
		try(host, refused)
	}
	if hits.Load() != 0 {
		t.Errorf("the inner server was reached %d times", hits.Load())
	}
}

func TestOddPortsAreRefused(t *testing.T) {
	t.Parallel()
	resolver := &liberal{names: map[string][]string{"shop.example": {"93.184.215.14"}}}
	c := NewClient(Policy{}, resolver.lookup, nil)
	for _, port := range []string{"22", "25", "80", "587", "2375", "3306", "5432", "6379", "8080", "8443", "9200", "11211", "65535", "0", "00443", "65979", "-1", "+443", "443 "} {
		raw := "https://shop.example:" + port + "/"
		if port != "00443" { // the same port, written otherwise
			if err := (Policy{}).CheckURL("url", raw); err == nil {
				t.Errorf("port %q can be registered", port)
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, raw, nil)
		if err != nil || port == "00443" {
			continue
		}
		if _, err := c.Do(req); kind(err) != KindBlocked && kind(err) != KindRequest {
			t.Errorf("port %q: %v", port, err)
		}
	}
}

// The answer of the resolver changes between two questions. There is only one, and the socket goes to
// what it said.
func TestTheCheckedAddressIsTheOneThatIsDialled(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	rebinding := func(context.Context, string) ([]netip.Addr, error) {
		if asked.Add(1) == 1 {
			return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	c := NewClient(Policy{AllowHTTP: true, Ports: []uint16{uint16(number)}}, rebinding, nil)
	if _, err := get(t, c, 300*time.Millisecond, "http://shop.example:"+port); err == nil {
		t.Error("an address that nobody answers at was reached")
	}
	if asked.Load() != 1 || hits.Load() != 0 {
		t.Errorf("asked %d times, %d hits", asked.Load(), hits.Load())
	}
	if _, err := get(t, c, 300*time.Millisecond, "http://shop.example:"+port); kind(err) != KindBlocked || hits.Load() != 0 {
		t.Errorf("the second call: %v, %d hits", err, hits.Load())
	}
}

func TestARedirectInwardsIsNotFollowed(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	inside, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: inside, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }), ReadHeaderTimeout: time.Second}}
	server.Start()
	defer server.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{server.URL, "http://169.254.169.254/", "file:///etc/passwd", "gopher://127.0.0.2/", "//127.0.0.2/", "http://[::1]/"} {
			outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.Header().Set("Refresh", "0; url="+to)
				w.WriteHeader(code)
			}))
			c := NewClient(Policy{AllowHTTP: true, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, SystemLookup, nil)
			if r, err := get(t, c, 5*time.Second, outside.URL); err != nil || r.Status != code {
				t.Errorf("%d to %s: %d, %v", code, to, r.Status, err)
			}
			outside.Close()
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d redirects were followed", hits.Load())
	}
}

// raw answers every connection with bytes of its own making.
func raw(t *testing.T, answer func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); open.Wait() })
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer func() { _ = conn.Close() }()
				buffer := make([]byte, 4096)
				if _, err := conn.Read(buffer); err == nil {
					answer(conn) // until the other side is gone
				}
			})
		}
	})
	return "http://" + l.Addr().String()
}

// repeat writes a text until the other side is gone, with a pause after each.
func repeat(conn net.Conn, text string, pause time.Duration) {
	for {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

func TestHostileReceiversCostLittle(t *testing.T) {
	t.Parallel()
	const patience = 600 * time.Millisecond
	for name, c := range map[string]struct {
		answer func(conn net.Conn)
		want   Kind // empty: an answer
	}{
		"a head byte by byte": {func(conn net.Conn) { repeat(conn, "H", 20*time.Millisecond) }, KindTimeout},
		"headers one by one": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n")
			repeat(conn, "A: b\r\n", 20*time.Millisecond)
		}, KindTimeout},
		"a flood of headers": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n")
			repeat(conn, "A: "+strings.Repeat("b", 500)+"\r\n", 0)
		}, KindConnection},
		"a header without an end": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nA: ")
			repeat(conn, strings.Repeat("b", 4096), 0)
		}, KindConnection},
		"a status without an end": {func(conn net.Conn) { fmt.Fprint(conn, "HTTP/1.1 200 "); repeat(conn, strings.Repeat("b", 4096), 0) }, KindConnection},
		"a flood of early hints":  {func(conn net.Conn) { repeat(conn, "HTTP/1.1 103 Early Hints\r\n\r\n", 0) }, KindConnection},
		"a body byte by byte": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n\r\n")
			repeat(conn, "b", 20*time.Millisecond)
		}, ""},
		"a body without an end": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n\r\n")
			repeat(conn, strings.Repeat("b", 4096), 0)
		}, ""},
		"a body of a terabyte": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n")
			repeat(conn, strings.Repeat("b", 4096), 0)
		}, ""},
		"chunks without an end": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			repeat(conn, "1\r\nb\r\n", 0)
		}, ""},
		"a chunk's extension": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
			repeat(conn, strings.Repeat("x", 4096), 0)
		}, ""},
		"trailers without an end": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
			repeat(conn, "A: b\r\n", 0)
		}, ""},
		"a packed body stays packed": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08")
		}, ""},
		"two answers at once": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
		}, ""},
		"another protocol": {func(conn net.Conn) { repeat(conn, "220 mail.example ESMTP\r\n", 0) }, KindConnection},
		"an upgrade": {func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			repeat(conn, "b", time.Millisecond)
		}, ""},
		"nothing": {func(net.Conn) { time.Sleep(2 * patience) }, KindTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := NewClient(Development(), SystemLookup, nil)
			begun := time.Now()
			r, err := get(t, client, patience, raw(t, c.answer))
			if kind(err) != c.want {
				t.Errorf("%d, %v, want %q", r.Status, err, c.want)
			}
			if took := time.Since(begun); took > patience+2*time.Second {
				t.Errorf("it took %s", took)
			}
			if len(r.Body) > MaxBody {
				t.Errorf("%d bytes were read", len(r.Body))
			}
		})
	}
}
