package checkout

import (
	"flint/internal/catalog"
	"flint/internal/db"
	"flint/internal/tenant"
)

// VariantsInUse tells the catalogue whether an open session sells one of the variants.
func VariantsInUse(tx db.Tx, scope tenant.Scope, variantIDs []string) (catalog.Use, error) {
	return catalog.CountUses(tx, scope, variantIDs, `order_variants v JOIN checkout_sessions c ON c.merchant_id = v.merchant_id
		AND c.environment_id = v.environment_id AND c.order_id = v.order_id`,
		`c.status = 'open'`, catalog.UsedByCheckout)
}
