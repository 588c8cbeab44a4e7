package checkout

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
)

// caps on what is sent to one address of a merchant, and on wrong codes for it
var (
	mailCaps  = []window{{3, 15 * time.Minute}, {10, 24 * time.Hour}}
	wrongCaps = []window{{10, 24 * time.Hour}, {30, 7 * 24 * time.Hour}}
	// on what one network asks for: anything at all, and what is automatic
	askerCaps     = []window{{20, time.Minute}}
	automaticCaps = []window{{10, time.Hour}}
)

// window is how much is allowed within which time.
type window struct {
	max    int64
	within time.Duration
}

// checkCaps refuses a code too many: of the session, of the address and of the network that asks.
func (s *Service) checkCaps(tx db.Tx, session *Session, in *VerificationInput, email string, now time.Time) error {
	scope := session.Scope
	confirming, which := in.Purpose == PurposeConfirmSave, "<>"
	if confirming {
		which = "="
	}
	var sent int64
	err := tx.QueryRow([]any{&sent}, `SELECT COUNT(*) FROM checkout_verifications
		WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3 AND purpose `+which+` $4`,
		scope.MerchantID, scope.EnvironmentID, session.ID, PurposeConfirmSave)
	switch {
	case err != nil:
		return fmt.Errorf("count the codes of a session: %w", err)
	case confirming && sent >= maxConfirmations:
		return fault.Conflict("PAYMENT_METHOD_SAVE_CODE_LIMIT_REACHED", "No more codes are sent to confirm this payment method.")
	case !confirming && sent >= maxCodes:
		return fault.Conflict("CUSTOMER_VERIFICATION_LIMIT_REACHED", "This checkout sends no more codes.").Then("Go on as a guest.")
	}
	count := func(what, condition string, caps []window, args ...any) error {
		for _, c := range caps {
			var n int64
			all := append([]any{scope.MerchantID, scope.EnvironmentID, now.Add(-c.within)}, args...)
			if err := tx.QueryRow([]any{&n}, `SELECT CAST(COALESCE(`+what+`, 0) AS BIGINT) FROM checkout_verifications
				WHERE merchant_id = $1 AND environment_id = $2 AND created_at > $3 AND `+condition, all...); err != nil {
				return fmt.Errorf("count codes: %w", err)
			}
			if n >= c.max {
				return rateLimited(c.within)
			}
		}
		return nil
	}
	if err := count("COUNT(*)", "email = $4", mailCaps, email); err != nil {
		return err
	}
	if err := count("SUM(CASE WHEN status = 'confirmed' THEN tries - 1 ELSE tries END)", "email = $4", wrongCaps, email); err != nil {
		return err
	}
	if in.Asker == "" {
		return nil
	}
	asker := s.mac("checkout asker", in.Asker)
	if err := count("COUNT(*)", "asker = $4", askerCaps, asker); err != nil || in.Channel != ChannelAuto {
		return err
	}
	return count("COUNT(*)", "asker = $4 AND automatic = 1", automaticCaps, asker)
}

func rateLimited(within time.Duration) error {
	return (&fault.Error{Class: fault.ClassRateLimited, Code: "CUSTOMER_VERIFICATION_RATE_LIMITED", Retryable: true,
		Message: "Too many codes were asked for or were wrong."}).Then("Wait, or go on as a guest.").Retry(min(within, time.Hour))
}

// liveCode is the automatic code that was sent to the address and still works, nil without one.
func liveCode(tx db.Tx, session *Session, purpose, email string, now time.Time) (*Verification, error) {
	found, err := queryVerifications(tx, session, `status = 'pending' AND automatic = 1 AND purpose = $4 AND email = $5 AND expires_at > $6 AND tries < $7`,
		purpose, email, now, CodeTries)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

const verificationColumns = `customer_verification_id, purpose, channel, automatic, email, code_hash, status, tries, created_at, expires_at`

func queryVerifications(tx db.Tx, session *Session, condition string, args ...any) ([]*Verification, error) {
	var out []*Verification
	err := tx.Query(func(r db.Row) error {
		v := &Verification{Scope: session.Scope, SessionID: session.ID}
		err := r.Scan(&v.ID, &v.Purpose, &v.Channel, &v.automatic, &v.Email, &v.codeHash, &v.status, &v.tries, &v.CreatedAt, &v.ExpiresAt)
		out = append(out, v)
		return err
	}, `SELECT `+verificationColumns+` FROM checkout_verifications
		WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3 AND `+condition,
		append([]any{session.Scope.MerchantID, session.Scope.EnvironmentID, session.ID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read the codes of checkout session %s: %w", session.ID, err)
	}
	return out, nil
}

// insertVerification writes a code down and voids the session's earlier ones.
func insertVerification(tx db.Tx, v *Verification, asker string) error {
	if err := tx.Send(`UPDATE checkout_verifications SET status = 'replaced'
		WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3 AND status = 'pending'`,
		v.Scope.MerchantID, v.Scope.EnvironmentID, v.SessionID); err != nil {
		return fmt.Errorf("void earlier codes: %w", err)
	}
	err := tx.Send(`INSERT INTO checkout_verifications (merchant_id, environment_id, checkout_session_id, `+verificationColumns+`, asker)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		v.Scope.MerchantID, v.Scope.EnvironmentID, v.SessionID, v.ID, v.Purpose, v.Channel, v.automatic, v.Email, v.codeHash, v.status,
		v.tries, v.CreatedAt, v.ExpiresAt, asker)
	if err != nil {
		return fmt.Errorf("write a code down: %w", err)
	}
	return nil
}
