package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func visit(t *testing.T, browser *http.Client, address string) (int, string) {
	t.Helper()
	res, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func post(t *testing.T, address, body string, header map[string]string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}

const (
	paid    = `{"webhook_event_id":"whev_1","event_type":"order.paid","data":{"order_id":"ord_1","merchant_id":"mer_1","environment_grant_id":"egrt_1","partner_app_install_id":"pinst_1"}}`
	revoked = `{"webhook_event_id":"whev_2","event_type":"partner_app.install.revoked","data":{"partner_app_install_id":"pinst_1","merchant_id":"mer_1","status":"revoked"}}`
)

func TestFromInstallToRemoval(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a, address, browser := start(t, f)

	if _, home := visit(t, browser, address); !strings.Contains(home, `href="/install"`) {
		t.Fatalf("a visitor is not offered to install:\n%s", home)
	}
	if status, home := visit(t, browser, address+"/install"); status != http.StatusOK || !strings.Contains(home, "Installed at mer_1") {
		t.Fatalf("after installing: %d\n%s", status, home)
	}

	if status := deliver(t, address, webhookSecret, "whev_1", paid, time.Now()); status != http.StatusNoContent {
		t.Fatalf("the webhook was answered with %d", status)
	}
	a.workOnce(t.Context())
	if _, home := visit(t, browser, address); !strings.Contains(home, "ord_1") || !strings.Contains(home, "1400 USD") {
		t.Fatalf("the paid order is not shown:\n%s", home)
	}

	deliver(t, address, webhookSecret, "whev_2", revoked, time.Now())
	a.workOnce(t.Context())
	if _, home := visit(t, browser, address); !strings.Contains(home, `href="/install"`) {
		t.Fatalf("after the removal:\n%s", home)
	}
	a.store.read(func(s *contents) {
		if len(s.Installations)+len(s.Sessions)+len(s.Data.Orders)+len(s.Waiting) > 0 {
			t.Errorf("something is left of the merchant: %+v", s)
		}
	})
	if err := a.call(t.Context(), "egrt_1", http.MethodGet, "/v1/orders/ord_1", "", nil, nil); !errors.Is(err, errRemoved) {
		t.Errorf("a call after the removal: %v", err)
	}
}

func TestTheAnswerMustBelongToThisBrowser(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	_, address, browser := start(t, f)
	if status, _ := visit(t, browser, address+"/callback?code=fpac_1&state=guessed"); status != http.StatusBadRequest {
		t.Errorf("without an attempt: %d", status)
	}
	stay := *browser
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, query := range []string{"?code=fpac_1&state=guessed", "?code=fpac_1", "?error=access_denied&state=guessed"} {
		visit(t, &stay, address+"/install")
		if status, _ := visit(t, browser, address+"/callback"+query); status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, status)
		}
	}
}

func TestWebhooksThatAreNotTaken(t *testing.T) {
	t.Parallel()
	a, address, _ := start(t, newFake(t))
	other := "whsec_" + strings.Repeat("QUJD", 8)
	for name, status := range map[string]int{
		"another secret": deliver(t, address, other, "whev_1", paid, time.Now()),
		"too old":        deliver(t, address, webhookSecret, "whev_1", paid, time.Now().Add(-time.Hour)),
		"no signature":   post(t, address+"/webhooks", paid, nil),
	} {
		if status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := deliver(t, address, webhookSecret, "whev_9", paid, time.Now()); status != http.StatusBadRequest {
		t.Errorf("an id that is not the body's: %d", status)
	}
	for range 2 {
		deliver(t, address, webhookSecret, "whev_1", paid, time.Now())
	}
	a.store.read(func(s *contents) {
		if len(s.Waiting) != 1 {
			t.Errorf("%d events wait, want one", len(s.Waiting))
		}
	})
}

func TestOneRefreshAtATime(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a, address, browser := start(t, f)
	visit(t, browser, address+"/install")
	err := a.store.update(func(s *contents) error {
		in := s.Installations["egrt_1"]
		in.ExpiresAt = time.Now()
		s.Installations["egrt_1"] = in
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := a.call(context.Background(), "egrt_1", http.MethodGet, "/v1/orders/ord_1", "", nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f.refuseNext = true // a token that Flint ended early is refreshed as well
	if err := a.call(t.Context(), "egrt_1", http.MethodGet, "/v1/orders/ord_1", "", nil, nil); err != nil {
		t.Error(err)
	}
	if f.refreshes != 2 {
		t.Errorf("%d refreshes, want 2", f.refreshes)
	}
	again, err := openStore(a.store.path)
	if err != nil {
		t.Fatal(err)
	}
	if kept := again.now.Installations["egrt_1"].RefreshToken; kept != "fprt_2" {
		t.Errorf("the refresh token on the disk is %s", kept)
	}
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a, address, browser := start(t, f)
	visit(t, browser, address+"/install")
	f.order = `{"order_id":`
	deliver(t, address, webhookSecret, "whev_1", paid, time.Now())
	a.workOnce(t.Context())
	a.store.read(func(s *contents) {
		if len(s.Waiting) != 1 || s.Waiting[0].Tries != 1 || !s.Waiting[0].Due.After(time.Now()) {
			t.Errorf("after a failure waits: %+v", s.Waiting)
		}
	})
	if a.workOnce(t.Context()) {
		t.Error("it was tried again at once")
	}
}

// TestWhatIsRefusedForGoodEnds: the merchant is shown it at once, and it is not tried again.
func TestWhatIsRefusedForGoodEnds(t *testing.T) {
	t.Parallel()
	refusal := func(code, more string) string {
		return `{"error":{"code":"` + code + `","message":"no","request_id":"r1"` + more + `}}`
	}
	for name, c := range map[string]struct {
		status int
		answer string
		ends   bool
	}{
		"a scope is missing":         {http.StatusForbidden, refusal("INSUFFICIENT_SCOPE", ""), true},
		"it is not there":            {http.StatusNotFound, refusal("ORDER_NOT_FOUND", ""), true},
		"a wrong request":            {http.StatusBadRequest, refusal("INVALID_REQUEST", ""), true},
		"it may succeed later":       {http.StatusBadRequest, refusal("LATER", `,"remediation":{"retryable":true}`), false},
		"the app is paused":          {http.StatusForbidden, refusal("APP_INSTALL_PAUSED", ""), false},
		"somebody else is at it":     {http.StatusConflict, refusal("ORDER_BUSY", ""), false},
		"the request took too long":  {http.StatusRequestTimeout, refusal("SLOW", ""), false},
		"it came too early":          {http.StatusTooEarly, refusal("EARLY", ""), false},
		"there were too many":        {http.StatusTooManyRequests, refusal("RATE_LIMITED", ""), false},
		"Flint is broken":            {http.StatusInternalServerError, refusal("INTERNAL_ERROR", ""), false},
		"something else answered it": {http.StatusForbidden, "<html>", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			a, address, browser := start(t, f)
			visit(t, browser, address+"/install")
			f.status, f.order = c.status, c.answer
			deliver(t, address, webhookSecret, "whev_1", paid, time.Now())
			a.workOnce(t.Context())
			_, home := visit(t, browser, address)
			a.store.read(func(s *contents) {
				if ends := len(s.Waiting) == 0; ends != c.ends {
					t.Errorf("it waits: %t, %+v", !ends, s.Waiting)
				}
			})
			if shown := strings.Contains(home, "order.paid whev_1"); shown != c.ends {
				t.Errorf("shown: %t\n%s", shown, home)
			}
			if err := a.forget(func(installation) bool { return true }); err != nil || len(a.store.now.Ended) != 0 {
				t.Errorf("after the removal: %v, %+v", err, a.store.now.Ended)
			}
		})
	}
}

// TestWhatNeverSucceedsEnds: after the last try it is shown as well.
func TestWhatNeverSucceedsEnds(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a, address, browser := start(t, f)
	visit(t, browser, address+"/install")
	f.status, f.order = http.StatusInternalServerError, `{"error":{"code":"INTERNAL_ERROR","message":"no","request_id":"r1"}}`
	deliver(t, address, webhookSecret, "whev_1", paid, time.Now())
	waited := time.Duration(0)
	for try := range maxTries {
		if !a.workOnce(t.Context()) {
			t.Fatalf("try %d did not happen", try+1)
		}
		_ = a.store.update(func(s *contents) error {
			for n := range s.Waiting {
				waited += time.Until(s.Waiting[n].Due)
				s.Waiting[n].Due = time.Now()
			}
			return nil
		})
	}
	if waited < 12*time.Hour || waited > 48*time.Hour {
		t.Errorf("it was tried for %v, want about a day", waited)
	}
	if _, home := visit(t, browser, address); a.workOnce(t.Context()) || !strings.Contains(home, "order.paid whev_1: INTERNAL_ERROR") {
		t.Errorf("after the last try:\n%s", home)
	}
}
