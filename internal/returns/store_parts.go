package returns

import "flint/internal/db"

// The rows of receipts, inspections, dispositions and resolutions. Columns are what lists filter by; the
// document is the object.

func writeReceipt(tx db.Tx, r *Return, x *Receipt, doc string) error {
	var lines, verifications []string
	words := []string{x.ID, r.ID, r.Number, x.LocationID, x.ShipmentID, x.ExternalReferenceID}
	for _, l := range x.Lines {
		lines, verifications = append(lines, l.LineID), append(verifications, l.Verification)
		if l.Unverified != nil {
			words = append(words, l.Unverified.Name, l.Unverified.SKU)
		}
		if line := r.Line(l.LineID); line != nil {
			words = append(words, line.Identity.Name, line.Identity.SKU)
		}
	}
	return tx.Send(`INSERT INTO return_receipts (merchant_id, environment_id, return_receipt_id, return_id, status, receiving_location_id,
			shipment_id, source_system_type, external_reference_id, lines, verifications, search, doc, received_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (merchant_id, environment_id, return_receipt_id) DO UPDATE SET status = excluded.status, lines = excluded.lines,
			verifications = excluded.verifications, search = excluded.search, doc = excluded.doc`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, x.ID, r.ID, x.Status, x.LocationID, x.ShipmentID, x.sourceType(), x.ExternalReferenceID,
		tokens(lines...), tokens(verifications...), searchText(words...), doc, x.ReceivedAt, x.CreatedAt)
}

func writeInspection(tx db.Tx, r *Return, x *Inspection, doc string) error {
	var lines, acceptances []string
	words := []string{x.ID, r.ID, r.Number, x.ReceiptID, x.LocationID, x.ExternalReferenceID}
	for _, l := range x.Lines {
		lines, acceptances = append(lines, l.LineID), append(acceptances, l.Acceptance)
		if line := r.Line(l.LineID); line != nil {
			words = append(words, line.Identity.Name, line.Identity.SKU)
		}
	}
	return tx.Send(`INSERT INTO return_inspections (merchant_id, environment_id, return_inspection_id, return_id, return_receipt_id, status,
			location_id, source_system_type, external_reference_id, lines, acceptances, search, doc, inspected_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (merchant_id, environment_id, return_inspection_id) DO UPDATE SET status = excluded.status, lines = excluded.lines,
			acceptances = excluded.acceptances, search = excluded.search, doc = excluded.doc`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, x.ID, r.ID, x.ReceiptID, x.Status, x.LocationID, x.sourceType(), x.ExternalReferenceID,
		tokens(lines...), tokens(acceptances...), searchText(words...), doc, x.InspectedAt, x.CreatedAt)
}

// sourceType is the kind of system that made the observation, empty when nobody said it.
func (x *Observation) sourceType() string {
	if x.Source == nil {
		return ""
	}
	return x.Source.Type
}

func writeDisposition(tx db.Tx, r *Return, x *Disposition, doc string) error {
	words := []string{x.ID, r.ID, r.Number, x.LocationID, x.ExternalReferenceID}
	if line := r.Line(x.LineID); line != nil {
		words = append(words, line.Identity.Name, line.Identity.SKU)
	}
	return tx.Send(`INSERT INTO return_dispositions (merchant_id, environment_id, return_disposition_id, return_id, return_line_item_id,
			return_receipt_line_item_id, return_inspection_line_item_id, status, disposition_type, inventory_location_id,
			replaces_return_disposition_id, external_reference_id, quantity, version, search, doc, occurred_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (merchant_id, environment_id, return_disposition_id) DO UPDATE SET return_line_item_id = excluded.return_line_item_id,
			return_receipt_line_item_id = excluded.return_receipt_line_item_id,
			return_inspection_line_item_id = excluded.return_inspection_line_item_id, status = excluded.status, inventory_location_id = excluded.inventory_location_id, version = excluded.version,
			search = excluded.search, doc = excluded.doc, updated_at = excluded.updated_at`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, x.ID, r.ID, x.LineID, x.ReceiptLineID, x.InspectionLineID, x.Status, x.Type, x.LocationID,
		x.Replaces, x.ExternalReferenceID, x.Quantity, x.Version, searchText(words...), doc, x.OccurredAt, x.CreatedAt, x.UpdatedAt)
}

func writeResolution(tx db.Tx, r *Return, x *Resolution, doc string) error {
	var lines []string
	words := []string{x.ID, r.ID, r.Number, r.OrderID, r.OrderNumber, x.ReplacementID, x.ExternalReferenceID}
	for _, l := range x.Lines {
		lines = append(lines, l.LineID)
		if line := r.Line(l.LineID); line != nil {
			words = append(words, line.Identity.Name, line.Identity.SKU)
		}
	}
	words = append(words, x.RefundIDs...)
	return tx.Send(`INSERT INTO return_resolutions (merchant_id, environment_id, return_resolution_id, return_id, resolution_type, status,
			action_required_by, corrects_return_resolution_id, return_policy_revision_id, replacement_order_id, external_reference_id, lines,
			version, search, doc, expires_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (merchant_id, environment_id, return_resolution_id) DO UPDATE SET status = excluded.status,
			action_required_by = excluded.action_required_by, return_policy_revision_id = excluded.return_policy_revision_id,
			replacement_order_id = excluded.replacement_order_id, external_reference_id = excluded.external_reference_id,
			lines = excluded.lines, version = excluded.version, search = excluded.search, doc = excluded.doc,
			expires_at = excluded.expires_at, updated_at = excluded.updated_at`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, x.ID, r.ID, x.Type, x.Status, x.ActionBy, x.Corrects, x.RevisionID, x.ReplacementID,
		x.ExternalReferenceID, tokens(lines...), x.Version, searchText(words...), doc, x.ExpiresAt, x.CreatedAt, x.UpdatedAt)
}
