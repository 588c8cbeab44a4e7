package fulfillment

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

const shipmentColumns = `shipment_id, fulfillment_id, order_id, direction, return_id, status, external_system, external_reference_id, version, doc,
	handed_off_at, created_at, updated_at`

func scanShipment(row db.Row, scope tenant.Scope) (*Shipment, error) {
	sh := &Shipment{Scope: scope}
	var doc string
	if err := row.Scan(&sh.ID, &sh.FulfillmentID, &sh.OrderID, &sh.Direction, &sh.ReturnID, &sh.Status, &sh.ExternalSystem,
		&sh.ExternalReferenceID, &sh.Version, &doc, &sh.HandedOffAt, &sh.CreatedAt, &sh.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), sh); err != nil {
		return nil, fmt.Errorf("decode shipment %s: %w", sh.ID, err)
	}
	return sh, nil
}

// GetShipment reads a shipment; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetShipment(tx db.Tx, scope tenant.Scope, shipmentID string) (*Shipment, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.Shipment, shipmentID) {
		return nil, fault.NotFound("shipment")
	}
	found, err := shipments(tx, scope, `shipment_id = $3`, shipmentID)
	if err == nil && len(found) == 0 {
		err = fault.NotFound("shipment")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// ShipmentsOf reads the shipments of a fulfilment, the oldest first, voided ones included.
func ShipmentsOf(tx db.Tx, scope tenant.Scope, fulfillmentID string) ([]*Shipment, error) {
	return shipments(tx, scope, `fulfillment_id = $3`, fulfillmentID)
}

// ShipmentsOfReturn reads the shipments that bring a return back, the oldest first, voided ones included.
func ShipmentsOfReturn(tx db.Tx, scope tenant.Scope, returnID string) ([]*Shipment, error) {
	return shipments(tx, scope, `return_id = $3`, returnID)
}

// ShipmentsOfOrder reads the shipments of an order in both directions, the oldest first, voided ones included.
func ShipmentsOfOrder(tx db.Tx, scope tenant.Scope, orderID string) ([]*Shipment, error) {
	return shipments(tx, scope, `order_id = $3`, orderID)
}

func shipments(tx db.Tx, scope tenant.Scope, where string, args ...any) ([]*Shipment, error) {
	var out []*Shipment
	err := tx.Query(func(row db.Row) error {
		sh, err := scanShipment(row, scope)
		out = append(out, sh)
		return err
	}, `SELECT `+shipmentColumns+` FROM shipments WHERE merchant_id = $1 AND environment_id = $2 AND `+where+` ORDER BY created_at, shipment_id`,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read shipments: %w", err)
	}
	return out, nil
}

func (sh *Shipment) args() ([]any, error) {
	doc, err := json.Marshal(sh, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode shipment %s: %w", sh.ID, err)
	}
	return []any{sh.Scope.MerchantID, sh.Scope.EnvironmentID, sh.ID, sh.Status, sh.ExternalSystem, sh.ExternalReferenceID, sh.Version,
		searchText(sh.ID, sh.ExternalReferenceID), string(doc), sh.HandedOffAt, sh.UpdatedAt}, nil
}

func insertShipment(tx db.Tx, sh *Shipment) error {
	args, err := sh.args()
	if err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO shipments (merchant_id, environment_id, shipment_id, status, external_system, external_reference_id, version,
		search, doc, handed_off_at, updated_at, fulfillment_id, order_id, direction, return_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING`,
		append(args, sh.FulfillmentID, sh.OrderID, sh.Direction, sh.ReturnID, sh.CreatedAt)...)
	if err != nil {
		return fmt.Errorf("insert the shipment: %w", err)
	}
	if n == 0 {
		return providerTaken(shipmentProvider, "external_reference_id")
	}
	return nil
}

// updateShipment writes a shipment under its next version.
func updateShipment(tx db.Tx, sh *Shipment, now time.Time) error {
	sh.Version, sh.UpdatedAt = sh.Version+1, now
	args, err := sh.args()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE shipments SET status = $4, external_system = $5, external_reference_id = $6, version = $7, search = $8, doc = $9,
		handed_off_at = $10, updated_at = $11 WHERE merchant_id = $1 AND environment_id = $2 AND shipment_id = $3`, args...)
	return taken(err, shipmentProvider, "update the shipment")
}

const packageColumns = `package_id, shipment_id, fulfillment_id, order_id, status, external_system, external_reference_id, version, doc, created_at, updated_at`

func scanPackage(row db.Row, scope tenant.Scope) (*Package, error) {
	p := &Package{Scope: scope}
	var doc string
	if err := row.Scan(&p.ID, &p.ShipmentID, &p.FulfillmentID, &p.OrderID, &p.Status, &p.ExternalSystem, &p.ExternalReferenceID, &p.Version,
		&doc, &p.CreatedAt, &p.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), p); err != nil {
		return nil, fmt.Errorf("decode package %s: %w", p.ID, err)
	}
	return p, nil
}

// GetPackage reads a package; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetPackage(tx db.Tx, scope tenant.Scope, packageID string) (*Package, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.Package, packageID) {
		return nil, fault.NotFound("package")
	}
	found, err := packages(tx, scope, `package_id = $3`, packageID)
	if err == nil && len(found) == 0 {
		err = fault.NotFound("package")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// PackagesOf reads the packages of a fulfilment in both directions, the oldest first, voided ones included.
func PackagesOf(tx db.Tx, scope tenant.Scope, fulfillmentID string) ([]*Package, error) {
	return packages(tx, scope, `fulfillment_id = $3`, fulfillmentID)
}

// PackagesOfOrder reads the packages of an order in both directions, the oldest first, voided ones included.
func PackagesOfOrder(tx db.Tx, scope tenant.Scope, orderID string) ([]*Package, error) {
	return packages(tx, scope, `order_id = $3`, orderID)
}

func packagesOfShipment(tx db.Tx, scope tenant.Scope, shipmentID string) ([]*Package, error) {
	return packages(tx, scope, `shipment_id = $3`, shipmentID)
}

func packages(tx db.Tx, scope tenant.Scope, where string, args ...any) ([]*Package, error) {
	var out []*Package
	err := tx.Query(func(row db.Row) error {
		p, err := scanPackage(row, scope)
		out = append(out, p)
		return err
	}, `SELECT `+packageColumns+` FROM packages WHERE merchant_id = $1 AND environment_id = $2 AND `+where+` ORDER BY created_at, package_id`,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read packages: %w", err)
	}
	return out, nil
}

func (p *Package) args() ([]any, error) {
	doc, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode package %s: %w", p.ID, err)
	}
	return []any{p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.Status, p.ExternalSystem, p.ExternalReferenceID, p.Version,
		searchText(p.ID, p.ExternalReferenceID, p.TrackingNumber), string(doc), p.UpdatedAt}, nil
}

func insertPackage(tx db.Tx, p *Package) error {
	args, err := p.args()
	if err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO packages (merchant_id, environment_id, package_id, status, external_system, external_reference_id, version,
		search, doc, updated_at, shipment_id, fulfillment_id, order_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`,
		append(args, p.ShipmentID, p.FulfillmentID, p.OrderID, p.CreatedAt)...)
	if err != nil {
		return fmt.Errorf("insert the package: %w", err)
	}
	if n == 0 {
		return providerTaken(packageProvider, "external_reference_id")
	}
	return nil
}

// updatePackage writes a package under its next version.
func updatePackage(tx db.Tx, p *Package, now time.Time) error {
	p.Version, p.UpdatedAt = p.Version+1, now
	args, err := p.args()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE packages SET status = $4, external_system = $5, external_reference_id = $6, version = $7, search = $8, doc = $9,
		updated_at = $10 WHERE merchant_id = $1 AND environment_id = $2 AND package_id = $3`, args...)
	return taken(err, packageProvider, "update the package")
}

// taken tells a reference of a provider that another object has from other errors.
func taken(err error, of provider, what string) error {
	switch {
	case errors.Is(err, db.ErrConflict):
		return providerTaken(of, "external_reference_id")
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
