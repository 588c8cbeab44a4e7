package mail

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/notification"
	"flint/internal/tenant"
)

// Mailbox keeps mails in the database and sends them to nobody. It is for development environments,
// whose mailbox page shows the mails of all merchants. It implements notification.Sender.
type Mailbox struct{ DB db.DB }

var _ notification.Sender = Mailbox{}

// Send implements notification.Sender. A mail that comes again is kept once.
func (b Mailbox) Send(ctx context.Context, m notification.Message) error {
	if err := m.Scope.Check(); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		err := tx.Send(`INSERT INTO mails (merchant_id, environment_id, mail_id, from_name, reply_to, recipient, recipient_key, subject, text_body, html_body, created_at,
			cc, unsubscribe) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
			m.Scope.MerchantID, m.Scope.EnvironmentID, m.ID, m.FromName, m.ReplyTo, m.To, recipientKey(m.To), m.Subject, m.Text, m.HTML, m.CreatedAt,
			strings.Join(m.Cc, ", "), m.Unsubscribe)
		if err != nil {
			return fmt.Errorf("keep a mail: %w", err)
		}
		for n, a := range m.Attachments {
			err := tx.Send(`INSERT INTO mail_attachments (merchant_id, environment_id, mail_id, position, name, type, data) VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT DO NOTHING`, m.Scope.MerchantID, m.Scope.EnvironmentID, m.ID, n, a.Name, a.Type, a.Data)
			if err != nil {
				return fmt.Errorf("keep an attachment: %w", err)
			}
		}
		return nil
	})
}

// ListInput filters the mailbox.
type ListInput struct {
	To    string // only mails to this address, in any case; empty: all
	Limit int    // at most this many; 0: 50
}

// List reads the mails of all merchants, newest first. Only development routes may call it.
func (b Mailbox) List(_ context.Context, tx db.Tx, in ListInput) ([]notification.Message, error) {
	where, args := "", []any{}
	if in.To != "" {
		where, args = " WHERE recipient_key = $1", []any{recipientKey(in.To)}
	}
	limit := in.Limit
	if limit <= 0 {
		limit = 50
	}
	var out []notification.Message
	err := tx.Query(func(r db.Row) error {
		m, err := scanMail(r.Scan)
		out = append(out, m)
		return err
	}, "SELECT "+mailColumns+" FROM mails"+where+" ORDER BY created_at DESC, mail_id DESC LIMIT "+strconv.Itoa(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("list the mailbox: %w", err)
	}
	return out, nil
}

// Get reads one mail of any merchant, with its attachments; RESOURCE_NOT_FOUND when there is none. Only development routes
// may call it.
func (b Mailbox) Get(_ context.Context, tx db.Tx, mailID string) (m notification.Message, err error) {
	m, err = scanMail(func(dest ...any) error {
		return tx.QueryRow(dest, "SELECT "+mailColumns+" FROM mails WHERE mail_id = $1", mailID)
	})
	if errors.Is(err, db.ErrNoRows) {
		return m, fault.NotFound("mail")
	}
	if err != nil {
		return m, fmt.Errorf("read a mail: %w", err)
	}
	err = tx.Query(func(r db.Row) error {
		var a notification.Attachment
		err := r.Scan(&a.Name, &a.Type, &a.Data)
		m.Attachments = append(m.Attachments, a)
		return err
	}, `SELECT name, type, data FROM mail_attachments WHERE merchant_id = $1 AND environment_id = $2 AND mail_id = $3 ORDER BY position`,
		m.Scope.MerchantID, m.Scope.EnvironmentID, mailID)
	if err != nil {
		return m, fmt.Errorf("read the attachments of a mail: %w", err)
	}
	return m, nil
}

// Purge deletes mails made before the given time and returns how many.
func (b Mailbox) Purge(ctx context.Context, before time.Time) (n int64, err error) {
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if err := tx.Send("DELETE FROM mail_attachments WHERE mail_id IN (SELECT mail_id FROM mails WHERE created_at < $1)", before); err != nil {
			return err
		}
		n, err = tx.Exec("DELETE FROM mails WHERE created_at < $1", before)
		return err
	})
	return n, err
}

const mailColumns = "merchant_id, environment_id, mail_id, from_name, reply_to, recipient, subject, text_body, html_body, created_at, cc, unsubscribe"

func scanMail(scan func(dest ...any) error) (notification.Message, error) {
	var m notification.Message
	var scope tenant.Scope
	var cc string
	err := scan(&scope.MerchantID, &scope.EnvironmentID, &m.ID, &m.FromName, &m.ReplyTo, &m.To, &m.Subject, &m.Text, &m.HTML, &m.CreatedAt, &cc, &m.Unsubscribe)
	m.Scope = scope
	if cc != "" {
		m.Cc = strings.Split(cc, ", ")
	}
	return m, err
}

func recipientKey(v string) string { return strings.ToLower(strings.TrimSpace(v)) }
