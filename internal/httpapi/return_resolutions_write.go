package httpapi

import (
	"context"
	"strings"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/returns"
)

// ReturnResolutionLineItemRequest is units of a line whose value is settled.
type ReturnResolutionLineItemRequest struct {
	LineID   string `json:"return_line_item_id" minLength:"1" maxLength:"64"`
	Quantity int64  `json:"quantity" minimum:"1" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY"`
}

// ReturnResolutionLineItemReplacementRequest is units of a line that stays or is new.
type ReturnResolutionLineItemReplacementRequest struct {
	ID string `json:"return_resolution_line_item_id,omitzero" maxLength:"64" doc:"Of a line that stays."`
	ReturnResolutionLineItemRequest
}

// ReturnReplacementLineItemRequest is goods that go to the buyer instead: a variant, or a name.
type ReturnReplacementLineItemRequest struct {
	Quantity    int64  `json:"quantity" minimum:"1" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY"`
	VariantID   string `json:"variant_id,omitzero" maxLength:"64" doc:"Exactly one of this and name."`
	BundleID    string `json:"bundle_id,omitzero" maxLength:"64" doc:"Reserved."`
	Name        string `json:"name,omitzero" maxLength:"255"`
	Description string `json:"description,omitzero" maxLength:"5000"`
	SKU         string `json:"sku,omitzero" maxLength:"255"`
	UnitPrice   *Money `json:"unit_price_money,omitzero" doc:"With pricing_basis merchant_agreed_price, and for a name with current_price."`
}

// ReturnReplacementLineItemReplacementRequest is goods of a line that stays or is new.
type ReturnReplacementLineItemReplacementRequest struct {
	ID string `json:"return_replacement_line_item_id,omitzero" maxLength:"64" doc:"Of a line that stays."`
	ReturnReplacementLineItemRequest
}

// ReturnResolutionAdjustmentRequest is a fee or a credit.
type ReturnResolutionAdjustmentRequest struct {
	Type          string `json:"adjustment_type" enum:"return_shipping_fee,restocking_fee,other_fee,goodwill_credit,price_correction,other"`
	Effect        string `json:"value_effect" enum:"deduction,credit"`
	Assessed      Money  `json:"assessed_amount_money" doc:"What the rule asks."`
	Applied       Money  `json:"applied_amount_money" doc:"What is really charged or given."`
	Reason        string `json:"reason" enum:"return_policy,inspection_result,return_shipping_cost,customer_service,manual_correction,other"`
	Message       string `json:"reason_message,omitzero" maxLength:"500"`
	LineID        string `json:"return_line_item_id,omitzero" maxLength:"64"`
	Status        string `json:"status,omitzero" enum:"applied,waived"`
	WaiverReason  string `json:"waiver_reason,omitzero" enum:"policy_override,merchant_review,customer_service,other"`
	WaiverMessage string `json:"waiver_reason_message,omitzero" maxLength:"500"`
}

// ReturnResolutionTerms are what a preview and a proposal both say.
type ReturnResolutionTerms struct {
	Type         string                              `json:"resolution_type" enum:"refund,exchange,replacement,no_monetary_action,correction"`
	Lines        []ReturnResolutionLineItemRequest   `json:"line_items,omitempty" maxItems:"100" doc:"Needed unless it is a correction."`
	Replacements []ReturnReplacementLineItemRequest  `json:"replacement_line_items,omitempty" maxItems:"100" doc:"Of an exchange or a replacement; a replacement without any hands the same goods over again."`
	PricingBasis string                              `json:"pricing_basis,omitzero" enum:"original_price,current_price,merchant_agreed_price"`
	Adjustments  []ReturnResolutionAdjustmentRequest `json:"adjustments,omitempty" maxItems:"50"`
	Corrects     string                              `json:"corrects_return_resolution_id,omitzero" maxLength:"64"`
}

// CreateReturnResolutionRequest proposes what becomes of value.
type CreateReturnResolutionRequest struct {
	ReturnResolutionTerms
	ExpectedVersion     *int64            `json:"expected_version,omitzero" minimum:"1" doc:"Version of the return."`
	ExpectedQuoteHash   string            `json:"expected_quote_hash,omitzero" flint:"extension" maxLength:"64" doc:"quote_hash of the preview that was shown; other amounts are refused with the new ones."`
	ExternalReferenceID string            `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// CreateReturnResolutionInput is the request of createReturnResolution.
type CreateReturnResolutionInput struct {
	ReturnPath
	Body CreateReturnResolutionRequest
}

// ReturnResolutionAdjustmentSet is all adjustments of a resolution.
type ReturnResolutionAdjustmentSet struct {
	Adjustments []ReturnResolutionAdjustmentRequest `json:"adjustments" maxItems:"50"`
}

// UpdateReturnResolutionRequest changes a proposed resolution; collections replace the ones there are.
type UpdateReturnResolutionRequest struct {
	Lines               *[]ReturnResolutionLineItemReplacementRequest  `json:"line_items,omitzero" maxItems:"100" doc:"Replaces all; needs expected_version."`
	Replacements        *[]ReturnReplacementLineItemReplacementRequest `json:"replacement_line_items,omitzero" maxItems:"100" doc:"Replaces all; needs expected_version."`
	AdjustmentSet       *ReturnResolutionAdjustmentSet                 `json:"adjustment_set,omitzero" doc:"Replaces all; needs expected_version."`
	PricingBasis        string                                         `json:"pricing_basis,omitzero" enum:"original_price,current_price,merchant_agreed_price"`
	ExternalReferenceID Opt[string]                                    `json:"external_reference_id,omitzero" maxLength:"255"`
	Metadata            MetadataPatch                                  `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	ExpectedVersion     *int64                                         `json:"expected_version,omitzero" minimum:"1"`
}

// UpdateReturnResolutionInput is the request of updateReturnResolution.
type UpdateReturnResolutionInput struct {
	ReturnResolutionPath
	Body UpdateReturnResolutionRequest
}

// ConfirmReturnResolutionRequest freezes the amounts.
type ConfirmReturnResolutionRequest struct {
	ExpectedVersion   *int64 `json:"expected_version,omitzero" minimum:"1"`
	ExpectedQuoteHash string `json:"expected_quote_hash,omitzero" flint:"extension" maxLength:"64" doc:"quote_hash of the amounts that are confirmed; those of the proposal when absent."`
}

// ConfirmReturnResolutionInput is the request of confirmReturnResolution.
type ConfirmReturnResolutionInput struct {
	ReturnResolutionPath
	Body *ConfirmReturnResolutionRequest
}

// ReleaseReturnResolutionRequest lets a resolution be carried out.
type ReleaseReturnResolutionRequest struct {
	Reason          string `json:"reason" enum:"merchant_approved,exception_resolved,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// ReleaseReturnResolutionInput is the request of releaseReturnResolution.
type ReleaseReturnResolutionInput struct {
	ReturnResolutionPath
	Body ReleaseReturnResolutionRequest
}

// RetryReturnResolutionRequest starts a new attempt.
type RetryReturnResolutionRequest struct {
	Reason          string `json:"reason" enum:"dependency_recovered,payment_method_updated,operator_retry,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// RetryReturnResolutionInput is the request of retryReturnResolution.
type RetryReturnResolutionInput struct {
	ReturnResolutionPath
	Body RetryReturnResolutionRequest
}

// CancelReturnResolutionRequest gives a resolution up.
type CancelReturnResolutionRequest struct {
	Reason          string `json:"reason" enum:"buyer_request,merchant_request,duplicate,expired,created_in_error,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// CancelReturnResolutionInput is the request of cancelReturnResolution.
type CancelReturnResolutionInput struct {
	ReturnResolutionPath
	Body CancelReturnResolutionRequest
}

func (l *ReturnReplacementLineItemRequest) domain(lineID string) returns.ReplacementInput {
	return returns.ReplacementInput{ID: lineID, VariantID: l.VariantID, Name: l.Name, Description: l.Description, SKU: l.SKU, Quantity: l.Quantity, UnitPrice: l.UnitPrice.amount()}
}

func adjustmentsOf(in []ReturnResolutionAdjustmentRequest) []returns.AdjustmentInput {
	out := []returns.AdjustmentInput{}
	for _, a := range in {
		out = append(out, returns.AdjustmentInput{
			Type: a.Type, Effect: a.Effect, Assessed: *a.Assessed.amount(), Applied: *a.Applied.amount(), Reason: a.Reason, Message: a.Message, LineID: a.LineID,
			Status: a.Status, WaiverReason: a.WaiverReason, WaiverMessage: a.WaiverMessage,
		})
	}
	return out
}

func (t *ReturnResolutionTerms) domain() (returns.ResolutionInput, error) {
	out := returns.ResolutionInput{Type: t.Type, PricingBasis: t.PricingBasis, Corrects: t.Corrects, Adjustments: adjustmentsOf(t.Adjustments)}
	for _, l := range t.Lines {
		out.Lines = append(out.Lines, returns.ResolutionUnits{LineID: l.LineID, Quantity: l.Quantity})
	}
	for n := range t.Replacements {
		if err := t.Replacements[n].reserved(n); err != nil {
			return out, err
		}
		out.Replacements = append(out.Replacements, t.Replacements[n].domain(""))
	}
	return out, nil
}

// resolutionFaults are what the pricing of a resolution is refused with.
var resolutionFaults = []string{"RETURN_VALUE_EXCEEDED", "RETURN_QUOTE_STALE", "RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED", "INVALID_QUANTITY", "CURRENCY_MISMATCH"}

// givingFaults are what an app is refused with that would give money back.
var givingFaults = []string{"APP_REFUND_LIMIT_EXCEEDED", "APP_REFUND_APPROVAL_REQUIRED", "APP_OWN_ORDERS_ONLY", "APP_INSTALL_NOT_ACTIVE"}

func registerReturnResolutionWrites(a *API, s *Services) {
	Write(a, "createReturnResolution", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateReturnResolutionInput) (*ReturnResolution, error) {
		asked, err := in.Body.domain()
		if err != nil {
			return nil, err
		}
		return wiredPart(wireReturnResolution)(s.Returns.Propose(tx, returns.ProposeInput{
			Scope: c.Scope, ReturnID: in.ReturnID, Resolution: asked, ExpectedVersion: in.Body.ExpectedVersion,
			ExpectedQuoteHash: in.Body.ExpectedQuoteHash, ExternalReferenceID: in.Body.ExternalReferenceID, Metadata: in.Body.Metadata, Cause: c.Cause(),
		}))
	}, Doc("Propose a resolution", "It holds its units and can be changed until it is confirmed."), Errors(resolutionFaults...))

	Write(a, "updateReturnResolution", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateReturnResolutionInput) (*ReturnResolution, error) {
		b := &in.Body
		change := returns.ReviseInput{
			ResolutionVersion: in.version(c, b.ExpectedVersion), PricingBasis: b.PricingBasis, ExternalReferenceID: b.ExternalReferenceID.Ptr(), Metadata: metadataIf(b.Metadata),
		}
		if b.Lines != nil {
			lines := []returns.ResolutionUnits{}
			for _, l := range *b.Lines {
				lines = append(lines, returns.ResolutionUnits{ID: l.ID, LineID: l.LineID, Quantity: l.Quantity})
			}
			change.Lines = &lines
		}
		if b.Replacements != nil {
			goods := []returns.ReplacementInput{}
			for n, l := range *b.Replacements {
				if err := l.reserved(n); err != nil {
					return nil, err
				}
				goods = append(goods, l.domain(l.ID))
			}
			change.Replacements = &goods
		}
		if b.AdjustmentSet != nil {
			set := adjustmentsOf(b.AdjustmentSet.Adjustments)
			change.Adjustments = &set
		}
		out, err := wiredPart(wireReturnResolution)(s.Returns.Revise(tx, change))
		return out, fault.Moved(err, func(path string) string {
			if strings.HasPrefix(path, "adjustments") {
				return "adjustment_set." + path
			}
			return path
		})
	}, Doc("Change a proposed resolution", "Collections are replaced as a whole, and then expected_version is needed."), Errors(append([]string{"EXPECTED_VERSION_REQUIRED"}, resolutionFaults...)...))

	stagedResolution(a, s, "confirmReturnResolution", func(tx db.Tx, c *Caller, in *ConfirmReturnResolutionInput) (*returns.Return, *returns.Resolution, error) {
		body := ConfirmReturnResolutionRequest{}
		if in.Body != nil {
			body = *in.Body
		}
		return s.Returns.Confirm(tx, in.version(c, body.ExpectedVersion), body.ExpectedQuoteHash)
	}, Doc("Confirm a resolution", "Freezes the amounts and claims them. Money moves once execution_blockers say that nothing is missing."), Errors(resolutionFaults...), Errors(givingFaults...))

	stagedResolution(a, s, "releaseReturnResolution", func(tx db.Tx, c *Caller, in *ReleaseReturnResolutionInput) (*returns.Return, *returns.Resolution, error) {
		return s.Returns.Release(tx, returns.ActInput{ResolutionVersion: in.version(c, in.Body.ExpectedVersion), Reason: in.Body.Reason, Message: in.Body.Message})
	}, Doc("Release a resolution", "One whose refund timing is manual."), Errors("RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED"))

	stagedResolution(a, s, "retryReturnResolution", func(tx db.Tx, c *Caller, in *RetryReturnResolutionInput) (*returns.Return, *returns.Resolution, error) {
		return s.Returns.Retry(tx, returns.ActInput{ResolutionVersion: in.version(c, in.Body.ExpectedVersion), Reason: in.Body.Reason, Message: in.Body.Message})
	}, Doc("Try a failed resolution again", "What was given back already is not given again."), Errors(resolutionFaults...), Errors(givingFaults...))

	Write(a, "cancelReturnResolution", func(ctx context.Context, tx db.Tx, c *Caller, in *CancelReturnResolutionInput) (*ReturnResolution, error) {
		return wiredPart(wireReturnResolution)(s.Returns.CancelResolution(tx, returns.ActInput{ResolutionVersion: in.version(c, in.Body.ExpectedVersion), Reason: in.Body.Reason, Message: in.Body.Message}))
	}, Doc("Cancel a resolution", "Before its money moved; an exchange that the buyer has not paid is undone."), Errors("RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED", "ORDER_COLLECTION_IN_PROGRESS"))
}

// stagedResolution registers an act that may plan a refund: it is sent before the answer, which shows the outcome.
func stagedResolution[I any](a *API, s *Services, operationID string, act func(db.Tx, *Caller, *I) (*returns.Return, *returns.Resolution, error), opts ...Option) {
	Staged(a, operationID, Steps[I, *ReturnResolution]{
		Start: func(_ context.Context, tx db.Tx, c *Caller, in *I) (string, error) {
			_, x, err := act(tx, c, in)
			if err != nil {
				return "", err
			}
			return x.ID, nil
		},
		Finish: func(ctx context.Context, c *Caller, _ *I, subject string, settle func(db.Tx, *ReturnResolution) error) (*ReturnResolution, error) {
			return sendReturn(ctx, a, s, c, func(tx db.Tx) (*returns.Return, error) { return s.Returns.OfResolution(tx, c.Scope, subject) },
				func(r *returns.Return) *ReturnResolution { return wireReturnResolution(r, r.Resolution(subject)) }, settle)
		},
	}, opts...)
}

// sendReturn sends what the committed change of a return planned at a processor, and answers with the return as it is
// then.
func sendReturn[O any](ctx context.Context, a *API, s *Services, c *Caller, load func(db.Tx) (*returns.Return, error), wire func(*returns.Return) O,
	settle func(db.Tx, O) error) (out O, err error) {
	answer := func(tx db.Tx) error {
		r, err := load(tx)
		if err == nil {
			out = wire(r)
		}
		return err
	}
	ops, err := read(ctx, a, func(tx db.Tx) ([]payment.Operation, error) {
		r, err := load(tx)
		if err != nil {
			return nil, err
		}
		out = wire(r)
		return returns.Planned(tx, r)
	})
	if err != nil || len(ops) == 0 {
		return out, err
	}
	err = s.Payments.Execute(ctx, ops, c.Cause(), func(tx db.Tx, _ *order.Order) error {
		if err := answer(tx); err != nil {
			return err
		}
		return settle(tx, out)
	})
	return out, err
}
