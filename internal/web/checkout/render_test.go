package checkout

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"flint/internal/web/ui"
)

func pages(t *testing.T) *Pages {
	t.Helper()
	r, err := ui.New(ui.Config{Log: slog.New(slog.DiscardHandler), Languages: []ui.Language{ui.English()}}, Part())
	if err != nil {
		t.Fatal(err)
	}
	return New(r)
}

func TestEndStatuses(t *testing.T) {
	t.Parallel()
	p := pages(t)
	for kind, want := range map[EndKind]int{
		EndExpired: 410, EndClosed: 410, EndSuperseded: 410, EndChanged: 410, EndPaid: 200, EndNotFound: 404,
	} {
		w := httptest.NewRecorder()
		p.RenderEnd(w, httptest.NewRequest(http.MethodGet, "/", nil), End{Kind: kind})
		if w.Code != want {
			t.Errorf("%s answers %d, want %d", kind, w.Code, want)
		}
	}
}

func TestFieldsAreFramedByTheirPageOnly(t *testing.T) {
	t.Parallel()
	p := pages(t)
	for _, tt := range []struct {
		name         string
		view         Fields
		policy, page string
	}{
		{"our page", Fields{Option: OptionCard}, "frame-ancestors 'self'", `data-parent="self"`},
		{"a merchant's page", Fields{Option: OptionCard, Around: "https://shop.example", ParentOrigin: "https://shop.example"}, "frame-ancestors https://shop.example;", `data-parent="https://shop.example"`},
		{"our page inside a merchant's", Fields{Option: OptionCard, Around: "https://shop.example"}, "frame-ancestors 'self' https://shop.example;", `data-parent="self"`},
		{"a page of its own", Fields{Option: OptionBank, Alone: true}, "frame-ancestors 'none'", `data-parent=""`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			p.RenderFields(w, httptest.NewRequest(http.MethodGet, "/", nil), tt.view)
			if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, tt.policy) {
				t.Errorf("policy %s", got)
			}
			if !strings.Contains(w.Body.String(), tt.page) {
				t.Errorf("the page lacks %s", tt.page)
			}
		})
	}
}

func TestFaultsStandBesideTheirInputs(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	pages(t).RenderFields(w, httptest.NewRequest(http.MethodGet, "/", nil), Fields{
		Option: OptionCard, Errors: []FieldError{{"number", "fields.error.number"}},
	})
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("answers %d", w.Code)
	}
	for _, want := range []string{`aria-invalid="true" aria-describedby="number-error"`, `id="number-error">Check the card number.</p>`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Count(w.Body.String(), `aria-invalid="true"`) != 1 {
		t.Error("another input is marked too")
	}
}

func TestAnEmbeddedPageIsFramedByItsShopOnly(t *testing.T) {
	t.Parallel()
	p := pages(t)
	w := httptest.NewRecorder()
	p.RenderLoader(w, httptest.NewRequest(http.MethodGet, "/", nil), Loader{Common: Common{SessionID: "cs_1", Around: "https://shop.example", Framed: true}})
	if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors https://shop.example;") {
		t.Errorf("policy %s", got)
	}
	for _, want := range []string{`data-parent="https://shop.example"`, `data-page="checkout/loader"`, `class="embed"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	w = httptest.NewRecorder()
	p.RenderEnd(w, httptest.NewRequest(http.MethodGet, "/", nil), End{Kind: EndNotFound})
	if got := w.Header().Get("X-Frame-Options"); got != "DENY" {
		t.Errorf("a page that is not embedded may be framed: %q", got)
	}
}
