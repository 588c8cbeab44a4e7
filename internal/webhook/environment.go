package webhook

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

// EndEnvironment ends every endpoint of an environment with all that waits for them, as Delete ends one.
// It runs when a sandbox is reset or archived.
func (s *Service) EndEnvironment(_ context.Context, tx db.Tx, scope tenant.Scope, now time.Time) error {
	if err := scope.Check(); err != nil {
		return err
	}
	err := tx.Send(`UPDATE webhook_endpoints SET enabled = 0, secret = '', previous_secret = '', deleted_at = $3, updated_at = $3
		WHERE merchant_id = $1 AND environment_id = $2 AND deleted_at IS NULL`, scope.MerchantID, scope.EnvironmentID, now)
	if err == nil {
		err = tx.Send(`UPDATE webhook_deliveries SET status = 'suppressed', due_at = NULL, lease = '', updated_at = $3
			WHERE merchant_id = $1 AND environment_id = $2 AND status = 'pending'`, scope.MerchantID, scope.EnvironmentID, now)
	}
	if err != nil {
		return fmt.Errorf("end the endpoints of an environment: %w", err)
	}
	return nil
}
