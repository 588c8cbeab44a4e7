package notification

import (
	"context"
	"errors"
	"time"

	"flint/internal/tenant"
)

// Message is one mail to one person.
type Message struct {
	Scope    tenant.Scope
	ID       string // mail_…; sent again it is the same mail
	FromName string // shown beside the installation's sender address; may be empty
	ReplyTo  string // may be empty
	To       string // an address without a display name
	Cc       []string
	Subject  string // one line
	Text     string
	HTML     string // may be empty
	// Unsubscribe is an https address that takes a POST without asking back (RFC 8058); may be empty.
	Unsubscribe string
	Attachments []Attachment
	CreatedAt   time.Time
}

// Sender hands mails over. It is called outside any transaction.
type Sender interface {
	// Send returns nil once somebody else is responsible for the mail, an error that is ErrRejected
	// when it will never be taken, and another error when it may be taken later.
	Send(ctx context.Context, m Message) error
}

// ErrRejected marks a mail that is refused for good: no such address, or a mail that no server takes.
var ErrRejected = errors.New("notification: the mail is refused for good")
