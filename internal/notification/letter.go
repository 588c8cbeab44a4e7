package notification

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Families of mails, as settings and preferences name them.
const (
	FamilyReceipts    = "order_receipts"
	FamilyInvoices    = "invoices"
	FamilyReturns     = "returns"
	FamilyFulfillment = "fulfillment_updates"
	FamilyReminders   = "checkout_reminders" // optional: buyers may switch it off
	FamilySecurity    = "security"           // codes and links to sign in: never the merchant's, never switched off
)

var families = []string{FamilyReceipts, FamilyInvoices, FamilyReturns, FamilyFulfillment, FamilyReminders, FamilySecurity}

// MaxAttachments is the most that the attachments of a letter may have together, in bytes.
const MaxAttachments = 10 << 20

// Letter is one mail to one buyer. Subject, heading and blocks are plain text: what merchants and buyers
// wrote is never markup.
type Letter struct {
	Scope   tenant.Scope
	Key     string // of this mail in its environment: there is one per key, ever
	Family  string // one of the Family constants
	To      string
	Cc      []string
	Subject string
	Heading string
	Blocks  []Block
	Footer  string // small print above the merchant's address; may be empty
	// Attachments that are at hand. A big one is rendered when the mail leaves: Render names a renderer
	// of Service.Renderers and RenderID what it is given.
	Attachments      []Attachment
	Render, RenderID string
	// Gate names one of Service.Gates, which is asked with GateID in the last transaction before the mail
	// leaves; empty for none.
	Gate, GateID string
	CustomerID   string
	Locale       string    // BCP 47, of the text; empty for English
	Timezone     string    // IANA, of the recipient; empty when it is not known
	SendAt       time.Time // not before; zero for now
	Cause        event.Cause
}

// Attachment is one file of a mail.
type Attachment struct {
	Name string // of the file, such as invoice-1001.pdf
	Type string // application/pdf
	Data []byte
}

// Kinds of blocks.
const (
	BlockParagraph = "paragraph"
	BlockFacts     = "facts"
	BlockButton    = "button"
	BlockAmount    = "amount"
	BlockCode      = "code"
	BlockImage     = "image"
	BlockNotice    = "notice"
)

// Block is one piece of a letter. Make it with Paragraph, Facts, Button, Amount, Code, Image or Notice.
type Block struct {
	Kind  string `json:"kind"`
	Text  string `json:"text,omitzero"`  // paragraph, amount, code, notice; alternative text of an image
	Label string `json:"label,omitzero"` // button, amount
	URL   string `json:"url,omitzero"`   // button, image
	Facts []Fact `json:"facts,omitzero"`
}

// Fact is a row of a table: a name and a written value.
type Fact struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitzero"`
	Detail string `json:"detail,omitzero"` // below the name, smaller
	Strong bool   `json:"strong,omitzero"` // a total
}

// Paragraph is running text; line breaks are kept.
func Paragraph(text string) Block { return Block{Kind: BlockParagraph, Text: text} }

// Facts is a table of names and values.
func Facts(rows ...Fact) Block { return Block{Kind: BlockFacts, Facts: rows} }

// Button leads somewhere; a letter has at most one that matters. The address is http or https.
func Button(label, url string) Block { return Block{Kind: BlockButton, Label: label, URL: url} }

// Amount is one amount, large, with what it is: Amount("Amount due", "$34.99").
func Amount(label, text string) Block { return Block{Kind: BlockAmount, Label: label, Text: text} }

// Code is a code to type in. It must not stand in the subject, which locked screens show.
func Code(text string) Block { return Block{Kind: BlockCode, Text: text} }

// Image is a picture by its https address, with a text for who does not see it.
func Image(url, alt string) Block { return Block{Kind: BlockImage, URL: url, Text: alt} }

// Notice is a paragraph that stands out.
func Notice(text string) Block { return Block{Kind: BlockNotice, Text: text} }

// States of a mail. One that cannot be sent for now stays queued; its job says why.
const (
	StateQueued     = "queued"
	StateSent       = "sent"
	StateRejected   = "rejected"   // refused for good by the mail server
	StateSuppressed = "suppressed" // decided not to send, with a reason
)

// Reasons of a mail that is not sent.
const (
	ReasonMerchantSends = "merchant_sends" // the merchant writes mails of the family itself
	ReasonPreference    = "preference"     // the recipient has switched the family off
	ReasonFrequency     = "frequency_cap"  // the recipient has had enough mails of the family lately
	ReasonNoMail        = "no_mail"        // the installation sends no mail
	ReasonAddress       = "address"        // the mail server knows no such address, or the letter cannot be put into a mail
)

// Policy is what a merchant's settings say about mails of a family.
type Policy struct {
	MerchantSends bool
	// Quiet moves a time out of the recipient's quiet hours; nil keeps it. The zone may be empty.
	Quiet func(at time.Time, zone string) time.Time
	// At most MaxMails of the family go to one address within Within; 0: any number.
	MaxMails int64
	Within   time.Duration
}

// Validate reports what the caller got wrong. To is checked like any address a caller sends.
func (l Letter) Validate() error {
	var faults fault.List
	checkAddress(&faults, "email", l.To)
	for _, a := range l.Cc {
		checkAddress(&faults, "cc", a)
	}
	return faults.Err()
}

// check finds mistakes of the code that wrote the letter.
func (l Letter) check() error {
	size := 0
	for _, a := range l.Attachments {
		size += len(a.Data)
	}
	known := false
	for _, f := range families {
		known = known || f == l.Family
	}
	switch {
	case !known:
		return fmt.Errorf("notification: no family %q", l.Family)
	case l.Key == "" || l.Subject == "":
		return fmt.Errorf("notification: a letter of %s without a key or a subject", l.Family)
	case size > MaxAttachments:
		return fmt.Errorf("notification: attachments of %d bytes", size)
	}
	for _, b := range l.Blocks {
		if b.URL != "" && !strings.HasPrefix(b.URL, "https://") && !strings.HasPrefix(b.URL, "http://") {
			return fmt.Errorf("notification: a %s with an address that is not of the web", b.Kind)
		}
	}
	return l.Scope.Check()
}

// Queue writes a letter down in the caller's transaction and has it sent after the commit. With a key
// that was used before it changes nothing and gives the mail that is there. Whether it is sent at all is
// decided here, in the caller's transaction, by the merchant's settings and the recipient's preferences;
// a letter that is not to be sent is written down as suppressed, and that is no error. Preferences are
// looked at again when the mail leaves. Faults: INVALID_EMAIL_FORMAT (email or cc).
func (s *Service) Queue(_ context.Context, tx db.Tx, l Letter) (mailID string, err error) {
	if err := l.Validate(); err != nil {
		return "", err
	}
	if err := l.check(); err != nil {
		return "", err
	}
	if known, err := letterByKey(tx, l.Scope, l.Key); err != nil || known != "" {
		return known, err
	}
	now := s.Clock.Now()
	row := letterRow{Scope: l.Scope, MailID: s.IDs.New(id.Mail), State: StateQueued, CreatedAt: now, SendAt: now}
	if l.SendAt.After(now) {
		row.SendAt = l.SendAt
	}
	if err := s.judge(tx, &row, l); err != nil {
		return "", err
	}
	if row.State == StateQueued {
		content, err := json.Marshal(l.content())
		if err != nil {
			return "", fmt.Errorf("write a letter down: %w", err)
		}
		row.Content = s.Box.Seal(row.MailID, content)
	}
	if err := insertLetter(tx, row, l); err != nil {
		return "", err
	}
	if row.State != StateQueued {
		return row.MailID, nil
	}
	return row.MailID, s.Jobs.Enqueue(tx, l.Scope, letterJob, row.MailID, row.SendAt, letterPayload{MailID: row.MailID})
}

// judge suppresses a letter that must not be sent, and moves one out of quiet hours.
func (s *Service) judge(tx db.Tx, row *letterRow, l Letter) error {
	end := func(reason string) error {
		row.State, row.Reason, row.EndedAt = StateSuppressed, reason, row.CreatedAt
		return nil
	}
	if s.Sender == nil {
		return end(ReasonNoMail)
	}
	var policy Policy
	if s.Policy != nil {
		var err error
		if policy, err = s.Policy(tx, l.Scope, l.Family); err != nil {
			return fmt.Errorf("read who sends mails of a family: %w", err)
		}
	}
	if policy.MerchantSends {
		return end(ReasonMerchantSends)
	}
	if on, err := s.wanted(tx, l.Scope, l.Family, l.To); err != nil || !on {
		if err != nil {
			return err
		}
		return end(ReasonPreference)
	}
	if policy.MaxMails > 0 {
		n, err := lettersSince(tx, l, row.SendAt.Add(-policy.Within))
		if err != nil {
			return err
		}
		if n >= policy.MaxMails {
			return end(ReasonFrequency)
		}
	}
	if policy.Quiet != nil {
		row.SendAt = policy.Quiet(row.SendAt, l.Timezone)
	}
	return nil
}

// State tells what became of a mail, and why it was not sent. RESOURCE_NOT_FOUND when there is none.
func (s *Service) State(tx db.Tx, scope tenant.Scope, mailID string) (state, reason string, err error) {
	row, err := findLetter(tx, scope, mailID)
	return row.State, row.Reason, err
}

// content is what is kept of a letter until it is sent.
type content struct {
	To          string       `json:"to"`
	Cc          []string     `json:"cc,omitzero"`
	Family      string       `json:"family"`
	Subject     string       `json:"subject"`
	Heading     string       `json:"heading,omitzero"`
	Blocks      []Block      `json:"blocks,omitzero"`
	Footer      string       `json:"footer,omitzero"`
	Attachments []Attachment `json:"attachments,omitzero"`
	Render      string       `json:"render,omitzero"`
	RenderID    string       `json:"render_id,omitzero"`
	Gate        string       `json:"gate,omitzero"`
	GateID      string       `json:"gate_id,omitzero"`
	Locale      string       `json:"locale,omitzero"`
}

func (l Letter) content() content {
	return content{To: l.To, Cc: l.Cc, Family: l.Family, Subject: l.Subject, Heading: l.Heading, Blocks: l.Blocks, Footer: l.Footer,
		Attachments: l.Attachments, Render: l.Render, RenderID: l.RenderID, Gate: l.Gate, GateID: l.GateID, Locale: l.Locale}
}
