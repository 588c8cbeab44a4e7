package payment

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// Notify takes news that a processor sends on its own. A notice that was taken before changes nothing;
// one about an operation we do not have is kept as unmatched and reported, never dropped. It returns
// an error when the notice should be sent again.
func (s *Service) Notify(ctx context.Context, n Notice) error {
	return s.DB.Write(ctx, func(tx db.Tx) error {
		now := s.Clock.Now()
		peek, err := queryOperations(tx, `SELECT `+operationColumns+` FROM processor_operations
			WHERE merchant_id = $1 AND environment_id = $2 AND operation_id = $3 AND processor = $4`,
			n.Scope.MerchantID, n.Scope.EnvironmentID, n.OperationID, n.Processor)
		if err != nil {
			return err
		}
		result := "applied"
		if len(peek) == 0 {
			result = "unmatched"
		}
		fresh, err := tx.Exec(`INSERT INTO processor_notices (merchant_id, environment_id, processor, notice_id, operation_id, result, received_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			n.Scope.MerchantID, n.Scope.EnvironmentID, n.Processor, n.ID, n.OperationID, result, now)
		if err != nil || fresh == 0 {
			return err
		}
		if len(peek) == 0 {
			s.Logger.Error("a processor's notice fits no operation", "processor", n.Processor, "notice", n.ID, "operation", n.OperationID)
			return nil
		}
		s.Failpoints.Hit("payment.notice")
		_, err = s.apply(tx, peek[0].Operation, n.Outcome, nil, event.Cause{ActorType: "processor", ActorID: n.Processor})
		return err
	})
}

func scopeOf(merchantID, environmentID string) tenant.Scope {
	return tenant.Scope{MerchantID: merchantID, EnvironmentID: environmentID}
}
