package httpapi

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/returns"
)

// CreateReturnResolutionPreviewRequest asks what a resolution would come to.
type CreateReturnResolutionPreviewRequest struct {
	ReturnID string `json:"return_id" maxLength:"64"`
	ReturnResolutionTerms
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"0" doc:"Version of the return."`
}

// ReturnResolutionWarning is something that the merchant should know about a preview.
type ReturnResolutionWarning struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	LineIDs []string `json:"return_line_item_ids"`
}

// ReturnResolutionPreview is the money that a resolution would move.
type ReturnResolutionPreview struct {
	ReturnID     string                       `json:"return_id"`
	Revision     int64                        `json:"based_on_return_revision"`
	CalculatedAt time.Time                    `json:"calculated_at"`
	Type         string                       `json:"resolution_type" enum:"refund,exchange,replacement,no_monetary_action,correction"`
	Corrects     string                       `json:"corrects_return_resolution_id,omitzero"`
	Lines        []ReturnResolutionLineItem   `json:"line_items"`
	Replacements []ReturnReplacementLineItem  `json:"replacement_line_items"`
	Adjustments  []ReturnResolutionAdjustment `json:"adjustments"`
	Returned     Money                        `json:"returned_total_money"`
	Deduction    Money                        `json:"deduction_money"`
	Credit       Money                        `json:"credit_money"`
	Replacement  Money                        `json:"replacement_total_money"`
	BuyerRefund  Money                        `json:"buyer_refund_amount_money" doc:"Due to the buyer."`
	BuyerPayment Money                        `json:"buyer_payment_amount_money" doc:"Owed by the buyer."`
	Warnings     []ReturnResolutionWarning    `json:"warnings"`
	QuoteHash    string                       `json:"quote_hash" flint:"extension" doc:"Names these amounts; send it as expected_quote_hash to get them or an error."`
}

// reserved refuses bundles, which are not sold yet.
func (l *ReturnReplacementLineItemRequest) reserved(n int) error {
	var f fault.List
	refuseReserved(&f, l.BundleID != "", fmt.Sprintf("replacement_line_items[%d].bundle_id", n))
	return f.Err()
}

// previewResolution is the mode resolution of a preview.
func (s *Services) previewResolution(tx db.Tx, c *Caller, in *CreateReturnResolutionPreviewRequest) (*ReturnResolutionPreview, error) {
	if in == nil {
		return nil, fault.Invalid("FIELD_REQUIRED", "resolution", "This mode needs its part.")
	}
	asked, err := in.domain()
	if err != nil {
		return nil, fault.Below("resolution", err)
	}
	r, x, q, err := s.Returns.Preview(tx, returns.PreviewInput{
		Scope: c.Scope, ReturnID: in.ReturnID, Resolution: asked, ExpectedVersion: in.ExpectedVersion, Cause: c.Cause(),
	})
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound && f.Param == "" {
		return nil, fault.Below("resolution.return_id", err)
	}
	if err != nil {
		return nil, fault.Below("resolution", err)
	}
	w := wireReturnResolution(r, x)
	out := &ReturnResolutionPreview{
		ReturnID: r.ID, Revision: r.Version, CalculatedAt: c.Now, Type: w.Type, Corrects: w.Corrects, Lines: w.Lines, Replacements: w.Replacements,
		Adjustments: w.Adjustments, Returned: w.Returned, Deduction: w.Deduction, Credit: w.Credit, Replacement: w.Replacement,
		BuyerRefund: w.BuyerRefund, BuyerPayment: w.BuyerPayment, Warnings: []ReturnResolutionWarning{}, QuoteHash: q.Hash,
	}
	for _, a := range q.Warnings {
		out.Warnings = append(out.Warnings, ReturnResolutionWarning{a.Code, a.Message, listed(a.LineIDs)})
	}
	return out, nil
}
