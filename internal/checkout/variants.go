package checkout

import (
	"fmt"
	"strconv"
	"strings"

	"flint/internal/catalog"
	"flint/internal/db"
	"flint/internal/tenant"
)

// VariantsInUse tells the catalogue whether an open session sells one of the variants.
func VariantsInUse(tx db.Tx, scope tenant.Scope, variantIDs []string) (catalog.Use, error) {
	if len(variantIDs) == 0 {
		return "", nil
	}
	args := []any{scope.MerchantID, scope.EnvironmentID}
	places := make([]string, len(variantIDs))
	for i, v := range variantIDs {
		args = append(args, v)
		places[i] = "$" + strconv.Itoa(i+3)
	}
	var n int64
	err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM order_variants v JOIN checkout_sessions c ON c.merchant_id = v.merchant_id
		AND c.environment_id = v.environment_id AND c.order_id = v.order_id
		WHERE v.merchant_id = $1 AND v.environment_id = $2 AND v.variant_id IN (`+strings.Join(places, ", ")+`) AND c.status = 'open'`, args...)
	if err != nil {
		return "", fmt.Errorf("look for open sessions of variants: %w", err)
	}
	if n > 0 {
		return catalog.UsedByCheckout, nil
	}
	return "", nil
}
