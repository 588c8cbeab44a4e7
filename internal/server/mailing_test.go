package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/httpapi"
	"flint/internal/mail"
	"flint/internal/merchant"
	"flint/internal/notification"
	"flint/internal/server"
	"flint/internal/settings"
)

// A reminder in the mailbox, its link, the page, the post of a mail program and the next reminder.
func TestRecipientsLeave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := server.Open(t.Context(), server.Config{Database: filepath.Join(dir, "flint.db"), DataDir: dir, Development: true, BaseURL: "https://pay.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var made merchant.Created
	letter := notification.Letter{Family: notification.FamilyReminders, To: "buyer@example.com", Subject: "Still there", Blocks: []notification.Block{notification.Paragraph("Come back.")}}
	queue := func(key string) (state, reason string) {
		t.Helper()
		err := s.DB.Write(t.Context(), func(tx db.Tx) error {
			l := letter
			l.Key, l.Scope = key, made.Sandbox.Scope
			mailID, err := s.Receipts.Queue(t.Context(), tx, l)
			if err != nil {
				return err
			}
			state, reason, err = s.Receipts.State(tx, l.Scope, mailID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return state, reason
	}
	if err := s.DB.Write(t.Context(), func(tx db.Tx) (err error) {
		if made, err = s.Merchants.Create(t.Context(), tx, merchant.CreateInput{Email: "owner@northwind.example", BusinessName: "Northwind <&>", APIVersion: httpapi.Version, Now: s.Clock.Now()}); err != nil {
			return err
		}
		return s.Settings.Patch(t.Context(), tx, settings.PatchInput{Scope: made.Sandbox.Scope, Cause: event.Cause{ActorType: "system"},
			Changes: []byte(`{"branding":{"primary_color":"#0a7d4f","font_family":"system_serif"},"recovery":{"quiet_hours":{"enabled":false}}}`)})
	}); err != nil {
		t.Fatal(err)
	}
	if state, reason := queue("first"); state != notification.StateQueued {
		t.Fatalf("the reminder is %s because of %s", state, reason)
	}
	if _, err := s.Jobs.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	var mails []notification.Message
	if err := s.DB.Read(t.Context(), func(tx db.Tx) (err error) {
		mails, err = mail.Mailbox{DB: s.DB}.List(t.Context(), tx, mail.ListInput{})
		return err
	}); err != nil || len(mails) != 1 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	if m := mails[0]; m.Subject != "[Test] Still there" || !strings.Contains(m.HTML, "background:#0a7d4f") || !strings.Contains(m.HTML, "Georgia") {
		t.Errorf("the mail does not look like its merchant: %s\n%s", m.Subject, m.HTML)
	}
	link, err := url.Parse(mails[0].Unsubscribe)
	if err != nil || link.Host != "pay.example" {
		t.Fatalf("the link is %s, %v", mails[0].Unsubscribe, err)
	}
	handler := s.Handler()
	do := func(method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for n := 0; n < len(headers); n += 2 {
			r.Header.Set(headers[n], headers[n+1])
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	choices := func() (c notification.Choices) {
		t.Helper()
		if err := s.DB.Read(t.Context(), func(tx db.Tx) (err error) {
			c, err = s.Receipts.Preferences(tx, made.Sandbox.Scope, letter.To)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	all := notification.Choices{CheckoutReminders: true, ShippingUpdates: true}
	w := do("GET", link.Path, nil)
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "Northwind &lt;&amp;&gt;") || !strings.Contains(body, "Unsubscribe from reminders") || choices() != all {
		t.Errorf("reading the page: %d, %+v, %s", w.Code, choices(), body)
	}
	if w := do("POST", link.Path, url.Values{"x": {"y"}}); w.Code != http.StatusBadRequest || choices() != all {
		t.Errorf("a post of something else: %d", w.Code)
	}
	w = do("POST", link.Path, url.Values{"List-Unsubscribe": {"One-Click"}}, "Origin", "https://mail.example", "Sec-Fetch-Site", "cross-site")
	if w.Code != 200 || choices() != (notification.Choices{ShippingUpdates: true}) || !strings.Contains(w.Body.String(), "You are unsubscribed") {
		t.Errorf("one click: %d, %+v", w.Code, choices())
	}
	if state, reason := queue("second"); state != notification.StateSuppressed || reason != notification.ReasonPreference {
		t.Errorf("the next reminder is %s because of %s", state, reason)
	}
	if do("POST", link.Path, url.Values{"action": {"save"}, "checkout_reminders": {"on"}}); choices() != (notification.Choices{CheckoutReminders: true}) {
		t.Errorf("saved choices: %+v", choices())
	}
	for _, path := range []string{notification.UnsubscribePath + "x", link.Path + "x"} {
		for _, method := range []string{"GET", "POST"} {
			if w := do(method, path, url.Values{"action": {"leave"}}); w.Code != 404 || !strings.Contains(w.Body.String(), "does not work") {
				t.Errorf("%s of a token we never made: %d", method, w.Code)
			}
		}
	}
}
