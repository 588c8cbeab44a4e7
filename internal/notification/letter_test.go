package notification_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/notification"
	"flint/internal/secret"
	"flint/internal/tenant"
)

func (b *bench) letters(t *testing.T) *bench {
	t.Helper()
	box, err := secret.NewBox(bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	b.Box, b.Address = box, func(tenant.Scope) string { return "https://flint.example" }
	b.Brand = func(db.Tx, tenant.Scope) (notification.Brand, error) {
		return notification.Brand{Merchant: notification.Merchant{Name: "Chair Shop", SupportEmail: "help@chairs.example", Address: []string{"1 Main St", "Ghent"}}, Radius: 10}, nil
	}
	return b
}

func reminder(key string) notification.Letter {
	return notification.Letter{Scope: scope, Key: key, Family: notification.FamilyReminders, To: "Buyer@Example.com", Subject: "You left something",
		Heading: "Still there", Cause: event.Cause{ActorType: "system"},
		Blocks: []notification.Block{notification.Paragraph("Two chairs <b>wait</b>.\nTake your time."),
			notification.Facts(notification.Fact{Name: "2 × Chair", Detail: "Oak\r\nBcc: x", Value: "$20.00"}, notification.Fact{Name: "Total", Value: "$20.00", Strong: true}),
			notification.Amount("To pay", "$20.00"), notification.Code("123 456"), notification.Notice("Only today"),
			notification.Image("https://cdn.example/chair.png", "A chair"), notification.Button("Go on", "https://flint.example/r/abc?x=1&y=2")}}
}

func (b *bench) queue(l notification.Letter) (mailID string, err error) {
	err = b.DB.Write(b.t.Context(), func(tx db.Tx) error {
		mailID, err = b.Queue(b.t.Context(), tx, l)
		return err
	})
	return mailID, err
}

func (b *bench) state(mailID, state, reason string) {
	b.t.Helper()
	err := b.DB.Read(b.t.Context(), func(tx db.Tx) error {
		got, why, err := b.State(tx, scope, mailID)
		if err == nil && (got != state || why != reason) {
			b.t.Errorf("the mail is %s because of %q, want %s because of %q", got, why, state, reason)
		}
		return err
	})
	if err != nil {
		b.t.Error(err)
	}
}

func TestLetterIsSentOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d).letters(t)
		b.Renderers = map[string]func(context.Context, tenant.Scope, string) (notification.Attachment, error){
			"paper": func(_ context.Context, s tenant.Scope, id string) (notification.Attachment, error) {
				return notification.Attachment{Name: id + ".pdf", Type: "application/pdf", Data: []byte("%PDF " + s.MerchantID)}, nil
			}}
		l := reminder("one")
		l.Attachments = []notification.Attachment{{Name: "a.txt", Type: "text/plain", Data: []byte("hi")}}
		l.Render, l.RenderID, l.Cc = "paper", "inv_1", []string{"second@example.com"}
		first, err := b.queue(l)
		if err != nil {
			t.Fatal(err)
		}
		b.state(first, notification.StateQueued, "")
		if again, err := b.queue(l); err != nil || again != first {
			t.Errorf("the same key made %s, %v, want %s", again, err, first)
		}
		b.out.err = errors.New("the server is away")
		b.run()
		b.state(first, notification.StateQueued, "")
		b.out.err = nil
		b.clock.Set(b.clock.Now().Add(time.Hour))
		b.run()
		b.state(first, notification.StateSent, "")
		if len(b.out.sent) != 1 {
			t.Fatalf("%d mails were sent", len(b.out.sent))
		}
		m := b.out.sent[0]
		if m.ID != first || m.Subject != "You left something" || m.FromName != "Chair Shop" || m.ReplyTo != "help@chairs.example" || len(m.Attachments) != 2 || m.Attachments[1].Name != "inv_1.pdf" || m.Cc[0] != "second@example.com" {
			t.Errorf("the mail is %+v", m)
		}
		for _, want := range []string{"Two chairs &lt;b&gt;wait&lt;/b&gt;.<br>Take your time.", "2 × Chair", "123 456", `href="https://flint.example/r/abc?x=1&amp;y=2"`, "A chair", m.Unsubscribe} {
			if !strings.Contains(m.HTML, strings.ReplaceAll(want, "+", "&#43;")) {
				t.Errorf("the page has no %q", want)
			}
		}
		for _, want := range []string{"Two chairs <b>wait</b>.\nTake your time.\n", "2 × Chair (Oak  Bcc: x): $20.00\n", "Go on:\nhttps://flint.example/r/abc?x=1&y=2\n", "Unsubscribe: https://flint.example/mail/unsubscribe/"} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("the text has no %q:\n%s", want, m.Text)
			}
		}
		var kept string
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.QueryRow([]any{&kept}, `SELECT content FROM letters WHERE merchant_id = $1 AND environment_id = $2 AND mail_id = $3`, scope.MerchantID, scope.EnvironmentID, first)
		}); err != nil || kept != "" {
			t.Errorf("what the letter said is still there: %q, %v", kept, err)
		}
		if page := os.Getenv("FLINT_MAIL_PAGE"); page != "" && d.Engine() == db.SQLite {
			if err := os.WriteFile(page, []byte(m.HTML), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestLettersThatAreNotSent(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d).letters(t)
		ask := func(l notification.Letter) string {
			t.Helper()
			mailID, err := b.queue(l)
			if err != nil {
				t.Fatal(err)
			}
			return mailID
		}
		policy := notification.Policy{MerchantSends: true}
		b.Policy = func(db.Tx, tenant.Scope, string) (notification.Policy, error) { return policy, nil }
		b.state(ask(reminder("merchant")), notification.StateSuppressed, notification.ReasonMerchantSends)
		policy = notification.Policy{MaxMails: 2, Within: 24 * time.Hour}
		late := ask(reminder("1"))
		ask(reminder("2"))
		b.state(ask(reminder("3")), notification.StateSuppressed, notification.ReasonFrequency)
		security := reminder("code")
		security.Family, policy = notification.FamilySecurity, notification.Policy{}
		set := func(c notification.Choices) {
			t.Helper()
			if err := d.Write(t.Context(), func(tx db.Tx) error { return b.SetPreferences(tx, scope, "BUYER@example.com", c) }); err != nil {
				t.Fatal(err)
			}
		}
		set(notification.Choices{ShippingUpdates: true})
		b.state(ask(reminder("4")), notification.StateSuppressed, notification.ReasonPreference)
		code := ask(security)
		b.run()
		b.state(late, notification.StateSuppressed, notification.ReasonPreference) // switched off while it waited
		b.state(code, notification.StateSent, "")
		if len(b.out.sent) != 1 || b.out.sent[0].Unsubscribe != "" {
			t.Errorf("sent %d mails, of security with %q", len(b.out.sent), b.out.sent[0].Unsubscribe)
		}
		set(notification.Choices{CheckoutReminders: true, ShippingUpdates: true})
		quiet := b.clock.Now().Add(3 * time.Hour)
		policy = notification.Policy{Quiet: func(time.Time, string) time.Time { return quiet }}
		waits := ask(reminder("5"))
		b.run()
		b.state(waits, notification.StateQueued, "")
		b.clock.Set(quiet)
		b.out.err = notification.ErrRejected
		b.run()
		b.state(waits, notification.StateRejected, notification.ReasonAddress)
		b.Sender = nil
		b.state(ask(reminder("6")), notification.StateSuppressed, notification.ReasonNoMail)
		bad := reminder("7")
		bad.To = "nobody"
		if _, err := b.queue(bad); !fault.Is(err, "INVALID_EMAIL_FORMAT") {
			t.Errorf("a letter to nobody: %v", err)
		}
		for name, spoil := range map[string]func(*notification.Letter){
			"no key": func(l *notification.Letter) { l.Key = "" }, "no family": func(l *notification.Letter) { l.Family = "fun" },
			"a script": func(l *notification.Letter) {
				l.Blocks = []notification.Block{notification.Button("x", "javascript:alert(1)")}
			},
			"too large": func(l *notification.Letter) {
				l.Attachments = []notification.Attachment{{Data: make([]byte, notification.MaxAttachments+1)}}
			},
		} {
			l := reminder("8")
			spoil(&l)
			if _, err := b.queue(l); err == nil {
				t.Errorf("a letter with %s is taken", name)
			}
		}
		other := tenant.Scope{MerchantID: "mer_b", EnvironmentID: "menv_b"}
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			if _, _, err := b.State(tx, other, waits); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Errorf("another merchant reads the state: %v", err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestUnsubscribeLinks(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.Open(t, db.SQLite)).letters(t)
	link := b.UnsubscribeURL(scope, notification.FamilyReminders, "a+b@example.com")
	token, ok := strings.CutPrefix(link, "https://flint.example"+notification.UnsubscribePath)
	if !ok || strings.ContainsAny(token, "/+=") {
		t.Fatalf("the link is %s", link)
	}
	leave, err := b.ReadUnsubscribe(token)
	if want := (notification.Leave{Scope: scope, Family: notification.FamilyReminders, Email: "a+b@example.com"}); err != nil || leave != want {
		t.Errorf("read %+v, %v", leave, err)
	}
	for _, bad := range []string{"", "x", token[:len(token)-1], "A" + token[1:], strings.ToLower(token)} {
		if _, err := b.ReadUnsubscribe(bad); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("the token %.8q is taken: %v", bad, err)
		}
	}
	for range 2 {
		if err := b.DB.Write(t.Context(), func(tx db.Tx) error { return b.Unsubscribe(tx, leave) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.DB.Read(t.Context(), func(tx db.Tx) error {
		c, err := b.Preferences(tx, scope, "A+B@example.com")
		if c != (notification.Choices{ShippingUpdates: true}) {
			t.Errorf("the choices are %+v", c)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
