package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flint/internal/httpapi"
)

func TestClientAddress(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for name, c := range map[string]struct {
		peer    string
		forward []string
		want    string
	}{
		"nobody forwards":           {"203.0.113.7:1", nil, "203.0.113.7"},
		"a stranger's word":         {"203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		"our proxy's word":          {"10.1.1.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		"two proxies":               {"10.1.1.1:1", []string{"198.51.100.1, 10.2.2.2"}, "198.51.100.1"},
		"what the client made up":   {"10.1.1.1:1", []string{"192.0.2.66, 198.51.100.1"}, "198.51.100.1"},
		"in a header of its own":    {"10.1.1.1:1", []string{"192.0.2.66", "198.51.100.1"}, "198.51.100.1"},
		"the proxy itself":          {"10.1.1.1:1", nil, "10.1.1.1"},
		"garbage":                   {"10.1.1.1:1", []string{"198.51.100.1, unknown"}, "10.1.1.1"},
		"IPv6":                      {"[::1]:1", []string{"2001:db8::5"}, "2001:db8::5"},
		"IPv4 in IPv6 of our proxy": {"[::ffff:10.1.1.1]:1", []string{"198.51.100.1"}, "198.51.100.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Header = c.peer, http.Header{"X-Forwarded-For": c.forward}
		if got := clientAddress(proxies)(r); got != netip.MustParseAddr(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func open(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	dir := t.TempDir()
	c := Config{Database: filepath.Join(dir, "flint.db"), DataDir: dir, BaseURL: "https://pay.test", Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&c)
	}
	s, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestEveryAnswerIsProtected(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	handler := s.Handler(func(mux *http.ServeMux) {
		mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("oops") })
		mux.HandleFunc("GET /panic-late", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic("oops")
		})
	})
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	style, _ := s.UI.Assets().Get("flint.css")
	for path, status := range map[string]int{
		"/healthz": 200, "/readyz": 200, style.Path: 200, "/assets/none.css": 404, "/": 404, "/v1/openapi.json": 200, "/v1/merchant": 401, "/v1/x": 404,
		"/checkout/cs_nonsense": 404, "/simulator/challenge/x": 404, "/dev/clock": 404, "/metrics": 404, "/panic": 500,
	} {
		res, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
		}
		h := res.Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || !strings.HasPrefix(h.Get("Strict-Transport-Security"), "max-age=") {
			t.Errorf("%s: %v", path, h)
		}
		if path == "/panic" && (!strings.Contains(string(body), "Something went wrong on our side") || strings.Contains(string(body), "oops")) {
			t.Errorf("the page of a panic is %s", body)
		}
	}
	if res, err := http.Get(server.URL + "/panic-late"); err == nil {
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Error("half a page ended like a whole one")
		}
		res.Body.Close()
	}
}

// People's pages end with a page when they panic, also the one below /v1/.
func TestAPanicOfAPageForPeopleIsAPage(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	s.gate.Auth, s.pages.DB = nil, nil // what they touch first
	handler := s.Handler()
	link := consentPath + "?response_type=code&client_id=fpc_x&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&mode=test&state=s" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	for _, path := range []string{link, "/device", "/apps"} {
		r, w := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "Something went wrong on our side") {
			t.Errorf("%.30s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestPagesAreThrottledByAddress(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *Config) {
		c.Limits, c.Proxies = httpapi.DefaultLimits(), []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	handler := s.Handler()
	post := func(from string) int {
		r := httptest.NewRequest("POST", "/checkout/cs_nonsense/pay", strings.NewReader(""))
		r.Header.Set("X-Forwarded-For", from)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Error("nobody says how long to wait")
		}
		return w.Code
	}
	refused := 0
	for range pageRates["pay"].Burst + 20 {
		if post("2001:db8::1") == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 10 {
		t.Errorf("%d of 80 refused", refused)
	}
	if post("2001:db8::ffff") != http.StatusTooManyRequests || post("2001:db8:1::1") == http.StatusTooManyRequests {
		t.Error("IPv6 clients are not told apart by network")
	}
}

// A failed start leaves no listener behind, and so does a server that never ran.
func TestListenersAreReleased(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	dir := t.TempDir()
	c := Config{Database: filepath.Join(dir, "flint.db"), DataDir: dir, Addr: address, MetricsAddr: taken.Addr().String()}
	if s, err := Open(context.Background(), c); err == nil {
		_ = s.Close()
		t.Fatal("two listeners on one port")
	}
	c.MetricsAddr = ""
	for range 2 {
		s, err := Open(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A storage failure ends Run with its error, so that the process does not exit as if all were well.
func TestRunEndsWithTheFatalError(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *Config) { c.Addr = "127.0.0.1:0" })
	s.fatal <- io.ErrShortWrite
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Run(ctx, s.Handler()); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Run ended with %v", err)
	}
}
