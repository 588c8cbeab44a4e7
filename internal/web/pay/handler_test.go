package pay_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/paymentlink"
	"flint/internal/tenant"
	"flint/internal/web/pay"
	"flint/internal/web/ui"
)

var contextInput = regexp.MustCompile(`name="context" value="([^"]+)"`)

// A buyer without JavaScript chooses, is told beside the field what is wrong, and enters the checkout; the
// same page sent twice opens one checkout.
func TestPaymentLinkPage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		var l *paymentlink.Link
		b.Write(t, func(tx db.Tx) (err error) {
			l, err = b.Links.Create(tx.Context(), tx, paymentlink.CreateInput{Scope: b.Scope, Cause: b.Cause, Link: paymentlink.Link{Name: "Help us",
				Type: paymentlink.TypeDonation, DonationMin: &money.Amount{Minor: 500, Currency: "USD"}, Suggested: []money.Amount{{Minor: 1000, Currency: "USD"}},
				Fields: []paymentlink.Field{{Type: paymentlink.FieldText, Key: "name", Label: "Your name", Required: true}}}})
			return err
		})
		renderer, err := ui.New(ui.Config{Log: slog.New(slog.DiscardHandler), Languages: []ui.Language{ui.English()}}, pay.Part())
		if err != nil {
			t.Fatal(err)
		}
		mux, entered := http.NewServeMux(), []string{}
		pay.NewHandler(pay.Config{DB: d, Log: slog.New(slog.DiscardHandler), UI: renderer, Links: b.Links, BaseURL: "https://flint.test",
			Shop: func(db.Tx, tenant.Scope) (pay.Shop, error) { return pay.Shop{Name: "Northwind"}, nil },
			Enter: func(w http.ResponseWriter, _ *http.Request, s *checkout.Session) {
				entered = append(entered, s.ID)
				w.WriteHeader(http.StatusSeeOther)
			}}).Routes(mux)
		ask := func(method, path string, form url.Values) (int, string) {
			r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			body, _ := io.ReadAll(w.Result().Body)
			return w.Code, string(body)
		}
		status, body := ask("GET", "/pay/"+l.ID, nil)
		if status != 200 || !strings.Contains(body, "Help us") || !strings.Contains(body, "$10.00") || contextInput.FindStringSubmatch(body) == nil {
			t.Fatalf("%d %s", status, body)
		}
		form := url.Values{"context": {contextInput.FindStringSubmatch(body)[1]}, "amount": {"other"}, "amount_other": {"1.00"}}
		status, body = ask("POST", "/pay/"+l.ID, form)
		if status != 422 || !strings.Contains(body, "Fill this in.") || !strings.Contains(body, "within the bounds") || !strings.Contains(body, `value="1.00"`) {
			t.Fatalf("%d %s", status, body)
		}
		form.Set("context", contextInput.FindStringSubmatch(body)[1])
		form.Set("amount_other", "12.5")
		form.Set("f0", "Ann")
		for range 2 {
			if status, body = ask("POST", "/pay/"+l.ID, form); status != 303 {
				t.Fatalf("%d %s", status, body)
			}
		}
		if len(entered) != 2 || entered[0] != entered[1] {
			t.Errorf("entered %v", entered)
		}
		if status, _ = ask("GET", "/pay/pl_01J00000000000000000000000", nil); status != 404 {
			t.Errorf("a link that is not there: %d", status)
		}
	})
}
