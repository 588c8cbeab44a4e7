// Package ledger is the append-only double-entry journal.
//
// An entry balances to zero per currency, has a reason that occurs once, and is never changed or
// deleted. A posting's amount is in minor units, debit positive. Accounts belong to a merchant
// environment and, for all kinds used so far, to one order.
package ledger

import (
	"strconv"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Account is a kind of account.
type Account string

// Accounts of an order.
const (
	// Receivable is what the buyer owes (debit) or has overpaid (credit).
	Receivable Account = "receivable"
	// Sales is what was sold, without tax and tip (credit).
	Sales Account = "sales"
	// Tax is tax collected for the authorities (credit).
	Tax Account = "tax"
	// Tips is what buyers added (credit).
	Tips Account = "tips"
	// Refunds is what was given back of sales, tax and tips (debit).
	Refunds Account = "refunds"
	// MerchantBalance is money the processor holds for the merchant (debit).
	MerchantBalance Account = "merchant_balance"
	// LateFees is what was charged for paying late (credit).
	LateFees Account = "late_fees"
	// CreditNotes is what credit notes took off what buyers owe (debit).
	CreditNotes Account = "credit_notes"
	// WriteOffs is what was given up on (debit).
	WriteOffs Account = "write_offs"
	// WriteOffAllowance stands against the receivable of what was written off (credit).
	WriteOffAllowance Account = "write_off_allowance"
	// Disputes is money that banks withdrew until they decide (debit).
	Disputes Account = "disputes"
	// DisputeLosses is what lost disputes cost (debit).
	DisputeLosses Account = "dispute_losses"
	// ProcessorClearing is money asked of a processor and not answered yet; it returns to zero.
	ProcessorClearing Account = "processor_clearing"
	// PaymentsInFlight mirrors the clearing of payments; it returns to zero.
	PaymentsInFlight Account = "payments_in_flight"
	// RefundsInFlight mirrors the clearing of refunds; it returns to zero.
	RefundsInFlight Account = "refunds_in_flight"
)

// Posting is one leg of an entry: minor units, debit positive.
type Posting struct {
	Account Account
	Amount  int64
}

// Beginnings of the reasons of entries that change what an order holds.
const (
	ReasonOrder   = "order"
	ReasonDispute = "dispute" // a bank took the money, or gave it back
)

// Entry is what happened, once.
type Entry struct {
	Reason    string // unique within the environment: "order:ord_…:3", "operation:prop_…:planned"
	OrderID   string
	PaymentID string // may be empty
	RefundID  string // may be empty
	Currency  string
	Postings  []Posting
}

// Journal writes entries.
type Journal struct {
	IDs *id.Source
}

// Post writes the entry with its postings in tx. Postings of zero are left out, and an entry without
// any is not written. It fails when the entry does not balance, and with db.ErrConflict when its
// reason was posted before.
func (j *Journal) Post(tx db.Tx, scope tenant.Scope, now time.Time, e Entry) error {
	var sum int64
	n := 0
	for _, p := range e.Postings {
		sum += p.Amount
		if p.Amount != 0 {
			n++
		}
	}
	if sum != 0 {
		return fault.Internal("LEDGER_UNBALANCED", "entry %s is off by %d", e.Reason, sum)
	}
	if n == 0 {
		return nil
	}
	entryID := j.IDs.New(id.JournalEntry)
	err := tx.Send(`INSERT INTO journal_entries (merchant_id, environment_id, entry_id, reason, order_id, payment_intent_id,
		refund_id, currency, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		scope.MerchantID, scope.EnvironmentID, entryID, e.Reason, e.OrderID, e.PaymentID, e.RefundID, e.Currency, now)
	if err != nil {
		return err
	}
	var sql strings.Builder
	sql.WriteString(`INSERT INTO postings (merchant_id, environment_id, entry_id, line, order_id, account, currency, amount) VALUES `)
	args := make([]any, 0, 5+3*n)
	args = append(args, scope.MerchantID, scope.EnvironmentID, entryID, e.OrderID, e.Currency)
	line := 0
	for _, p := range e.Postings {
		if p.Amount == 0 {
			continue
		}
		if line > 0 {
			sql.WriteString(", ")
		}
		k := len(args)
		sql.WriteString("($1, $2, $3, $" + strconv.Itoa(k+1) + ", $4, $" + strconv.Itoa(k+2) + ", $5, $" + strconv.Itoa(k+3) + ")")
		args = append(args, line, string(p.Account), p.Amount)
		line++
	}
	return tx.Send(sql.String(), args...)
}

// Balances sums an order's postings by account, in minor units.
func Balances(tx db.Tx, scope tenant.Scope, orderID string) (map[Account]int64, error) {
	out := map[Account]int64{}
	err := tx.Query(func(r db.Row) error {
		var a string
		var v int64
		if err := r.Scan(&a, &v); err != nil {
			return err
		}
		out[Account(a)] = v
		return nil
	}, `SELECT account, CAST(SUM(amount) AS BIGINT) FROM postings WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 GROUP BY account`,
		scope.MerchantID, scope.EnvironmentID, orderID)
	return out, err
}
