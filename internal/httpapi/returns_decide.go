package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// ReturnDestination is where goods are sent, and what the buyer is told about it.
type ReturnDestination struct {
	Name         string  `json:"name,omitzero" maxLength:"255"`
	Address      Address `json:"address"`
	Instructions string  `json:"instructions,omitzero" maxLength:"2000"`
}

// ReturnDecisionTerms are what is decided about one line.
type ReturnDecisionTerms struct {
	Basis              string             `json:"decision_basis" enum:"policy_evaluation,explicit" doc:"policy_evaluation takes what the policy proposed; explicit says everything itself."`
	Approved           int64              `json:"approved_quantity" minimum:"0"`
	DeclineReason      string             `json:"decline_reason,omitzero" enum:"not_eligible,quantity_unavailable,evidence_missing,suspected_abuse,merchant_discretion,other" doc:"Required when units are declined, refused otherwise."`
	DeclineMessage     string             `json:"decline_reason_message,omitzero" maxLength:"500"`
	ReturnRequired     *int64             `json:"return_required_quantity,omitzero" minimum:"0" doc:"Explicit: required. 0 lets the buyer keep the goods."`
	Allowed            []string           `json:"allowed_resolution_types,omitempty" enum:"refund,exchange,replacement,no_monetary_action"`
	ResolutionMode     string             `json:"resolution_mode,omitzero" enum:"automatic,manual"`
	SelectedResolution string             `json:"selected_resolution_type,omitzero" enum:"refund,exchange,replacement,no_monetary_action" doc:"Required with resolution_mode automatic."`
	RefundTiming       string             `json:"refund_timing,omitzero" enum:"after_approval,after_handoff,after_receipt,after_inspection,manual"`
	LocationID         string             `json:"receiving_location_id,omitzero" maxLength:"64" doc:"Required when units have to come back."`
	InspectionRequired *bool              `json:"is_inspection_required,omitzero"`
	OverrideReason     string             `json:"override_reason,omitzero" enum:"customer_service_exception,policy_correction,risk_review,merchant_discretion,other" doc:"Required when an explicit decision differs from the policy."`
	OverrideMessage    string             `json:"override_reason_message,omitzero" maxLength:"500"`
	Destination        *ReturnDestination `json:"destination,omitzero" flint:"extension" doc:"Where the goods go, when it is neither the policy's place nor the merchant's address."`
}

func (t *ReturnDecisionTerms) domain(lineID string) returns.Decision {
	d := returns.Decision{
		LineID: lineID, Basis: t.Basis, Approved: t.Approved, DeclineReason: t.DeclineReason, DeclineMessage: t.DeclineMessage,
		ReturnRequired: t.ReturnRequired, AllowedResolutions: t.Allowed, ResolutionMode: t.ResolutionMode, SelectedResolution: t.SelectedResolution,
		RefundTiming: t.RefundTiming, ReceivingLocation: t.LocationID, InspectionRequired: t.InspectionRequired,
		OverrideReason: t.OverrideReason, OverrideMessage: t.OverrideMessage,
	}
	if t.Destination != nil {
		d.Destination = &returnpolicy.Destination{
			Name: t.Destination.Name, Address: returnpolicy.Address(order.Address(t.Destination.Address)), Instructions: t.Destination.Instructions,
		}
	}
	return d
}

// ReturnLineDecision is a decision with the line it is about.
type ReturnLineDecision struct {
	LineID string `json:"return_line_item_id" minLength:"1" maxLength:"64"`
	ReturnDecisionTerms
}

// DecideReturnRequest approves or declines all lines of a return.
type DecideReturnRequest struct {
	Lines           []ReturnLineDecision `json:"line_items" minItems:"1" maxItems:"100"`
	CompletionMode  string               `json:"completion_mode,omitzero" enum:"manual,automatic" doc:"That of the policies when absent."`
	ExpectedVersion *int64               `json:"expected_version,omitzero" minimum:"1"`
}

// DecideReturnInput is the request of decideReturn.
type DecideReturnInput struct {
	ReturnPath
	Body DecideReturnRequest
}

// CancelReturnRequest withdraws a return.
type CancelReturnRequest struct {
	Reason          string `json:"reason" enum:"buyer_request,merchant_request,duplicate,expired,created_in_error,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// CancelReturnInput is the request of cancelReturn.
type CancelReturnInput struct {
	ReturnPath
	Body CancelReturnRequest
}

// CompleteReturnRequest ends the work on a return.
type CompleteReturnRequest struct {
	Reason          string `json:"reason,omitzero" enum:"manual_completion,exception_waived,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// CompleteReturnInput is the request of completeReturn.
type CompleteReturnInput struct {
	ReturnPath
	Body *CompleteReturnRequest
}

// ReopenReturnRequest opens a completed return again.
type ReopenReturnRequest struct {
	Reason          string `json:"reason" enum:"linked_effect_changed,correction_required,additional_merchandise_received,merchant_request,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// ReopenReturnInput is the request of reopenReturn.
type ReopenReturnInput struct {
	ReturnPath
	Body ReopenReturnRequest
}

func registerReturnDecisions(a *API, s *Services) {
	conflicts := Errors("RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED")

	Write(a, "decideReturn", func(ctx context.Context, tx db.Tx, c *Caller, in *DecideReturnInput) (*ReturnResource, error) {
		d := returns.DecideInput{
			Scope: c.Scope, ReturnID: in.ReturnID, CompletionMode: in.Body.CompletionMode, ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		}
		for _, l := range in.Body.Lines {
			d.Lines = append(d.Lines, l.domain(l.LineID))
		}
		return wired(wireReturn)(s.Returns.Decide(tx, d))
	}, Doc("Decide a return", "Approves or declines every line, all of them or none."), conflicts, Errors("RETURN_INVALID"))

	Write(a, "cancelReturn", func(ctx context.Context, tx db.Tx, c *Caller, in *CancelReturnInput) (*ReturnResource, error) {
		return wired(wireReturn)(s.Returns.Cancel(tx, returns.CancelInput{
			Scope: c.Scope, ReturnID: in.ReturnID, Reason: in.Body.Reason, Message: in.Body.Message, ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Cancel a return", "Before goods were received and before anything was resolved. Its units can be returned again."), conflicts)

	Write(a, "completeReturn", func(ctx context.Context, tx db.Tx, c *Caller, in *CompleteReturnInput) (*ReturnResource, error) {
		b := CompleteReturnRequest{}
		if in.Body != nil {
			b = *in.Body
		}
		return wired(wireReturn)(s.Returns.Complete(tx, returns.CompleteInput{
			Scope: c.Scope, ReturnID: in.ReturnID, Reason: b.Reason, Message: b.Message, ExpectedVersion: b.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Complete a return", "Ends the work on a return that nothing blocks."), conflicts, Errors("RETURN_COMPLETION_BLOCKED"))

	Write(a, "reopenReturn", func(ctx context.Context, tx db.Tx, c *Caller, in *ReopenReturnInput) (*ReturnResource, error) {
		return wired(wireReturn)(s.Returns.Reopen(tx, returns.ReopenInput{
			Scope: c.Scope, ReturnID: in.ReturnID, Reason: in.Body.Reason, Message: in.Body.Message, ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Open a completed return again", "For late facts and corrections. It completes only by hand after that."), conflicts)
}
