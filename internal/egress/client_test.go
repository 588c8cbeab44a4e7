package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func get(t *testing.T, c *Client, timeout time.Duration, url string) (Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(req)
}

func kind(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

func fixed(addrs ...string) Lookup {
	return func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range addrs {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
}

func TestNamesThatPointInwardsAreRefused(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer inside.Close()
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	var number uint16
	fmt.Sscan(port, &number)
	policy := Policy{AllowHTTP: true, Ports: []uint16{number}}
	for _, answers := range [][]string{
		{"127.0.0.1"}, {"::1"}, {"::ffff:127.0.0.1"}, {"10.0.0.1", "127.0.0.1"}, {"64:ff9b::7f00:1"}, {"2002:7f00:1::"}, {"0.0.0.0"}, {"::"}, {},
	} {
		c := NewClient(policy, fixed(answers...), nil)
		if _, err := get(t, c, 5*time.Second, "http://shop.example:"+port+"/"); kind(err) != KindBlocked {
			t.Errorf("%v: %v", answers, err)
		}
	}
	c := NewClient(policy, fixed(), nil)
	if _, err := get(t, c, 5*time.Second, inside.URL); kind(err) != KindBlocked {
		t.Errorf("a literal loopback address: %v", err)
	}
	if hits.Load() != 0 {
		t.Error("the inner server was reached")
	}
}

func TestTheSocketIsCheckedOnceMore(t *testing.T) {
	t.Parallel()
	c := NewClient(Policy{}, fixed(), nil)
	for address, network := range map[string]string{
		"127.0.0.1:443": "tcp4", "[::1]:443": "tcp6", "8.8.8.8:22": "tcp4", "8.8.8.8:80": "tcp4", "8.8.8.8:443": "udp4",
		"[fe80::1%lo]:443": "tcp6", "/var/run/docker.sock": "unix", "": "tcp4",
	} {
		if kind(c.control(network, address, nil)) != KindBlocked {
			t.Errorf("%s %s passed", network, address)
		}
	}
	if err := c.control("tcp4", "8.8.8.8:443", nil); err != nil {
		t.Error(err)
	}
}

func TestANameThatChangesBetweenCallsIsJudgedEachTime(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	var asked atomic.Int32
	rebinding := func(context.Context, string) ([]netip.Addr, error) {
		if asked.Add(1) == 1 {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
	}
	c := NewClient(Policy{AllowHTTP: true, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, rebinding, nil)
	if r, err := get(t, c, 5*time.Second, "http://shop.example:"+port); err != nil || r.Status != 200 {
		t.Fatal(r, err)
	}
	if _, err := get(t, c, 5*time.Second, "http://shop.example:"+port); kind(err) != KindBlocked {
		t.Fatal(err)
	}
	if asked.Load() != 2 {
		t.Errorf("one connection takes one lookup, not %d in two", asked.Load())
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "http://127.0.0.1/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	c := NewClient(Development(), SystemLookup, nil)
	r, err := get(t, c, 5*time.Second, server.URL)
	if err != nil || r.Status != http.StatusTemporaryRedirect || hits.Load() != 1 {
		t.Error(r.Status, err, hits.Load())
	}
}

func TestTheEnvironmentsProxyIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	if p := NewClient(Development(), SystemLookup, nil).http.Transport.(*http.Transport).Proxy; p != nil {
		t.Error("a proxy function is set")
	}
}

func TestHostileAnswersAreBounded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // the server notices a lost caller only once the request was read
		switch r.URL.Path {
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("a", 8<<10)); err != nil {
					return
				}
			}
		case "/slow-body":
			w.WriteHeader(http.StatusAccepted)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/slow-head":
			<-r.Context().Done()
		case "/huge-header":
			w.Header().Set("X-Huge", strings.Repeat("a", 64<<10))
		}
	}))
	defer server.Close()
	c := NewClient(Development(), SystemLookup, nil)
	if r, err := get(t, c, 5*time.Second, server.URL+"/endless"); err != nil || len(r.Body) != MaxBody {
		t.Error("endless:", len(r.Body), err)
	}
	if r, err := get(t, c, 300*time.Millisecond, server.URL+"/slow-body"); err != nil || r.Status != http.StatusAccepted {
		t.Error("slow body:", r.Status, err)
	}
	if _, err := get(t, c, 300*time.Millisecond, server.URL+"/slow-head"); kind(err) != KindTimeout {
		t.Error("slow head:", err)
	}
	if _, err := get(t, c, 5*time.Second, server.URL+"/huge-header"); kind(err) != KindConnection {
		t.Error("huge header:", err)
	}
}

func TestFailuresAreClassified(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closedURL := closed.URL
	closed.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer secure.Close()
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	defer old.Close()
	hangUp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp.Close()
	go func() {
		for {
			conn, err := hangUp.Accept()
			if err != nil {
				return
			}
			bufio.NewReader(conn).ReadString('\n')
			conn.Close()
		}
	}()
	missing := func(context.Context, string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	slow := func(ctx context.Context, _ string) ([]netip.Addr, error) { <-ctx.Done(); return nil, ctx.Err() }
	pool := x509.NewCertPool()
	pool.AddCert(secure.Certificate())
	trusted := &tls.Config{RootCAs: pool}
	for _, c := range []struct {
		name   string
		client *Client
		url    string
		want   Kind
	}{
		{"refused", NewClient(Development(), SystemLookup, nil), closedURL, KindConnection},
		{"hang-up", NewClient(Development(), SystemLookup, nil), "http://" + hangUp.Addr().String(), KindConnection},
		{"unknown name", NewClient(Development(), missing, nil), "http://shop.example/", KindDNS},
		{"slow resolver", NewClient(Development(), slow, nil), "http://shop.example/", KindTimeout},
		{"unknown authority", NewClient(Development(), SystemLookup, nil), secure.URL, KindTLS},
		{"old protocol", NewClient(Development(), SystemLookup, trusted), old.URL, KindTLS},
		{"wrong name", NewClient(Development(), fixed("127.0.0.1"), trusted), strings.Replace(secure.URL, "127.0.0.1", "other.test", 1), KindTLS},
		{"plain HTTP", NewClient(Policy{}, SystemLookup, nil), "http://shop.example/", KindBlocked},
		{"trusted", NewClient(Development(), SystemLookup, trusted), secure.URL, ""},
	} {
		if _, err := get(t, c.client, time.Second, c.url); kind(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
