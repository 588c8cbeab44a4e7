package catalog

import (
	"fmt"
	"strconv"
	"strings"

	"flint/internal/db"
	"flint/internal/tenant"
)

// CountUses is a UseFunc's count: from is what stands after FROM, with v as the table that has variant_id, and open the
// condition under which a row of it still sells. Both are the caller's own text, never input.
func CountUses(tx db.Tx, scope tenant.Scope, variantIDs []string, from, open string, use Use) (Use, error) {
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
	err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM `+from+` WHERE v.merchant_id = $1 AND v.environment_id = $2
		AND v.variant_id IN (`+strings.Join(places, ", ")+`) AND `+open, args...)
	if err != nil {
		return "", fmt.Errorf("look for uses of variants: %w", err)
	}
	if n > 0 {
		return use, nil
	}
	return "", nil
}
