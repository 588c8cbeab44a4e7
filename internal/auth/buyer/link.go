package buyer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// An access link: how long it works, how often it is opened, and how long a browser that opened it stays in.
const (
	LinkLife  = 30 * 24 * time.Hour
	LinkOpens = 10
	LinkStay  = 12 * time.Hour
)

// Link opens one order without a sign-in.
type Link struct {
	Scope      tenant.Scope
	ID         string // olnk_…
	OrderID    string
	CustomerID string
	Opens      int64
	CreatedAt  time.Time
	ExpiresAt  time.Time

	revokedAt time.Time
}

// ErrLink is the answer to a link that opens nothing: unknown, expired, revoked or opened too often.
var ErrLink = errors.New("buyer: the link opens nothing")

// LinkInput asks for a link to an order of a customer.
type LinkInput struct {
	Scope      tenant.Scope
	OrderID    string
	CustomerID string // of the order
}

// CreateLink makes a link and tells its address, which is a secret and kept nowhere. Faults:
// ACCESS_LINK_CUSTOMER_REQUIRED for an order without a customer, ACCESS_LINK_MERCHANT_HOSTED where the
// merchant hosts its customers' accounts itself.
func (s *Service) CreateLink(_ context.Context, tx db.Tx, in LinkInput) (*Link, secret.Text, error) {
	if in.CustomerID == "" {
		return nil, secret.Text{}, fault.Conflict("ACCESS_LINK_CUSTOMER_REQUIRED", "The order has no customer whom a link could be for.").
			Then("Set customer_id on the order, or link the guest purchase to a customer.")
	}
	hosted, err := s.Hosted(tx, in.Scope)
	if err != nil {
		return nil, secret.Text{}, err
	}
	if !hosted {
		return nil, secret.Text{}, fault.Conflict("ACCESS_LINK_MERCHANT_HOSTED", "This merchant hosts its customers' accounts itself.")
	}
	token, now := secret.NewToken(PrefixLink), s.Clock.Now()
	l := &Link{Scope: in.Scope, ID: s.IDs.New(id.AccessLink), OrderID: in.OrderID, CustomerID: in.CustomerID, CreatedAt: now, ExpiresAt: now.Add(LinkLife)}
	if err := tx.Send(`INSERT INTO order_access_links (merchant_id, environment_id, access_link_id, token_hash, order_id, customer_id, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, l.Scope.MerchantID, l.Scope.EnvironmentID, l.ID, secret.Hash(token), l.OrderID, l.CustomerID, l.CreatedAt,
		l.ExpiresAt); err != nil {
		return nil, secret.Text{}, fmt.Errorf("write an access link: %w", err)
	}
	return l, secret.NewText(s.Address(in.Scope) + "/o/" + token), nil
}

// Open trades the token of a link for the value of a cookie, and counts the opening. Error: ErrLink.
func (s *Service) Open(ctx context.Context, token string) (cookie string, link *Link, err error) {
	if !wellFormed(PrefixLink, token) {
		return "", nil, ErrLink
	}
	now := s.Clock.Now()
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		l, err := oneLink(tx, `token_hash = $1`+tx.ForUpdate(), secret.Hash(token))
		if err != nil {
			return err
		}
		if l == nil || !l.live(now) || l.Opens >= LinkOpens {
			return ErrLink
		}
		if err := tx.Send(`UPDATE order_access_links SET opens = opens + 1 WHERE merchant_id = $1 AND environment_id = $2 AND access_link_id = $3`,
			l.Scope.MerchantID, l.Scope.EnvironmentID, l.ID); err != nil {
			return fmt.Errorf("count an opening of a link: %w", err)
		}
		link = l
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	return s.Box.Seal(linkRow(link.ID), []byte(strconv.FormatInt(now.Unix(), 10))), link, nil
}

// Opened is the link with an id that a browser holds the cookie of. Error: ErrLink.
func (s *Service) Opened(ctx context.Context, linkID, cookie string) (*Link, error) {
	if !id.Valid(id.AccessLink, linkID) {
		return nil, ErrLink
	}
	plain, err := s.Box.Open(linkRow(linkID), cookie)
	if err != nil {
		return nil, ErrLink
	}
	since, err := strconv.ParseInt(strings.TrimSpace(string(plain)), 10, 64)
	now := s.Clock.Now()
	if err != nil || !now.Before(time.Unix(since, 0).Add(LinkStay)) {
		return nil, ErrLink
	}
	var l *Link
	if err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
		l, err = oneLink(tx, `access_link_id = $1`, linkID)
		return err
	}); err != nil {
		return nil, err
	}
	if l == nil || !l.live(now) {
		return nil, ErrLink
	}
	return l, nil
}

// ScopeOfLink finds whose a link is, by its id or its token, alive or not. RESOURCE_NOT_FOUND when there is none.
func ScopeOfLink(tx db.Tx, tokenOrID string) (tenant.Scope, error) {
	condition, arg := `access_link_id = $1`, tokenOrID
	if !id.Valid(id.AccessLink, tokenOrID) {
		if !wellFormed(PrefixLink, tokenOrID) {
			return tenant.Scope{}, fault.NotFound("access link")
		}
		condition, arg = `token_hash = $1`, secret.Hash(tokenOrID)
	}
	l, err := oneLink(tx, condition, arg)
	if err != nil {
		return tenant.Scope{}, err
	}
	if l == nil {
		return tenant.Scope{}, fault.NotFound("access link")
	}
	return l.Scope, nil
}

func (l *Link) live(now time.Time) bool { return l.revokedAt.IsZero() && now.Before(l.ExpiresAt) }

func linkRow(linkID string) string { return "order_access_links/" + linkID }

func oneLink(tx db.Tx, condition string, arg string) (*Link, error) {
	var l Link
	err := tx.QueryRow([]any{&l.Scope.MerchantID, &l.Scope.EnvironmentID, &l.ID, &l.OrderID, &l.CustomerID, &l.Opens, &l.CreatedAt, &l.ExpiresAt, &l.revokedAt},
		`SELECT merchant_id, environment_id, access_link_id, order_id, customer_id, opens, created_at, expires_at, revoked_at
		FROM order_access_links WHERE `+condition, arg)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read an access link: %w", err)
	}
	return &l, nil
}

func endLinks(tx db.Tx, scope tenant.Scope, customerID string, now time.Time) error {
	if err := tx.Send(`UPDATE order_access_links SET revoked_at = $4 WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3
		AND revoked_at IS NULL`, scope.MerchantID, scope.EnvironmentID, customerID, now); err != nil {
		return fmt.Errorf("end the links of a customer: %w", err)
	}
	return nil
}
