package fulfillment

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const itemColumns = `package_item_id, package_id, fulfillment_id, order_line_item_id, quantity, metadata, created_at, updated_at`

func scanItem(row db.Row) (*Item, error) {
	i := &Item{}
	var pairs string
	if err := row.Scan(&i.ID, &i.PackageID, &i.FulfillmentID, &i.OrderLineItemID, &i.Quantity, &pairs, &i.CreatedAt, &i.UpdatedAt); err != nil {
		return nil, err
	}
	if pairs != "" {
		if err := json.Unmarshal([]byte(pairs), &i.Metadata); err != nil {
			return nil, fmt.Errorf("decode package item %s: %w", i.ID, err)
		}
	}
	return i, nil
}

// getItem reads an item of a package; RESOURCE_NOT_FOUND when the package has none with the id.
func getItem(tx db.Tx, p *Package, itemID string) (*Item, error) {
	var found *Item
	err := tx.Query(func(row db.Row) (err error) {
		found, err = scanItem(row)
		return err
	}, `SELECT `+itemColumns+` FROM package_items WHERE merchant_id = $1 AND environment_id = $2 AND package_id = $3 AND package_item_id = $4`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, itemID)
	if err != nil {
		return nil, fmt.Errorf("read a package item: %w", err)
	}
	if found == nil {
		return nil, fault.NotFound("package item")
	}
	return found.in(p), nil
}

// in names the objects above the item.
func (i *Item) in(p *Package) *Item {
	i.ShipmentID, i.OrderID = p.ShipmentID, p.OrderID
	return i
}

// packed counts the units of an order line in the open packages of a fulfilment, other than one item.
func packed(tx db.Tx, scope tenant.Scope, fulfillmentID, lineID, exceptItem string) (n int64, err error) {
	err = tx.QueryRow([]any{&n}, `SELECT CAST(COALESCE(SUM(i.quantity), 0) AS BIGINT) FROM package_items i
		JOIN packages p ON p.merchant_id = i.merchant_id AND p.environment_id = i.environment_id AND p.package_id = i.package_id
		WHERE i.merchant_id = $1 AND i.environment_id = $2 AND i.fulfillment_id = $3 AND i.order_line_item_id = $4
			AND i.package_item_id <> $5 AND p.status <> 'voided'`,
		scope.MerchantID, scope.EnvironmentID, fulfillmentID, lineID, exceptItem)
	if err != nil {
		return 0, fmt.Errorf("count what is packed of fulfillment %s: %w", fulfillmentID, err)
	}
	return n, nil
}

func (i *Item) pairs() (string, error) {
	if len(i.Metadata) == 0 {
		return "", nil
	}
	b, err := json.Marshal(i.Metadata, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode package item %s: %w", i.ID, err)
	}
	return string(b), nil
}

func insertItem(tx db.Tx, scope tenant.Scope, i *Item) error {
	pairs, err := i.pairs()
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO package_items (merchant_id, environment_id, package_id, package_item_id, fulfillment_id, order_line_item_id, quantity,
		metadata, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		scope.MerchantID, scope.EnvironmentID, i.PackageID, i.ID, i.FulfillmentID, i.OrderLineItemID, i.Quantity, pairs, i.CreatedAt, i.UpdatedAt)
	if err != nil {
		return fmt.Errorf("insert a package item: %w", err)
	}
	return nil
}

func updateItem(tx db.Tx, scope tenant.Scope, i *Item) error {
	pairs, err := i.pairs()
	if err != nil {
		return err
	}
	err = tx.Send(`UPDATE package_items SET quantity = $5, metadata = $6, updated_at = $7
		WHERE merchant_id = $1 AND environment_id = $2 AND package_id = $3 AND package_item_id = $4`,
		scope.MerchantID, scope.EnvironmentID, i.PackageID, i.ID, i.Quantity, pairs, i.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update a package item: %w", err)
	}
	return nil
}

func deleteItem(tx db.Tx, scope tenant.Scope, i *Item) error {
	if err := tx.Send(`DELETE FROM package_items WHERE merchant_id = $1 AND environment_id = $2 AND package_id = $3 AND package_item_id = $4`,
		scope.MerchantID, scope.EnvironmentID, i.PackageID, i.ID); err != nil {
		return fmt.Errorf("delete a package item: %w", err)
	}
	return nil
}
