package returns

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
)

// Events of returns and of their parts.
const (
	EventCreated              = "return.created"
	EventUpdated              = "return.updated"
	EventDecisionRecorded     = "return.decision_recorded"
	EventCanceled             = "return.canceled"
	EventCompleted            = "return.completed"
	EventReopened             = "return.reopened"
	EventReceiptCreated       = "return_receipt.created"
	EventReceiptVerified      = "return_receipt.verified"
	EventReceiptSuperseded    = "return_receipt.superseded"
	EventInspectionCreated    = "return_inspection.created"
	EventAcceptanceDecided    = "return_inspection.acceptance_decided"
	EventInspectionSuperseded = "return_inspection.superseded"
	EventDispositionCreated   = "return_disposition.created"
	EventDispositionUpdated   = "return_disposition.updated"
	EventResolutionCreated    = "return_resolution.created"
	EventResolutionUpdated    = "return_resolution.updated"
)

// change is what a save tells the world about, beside return.updated.
type change struct {
	told    []told
	letters []string // kinds of letters to the buyer
}

type told struct{ kind, partID string }

// tell adds an event about the return itself, or about the part of it that is named.
func (c *change) tell(kind, partID string) {
	if slices.Contains(c.told, (told{kind, partID})) {
		return
	}
	c.told = append(c.told, told{kind, partID})
}

// record writes the events of a change. Their data are the whole objects as they are now.
func (s *Service) record(tx db.Tx, r *Return, now time.Time, cause event.Cause, c change) error {
	updated := true
	for _, t := range c.told {
		if t.partID == "" {
			updated = false
		}
	}
	if updated {
		c.told = append(c.told, told{kind: EventUpdated})
	}
	for _, t := range c.told {
		resource, resourceID, shape := s.subject(r, t)
		err := s.Events.Record(tx, r.Scope, now, cause, event.New{
			Type: t.kind, RootType: "return", RootID: r.ID, OrderID: r.OrderID, ResourceType: resource, ResourceID: resourceID, Data: shape,
		})
		if err != nil {
			return fmt.Errorf("record %s: %w", t.kind, err)
		}
	}
	return nil
}

// brief is what an event carries where nothing shapes it.
type brief struct {
	ReturnID string `json:"return_id"`
	PartID   string `json:"id,omitempty"`
	Status   string `json:"status"`
}

// subject is what an event is about.
func (s *Service) subject(r *Return, t told) (resource, resourceID string, shape any) {
	partID := t.partID
	switch {
	case partID == "":
		if s.Shapes.Return == nil {
			return "return", r.ID, brief{ReturnID: r.ID, Status: r.Status}
		}
		return "return", r.ID, s.Shapes.Return(t.kind, r)
	case r.Receipt(partID) != nil:
		x := r.Receipt(partID)
		return receiptPart.name, x.ID, shaped(s.Shapes.Receipt, t.kind, r, x, brief{r.ID, x.ID, x.Status})
	case r.Inspection(partID) != nil:
		x := r.Inspection(partID)
		return inspectionPart.name, x.ID, shaped(s.Shapes.Inspection, t.kind, r, x, brief{r.ID, x.ID, x.Status})
	case r.Disposition(partID) != nil:
		x := r.Disposition(partID)
		return dispositionPart.name, x.ID, shaped(s.Shapes.Disposition, t.kind, r, x, brief{r.ID, x.ID, x.Status})
	case r.Resolution(partID) != nil:
		x := r.Resolution(partID)
		return resolutionPart.name, x.ID, shaped(s.Shapes.Resolution, t.kind, r, x, brief{r.ID, x.ID, x.Status})
	}
	return "return", r.ID, brief{r.ID, partID, r.Status}
}

// shaped is what an event carries of a part: its shape, or the brief where nothing shapes it.
func shaped[T part](shape func(kind string, r *Return, x *T) any, kind string, r *Return, x *T, otherwise brief) any {
	if shape == nil {
		return otherwise
	}
	return shape(kind, r, x)
}
