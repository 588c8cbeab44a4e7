package job

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

// EndEnvironment drops what waits to run for an environment, when its sandbox is reset or archived. A
// handler that runs just then may end, and cannot put its job back.
func (q *Queue) EndEnvironment(_ context.Context, tx db.Tx, scope tenant.Scope, now time.Time) error {
	if err := scope.Check(); err != nil {
		return err
	}
	err := tx.Send(`UPDATE jobs SET done_at = $3, lease_epoch = lease_epoch + 1, last_error = 'the sandbox ended'
		WHERE merchant_id = $1 AND environment_id = $2 AND done_at IS NULL`, scope.MerchantID, scope.EnvironmentID, now)
	if err != nil {
		return fmt.Errorf("drop the jobs of an environment: %w", err)
	}
	return nil
}
