package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

// Booked is an entry as it stands in the journal.
type Booked struct {
	ID        string // jent_…
	Reason    string
	PaymentID string
	RefundID  string
	At        time.Time
	Postings  []Posting // in the order they were written
}

// Sum is what the entry's postings to the accounts come to, in minor units, debit positive.
func (b Booked) Sum(accounts ...Account) (minor int64) {
	for _, p := range b.Postings {
		if slices.Contains(accounts, p.Account) {
			minor += p.Amount
		}
	}
	return minor
}

// OfOrder reads the journal of an order, oldest first. Postings that hang on no entry of the order come with
// an entry that has no reason, so that no amount is passed over.
func OfOrder(tx db.Tx, scope tenant.Scope, orderID string) ([]Booked, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []Booked
	at := map[string]int{}
	err := tx.Query(func(r db.Row) error {
		var b Booked
		err := r.Scan(&b.ID, &b.Reason, &b.PaymentID, &b.RefundID, &b.At)
		at[b.ID] = len(out)
		out = append(out, b)
		return err
	}, `SELECT entry_id, reason, payment_intent_id, refund_id, created_at FROM journal_entries
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`, scope.MerchantID, scope.EnvironmentID, orderID)
	if err != nil {
		return nil, fmt.Errorf("read the journal of order %s: %w", orderID, err)
	}
	err = tx.Query(func(r db.Row) error {
		var entryID string
		var p Posting
		if err := r.Scan(&entryID, &p.Account, &p.Amount); err != nil {
			return err
		}
		n, ok := at[entryID]
		if !ok {
			n = len(out)
			at[entryID] = n
			out = append(out, Booked{ID: entryID})
		}
		out[n].Postings = append(out[n].Postings, p)
		return nil
	}, `SELECT entry_id, account, amount FROM postings WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3
		ORDER BY entry_id, line`, scope.MerchantID, scope.EnvironmentID, orderID)
	if err != nil {
		return nil, fmt.Errorf("read the postings of order %s: %w", orderID, err)
	}
	slices.SortFunc(out, func(a, b Booked) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}
