package logo_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/egress"
	"flint/internal/id"
	"flint/internal/logo"
	"flint/internal/pdf"
	"flint/internal/tenant"
)

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 20))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLogo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		var asked atomic.Int64
		var broken atomic.Bool
		good := picture(t)
		site := http.NewServeMux()
		give := func(path, kind string, data []byte) {
			site.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				if broken.Load() {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				w.Header().Set("Content-Type", kind)
				w.Write(data)
			})
		}
		give("/logo.png", "image/png", good)
		give("/page", "text/html", good)
		give("/fake.png", "image/png", []byte("<svg/>"))
		give("/big.png", "image/png", append(bytes.Clone(good), make([]byte, logo.MaxSize)...))
		site.Handle("/moved.png", http.RedirectHandler("/logo.png", http.StatusFound))
		web := httptest.NewServer(site)
		defer web.Close()

		c := clock.NewFixed(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		ids := id.NewSource(c)
		s := &logo.Service{DB: d, Clock: c, Client: egress.NewClient(egress.Development(), egress.SystemLookup, nil), Log: slog.New(slog.DiscardHandler), Check: pdf.CheckLogo}
		scope := func() tenant.Scope {
			return tenant.Scope{MerchantID: ids.New(id.Merchant), EnvironmentID: ids.New(id.Sandbox)}
		}
		for _, path := range []string{"/page", "/fake.png", "/big.png", "/moved.png", "/none"} {
			if got := s.Get(t.Context(), scope(), web.URL+path); got != nil {
				t.Errorf("%s gives %d bytes", path, len(got))
			}
		}
		strict := *s
		strict.Client = egress.NewClient(egress.Policy{}, egress.SystemLookup, nil)
		if got := strict.Get(t.Context(), scope(), web.URL+"/logo.png"); got != nil {
			t.Error("an address that is not public gives a logo")
		}

		mine, url := scope(), web.URL+"/logo.png"
		asked.Store(0)
		expect := func(what string, data []byte, calls int64) {
			t.Helper()
			if got := s.Get(t.Context(), mine, url); !bytes.Equal(got, data) || asked.Load() != calls {
				t.Errorf("%s: %d bytes after %d calls", what, len(got), asked.Load())
			}
		}
		expect("first", good, 1)
		expect("kept", good, 1)
		c.Set(c.Now().Add(logo.Fresh))
		broken.Store(true)
		expect("an old one serves", good, 2)
		expect("and is not asked for at once", good, 2)
		c.Set(c.Now().Add(logo.Again))
		broken.Store(false)
		expect("asked again", good, 3)
		url += fmt.Sprintf("?%d", 2)
		broken.Store(true)
		expect("another address, not there", nil, 4)
		expect("not asked for at once", nil, 4)
		c.Set(c.Now().Add(logo.Again))
		broken.Store(false)
		expect("there now", good, 5)
	})
}
