package httpapi

import (
	"time"

	"flint/internal/returns"
)

// told is what every event of a return carries beside the resource.
type told struct {
	EventType string    `json:"event_type"`
	UpdatedAt time.Time `json:"resource_updated_at"`
}

// ReturnShapes let events show returns and their parts as the API does. Buyers' actions are left out.
func ReturnShapes() returns.Shapes {
	return returns.Shapes{
		Return: func(kind string, r *returns.Return) any {
			return struct {
				*ReturnResource
				told
			}{wireReturn(r), told{kind, r.UpdatedAt}}
		},
		Receipt: func(kind string, r *returns.Return, x *returns.Receipt) any {
			return struct {
				*ReturnReceipt
				told
			}{wireReturnReceipt(r, x), told{kind, r.UpdatedAt}}
		},
		Inspection: func(kind string, r *returns.Return, x *returns.Inspection) any {
			return struct {
				*ReturnInspection
				told
			}{wireReturnInspection(r, x), told{kind, r.UpdatedAt}}
		},
		Disposition: func(kind string, r *returns.Return, x *returns.Disposition) any {
			return struct {
				*ReturnDisposition
				told
			}{wireReturnDisposition(r, x), told{kind, x.UpdatedAt}}
		},
		Resolution: func(kind string, r *returns.Return, x *returns.Resolution) any {
			return struct {
				*ReturnResolution
				told
			}{wireReturnResolution(r, x), told{kind, x.UpdatedAt}}
		},
	}
}
