package mail_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/mail"
	"flint/internal/notification"
	"flint/internal/tenant"
)

func TestMailbox(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		box := mail.Mailbox{DB: d}
		for i := range 3 {
			m := message()
			m.ID, m.To = fmt.Sprint("mail_", i), fmt.Sprintf("Buyer%d@example.com", i%2)
			m.Cc, m.Unsubscribe, m.Attachments = []string{"a@example.com", "b@example.com"}, "https://x.example/u", []notification.Attachment{{Name: "a.pdf", Type: "application/pdf", Data: []byte{0, 255}}, {Name: "b", Type: "text/plain", Data: []byte("b")}}
			m.CreatedAt = m.CreatedAt.Add(time.Duration(i) * time.Minute)
			for range 2 { // at least once: the second is the same mail
				if err := box.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
		}
		list := func(in mail.ListInput) (ids string) {
			err := d.Read(t.Context(), func(tx db.Tx) error {
				found, err := box.List(t.Context(), tx, in)
				for _, m := range found {
					ids += m.ID + " "
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		for in, want := range map[mail.ListInput]string{
			{}: "mail_2 mail_1 mail_0 ", {Limit: 2}: "mail_2 mail_1 ", {To: "buyer0@EXAMPLE.com "}: "mail_2 mail_0 ", {To: "nobody@example.com"}: "",
		} {
			if got := list(in); got != want {
				t.Errorf("%+v lists %q, want %q", in, got, want)
			}
		}
		want := message()
		want.Cc, want.Unsubscribe, want.Attachments = []string{"a@example.com", "b@example.com"}, "https://x.example/u", []notification.Attachment{{Name: "a.pdf", Type: "application/pdf", Data: []byte{0, 255}}, {Name: "b", Type: "text/plain", Data: []byte("b")}}
		want.ID, want.To, want.CreatedAt = "mail_1", "Buyer1@example.com", want.CreatedAt.Add(time.Minute)
		var got notification.Message
		err := d.Read(t.Context(), func(tx db.Tx) (err error) {
			if got, err = box.Get(t.Context(), tx, "mail_1"); err != nil {
				return err
			}
			_, err = box.Get(t.Context(), tx, "mail_9")
			return err
		})
		if !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("a missing mail: %v", err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		if n, err := box.Purge(t.Context(), want.CreatedAt); n != 1 || err != nil || list(mail.ListInput{}) != "mail_2 mail_1 " {
			t.Errorf("purged %d, %v", n, err)
		}
		lost := message()
		lost.Scope = tenant.Scope{}
		if err := box.Send(t.Context(), lost); err == nil {
			t.Error("a mail of nobody was kept")
		}
	})
}
