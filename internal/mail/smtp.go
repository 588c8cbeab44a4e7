package mail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	stdmail "net/mail"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"flint/internal/notification"
	"flint/internal/secret"
)

// Security says how a connection to the mail server is protected.
type Security string

// Kinds of protection.
const (
	StartTLS      Security = "starttls"      // begin plain, refuse to go on without TLS; the default
	ImplicitTLS   Security = "tls"           // TLS from the first byte, usually port 465
	Opportunistic Security = "opportunistic" // TLS when offered; an attacker on the way can take it out
	Plain         Security = "none"          // for a relay on the same machine
)

// SMTPOptions say which server takes the mails. Host and From are required.
type SMTPOptions struct {
	Host     string
	Port     int // 0: 587, and 465 for ImplicitTLS
	Security Security
	Username string // empty: no login
	Password secret.Text
	From     string        // the sender address of this installation
	Hello    string        // name given to the server; the machine's when empty
	Timeout  time.Duration // for one mail, connection included; 0: 30 s
	TLS      *tls.Config   // for a private authority; nil uses the system's
}

// SMTP hands mails to a mail server, one connection for each. It implements notification.Sender.
type SMTP struct {
	host    string
	options []gomail.Option
	dialer  interface {
		DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	}
	from    string
	domain  string
	timeout time.Duration
}

var _ notification.Sender = (*SMTP)(nil)

// NewSMTP checks the options. It does not connect.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	if o.Host == "" {
		return nil, errors.New("mail: no SMTP host is configured")
	}
	from, err := stdmail.ParseAddress(o.From)
	if err != nil || from.Address != o.From {
		return nil, errors.New("mail: the sender address is not an e-mail address")
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.Host}
	}
	s := &SMTP{host: o.Host, dialer: &net.Dialer{}, from: o.From, domain: o.From[strings.LastIndexByte(o.From, '@')+1:], timeout: o.Timeout}
	s.options = []gomail.Option{gomail.WithTimeout(o.Timeout), gomail.WithoutNoop(), gomail.WithTLSConfig(o.TLS)}
	port := 587
	switch o.Security {
	case "", StartTLS:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case ImplicitTLS:
		port = 465
		s.options = append(s.options, gomail.WithSSL())
		s.dialer = &tls.Dialer{Config: o.TLS}
	case Opportunistic:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case Plain:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("mail: no security %q; use starttls, tls, opportunistic or none", o.Security)
	}
	s.options = append(s.options, gomail.WithPort(cmp.Or(o.Port, port)))
	if o.Hello != "" {
		s.options = append(s.options, gomail.WithHELO(o.Hello))
	}
	if o.Username != "" {
		// None of these sends a password over a connection without TLS, except to this machine.
		s.options = append(s.options, gomail.WithUsername(o.Username), gomail.WithPassword(o.Password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	if _, err := gomail.NewClient(s.host, s.options...); err != nil {
		return nil, fmt.Errorf("mail: set up SMTP: %w", err)
	}
	return s, nil
}

// Send implements notification.Sender. A refusal with a code from 500 on is for good.
func (s *SMTP) Send(ctx context.Context, m notification.Message) error {
	msg, err := s.message(m)
	if err != nil {
		return fmt.Errorf("%w: %w", notification.ErrRejected, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// The library watches the context only while it connects; afterwards the connection is cut.
	dial := func(dialing context.Context, network, addr string) (net.Conn, error) {
		c, err := s.dialer.DialContext(dialing, network, addr)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = c.Close() })
		}
		return c, err
	}
	client, err := gomail.NewClient(s.host, append(slices.Clone(s.options), gomail.WithDialContextFunc(dial))...)
	if err != nil {
		return fmt.Errorf("set up SMTP: %w", err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	// Once the server has the mail, a rude farewell does not take it back.
	defer func() { _ = client.CloseWithSMTPClient(conn) }()
	if err := client.SendWithSMTPClient(conn, msg); err != nil {
		return classify(err)
	}
	return nil
}

func classify(err error) error {
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.ErrorCode() >= 500 && refused.ErrorCode() < 600 && !refused.IsTemp() {
		return fmt.Errorf("the mail server refused a mail: %w: %w", notification.ErrRejected, err)
	}
	return fmt.Errorf("hand a mail to the server: %w", err)
}

func (s *SMTP) message(m notification.Message) (*gomail.Msg, error) {
	if strings.ContainsAny(m.Subject+m.FromName+m.To+m.ReplyTo+m.Unsubscribe+strings.Join(m.Cc, ""), "\r\n") {
		return nil, errors.New("mail: a header field has a line break")
	}
	msg := gomail.NewMsg()
	msg.FromMailAddress(&stdmail.Address{Name: m.FromName, Address: s.from})
	errs := []error{msg.EnvelopeFrom(s.from), msg.To(m.To)}
	if m.ReplyTo != "" {
		errs = append(errs, msg.ReplyTo(m.ReplyTo))
	}
	if len(m.Cc) > 0 {
		errs = append(errs, msg.Cc(m.Cc...))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("address a mail: %w", err)
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetMessageIDWithValue(m.ID + "@" + s.domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Unsubscribe != "" { // RFC 8058: a mail program may leave with one POST, without asking back
		msg.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
		msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, a := range m.Attachments {
		if strings.ContainsAny(a.Name+a.Type, "\r\n") {
			return nil, errors.New("mail: an attachment's header field has a line break")
		}
		if err := msg.AttachReader(a.Name, bytes.NewReader(a.Data), gomail.WithFileContentType(gomail.ContentType(a.Type))); err != nil {
			return nil, fmt.Errorf("attach a file: %w", err)
		}
	}
	return msg, nil
}
