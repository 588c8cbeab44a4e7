package httpapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/returns"
)

// ReturnProcessInspectionRequest is a look at the received units of a line.
type ReturnProcessInspectionRequest struct {
	Acceptance          string    `json:"acceptance_status" enum:"accepted,rejected,review_required"`
	Condition           string    `json:"condition" enum:"new,unopened,opened,used,damaged,defective,incomplete,undetermined"`
	InspectedAt         time.Time `json:"inspected_at"`
	Findings            []string  `json:"finding_codes,omitempty" enum:"matches_expected_item,wrong_item,damaged,defective,used,missing_parts,empty_package,counterfeit_suspected,other"`
	InternalNote        string    `json:"internal_note,omitzero" maxLength:"5000"`
	ExternalReferenceID string    `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
}

// ReturnProcessDispositionRequest is where the received units of a line end.
type ReturnProcessDispositionRequest struct {
	Type                string            `json:"disposition_type" enum:"sellable,quality_control,damaged,quarantined,repair,refurbish,liquidate,donate,discard,return_to_buyer,lost"`
	OccurredAt          time.Time         `json:"occurred_at"`
	Reason              string            `json:"reason" enum:"inspection_result,return_policy,warehouse_override,safety_requirement,other"`
	Message             string            `json:"reason_message,omitzero" maxLength:"500"`
	LocationID          string            `json:"inventory_location_id,omitzero" maxLength:"255"`
	ExternalReferenceID string            `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// ReturnProcessResolutionRequest is what becomes of the value of units of a line.
type ReturnProcessResolutionRequest struct {
	Type                string                             `json:"resolution_type" enum:"refund,exchange,replacement,no_monetary_action"`
	Quantity            int64                              `json:"quantity" minimum:"1" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY"`
	PricingBasis        string                             `json:"pricing_basis,omitzero" enum:"original_price,current_price,merchant_agreed_price"`
	Replacements        []ReturnReplacementLineItemRequest `json:"replacement_line_items,omitempty" maxItems:"100"`
	ExternalReferenceID string                             `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
	Metadata            map[string]string                  `json:"metadata,omitempty"`
}

// ReturnProcessReceiptRequest is the header of what was received.
type ReturnProcessReceiptRequest struct {
	ReceivedAt          time.Time           `json:"received_at"`
	LocationID          string              `json:"receiving_location_id" minLength:"1" maxLength:"255"`
	Source              *ReturnSourceSystem `json:"source_system,omitzero"`
	ExternalActorID     string              `json:"external_actor_id,omitzero" maxLength:"255"`
	ExternalReferenceID string              `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
}

// ReturnProcessDecision is a decision inside a process call.
type ReturnProcessDecision struct{ ReturnDecisionTerms }

// ProcessExistingReturnLineItemRequest is what happens to one line; parts that are absent do not.
type ProcessExistingReturnLineItemRequest struct {
	LineID      string                           `json:"return_line_item_id" minLength:"1" maxLength:"64"`
	Decision    *ReturnProcessDecision           `json:"decision,omitzero"`
	Received    int64                            `json:"received_quantity,omitzero" minimum:"0"`
	Inspection  *ReturnProcessInspectionRequest  `json:"inspection,omitzero" doc:"Of the received units."`
	Disposition *ReturnProcessDispositionRequest `json:"disposition,omitzero" doc:"Of the received units."`
	Resolution  *ReturnProcessResolutionRequest  `json:"resolution,omitzero" doc:"Confirmed at once."`
}

// ProcessExistingReturnRequest does at once what a counter does with goods that a buyer brings.
type ProcessExistingReturnRequest struct {
	Lines           []ProcessExistingReturnLineItemRequest `json:"line_items" minItems:"1" maxItems:"100"`
	Receipt         *ReturnProcessReceiptRequest           `json:"receipt,omitzero" doc:"Required when units were received."`
	Completion      string                                 `json:"completion_behavior,omitzero" enum:"complete_when_ready,leave_open"`
	ExpectedVersion *int64                                 `json:"expected_version,omitzero" minimum:"1"`
}

// ProcessExistingReturnInput is the request of processExistingReturn.
type ProcessExistingReturnInput struct {
	ReturnPath
	Body ProcessExistingReturnRequest
}

// ReturnProcessResult is the return, and everything that the call made.
type ReturnProcessResult struct {
	IdempotencyKey string               `json:"idempotency_key"`
	Return         *ReturnResource      `json:"return"`
	Receipts       []*ReturnReceipt     `json:"return_receipts"`
	Inspections    []*ReturnInspection  `json:"return_inspections"`
	Dispositions   []*ReturnDisposition `json:"return_dispositions"`
	Resolutions    []*ReturnResolution  `json:"return_resolutions"`
}

func (l *ProcessExistingReturnLineItemRequest) domain() returns.ProcessLine {
	out := returns.ProcessLine{LineID: l.LineID, Received: l.Received}
	if l.Decision != nil {
		d := l.Decision.domain(l.LineID)
		out.Decision = &d
	}
	if i := l.Inspection; i != nil {
		out.Inspection = &returns.InspectionLineInput{Condition: i.Condition, Acceptance: i.Acceptance, Findings: i.Findings, InternalNote: i.InternalNote}
		out.Inspected.InspectedAt, out.Inspected.ExternalReferenceID = i.InspectedAt, i.ExternalReferenceID
	}
	if d := l.Disposition; d != nil {
		out.Disposition = &returns.DispositionGoods{
			Type: d.Type, OccurredAt: d.OccurredAt, Reason: d.Reason, Message: d.Message, LocationID: d.LocationID,
			ExternalReferenceID: d.ExternalReferenceID, Metadata: d.Metadata,
		}
	}
	if x := l.Resolution; x != nil {
		out.Resolution = &returns.ResolutionInput{Type: x.Type, PricingBasis: x.PricingBasis}
		for _, p := range x.Replacements {
			out.Resolution.Replacements = append(out.Resolution.Replacements, returns.ReplacementInput{
				VariantID: p.VariantID, Name: p.Name, Description: p.Description, SKU: p.SKU, Quantity: p.Quantity, UnitPrice: p.UnitPrice.amount(),
			})
		}
		out.Units, out.Reference, out.Metadata = x.Quantity, x.ExternalReferenceID, x.Metadata
	}
	return out
}

func registerProcessReturn(a *API, s *Services) {
	Staged(a, "processExistingReturn", Steps[ProcessExistingReturnInput, *ReturnProcessResult]{
		Start: func(_ context.Context, tx db.Tx, c *Caller, in *ProcessExistingReturnInput) (string, error) {
			r, made, err := s.Returns.Process(tx, in.domain(c))
			if err != nil {
				return "", err
			}
			return strings.Join(slices.Concat([]string{r.ID}, made.Receipts, made.Inspections, made.Dispositions, made.Resolutions), " "), nil
		},
		Finish: func(ctx context.Context, c *Caller, in *ProcessExistingReturnInput, subject string, settle func(db.Tx, *ReturnProcessResult) error) (*ReturnProcessResult, error) {
			made := strings.Fields(subject)[1:]
			return sendReturn(ctx, a, s, c, func(tx db.Tx) (*returns.Return, error) { return returns.Get(tx, c.Scope, in.ReturnID) },
				func(r *returns.Return) *ReturnProcessResult { return wireProcessed(c, r, made) }, settle)
		},
	}, Doc("Process a return at once", "Decides, receives, inspects, places and resolves lines in one step, all of it or nothing. Refunds are sent before the answer."), Errors(givingFaults...),
		withGoodsFaults(append([]string{"RETURN_VERSION_CONFLICT", "RETURN_RECEIPT_QUANTITY_EXCEEDED", "RETURN_DISPOSITION_QUANTITY_EXCEEDED"}, resolutionFaults...)...))
}

// domain is the work that the request asks for.
func (in *ProcessExistingReturnInput) domain(c *Caller) returns.ProcessInput {
	b := &in.Body
	p := returns.ProcessInput{
		Scope: c.Scope, ReturnID: in.ReturnID, LeaveOpen: b.Completion == "leave_open", CompleteReady: b.Completion == "complete_when_ready",
		ExpectedVersion: b.ExpectedVersion, Cause: c.Cause(),
	}
	for k := range b.Lines {
		p.Lines = append(p.Lines, b.Lines[k].domain())
	}
	if h := b.Receipt; h != nil {
		p.Receipt = &returns.ReceiptGoods{ReceivedAt: h.ReceivedAt, LocationID: h.LocationID}
		p.Receipt.ExternalActorID, p.Receipt.ExternalReferenceID = h.ExternalActorID, h.ExternalReferenceID
		if h.Source != nil {
			p.Receipt.Source = &returns.Source{Type: h.Source.Type, ID: h.Source.ID}
		}
	}
	return p
}

// wireProcessed shows a return and the parts of it that a call made, by id.
func wireProcessed(c *Caller, r *returns.Return, made []string) *ReturnProcessResult {
	out := &ReturnProcessResult{
		IdempotencyKey: c.IdempotencyKey, Return: wireReturn(r), Receipts: []*ReturnReceipt{}, Inspections: []*ReturnInspection{},
		Dispositions: []*ReturnDisposition{}, Resolutions: []*ReturnResolution{},
	}
	for _, v := range made {
		switch {
		case id.Valid(id.ReturnReceipt, v):
			out.Receipts = append(out.Receipts, wireReturnReceipt(r, r.Receipt(v)))
		case id.Valid(id.ReturnInspection, v):
			out.Inspections = append(out.Inspections, wireReturnInspection(r, r.Inspection(v)))
		case id.Valid(id.ReturnDisposition, v):
			out.Dispositions = append(out.Dispositions, wireReturnDisposition(r, r.Disposition(v)))
		default:
			out.Resolutions = append(out.Resolutions, wireReturnResolution(r, r.Resolution(v)))
		}
	}
	return out
}
