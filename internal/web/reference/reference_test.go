package reference_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"flint/docs"
	"flint/internal/web/reference"
	"flint/internal/web/ui"
)

func TestEveryCodeHasItsPlaceOnThePage(t *testing.T) {
	t.Parallel()
	r, err := ui.New(ui.Config{Languages: []ui.Language{ui.English()}}, reference.Part())
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	reference.Handler(r, docs.Errors).ServeHTTP(w, httptest.NewRequest("GET", "/docs/errors", nil))
	if w.Code != 200 {
		t.Fatalf("status %d", w.Code)
	}
	n := 0
	for line := range strings.Lines(docs.Errors) {
		code, ok := strings.CutPrefix(strings.TrimSpace(line), "### ")
		if !ok {
			continue
		}
		n++
		if !strings.Contains(w.Body.String(), `id="`+code+`"`) {
			t.Errorf("%s is not on the page", code)
		}
	}
	if n < 50 {
		t.Errorf("only %d codes are documented", n)
	}
	for _, topic := range reference.Parse(docs.Errors) {
		for _, c := range topic.Codes {
			if c.Text == "" || c.Do == "" {
				t.Errorf("%s lacks its meaning or what to do", c.Name)
			}
		}
	}
}
