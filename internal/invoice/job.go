package invoice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

var system = event.Cause{ActorType: "system"}

// Kinds of rows that time or the mail server has something to say about.
const (
	dueInvoice = iota
	dueAttempt
	dueDelivery
)

// target names such a row.
type target struct {
	kind   int
	scope  tenant.Scope
	id     string
	mailID string    // of a delivery
	since  time.Time // likewise
}

// due is one statement, so that a worker with nothing to do costs little. Each part reads an index of only
// the rows that wait.
const due = `SELECT kind, merchant_id, environment_id, row_id, mail_id, created_at FROM
		(SELECT 0 AS kind, merchant_id, environment_id, invoice_id AS row_id, '' AS mail_id, created_at FROM invoices
			WHERE next_check_at <= $1 ORDER BY next_check_at LIMIT $2) AS due_invoices
	UNION ALL SELECT kind, merchant_id, environment_id, row_id, mail_id, created_at FROM
		(SELECT 1 AS kind, merchant_id, environment_id, attempt_id AS row_id, '' AS mail_id, started_at AS created_at FROM invoice_attempts
			WHERE status = 'open' AND expires_at <= $1 ORDER BY expires_at LIMIT $2) AS due_attempts
	UNION ALL SELECT kind, merchant_id, environment_id, row_id, mail_id, created_at FROM
		(SELECT 2 AS kind, merchant_id, environment_id, delivery_id AS row_id, mail_id, created_at FROM invoice_deliveries
			WHERE status = 'pending' AND created_at >= $3 AND (created_at > $3 OR delivery_id > $4)
			ORDER BY created_at, delivery_id LIMIT $2) AS due_deliveries`

// rotation remembers how far the mails that wait were looked at, so that many that cannot be sent do not
// hide those that were.
type rotation struct {
	mu     sync.Mutex
	since  time.Time
	lastID string
}

// next reads what is due, without the mails of which nothing is known yet, and turns the rotation on.
func (s *Service) next(ctx context.Context, limit int) (found []target, err error) {
	s.waiting.mu.Lock()
	defer s.waiting.mu.Unlock()
	now, mails, last := s.Clock.Now(), 0, target{}
	since := s.waiting.since
	if since.IsZero() {
		since = time.UnixMicro(1) // a zero time is NULL
	}
	err = s.DB.Read(ctx, func(tx db.Tx) error {
		var all []target
		err := tx.Query(func(r db.Row) error {
			var t target
			err := r.Scan(&t.kind, &t.scope.MerchantID, &t.scope.EnvironmentID, &t.id, &t.mailID, &t.since)
			all = append(all, t)
			return err
		}, due, now, limit, since, s.waiting.lastID)
		if err != nil {
			return err
		}
		found, mails = nil, 0
		for _, t := range all {
			if t.kind == dueDelivery {
				mails, last = mails+1, t
				state, _, err := s.Mail.State(tx, t.scope, t.mailID)
				if err != nil && fault.Of(err) == nil {
					return fmt.Errorf("read the state of mail %s: %w", t.mailID, err)
				}
				if err == nil && state == "queued" {
					continue
				}
			}
			found = append(found, t)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for invoices that are due: %w", err)
	}
	if s.waiting.since, s.waiting.lastID = last.since, last.id; mails < limit {
		s.waiting.since, s.waiting.lastID = time.Time{}, "" // from the start again
	}
	return found, nil
}

// RunDue does what has become due: drafts are issued, saved payment methods charged, overdue invoices
// announced, reminders sent, late fees charged, attempts ended, what became of mails noted. It tells how many rows it worked on. What is due is
// read off the invoice each time, so it may be called at any moment, by several nodes, and after any jump of
// the clock; each thing happens once.
func (s *Service) RunDue(ctx context.Context, limit int) (done int, err error) {
	found, err := s.next(ctx, limit)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, t := range found {
		s.Failpoints.Hit("invoice.due")
		if err := s.lookAfter(ctx, t); err != nil {
			if f := fault.Of(err); f == nil || f.Class == fault.ClassInternal {
				failed = append(failed, fmt.Errorf("look after %s: %w", t.id, err)) // the others have their turn
				continue
			}
			s.Logger.Warn("an invoice could not be looked after", "row", t.id, "error", err)
			continue
		}
		done++
	}
	return done, errors.Join(failed...)
}

// lookAfter does what is due of one row. An invoice is charged before anything else: what is paid then is neither
// overdue nor worth a reminder.
func (s *Service) lookAfter(ctx context.Context, t target) error {
	if t.kind == dueInvoice {
		if err := s.autopay(ctx, t); err != nil {
			return err
		}
	}
	return s.DB.Write(ctx, func(tx db.Tx) error {
		switch t.kind {
		case dueAttempt:
			return s.expireAttempt(tx, t)
		case dueDelivery:
			return s.delivered(tx, t.scope, t.id)
		}
		return s.look(ctx, tx, t)
	})
}

// look does what is due of one invoice, but for charging it.
func (s *Service) look(ctx context.Context, tx db.Tx, t target) error {
	o, v, err := s.open(tx, t.scope, t.id)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	if v.NextCheckAt.IsZero() || v.NextCheckAt.After(now) {
		return nil
	}
	if v.Status == StatusDraft {
		return s.issueScheduled(ctx, tx, v)
	}
	var found timely
	for _, p := range v.dueParts() {
		if p.outstanding == 0 || !v.Collectible() {
			continue
		}
		found.overdue(v, p, now)
		found.reminder(v, p, now)
		if err := found.lateFee(v, p, now, o.ActiveAttemptID == ""); err != nil {
			return err
		}
	}
	if len(found.remind) > 0 && v.Delivery == DeliverByEmail && v.RecipientEmail != "" {
		v.LastReminder = now
		if _, err := s.send(ctx, tx, v, DeliveryReminder, "rule/"+found.remind[0], system); err != nil {
			return err
		}
	}
	if found.any {
		if err := s.save(tx, v, system, found.change); err != nil {
			return err
		}
	}
	for _, p := range found.fees {
		if amount, err := feeOn(v.LateFeePolicy(), p.outstanding); err != nil || amount < 1 {
			continue // a percentage of a few minor units is nothing
		}
		if err := s.assess(tx, o, v, p, system); err != nil {
			return err
		}
	}
	next := v.nextCheck()
	if !next.IsZero() && !next.After(now) { // a late fee or a charge waits for a payment under way
		next = now.Add(time.Minute)
	}
	if next.Equal(v.NextCheckAt) {
		return nil
	}
	return s.postpone(tx, v, next)
}

// timely is what one look finds to have become due.
type timely struct {
	change
	any    bool      // something was marked on the invoice
	remind []string  // keys of reminders
	fees   []duePart // to be charged a late fee
}

func (f *timely) overdue(v *Invoice, p duePart, now time.Time) {
	if !now.After(p.at) || slices.Contains(v.Told.Overdue, p.entryID) {
		return
	}
	v.Told.Overdue, f.any = append(v.Told.Overdue, p.entryID), true
	f.note(ActivityOverdue, "The due date passed.", ActivityDetail{EntryID: p.entryID, DueAt: p.at})
	f.tell(EventOverdue, func(d *eventData) { d.DueAt, d.EntryID = p.at, p.entryID })
}

func (f *timely) reminder(v *Invoice, p duePart, now time.Time) {
	key := v.reminderNow(p, now)
	if key == "" {
		return
	}
	f.any = true
	if v.RemindersPaused {
		return
	}
	f.remind = append(f.remind, key)
	f.note(ActivityReminderDue, "It is time to remind the buyer.", ActivityDetail{EntryID: p.entryID, DueAt: p.at})
	f.tell(EventReminderDue, func(d *eventData) { d.DueAt, d.EntryID = p.at, p.entryID })
}

// lateFee announces a fee. One that is charged by itself waits while a payment of the order is under way.
func (f *timely) lateFee(v *Invoice, p duePart, now time.Time, quiet bool) error {
	policy := v.LateFeePolicy()
	if policy == nil || v.feeFor(p.entryID) || slices.Contains(v.Told.LateFees, p.entryID) {
		return nil
	}
	at := v.feeAt(p.at, policy)
	if !now.After(at) || policy.Mode == FeeAutomatic && !quiet {
		return nil
	}
	v.Told.LateFees, f.any = append(v.Told.LateFees, p.entryID), true
	if policy.Mode == FeeAutomatic {
		f.fees = append(f.fees, p)
	}
	return v.feeDue(p, at, &f.change)
}

// postpone looks again at another time, without a new version.
func (s *Service) postpone(tx db.Tx, v *Invoice, at time.Time) error {
	return tx.Send(`UPDATE invoices SET next_check_at = $4 WHERE merchant_id = $1 AND environment_id = $2 AND invoice_id = $3`,
		v.Scope.MerchantID, v.Scope.EnvironmentID, v.ID, at)
}

// reminderNow marks every rule whose time has come as done and gives the newest of them, empty when none
// is new: after a jump of the clock the buyer gets one reminder and not five.
func (v *Invoice) reminderNow(p duePart, now time.Time) (newest string) {
	days := slices.Sorted(slices.Values(v.Reminders))
	for _, d := range days {
		key := reminderKey(p.entryID, d)
		if v.remindAt(p.at, d).After(now) || slices.Contains(v.Told.Reminders, key) {
			continue
		}
		v.Told.Reminders = append(v.Told.Reminders, key)
		newest = key
	}
	return newest
}

// issueScheduled issues a draft whose time has come. When it cannot be issued, that is announced once, and
// the draft waits for its merchant. Issue refuses before it writes anything, so the rest of the transaction
// still holds.
func (s *Service) issueScheduled(ctx context.Context, tx db.Tx, v *Invoice) error {
	_, err := s.Issue(ctx, tx, IssueInput{Scope: v.Scope, InvoiceID: v.ID, Cause: system})
	f := fault.Of(err)
	if err == nil || f == nil || f.Class == fault.ClassInternal {
		return err
	}
	fresh, loadErr := load(tx, v.Scope, v.ID)
	if loadErr != nil {
		return loadErr
	}
	fresh.IssueFailed = f.Code
	var c change
	c.note(ActivityIssueFailed, "The invoice could not be issued on time.", ActivityDetail{ErrorCode: f.Code})
	c.tell(EventIssueFailed, func(d *eventData) { d.ErrorCode = f.Code })
	return s.save(tx, fresh, system, c)
}

// expireAttempt ends an attempt whose link has run out.
func (s *Service) expireAttempt(tx db.Tx, t target) error {
	found, err := attempts(tx, t.scope, ` AND attempt_id = $3`, t.id)
	if err != nil || len(found) == 0 {
		return err
	}
	_, v, err := s.open(tx, t.scope, found[0].InvoiceID)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	if found, err = attempts(tx, t.scope, ` AND attempt_id = $3`, t.id); err != nil || found[0].Status != AttemptOpen {
		return err
	}
	found[0].Status = AttemptExpired
	if err := saveAttempt(tx, found[0], now); err != nil {
		return err
	}
	var c change
	c.tell(EventAttemptExpired, v.aboutAttempt(found[0]))
	return s.save(tx, v, system, c)
}
