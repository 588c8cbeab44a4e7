package ui

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAssets(t *testing.T) {
	t.Parallel()
	a := newAssets()
	content := []byte(strings.Repeat("body{margin:0}", 100))
	if err := a.add("x.css", content); err != nil {
		t.Fatal(err)
	}
	if a.add("x.css", nil) == nil || a.add("x.exe", nil) == nil {
		t.Error("a second file of a name, or a file of unknown type, was taken")
	}
	asset, _ := a.Get("x.css")
	for _, tt := range []struct {
		accept string
		zipped bool
	}{{"", false}, {"gzip", true}, {"br, gzip;q=0.5", true}, {"gzip;q=0", false}, {"identity", false}} {
		r := httptest.NewRequest(http.MethodGet, asset.Path, nil)
		r.Header.Set("Accept-Encoding", tt.accept)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		body := io.Reader(w.Body)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != tt.zipped {
			t.Fatalf("Accept-Encoding %q: zipped %v", tt.accept, got)
		}
		if tt.zipped {
			zr, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = zr
		}
		if got, _ := io.ReadAll(body); !bytes.Equal(got, content) {
			t.Errorf("Accept-Encoding %q: another content", tt.accept)
		}
		if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("Cache-Control %q", got)
		}
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/assets/0000000000000000/x.css", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("another hash answers %d", w.Code)
	}
}

func TestSecureHeaders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		policy Policy
		header string
		has    string
		hasNot string
	}{
		{"nothing by default", Policy{Nonce: "n"}, "Content-Security-Policy", "default-src 'none'; script-src 'nonce-n' 'strict-dynamic'", "unsafe"},
		{"not framed", Policy{}, "Content-Security-Policy", "frame-ancestors 'none'", ""},
		{"not framed, old browsers", Policy{}, "X-Frame-Options", "DENY", ""},
		{"framed by us", Policy{FrameAncestors: []string{"'self'"}}, "X-Frame-Options", "SAMEORIGIN", ""},
		{"framed by a merchant", Policy{FrameAncestors: []string{"https://shop.example/cart"}}, "Content-Security-Policy", "frame-ancestors https://shop.example;", ""},
		{"a source that widens", Policy{FrameSrc: []string{"https://a.example; script-src *", "*", "https:"}}, "Content-Security-Policy", "frame-src 'none'", "*"},
		{"no hsts on http", Policy{}, "Strict-Transport-Security", "", "max-age"},
		{"hsts on https", Policy{HTTPS: true}, "Strict-Transport-Security", "max-age=63072000", ""},
		{"sniffing", Policy{}, "X-Content-Type-Options", "nosniff", ""},
		{"payment", Policy{Payment: true}, "Permissions-Policy", "payment=(self)", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			SecureHeaders(w, tt.policy)
			got := w.Header().Get(tt.header)
			if !strings.Contains(got, tt.has) || tt.hasNot != "" && strings.Contains(got, tt.hasNot) {
				t.Errorf("%s: %s", tt.header, got)
			}
		})
	}
}

func part(body string) Part {
	return Part{Name: "x", Files: fstest.MapFS{"page.html": {Data: []byte(`{{define "body"}}` + body + `{{end}}`)}}}
}

func TestRenderFailsWhole(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r, err := New(Config{Log: slog.New(slog.NewTextHandler(&log, nil)), Languages: []Language{English()}}, part(`<h1>half</h1>{{t "no.such.text"}}`))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r.Render(w, httptest.NewRequest(http.MethodGet, "/", nil), Page{Name: "x/page"})
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "half") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "no.such.text") {
		t.Errorf("the log does not say why: %s", log.String())
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	arabic := Language{Tag: "ar", RTL: true, Plural: English().Plural, Texts: map[string]string{"pay.total": "المجموع"}}
	r, err := New(Config{Log: slog.New(slog.DiscardHandler), Languages: []Language{English(), arabic}}, part(`{{t "pay.total"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string][]string{
		"ar": {`lang="ar" dir="rtl"`, "المجموع"}, "en": {`lang="en" dir="ltr"`, "Total"}, "xx": {`lang="en"`}, "": {`lang="en"`},
	} {
		w := httptest.NewRecorder()
		r.Render(w, httptest.NewRequest(http.MethodGet, "/", nil), Page{Name: "x/page", Lang: tag})
		for _, s := range want {
			if !strings.Contains(w.Body.String(), s) {
				t.Errorf("%q lacks %s", tag, s)
			}
		}
	}
}

func TestEnglish(t *testing.T) {
	t.Parallel()
	en := English()
	for got, want := range map[string]string{
		en.N("pay.items", 1):              "1 item",
		en.N("pay.items", 3):              "3 items",
		en.T("pay.title", "Ana"):          "Pay Ana",
		en.T("A ready sentence."):         "A ready sentence.",
		en.Decline("lost_or_stolen_card"): en.T("decline.other"),
		en.Decline("insufficient_funds"):  en.T("decline.insufficient_funds"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
