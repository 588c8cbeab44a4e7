package simulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// kindDispute names disputes among the faults: their notices are doubled, held back and dropped like others.
const kindDispute payment.Kind = "dispute"

const (
	disputePrefix = "simdp"
	scheduled     = "scheduled" // the bank has not opened it yet
	inquiryFor    = 7 * 24 * time.Hour
	chargebackFor = 14 * 24 * time.Hour
)

// Dispute is what a bank says of a charge: the JSON of /dev/simulator/disputes.
type Dispute struct {
	Ref         string         `json:"dispute_ref"`
	PaymentID   string         `json:"payment_id"`
	Status      string         `json:"status"`
	CaseType    string         `json:"case_type"`
	Reason      string         `json:"reason"`
	Amount      int64          `json:"amount"` // minor units
	Currency    money.Currency `json:"currency"`
	Submissions int64          `json:"submissions"`
	DueAt       time.Time      `json:"evidence_due_at,omitzero"`
	Version     int64          `json:"version"`
	OpenedAt    time.Time      `json:"opened_at"`

	scope      tenant.Scope
	charge     string
	nextAt     time.Time
	nextStatus string
	thenStatus string
}

// moves are what a bank does next: an inquiry may become a chargeback, and a decision may be turned round once.
var moves = map[string][]string{
	scheduled:                {"warning_needs_response", "needs_response", "lost"},
	"warning_needs_response": {"warning_under_review", "warning_closed", "needs_response", "prevented"},
	"warning_under_review":   {"warning_closed", "needs_response", "prevented"},
	"needs_response":         {"under_review", "won", "lost", "prevented"},
	"under_review":           {"won", "lost"},
	"won":                    {"lost"},
	"lost":                   {"won"},
}

// withdrawn reports whether the bank holds the money at a status.
func withdrawn(status string) bool {
	return status == "needs_response" || status == "under_review" || status == "lost"
}

// OpenInput opens a dispute by hand. Amount 0 is all that was captured and not refunded, or all that was captured
// when nothing of it is left.
type OpenInput struct {
	Scope     tenant.Scope
	PaymentID string
	Amount    int64
	CaseType  string // chargeback when empty; inquiry, bank_return, …
	Reason    string // fraudulent when empty
}

// OpenDispute lets the bank of a charge dispute it now. Faults: RESOURCE_NOT_FOUND, INVALID_AMOUNT.
func (s *Simulator) OpenDispute(ctx context.Context, in OpenInput) (Dispute, error) {
	var d Dispute
	err := s.db.Write(ctx, func(tx db.Tx) error {
		var ref string
		err := tx.QueryRow([]any{&ref}, `SELECT charge_ref FROM simulator_charges
			WHERE merchant_id = $1 AND environment_id = $2 AND payment_id = $3 AND captured > 0 ORDER BY created_at LIMIT 1`,
			in.Scope.MerchantID, in.Scope.EnvironmentID, in.PaymentID)
		if errors.Is(err, db.ErrNoRows) {
			return fault.NotFound("payment_intent")
		}
		if err != nil {
			return fmt.Errorf("find the charge: %w", err)
		}
		ch, err := lockCharge(tx, in.Scope, ref)
		if err != nil {
			return fmt.Errorf("lock the charge: %w", err)
		}
		amount := in.Amount
		if amount == 0 {
			if amount = ch.Captured - ch.Refunded; amount == 0 {
				amount = ch.Captured
			}
		}
		if amount < 0 || amount > ch.Captured {
			return fault.Invalid("INVALID_AMOUNT", "amount", "A dispute is about what was captured, or a part of it.")
		}
		now := s.clock.Now()
		d = s.newDispute(in.Scope, &ch, amount, now)
		if in.CaseType != "" {
			d.CaseType = in.CaseType
		}
		if in.Reason != "" {
			d.Reason = in.Reason
		}
		to := "needs_response"
		switch d.CaseType {
		case "inquiry":
			to = "warning_needs_response"
		case "bank_return": // the money is gone and nobody is asked
			to = "lost"
		}
		if err := insertDispute(tx, d); err != nil {
			return err
		}
		return s.moveDispute(tx, &d, to, now)
	})
	return d, err
}

// MoveInput changes a dispute by hand. Evidence submits an answer; Status is what the bank says then.
type MoveInput struct {
	Scope    tenant.Scope
	Ref      string
	Status   string
	Evidence bool
}

// MoveDispute submits evidence or lets the bank decide. Faults: RESOURCE_NOT_FOUND, DISPUTE_MOVE_INVALID.
func (s *Simulator) MoveDispute(ctx context.Context, in MoveInput) (Dispute, error) {
	var d Dispute
	err := s.db.Write(ctx, func(tx db.Tx) (err error) {
		if d, err = s.lockDispute(tx, in.Scope, in.Ref); err != nil {
			return err
		}
		to := in.Status
		if in.Evidence {
			d.Submissions++
			if to == "" {
				to = map[string]string{"warning_needs_response": "warning_under_review", "needs_response": "under_review"}[d.Status]
			}
		}
		if !slices.Contains(moves[d.Status], to) {
			return fault.Conflict("DISPUTE_MOVE_INVALID", "The bank cannot do that to this dispute as it stands.")
		}
		return s.moveDispute(tx, &d, to, s.clock.Now())
	})
	return d, err
}

// Disputes reads the simulator's disputes of a scope, oldest first.
func (s *Simulator) Disputes(ctx context.Context, scope tenant.Scope) ([]Dispute, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	out := []Dispute{}
	err := s.db.Read(ctx, func(tx db.Tx) (err error) {
		out, err = queryDisputes(tx, scope, `merchant_id = $1 AND environment_id = $2 ORDER BY created_at, dispute_ref`, scope.MerchantID, scope.EnvironmentID)
		return err
	})
	return out, err
}

func (s *Simulator) newDispute(scope tenant.Scope, ch *charge, amount int64, now time.Time) Dispute {
	return Dispute{scope: scope, charge: ch.Ref, Ref: s.ids.New(disputePrefix), PaymentID: ch.PaymentID, Status: scheduled, CaseType: "chargeback",
		Reason: "fraudulent", Amount: amount, Currency: ch.Currency, OpenedAt: now}
}

// scheduleDispute lets the bank behind a disputing source act later.
func (s *Simulator) scheduleDispute(tx db.Tx, scope tenant.Scope, ch *charge, now time.Time) error {
	d := s.newDispute(scope, ch, ch.Captured, now)
	d.nextAt, d.nextStatus = now.Add(s.delays.Dispute), "needs_response"
	switch ch.Behaviour {
	case disputes:
	case disputeWon:
		d.thenStatus = "won"
	case disputeLost:
		d.thenStatus = "lost"
	case disputeInquiry, disputePrevented:
		d.CaseType, d.Reason, d.nextStatus = "inquiry", "unrecognized", "warning_needs_response"
		if ch.Behaviour == disputePrevented {
			d.thenStatus = "prevented"
		}
	default:
		return nil
	}
	s.nudgeAfter(tx, d.nextAt)
	return insertDispute(tx, d)
}

// moveDispute changes a dispute, decides on what follows by itself, and queues the news. Refunds that wait and
// find their money withdrawn fail.
func (s *Simulator) moveDispute(tx db.Tx, d *Dispute, to string, now time.Time) error {
	first := d.Status == scheduled
	if first {
		d.OpenedAt = now
	}
	d.Status, d.nextAt, d.nextStatus = to, time.Time{}, ""
	d.Version++
	switch to {
	case "warning_needs_response":
		d.DueAt, d.nextAt, d.nextStatus = now.Add(inquiryFor), now.Add(inquiryFor), "warning_closed"
	case "needs_response":
		if d.CaseType == "inquiry" { // the question became a claim
			d.CaseType = "chargeback"
		}
		d.DueAt, d.nextAt, d.nextStatus = now.Add(chargebackFor), now.Add(chargebackFor), "lost"
	}
	if first && d.thenStatus != "" {
		d.nextAt, d.nextStatus = now.Add(s.delays.Decision), d.thenStatus
	}
	s.nudgeAfter(tx, d.nextAt)
	if err := updateDispute(tx, *d); err != nil {
		return err
	}
	if withdrawn(to) {
		if err := s.overtakeRefunds(tx, d, now); err != nil {
			return err
		}
	}
	news, err := json.Marshal(payment.DisputeNews{
		Ref: d.Ref, PaymentID: d.PaymentID, Status: d.Status, CaseType: d.CaseType, Reason: d.Reason, Amount: d.Amount, Currency: d.Currency,
		EvidenceDueAt: d.DueAt, Submissions: d.Submissions, OpenedAt: d.OpenedAt, Version: d.Version,
	})
	if err != nil {
		return fmt.Errorf("write the news of a dispute: %w", err)
	}
	way := s.faults.route(kindDispute)
	if way.drop {
		return nil
	}
	due := now
	if way.reorder {
		due = due.Add(s.delays.Reorder)
	}
	return s.queue(tx, key{d.scope, d.Ref}, string(news), due, way.duplicate)
}

// overtakeRefunds fails the refunds of a charge that have not settled, when the bank's withdrawal leaves too little
// for them. The charge is locked.
func (s *Simulator) overtakeRefunds(tx db.Tx, d *Dispute, now time.Time) error {
	ch, err := lockCharge(tx, d.scope, d.charge)
	if err != nil {
		return fmt.Errorf("lock the charge: %w", err)
	}
	held, err := disputedOf(tx, d.scope, d.charge)
	if err != nil || ch.Refunding == 0 || ch.Captured-ch.Refunded-ch.Refunding >= held {
		return err
	}
	s.nudgeAfter(tx, now)
	return tx.Send(`UPDATE simulator_operations SET settle_at = $4, settle_to = 'failed', settle_code = 'payment_disputed'
		WHERE merchant_id = $1 AND environment_id = $2 AND charge_ref = $3 AND kind = 'refund' AND state = 'processing'`,
		d.scope.MerchantID, d.scope.EnvironmentID, d.charge, now)
}

// disputeDue moves a dispute whose time has come; a no-op when it has moved already.
func (s *Simulator) disputeDue(ctx context.Context, k key) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		d, err := s.lockDispute(tx, k.Scope, k.ID)
		now := s.clock.Now()
		if err != nil || d.nextAt.IsZero() || now.Before(d.nextAt) {
			return err
		}
		return s.moveDispute(tx, &d, d.nextStatus, now)
	})
}

// tell gives one notice to whom it is for.
func (s *Simulator) tell(ctx context.Context, n *notice) error {
	if n.dispute == nil {
		return s.sink(ctx, n.Notice)
	}
	if s.disputes == nil {
		return errors.New("nobody takes news of disputes")
	}
	return s.disputes(ctx, payment.DisputeNotice{ID: n.ID, Scope: n.Scope, Processor: Name, Dispute: *n.dispute})
}

// disputedOf is what banks have withdrawn of a charge, in minor units.
func disputedOf(tx db.Tx, scope tenant.Scope, chargeRef string) (sum int64, err error) {
	err = tx.QueryRow([]any{&sum}, `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM simulator_disputes
		WHERE merchant_id = $1 AND environment_id = $2 AND charge_ref = $3 AND status IN ('needs_response', 'under_review', 'lost')`,
		scope.MerchantID, scope.EnvironmentID, chargeRef)
	if err != nil {
		return 0, fmt.Errorf("sum up the disputes of a charge: %w", err)
	}
	return sum, nil
}

const disputeColumns = `merchant_id, environment_id, dispute_ref, charge_ref, payment_id, status, case_type, reason, amount, currency, submissions,
	evidence_due_at, version, next_at, next_status, then_status, created_at`

func insertDispute(tx db.Tx, d Dispute) error {
	return tx.Send(`INSERT INTO simulator_disputes (`+disputeColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		d.scope.MerchantID, d.scope.EnvironmentID, d.Ref, d.charge, d.PaymentID, d.Status, d.CaseType, d.Reason, d.Amount, string(d.Currency),
		d.Submissions, d.DueAt, d.Version, d.nextAt, d.nextStatus, d.thenStatus, d.OpenedAt)
}

func updateDispute(tx db.Tx, d Dispute) error {
	return tx.Send(`UPDATE simulator_disputes SET status = $4, case_type = $5, submissions = $6, evidence_due_at = $7, version = $8, next_at = $9,
		next_status = $10, created_at = $11 WHERE merchant_id = $1 AND environment_id = $2 AND dispute_ref = $3`,
		d.scope.MerchantID, d.scope.EnvironmentID, d.Ref, d.Status, d.CaseType, d.Submissions, d.DueAt, d.Version, d.nextAt, d.nextStatus, d.OpenedAt)
}

// lockDispute locks the charge of a dispute and then reads the dispute, as everywhere.
func (s *Simulator) lockDispute(tx db.Tx, scope tenant.Scope, ref string) (Dispute, error) {
	const where = `merchant_id = $1 AND environment_id = $2 AND dispute_ref = $3`
	peek, err := queryDisputes(tx, scope, where, scope.MerchantID, scope.EnvironmentID, ref)
	if err != nil {
		return Dispute{}, err
	}
	if len(peek) == 0 {
		return Dispute{}, fault.NotFound("dispute")
	}
	if _, err := lockCharge(tx, scope, peek[0].charge); err != nil {
		return Dispute{}, fmt.Errorf("lock the charge: %w", err)
	}
	found, err := queryDisputes(tx, scope, where+tx.ForUpdate(), scope.MerchantID, scope.EnvironmentID, ref)
	if err != nil {
		return Dispute{}, err
	}
	return found[0], nil
}

func queryDisputes(tx db.Tx, scope tenant.Scope, where string, args ...any) ([]Dispute, error) {
	out := []Dispute{}
	err := tx.Query(func(r db.Row) error {
		d := Dispute{scope: scope}
		err := r.Scan(&d.scope.MerchantID, &d.scope.EnvironmentID, &d.Ref, &d.charge, &d.PaymentID, &d.Status, &d.CaseType, &d.Reason, &d.Amount,
			&d.Currency, &d.Submissions, &d.DueAt, &d.Version, &d.nextAt, &d.nextStatus, &d.thenStatus, &d.OpenedAt)
		out = append(out, d)
		return err
	}, `SELECT `+disputeColumns+` FROM simulator_disputes WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read disputes: %w", err)
	}
	return out, nil
}

// dueDisputes are the disputes whose time has come.
func dueDisputes(tx db.Tx, now time.Time, limit int) ([]key, error) {
	var due []key
	err := tx.Query(func(row db.Row) error {
		var k key
		err := row.Scan(&k.Scope.MerchantID, &k.Scope.EnvironmentID, &k.ID)
		due = append(due, k)
		return err
	}, `SELECT merchant_id, environment_id, dispute_ref FROM simulator_disputes
		WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at LIMIT $2`, now, limit)
	return due, err
}
