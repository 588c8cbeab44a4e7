package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	stdmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"flint/internal/mail"
	"flint/internal/notification"
	"flint/internal/secret"
	"flint/internal/tenant"
)

const password = "correct horse battery"

// sink is a mail server that keeps what it takes.
type sink struct {
	addr  *net.TCPAddr
	roots *x509.CertPool
	login bool  // asks for one
	fail  error // answer to RCPT
	slow  chan struct{}

	mu    sync.Mutex
	mails []taken
}

type taken struct {
	from, to, user string
	encrypted      bool
	data           []byte
}

type session struct {
	s    *sink
	conn *smtp.Conn
	now  taken
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if pass != password {
			return smtp.ErrAuthFailed
		}
		s.now.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.s.login && s.now.user == "" {
		return smtp.ErrAuthRequired
	}
	s.now.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.s.slow != nil {
		<-s.s.slow
	}
	s.now.to = to
	return s.s.fail
}

func (s *session) Data(r io.Reader) (err error) {
	_, s.now.encrypted = s.conn.TLSConnectionState()
	if s.now.data, err = io.ReadAll(r); err != nil {
		return err
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.mails = append(s.s.mails, s.now)
	return nil
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

// start serves s; security is what it offers.
func start(t *testing.T, s *sink, security mail.Security) *sink {
	t.Helper()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{s: s, conn: c}, nil }))
	server.Domain = "sink.example.com"
	cert := certificate(t)
	s.roots = x509.NewCertPool()
	s.roots.AddCert(cert.Leaf)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().(*net.TCPAddr)
	switch security {
	case mail.StartTLS:
		server.TLSConfig = config
	case mail.ImplicitTLS:
		l = tls.NewListener(l, config)
	default:
		server.AllowInsecureAuth = true
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return s
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (s *sink) options(security mail.Security) mail.SMTPOptions {
	return mail.SMTPOptions{Host: "127.0.0.1", Port: s.addr.Port, Security: security, From: "receipts@flint.example.com", Timeout: 5 * time.Second,
		Hello: "flint.example.com", TLS: &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1"}}
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mails)
}

func message() notification.Message {
	return notification.Message{Scope: tenant.Scope{MerchantID: "mer_a", EnvironmentID: "test_a"}, ID: "mail_01HZX3J5T7Q9V1B3D5F7H9K1M3",
		FromName: "Stühle, \"Oak\" & Co", ReplyTo: "help@example.com", To: "buyer@example.com", Subject: "Quittung für 1001 ✓",
		Text: "Total: 34,99 €\n.\nEnde\n", HTML: "<p>Total: 34,99 €</p>", CreatedAt: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)}
}

func send(t *testing.T, o mail.SMTPOptions, m notification.Message) error {
	t.Helper()
	s, err := mail.NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	return s.Send(t.Context(), m)
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	s := start(t, &sink{login: true}, mail.StartTLS)
	o := s.options("")
	o.Username, o.Password = "flint", secret.NewText(password)
	want := message()
	if err := send(t, o, want); err != nil {
		t.Fatal(err)
	}
	got := s.mails[0]
	if got.from != o.From || got.to != want.To || got.user != "flint" || !got.encrypted {
		t.Errorf("the envelope is %q to %q by %q, encrypted %v", got.from, got.to, got.user, got.encrypted)
	}
	m, err := stdmail.ReadMessage(bytes.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	from, err := m.Header.AddressList("From")
	if err != nil || from[0].Name != want.FromName || from[0].Address != o.From {
		t.Errorf("from %v, %v", from, err)
	}
	var words mime.WordDecoder
	if subject, err := words.DecodeHeader(m.Header.Get("Subject")); err != nil || subject != want.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	for name, value := range map[string]string{"Message-Id": "<" + want.ID + "@flint.example.com>", "Reply-To": "<help@example.com>",
		"To": "<buyer@example.com>", "Auto-Submitted": "auto-generated"} {
		if got := m.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if at, err := m.Header.Date(); err != nil || !at.Equal(want.CreatedAt) {
		t.Errorf("date %v, %v", at, err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("type %q, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []string{want.Text, want.HTML} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if got := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("a part is %q, want %q, %v", got, want, err)
		}
	}
}

func TestEveryKindOfConnection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		offered, asked mail.Security
		encrypted      bool
	}{
		{mail.StartTLS, mail.StartTLS, true}, {mail.ImplicitTLS, mail.ImplicitTLS, true}, {mail.StartTLS, mail.Opportunistic, true},
		{mail.Plain, mail.Opportunistic, false}, {mail.Plain, mail.Plain, false},
	} {
		s := start(t, &sink{login: true}, c.offered)
		o := s.options(c.asked)
		o.Username, o.Password = "flint", secret.NewText(password)
		if err := send(t, o, message()); err != nil {
			t.Errorf("%s to %s: %v", c.asked, c.offered, err)
		} else if s.mails[0].encrypted != c.encrypted && c.offered != mail.ImplicitTLS {
			t.Errorf("%s to %s: encrypted %v", c.asked, c.offered, s.mails[0].encrypted)
		}
	}
}

func TestNothingIsSentWithoutTheProtectionAskedFor(t *testing.T) {
	t.Parallel()
	plain := start(t, &sink{}, mail.Plain)
	if err := send(t, plain.options(mail.StartTLS), message()); err == nil || plain.count() != 0 {
		t.Errorf("a mail was sent in the clear: %v", err)
	}
	s := start(t, &sink{}, mail.StartTLS)
	o := s.options(mail.StartTLS)
	o.TLS = &tls.Config{ServerName: "127.0.0.1", RootCAs: x509.NewCertPool()}
	if err := send(t, o, message()); err == nil || s.count() != 0 {
		t.Errorf("an unknown certificate was accepted: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fail    error
		forGood bool
	}{
		{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, true},
		{&smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: "try later"}, false},
	} {
		s := start(t, &sink{fail: c.fail}, mail.StartTLS)
		err := send(t, s.options(mail.StartTLS), message())
		if err == nil || errors.Is(err, notification.ErrRejected) != c.forGood {
			t.Errorf("%v: %v", c.fail, err)
		}
	}
	s := start(t, &sink{login: true}, mail.StartTLS)
	o := s.options(mail.StartTLS)
	o.Username, o.Password = "flint", secret.NewText("wrong-"+password)
	err := send(t, o, message())
	if err == nil || errors.Is(err, notification.ErrRejected) {
		t.Errorf("a wrong password is the operator's to mend, not the mail's end: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), password) {
		t.Error("the error shows the password")
	}
	for _, spoil := range []func(*notification.Message){
		func(m *notification.Message) { m.Subject = "a\r\nBcc: x@example.com" },
		func(m *notification.Message) { m.FromName = "a\nb" },
		func(m *notification.Message) { m.To = "a@example.com\r\n" },
		func(m *notification.Message) { m.To = "nobody" },
	} {
		m := message()
		spoil(&m)
		if err := send(t, s.options(mail.StartTLS), m); !errors.Is(err, notification.ErrRejected) {
			t.Errorf("%q to %q: %v", m.Subject, m.To, err)
		}
	}
	if s.count() != 0 {
		t.Error("a spoilt mail arrived")
	}
}

func TestASilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	s := start(t, &sink{slow: make(chan struct{})}, mail.StartTLS)
	t.Cleanup(func() { close(s.slow) })
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never says a word
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	for name, port := range map[string]int{"at RCPT": s.addr.Port, "from the start": mute.Addr().(*net.TCPAddr).Port} {
		o := s.options(mail.StartTLS)
		o.Port, o.Timeout = port, 300*time.Millisecond
		began := time.Now()
		if err := send(t, o, message()); err == nil || errors.Is(err, notification.ErrRejected) {
			t.Errorf("silent %s: %v", name, err)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("silent %s: given up after %v", name, took)
		}
	}
	o := s.options(mail.StartTLS)
	sender, err := mail.NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := sender.Send(ctx, message()); err == nil || time.Since(began) > 3*time.Second {
		t.Errorf("a cancelled call took %v: %v", time.Since(began), err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []mail.SMTPOptions{
		{}, {Host: "mail"}, {Host: "mail", From: "nobody"}, {Host: "mail", From: "Flint <a@example.com>"},
		{Host: "mail", From: "a@example.com", Security: "ssl"}, {Host: "mail", From: "a@example.com", Port: 70000},
	} {
		if _, err := mail.NewSMTP(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestOptionalMailWithFiles(t *testing.T) {
	t.Parallel()
	s := start(t, &sink{}, mail.StartTLS)
	want := message()
	want.Cc = []string{"second@example.com"}
	want.Unsubscribe = "https://flint.example/mail/unsubscribe/" + strings.Repeat("token_-", 40)
	want.Attachments = []notification.Attachment{{Name: "Rechnung ü 1001.pdf", Type: "application/pdf", Data: bytes.Repeat([]byte{0, 1, 2, 255, '\r', '\n'}, 300)}}
	if err := send(t, s.options(mail.StartTLS), want); err != nil {
		t.Fatal(err)
	}
	m, err := stdmail.ReadMessage(bytes.NewReader(s.mails[0].data))
	if err != nil {
		t.Fatal(err)
	}
	unfolded := strings.ReplaceAll(m.Header.Get("List-Unsubscribe"), " ", "")
	if unfolded != "<"+want.Unsubscribe+">" || m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || m.Header.Get("Cc") != "<second@example.com>" {
		t.Errorf("the headers are %v", m.Header)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("type %q, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	first, err := parts.NextPart()
	if err != nil || !strings.HasPrefix(first.Header.Get("Content-Type"), "multipart/alternative") {
		t.Fatalf("the first part is %v, %v", first.Header, err)
	}
	file, err := parts.NextPart()
	if err != nil || file.Header.Get("Content-Transfer-Encoding") != "base64" {
		t.Fatalf("the second part is %v, %v", file.Header, err)
	}
	data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, file))
	var words mime.WordDecoder
	name, nameErr := words.DecodeHeader(file.FileName())
	if err != nil || nameErr != nil || !bytes.Equal(data, want.Attachments[0].Data) || name != want.Attachments[0].Name || !strings.HasPrefix(file.Header.Get("Content-Type"), "application/pdf") {
		t.Errorf("the file %q has %d bytes, %v, %v, %v", name, len(data), err, nameErr, file.Header)
	}
	for _, spoil := range []func(*notification.Message){
		func(m *notification.Message) { m.Unsubscribe = "https://x\r\nBcc: y@example.com" },
		func(m *notification.Message) { m.Cc = []string{"a@example.com\r\nBcc: y@example.com"} },
		func(m *notification.Message) { m.Attachments[0].Name = "a\r\nX: y" },
	} {
		m := message()
		m.Attachments = []notification.Attachment{{Name: "a", Type: "text/plain"}}
		spoil(&m)
		if err := send(t, s.options(mail.StartTLS), m); !errors.Is(err, notification.ErrRejected) {
			t.Errorf("a spoilt header is sent: %v", err)
		}
	}
}
