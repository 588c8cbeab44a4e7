package requestlog

import (
	"fmt"
	"time"

	"flint/internal/db"
)

func insert(tx db.Tx, rows []row) error {
	for i := range rows {
		e := &rows[i]
		if err := e.Scope.Check(); err != nil {
			return err
		}
		err := tx.Send(`INSERT INTO request_logs (merchant_id, environment_id, credential_id, log_id, request_id, method, path, route, status,
			latency_us, asked_version, version_source, served_version, resource_type, resource_id, parent_id, error_code, error_message, error_advice,
			retryable, created_at, query, headers, request_body, response_body, response_type, redacted, cut)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
			ON CONFLICT DO NOTHING`,
			e.Scope.MerchantID, e.Scope.EnvironmentID, e.CredentialID, e.ID, e.requestID, e.Method, e.path, e.Route, e.Status,
			e.Latency.Microseconds(), e.asked, e.VersionSource, e.ServedVersion, e.resourceType, e.resourceID, e.parentResource,
			e.Fault.Code, e.message, e.advice, e.Fault.Retryable, e.CreatedAt, e.query, e.headers, e.request, e.response, e.responseType, e.redacted, e.cut)
		if err != nil {
			return fmt.Errorf("write a request log: %w", err)
		}
	}
	return nil
}

func purge(tx db.Tx, before time.Time, limit int) (int64, error) {
	n, err := tx.Exec(`DELETE FROM request_logs WHERE (merchant_id, environment_id, credential_id, log_id) IN (
		SELECT merchant_id, environment_id, credential_id, log_id FROM request_logs WHERE created_at < $1 ORDER BY created_at LIMIT $2)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("remove old request logs: %w", err)
	}
	return n, nil
}
