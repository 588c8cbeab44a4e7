package paymentlink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/catalog"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

const columns = `payment_link_id, status, payment_link_type, name, version, order_id, external_reference_id, max_completions, max_quantity,
	completed, sold, held, held_quantity, doc, created_at, updated_at`

func (l *Link) searchText() string {
	parts := []string{l.Name, l.Description, l.ExternalReferenceID, l.ID}
	for i := range l.Lines {
		parts = append(parts, l.Lines[i].Name)
	}
	return strings.ToLower(strings.Join(parts, "\n"))
}

func (l *Link) encode() (string, error) {
	doc, err := json.Marshal(l, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode the payment link: %w", err)
	}
	return string(doc), nil
}

func insert(tx db.Tx, l *Link) error {
	doc, err := l.encode()
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO payment_links (merchant_id, environment_id, `+columns+`, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, 0, $12, $13, $14, $15)`,
		l.Scope.MerchantID, l.Scope.EnvironmentID, l.ID, l.Status, l.Type, l.Name, l.Version, l.OrderID, l.ExternalReferenceID, l.MaxCompletions,
		l.MaxQuantity, doc, l.CreatedAt, l.UpdatedAt, l.searchText())
	if err != nil {
		return fmt.Errorf("insert the payment link: %w", err)
	}
	return noteVariants(tx, l)
}

// update writes a locked link; its counts are not touched.
func update(tx db.Tx, l *Link) error {
	doc, err := l.encode()
	if err != nil {
		return err
	}
	err = tx.Send(`UPDATE payment_links SET status = $4, name = $5, version = $6, external_reference_id = $7, max_completions = $8, max_quantity = $9,
		doc = $10, updated_at = $11, search = $12 WHERE merchant_id = $1 AND environment_id = $2 AND payment_link_id = $3`,
		l.Scope.MerchantID, l.Scope.EnvironmentID, l.ID, l.Status, l.Name, l.Version, l.ExternalReferenceID, l.MaxCompletions, l.MaxQuantity, doc,
		l.UpdatedAt, l.searchText())
	if err == nil {
		err = tx.Send(`DELETE FROM payment_link_variants WHERE merchant_id = $1 AND environment_id = $2 AND payment_link_id = $3`,
			l.Scope.MerchantID, l.Scope.EnvironmentID, l.ID)
	}
	if err != nil {
		return fmt.Errorf("update the payment link: %w", err)
	}
	return noteVariants(tx, l)
}

// noteVariants keeps which link sells which variant.
func noteVariants(tx db.Tx, l *Link) error {
	for i := range l.Lines {
		if l.Lines[i].VariantID == "" {
			continue
		}
		err := tx.Send(`INSERT INTO payment_link_variants (merchant_id, environment_id, variant_id, payment_link_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			l.Scope.MerchantID, l.Scope.EnvironmentID, l.Lines[i].VariantID, l.ID)
		if err != nil {
			return fmt.Errorf("note the variants of the payment link: %w", err)
		}
	}
	return nil
}

// VariantsInUse tells the catalogue whether an active link sells one of the variants.
func VariantsInUse(tx db.Tx, scope tenant.Scope, variantIDs []string) (catalog.Use, error) {
	return catalog.CountUses(tx, scope, variantIDs, `payment_link_variants v JOIN payment_links l ON l.merchant_id = v.merchant_id
		AND l.environment_id = v.environment_id AND l.payment_link_id = v.payment_link_id`,
		`l.status = 'active'`, catalog.UsedByPaymentLink)
}

func load(tx db.Tx, scope tenant.Scope, linkID, lock string) (*Link, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var l *Link
	err := tx.Query(func(r db.Row) (err error) {
		l, err = scan(r, scope)
		return err
	}, `SELECT `+columns+` FROM payment_links WHERE merchant_id = $1 AND environment_id = $2 AND payment_link_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, linkID)
	switch {
	case err != nil:
		return nil, fmt.Errorf("load the payment link: %w", err)
	case l == nil:
		return nil, fault.NotFound("payment link")
	}
	return l, nil
}

func scan(r db.Row, scope tenant.Scope) (*Link, error) {
	l := &Link{Scope: scope}
	var doc []byte
	if err := r.Scan(&l.ID, &l.Status, &l.Type, &l.Name, &l.Version, &l.OrderID, &l.ExternalReferenceID, &l.MaxCompletions, &l.MaxQuantity,
		&l.Completed, &l.Sold, &l.Held, &l.HeldQuantity, &doc, &l.CreatedAt, &l.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, l); err != nil {
		return nil, fmt.Errorf("decode payment link %s: %w", l.ID, err)
	}
	return l, nil
}

// Get reads a link. The completions of a bound one are those of its order.
func (s *Service) Get(tx db.Tx, scope tenant.Scope, linkID string) (*Link, error) {
	return load(tx, scope, linkID, "")
}

// Find tells whose link an id is and reads it; buyers know nothing but the id.
func Find(tx db.Tx, linkID string) (*Link, error) {
	if !Valid(linkID) {
		return nil, fault.NotFound("payment link")
	}
	var scope tenant.Scope
	err := tx.QueryRow([]any{&scope.MerchantID, &scope.EnvironmentID}, `SELECT merchant_id, environment_id FROM payment_links WHERE payment_link_id = $1`, linkID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.NotFound("payment link")
	}
	if err != nil {
		return nil, fmt.Errorf("find the payment link: %w", err)
	}
	return load(tx, scope, linkID, "")
}

// ListInput filters and sorts links; empty fields do not filter.
type ListInput struct {
	Scope               tenant.Scope
	Status              string
	Type                string
	ExternalReferenceID string
	Query               string // part of id, name, description, line names or reference
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	SortBy              string // created_at when empty
	Ascending           bool
	After               *listing.Cursor
	Limit               int
}

// List reads one page of links; the cursor is nil on the last page.
func (s *Service) List(ctx context.Context, tx db.Tx, in ListInput) ([]*Link, *listing.Cursor, error) {
	var f fault.List
	sort := cmp.Or(in.SortBy, "created_at")
	if sort != "created_at" && sort != "updated_at" {
		f.Add("INVALID_SORT_BY", "sort_by", "The list cannot be sorted by this.")
	}
	text.Rule{Max: maxReference}.Check(&f, "query", in.Query)
	listing.CheckLimit(&f, in.Limit)
	if err := f.Err(); err != nil {
		return nil, nil, err
	}
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("payment_links", columns, "payment_link_id", in.Scope).Search("search", in.Query).Equal("status", in.Status).
		Equal("payment_link_type", in.Type).Equal("external_reference_id", in.ExternalReferenceID).Range("created_at", in.CreatedAfter, in.CreatedBefore)
	if err := q.Sort(sort, in.Ascending, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Link, error) { return scan(r, in.Scope) }, func(l *Link) listing.Cursor {
		if sort == "updated_at" {
			return listing.At(l.UpdatedAt, l.ID)
		}
		return listing.At(l.CreatedAt, l.ID)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list payment links: %w", err)
	}
	return found, next, nil
}

// States of a claim.
const (
	claimOpen     = "open"     // an order was made, nobody pays
	claimHeld     = "held"     // a payment is under way, or part of the money is in
	claimReleased = "released" // the last payment ended without money
	claimCounted  = "counted"  // paid
)

// claim is what one order of a link takes of its places.
type claim struct {
	scope    tenant.Scope
	orderID  string
	linkID   string
	state    string
	nonce    string // of the page that made the order, empty for API calls
	quantity int64
	late     bool // money came when the place had been given back
}

func insertClaim(tx db.Tx, c *claim, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO payment_link_claims (merchant_id, environment_id, order_id, payment_link_id, state, nonce, quantity, late, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8)`,
		c.scope.MerchantID, c.scope.EnvironmentID, c.orderID, c.linkID, c.state, c.nonce, c.quantity, now)
	if errors.Is(err, db.ErrConflict) {
		return fault.Conflict("PAYMENT_LINK_CHANGED_RETRY", "The same page was sent twice at the same moment.").Retry(0)
	}
	if err != nil {
		return fmt.Errorf("insert the claim of an order: %w", err)
	}
	return nil
}

// claimOf is the claim of a locked order, nil when no link made the order.
func claimOf(tx db.Tx, o *order.Order) (*claim, error) {
	if o.Origin != "payment_link" {
		return nil, nil
	}
	c := &claim{scope: o.Scope, orderID: o.ID}
	err := tx.QueryRow([]any{&c.linkID, &c.state, &c.nonce, &c.quantity, &c.late}, `SELECT payment_link_id, state, nonce, quantity, late FROM payment_link_claims
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`+tx.ForUpdate(), o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the claim of an order: %w", err)
	}
	return c, nil
}

func saveClaim(tx db.Tx, c *claim, now time.Time) error {
	err := tx.Send(`UPDATE payment_link_claims SET state = $4, quantity = $5, late = $6, updated_at = $7
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`,
		c.scope.MerchantID, c.scope.EnvironmentID, c.orderID, c.state, c.quantity, c.late, now)
	if err != nil {
		return fmt.Errorf("save the claim of an order: %w", err)
	}
	return nil
}

// orderOfNonce is the order that a page has made already, empty without one.
func orderOfNonce(tx db.Tx, l *Link, nonce string) (string, error) {
	var orderID string
	err := tx.QueryRow([]any{&orderID}, `SELECT order_id FROM payment_link_claims WHERE merchant_id = $1 AND environment_id = $2 AND payment_link_id = $3
		AND nonce = $4 AND nonce <> ''`, l.Scope.MerchantID, l.Scope.EnvironmentID, l.ID, nonce)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the order of a page: %w", err)
	}
	return orderID, nil
}
