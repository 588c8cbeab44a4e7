package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
)

// CreateReturnPreviewRequest asks what would happen. The part of its mode is sent, and no other.
type CreateReturnPreviewRequest struct {
	Mode        string                                `json:"mode" enum:"eligibility,resolution"`
	Eligibility *CreateReturnEligibilityCheckRequest  `json:"eligibility,omitzero" doc:"With mode eligibility."`
	Resolution  *CreateReturnResolutionPreviewRequest `json:"resolution,omitzero" doc:"With mode resolution."`
}

// CreateReturnPreviewInput is the request of createReturnPreview.
type CreateReturnPreviewInput struct {
	Body CreateReturnPreviewRequest
}

// Validate implements Validator.
func (in *CreateReturnPreviewInput) Validate() error {
	var l fault.List
	if in.Body.Mode == "eligibility" {
		in.Body.Eligibility.check(&l)
	}
	return l.Err()
}

// ReturnPreview says what would happen. Nothing is stored.
type ReturnPreview struct {
	Mode        string                   `json:"mode" enum:"eligibility,resolution"`
	Eligibility *ReturnEligibilityCheck  `json:"eligibility,omitzero"`
	Resolution  *ReturnResolutionPreview `json:"resolution,omitzero"`
}

func registerReturnPreviews(a *API, s *Services) {
	Get(a, "createReturnPreview", func(_ context.Context, tx db.Tx, c *Caller, in *CreateReturnPreviewInput) (*ReturnPreview, error) {
		return s.returnPreview(tx, c, &in.Body)
	}, Doc("Preview a return", "What may come back and at what cost (eligibility), or what a resolution would move (resolution). Nothing is stored."),
		Errors("RETURN_INVALID", "RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS", "RETURN_VALUE_EXCEEDED", "RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED"))

	Get(a, "createMeReturnPreview", func(_ context.Context, tx db.Tx, c *Caller, in *CreateReturnPreviewInput) (*ReturnPreview, error) {
		return s.returnPreview(tx, c, &in.Body)
	}, Doc("Preview an own return", "What the buyer may send back and at what cost (eligibility). Nothing is stored."),
		Errors("RETURN_INVALID", "RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS"))
}

// returnPreview answers by mode; each mode has a file of its own.
func (s *Services) returnPreview(tx db.Tx, c *Caller, in *CreateReturnPreviewRequest) (*ReturnPreview, error) {
	out := &ReturnPreview{Mode: in.Mode}
	var err error
	switch in.Mode {
	case "eligibility":
		out.Eligibility, err = s.previewEligibility(tx, c, in.Eligibility)
	case "resolution":
		if c.Kind == auth.CustomerSession {
			return nil, fault.Invalid("RETURN_INVALID", "mode", "Buyers preview what may come back; its value is settled by the merchant.")
		}
		out.Resolution, err = s.previewResolution(tx, c, in.Resolution)
	default:
		err = fault.Invalid("RETURN_INVALID", "mode", "This mode cannot be previewed.")
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
