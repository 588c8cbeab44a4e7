package httpapi

import (
	"time"

	"flint/internal/returns"
)

// ReturnSourceSystem is where an observation came from.
type ReturnSourceSystem struct {
	Type string `json:"source_system_type" enum:"manual,pos,wms,erp,other,flint"`
	ID   string `json:"external_source_id,omitzero" maxLength:"255"`
}

// ReturnUnverifiedItem describes goods that nobody has matched to a line.
type ReturnUnverifiedItem struct {
	Name        string `json:"name" minLength:"1" maxLength:"255"`
	Description string `json:"description,omitzero" maxLength:"5000"`
	SKU         string `json:"sku,omitzero" maxLength:"255"`
}

// ReturnReceiptLineItem is units of one kind that arrived.
type ReturnReceiptLineItem struct {
	ID                  string                `json:"return_receipt_line_item_id"`
	ReceiptID           string                `json:"return_receipt_id"`
	LineID              string                `json:"return_line_item_id,omitzero"`
	Quantity            int64                 `json:"quantity"`
	Available           int64                 `json:"available_disposition_quantity"`
	Verification        string                `json:"verification_status" enum:"matched,unverified,excess"`
	VerificationReason  string                `json:"verification_reason,omitzero" enum:"order_match_confirmed,sku_match_confirmed,inspection_confirmed,merchant_review,other"`
	VerificationMessage string                `json:"verification_reason_message,omitzero"`
	VerifiedAt          time.Time             `json:"verified_at,omitzero"`
	VerifiedBy          *ReturnActor          `json:"verified_by,omitzero"`
	Unverified          *ReturnUnverifiedItem `json:"unverified_item,omitzero"`
	SupportedActions    []string              `json:"supported_actions"`
}

// ReturnReceipt is goods that arrived.
type ReturnReceipt struct {
	ID                  string                  `json:"return_receipt_id"`
	ReturnID            string                  `json:"return_id"`
	Status              string                  `json:"status" enum:"current,superseded"`
	ReceivedAt          time.Time               `json:"received_at"`
	LocationID          string                  `json:"receiving_location_id"`
	ShipmentID          string                  `json:"shipment_id,omitzero"`
	Lines               []ReturnReceiptLineItem `json:"line_items"`
	Generated           []ReturnDisposition     `json:"generated_dispositions" doc:"Made by the receipt itself."`
	Source              *ReturnSourceSystem     `json:"source_system" flint:"nullable"`
	ExternalActorID     string                  `json:"external_actor_id,omitzero"`
	ExternalReferenceID string                  `json:"external_reference_id,omitzero"`
	CorrectionReason    string                  `json:"correction_reason,omitzero" enum:"entry_error,duplicate_observation,source_correction,reconciliation_correction,other"`
	CorrectionMessage   string                  `json:"correction_reason_message,omitzero"`
	Supersedes          string                  `json:"supersedes_return_receipt_id,omitzero"`
	SupersededBy        string                  `json:"superseded_by_return_receipt_id,omitzero"`
	SupersededAt        time.Time               `json:"superseded_at,omitzero"`
	CreatedAt           time.Time               `json:"created_at"`
}

// ReturnInspectionLineItem is units in one condition.
type ReturnInspectionLineItem struct {
	ID                string       `json:"return_inspection_line_item_id"`
	InspectionID      string       `json:"return_inspection_id"`
	ReceiptLineID     string       `json:"return_receipt_line_item_id"`
	LineID            string       `json:"return_line_item_id,omitzero"`
	Quantity          int64        `json:"quantity"`
	Available         int64        `json:"available_disposition_quantity"`
	Condition         string       `json:"condition" enum:"new,unopened,opened,used,damaged,defective,incomplete,undetermined"`
	Findings          []string     `json:"finding_codes" enum:"matches_expected_item,wrong_item,damaged,defective,used,missing_parts,empty_package,counterfeit_suspected,other"`
	InternalNote      string       `json:"internal_note,omitzero"`
	Acceptance        string       `json:"acceptance_status" enum:"accepted,rejected,review_required"`
	AcceptanceAt      time.Time    `json:"acceptance_decided_at,omitzero"`
	AcceptanceBy      *ReturnActor `json:"acceptance_decided_by,omitzero"`
	AcceptanceReason  string       `json:"acceptance_decision_reason,omitzero" enum:"inspection_result,return_policy,manual_review,other"`
	AcceptanceMessage string       `json:"acceptance_decision_reason_message,omitzero"`
	SupportedActions  []string     `json:"supported_actions"`
}

// ReturnInspection is a look at goods that arrived.
type ReturnInspection struct {
	ID                  string                     `json:"return_inspection_id"`
	ReturnID            string                     `json:"return_id"`
	ReceiptID           string                     `json:"return_receipt_id"`
	Status              string                     `json:"status" enum:"current,superseded"`
	InspectedAt         time.Time                  `json:"inspected_at"`
	LocationID          string                     `json:"location_id"`
	Lines               []ReturnInspectionLineItem `json:"line_items"`
	Generated           []ReturnDisposition        `json:"generated_dispositions" doc:"Made by the inspection itself."`
	Source              *ReturnSourceSystem        `json:"source_system" flint:"nullable"`
	ExternalActorID     string                     `json:"external_actor_id,omitzero"`
	ExternalReferenceID string                     `json:"external_reference_id,omitzero"`
	CorrectionReason    string                     `json:"correction_reason,omitzero" enum:"entry_error,duplicate_observation,source_correction,reconciliation_correction,other"`
	CorrectionMessage   string                     `json:"correction_reason_message,omitzero"`
	Supersedes          string                     `json:"supersedes_return_inspection_id,omitzero"`
	SupersededBy        string                     `json:"superseded_by_return_inspection_id,omitzero"`
	SupersededAt        time.Time                  `json:"superseded_at,omitzero"`
	CreatedAt           time.Time                  `json:"created_at"`
}

// ReturnMovement is units that whoever keeps stock books in or out of a location, once under this id.
type ReturnMovement struct {
	ID         string    `json:"inventory_movement_id"`
	Direction  string    `json:"direction" enum:"in,out"`
	Quantity   int64     `json:"quantity"`
	LocationID string    `json:"location_id"`
	At         time.Time `json:"occurred_at"`
	Reverses   string    `json:"reverses_inventory_movement_id,omitzero"`
}

// ReturnDisposition is where goods ended.
type ReturnDisposition struct {
	ID                  string            `json:"return_disposition_id"`
	ReturnID            string            `json:"return_id"`
	LineID              string            `json:"return_line_item_id,omitzero"`
	ReceiptLineID       string            `json:"return_receipt_line_item_id,omitzero"`
	InspectionLineID    string            `json:"return_inspection_line_item_id,omitzero"`
	Type                string            `json:"disposition_type" enum:"sellable,quality_control,damaged,quarantined,repair,refurbish,liquidate,donate,discard,return_to_buyer,lost"`
	Status              string            `json:"status" enum:"pending,succeeded,failed,canceled"`
	Quantity            int64             `json:"quantity"`
	OccurredAt          time.Time         `json:"occurred_at"`
	Reason              string            `json:"reason" enum:"inspection_result,return_policy,warehouse_override,safety_requirement,other"`
	Message             string            `json:"reason_message,omitzero"`
	LocationID          string            `json:"inventory_location_id,omitzero"`
	InventoryReceiptID  string            `json:"inventory_receipt_id,omitzero" doc:"Never set: Flint keeps no stock."`
	InventoryMovements  []string          `json:"inventory_movement_ids" doc:"Each is booked once by whoever keeps stock."`
	Movements           []ReturnMovement  `json:"inventory_movements" doc:"What the movements book."`
	FailureCode         string            `json:"failure_code,omitzero"`
	FailureMessage      string            `json:"failure_message,omitzero"`
	Replaces            string            `json:"replaces_return_disposition_id,omitzero"`
	ReplacedBy          string            `json:"replaced_by_return_disposition_id,omitzero"`
	ExternalReferenceID string            `json:"external_reference_id,omitzero"`
	Metadata            map[string]string `json:"metadata"`
	SupportedActions    []string          `json:"supported_actions"`
	CreatedBy           ReturnActor       `json:"created_by"`
	CanceledAt          time.Time         `json:"canceled_at,omitzero"`
	Version             int64             `json:"version"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
}

func wireReturnReceipt(r *returns.Return, x *returns.Receipt) *ReturnReceipt {
	out := &ReturnReceipt{
		ID: x.ID, ReturnID: r.ID, Status: x.Status, ReceivedAt: x.ReceivedAt, LocationID: x.LocationID, ShipmentID: x.ShipmentID,
		Lines: []ReturnReceiptLineItem{}, Generated: wireGenerated(r, x.Generated), Source: wireReturnSource(x.Source),
		ExternalActorID: x.ExternalActorID, ExternalReferenceID: x.ExternalReferenceID, CorrectionReason: x.CorrectionReason,
		CorrectionMessage: x.CorrectionMessage, Supersedes: x.Supersedes, SupersededBy: x.SupersededBy, SupersededAt: x.SupersededAt, CreatedAt: x.CreatedAt,
	}
	for _, l := range x.Lines {
		line := ReturnReceiptLineItem{
			ID: l.ID, ReceiptID: x.ID, LineID: l.LineID, Quantity: l.Quantity, Available: l.AvailableDisposition, Verification: l.Verification,
			VerificationReason: l.VerificationReason, VerificationMessage: l.VerificationMessage, VerifiedAt: l.VerifiedAt,
			VerifiedBy: wireReturnActor(l.VerifiedBy), SupportedActions: listed(l.SupportedActions),
		}
		if u := l.Unverified; u != nil {
			line.Unverified = &ReturnUnverifiedItem{u.Name, u.Description, u.SKU}
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}

func wireReturnInspection(r *returns.Return, x *returns.Inspection) *ReturnInspection {
	out := &ReturnInspection{
		ID: x.ID, ReturnID: r.ID, ReceiptID: x.ReceiptID, Status: x.Status, InspectedAt: x.InspectedAt, LocationID: x.LocationID,
		Lines: []ReturnInspectionLineItem{}, Generated: wireGenerated(r, x.Generated), Source: wireReturnSource(x.Source),
		ExternalActorID: x.ExternalActorID, ExternalReferenceID: x.ExternalReferenceID, CorrectionReason: x.CorrectionReason,
		CorrectionMessage: x.CorrectionMessage, Supersedes: x.Supersedes, SupersededBy: x.SupersededBy, SupersededAt: x.SupersededAt, CreatedAt: x.CreatedAt,
	}
	for _, l := range x.Lines {
		out.Lines = append(out.Lines, ReturnInspectionLineItem{
			ID: l.ID, InspectionID: x.ID, ReceiptLineID: l.ReceiptLineID, LineID: l.LineID, Quantity: l.Quantity, Available: l.AvailableDisposition,
			Condition: l.Condition, Findings: listed(l.Findings), InternalNote: l.InternalNote, Acceptance: l.Acceptance, AcceptanceAt: l.AcceptedAt,
			AcceptanceBy: wireReturnActor(l.AcceptedBy), AcceptanceReason: l.AcceptanceReason, AcceptanceMessage: l.AcceptanceNote,
			SupportedActions: listed(l.SupportedActions),
		})
	}
	return out
}

func wireReturnDisposition(r *returns.Return, x *returns.Disposition) *ReturnDisposition {
	out := &ReturnDisposition{
		ID: x.ID, ReturnID: r.ID, LineID: x.LineID, ReceiptLineID: x.ReceiptLineID, InspectionLineID: x.InspectionLineID, Type: x.Type,
		Status: x.Status, Quantity: x.Quantity, OccurredAt: x.OccurredAt, Reason: x.Reason, Message: x.Message, LocationID: x.LocationID,
		InventoryMovements: []string{}, Movements: []ReturnMovement{}, FailureCode: x.FailureCode, FailureMessage: x.FailureMessage, Replaces: x.Replaces, ReplacedBy: x.ReplacedBy, ExternalReferenceID: x.ExternalReferenceID,
		Metadata: mapped(x.Metadata), SupportedActions: listed(x.SupportedActions), CreatedBy: ReturnActor{x.CreatedBy.Type, x.CreatedBy.ID},
		CanceledAt: x.CanceledAt, Version: x.Version, CreatedAt: x.CreatedAt, UpdatedAt: x.UpdatedAt,
	}
	for _, m := range x.Movements {
		out.InventoryMovements = append(out.InventoryMovements, m.ID)
		out.Movements = append(out.Movements, ReturnMovement{m.ID, m.Direction, m.Quantity, m.LocationID, m.At, m.Reverses})
	}
	return out
}

// wireGenerated shows the dispositions that an observation made by itself.
func wireGenerated(r *returns.Return, ids []string) []ReturnDisposition {
	out := []ReturnDisposition{}
	for _, dispositionID := range ids {
		if x := r.Disposition(dispositionID); x != nil {
			out = append(out, *wireReturnDisposition(r, x))
		}
	}
	return out
}

func wireReturnSource(s *returns.Source) *ReturnSourceSystem {
	if s == nil {
		return nil
	}
	return &ReturnSourceSystem{s.Type, s.ID}
}
