package notification

import (
	"context"
	_ "embed" // the template
	"errors"
	"fmt"
	"html/template"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// signInJob is the kind of the job that mails a sign-in code.
const signInJob = "sign_in_code"

// SignIns mails the codes with which people sign in. Register is called once, before the queue runs.
type SignIns struct {
	Jobs   *job.Queue
	Sender Sender
	IDs    *id.Source
	Box    *secret.Box // seals code and address while the mail waits
}

// SignInCode is one code for one person.
type SignInCode struct {
	Scope     tenant.Scope
	To        string
	Code      secret.Text
	Life      time.Duration
	CreatedAt time.Time
}

// signInPayload is what the job carries: nothing that can be read in the table.
type signInPayload struct {
	MailID    string    `json:"mail_id"`
	Sealed    string    `json:"sealed"` // code, a space, address
	CreatedAt time.Time `json:"created_at"`
	EndsAt    time.Time `json:"ends_at"`
}

// Register makes the queue send codes.
func (s *SignIns) Register() { job.Handle(s.Jobs, signInJob, s.deliver) }

// Send queues the mail in the caller's transaction.
func (s *SignIns) Send(tx db.Tx, c SignInCode) error {
	p := signInPayload{MailID: s.IDs.New(id.Mail), CreatedAt: c.CreatedAt, EndsAt: c.CreatedAt.Add(c.Life)}
	p.Sealed = s.Box.Seal(p.MailID, []byte(c.Code.Reveal()+" "+c.To))
	if err := s.Jobs.Enqueue(tx, c.Scope, signInJob, p.MailID, c.CreatedAt, p); err != nil {
		return fmt.Errorf("queue a sign-in code: %w", err)
	}
	return nil
}

// deliver sends a code. One that has ended meanwhile is of no use and is not sent any more.
func (s *SignIns) deliver(ctx context.Context, scope tenant.Scope, p signInPayload) error {
	if !s.Jobs.Clock.Now().Before(p.EndsAt) {
		return nil
	}
	opened, err := s.Box.Open(p.MailID, p.Sealed)
	if err != nil {
		return fmt.Errorf("open a sign-in code: %w", err)
	}
	code, to, _ := strings.Cut(string(opened), " ")
	m, err := signInMail(code, p.EndsAt.Sub(p.CreatedAt))
	if err != nil {
		return err
	}
	m.Scope, m.ID, m.To, m.CreatedAt = scope, p.MailID, to, p.CreatedAt
	if err := s.Sender.Send(ctx, m); err != nil && !errors.Is(err, ErrRejected) {
		return fmt.Errorf("send a sign-in code: %w", err)
	}
	return nil
}

//go:embed sign_in.html
var signInHTML string

// signInMail is the mail. The subject carries no code: it is shown on locked screens.
func signInMail(code string, life time.Duration) (Message, error) {
	spaced, minutes := code, int(life/time.Minute)
	if len(code) == 6 {
		spaced = code[:3] + " " + code[3:]
	}
	t, err := template.New("sign in").Parse(signInHTML)
	if err != nil {
		return Message{}, fmt.Errorf("read the template of a sign-in code: %w", err)
	}
	var page strings.Builder
	if err := t.Execute(&page, struct {
		Code    string
		Minutes int
	}{spaced, minutes}); err != nil {
		return Message{}, fmt.Errorf("render a sign-in code: %w", err)
	}
	return Message{FromName: "Flint", Subject: "Your sign-in code", HTML: page.String(), Text: fmt.Sprintf(
		"Your code to sign in to Flint is\n\n    %s\n\nIt works once, for %d minutes, in the browser that asked for it.\n\n"+
			"Nobody at Flint will ask you for it. If you did not try to sign in, you need not do anything.\n", spaced, minutes)}, nil
}
