package order

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// Numbers are the numbers of some orders by their ids. An id that the environment has none of is left out.
func Numbers(tx db.Tx, scope tenant.Scope, orderIDs []string) (map[string]string, error) {
	out := map[string]string{}
	if err := scope.Check(); err != nil || len(orderIDs) == 0 {
		return out, err
	}
	q := listing.From("orders", "order_id, order_number", "order_id", scope).In("order_id", orderIDs)
	if err := q.Sort("order_id", true, false, nil); err != nil {
		return nil, err
	}
	_, err := listing.All(tx, q, func(r db.Row) (struct{}, error) {
		var id, number string
		err := r.Scan(&id, &number)
		out[id] = number
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the numbers of %d orders: %w", len(orderIDs), err)
	}
	return out, nil
}
