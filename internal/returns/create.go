package returns

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/tenant"
	"flint/internal/text"
)

// Limits of one return.
const (
	MaxLines = 100
	maxNote  = 500
)

// LineInput asks units of one line of the order back.
type LineInput struct {
	OrderLineID    string
	FulfillmentID  string // may be empty where one fulfilment handed the line over
	Quantity       int64
	ReasonID       string
	ResolutionType string // the wish, empty for none
	BuyerNote      string
}

// CreateInput asks for a return.
type CreateInput struct {
	Scope               tenant.Scope
	OrderID             string
	Lines               []LineInput
	ExternalReferenceID string
	Metadata            map[string]string
	// InitiatedBy is an actor type; empty: that of the cause. A buyer may not ask for what a policy refuses.
	InitiatedBy string
	Cause       event.Cause
}

// Create asks for units of one order back. Policies judge every line as of now, and a line keeps what they said.
// Without a policy the return waits for somebody's decision; where policies approve all lines by themselves it
// is decided at once.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_INVALID, RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS, those of metadata.
func (s *Service) Create(tx db.Tx, in CreateInput) (*Return, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	o, err := s.Orders.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, fault.Below("order_id", err)
	}
	now, actor := s.Clock.Now(), actorOf(in.Cause)
	r := &Return{
		Scope: in.Scope, ID: s.IDs.New(id.Return), OrderID: o.ID, OrderNumber: o.Number, Currency: o.Currency, CustomerID: o.CustomerID,
		InitiatedBy: actor.Type, CreatedBy: actor, ExternalReferenceID: in.ExternalReferenceID, Metadata: in.Metadata, CreatedAt: now, UpdatedAt: now,
		stored: stored{docs: map[string]string{}},
	}
	if in.InitiatedBy != "" {
		r.InitiatedBy = in.InitiatedBy
	}
	if err := s.ask(tx, o, r, in.Lines, "line_items", now); err != nil {
		return nil, err
	}
	if r.Number, err = nextNumber(tx, in.Scope); err != nil {
		return nil, err
	}
	c := change{letters: []string{LetterRequested}}
	c.tell(EventCreated, "")
	if err := s.save(tx, o, r, in.Cause, c); err != nil {
		return nil, err
	}
	s.Failpoints.Hit("return.created")
	return r, nil
}

func (in *CreateInput) validate() error {
	var faults fault.List
	text.Rule{Max: 255}.Check(&faults, "external_reference_id", in.ExternalReferenceID)
	faults.AddError("metadata", metadata.Check(in.Metadata))
	if len(in.Lines) == 0 || len(in.Lines) > MaxLines {
		faults.Add("RETURN_INVALID", "line_items", "A return has 1 to %d lines.", MaxLines)
	}
	return faults.Err()
}

// ask adds lines to a return that is requested: it finds the goods, checks that they are there, and freezes what
// they are called, carry and may become. at is the path of the lines in the request; a single line has no index.
func (s *Service) ask(tx db.Tx, o *order.Order, r *Return, lines []LineInput, at string, now time.Time) error {
	found, err := s.Handed(tx, o, "")
	if err != nil {
		return err
	}
	path := func(k int) string {
		if at == "line_item" {
			return at
		}
		return fmt.Sprintf("%s[%d]", at, k)
	}
	var faults fault.List
	var added []Line
	for k, in := range lines {
		l, err := s.askLine(tx, o, append(slices.Clip(r.Lines), added...), found, in, now)
		if err != nil {
			if fault.Of(err) == nil {
				return err
			}
			faults.AddError(path(k), err)
			continue
		}
		added = append(added, *l)
	}
	if err := faults.Err(); err != nil {
		return err
	}
	revisions, err := s.Policies.ActiveRevisions(tx, o.Scope)
	if err != nil {
		return err
	}
	asks := make([]returnpolicy.Request, len(added))
	for k, l := range added {
		asks[k] = l.request()
	}
	judged, err := s.judge(tx, o, found, asks, revisions, now)
	if err != nil {
		return err
	}
	for k := range added {
		l := &added[k]
		l.freeze(&judged.Lines[k])
		if err := refusedToBuyer(r, l); err != nil {
			faults.AddError(path(k), err)
		}
		if err := s.aim(tx, o.Scope, l, revisions); err != nil {
			return err
		}
	}
	r.Lines = append(r.Lines, added...)
	r.summarize()
	return faults.Err()
}

// refusedToBuyer is the fault of a line that its buyer may not ask for. Merchants may: they can decide otherwise.
func refusedToBuyer(r *Return, l *Line) error {
	if r.InitiatedBy != ActorBuyer || l.Eligibility.Status != Ineligible {
		return nil
	}
	return fault.Invalid("RETURN_INVALID", "", "%s", l.Eligibility.Message)
}

func (l *Line) request() returnpolicy.Request {
	return returnpolicy.Request{
		OrderLineItemID: l.OrderLineID, FulfillmentID: l.FulfillmentID, Quantity: l.Requested, ReasonID: l.ReasonID, ResolutionType: l.RequestedResolution,
	}
}

// askLine checks one line against the order, what was handed over and the lines that the return has already.
func (s *Service) askLine(tx db.Tx, o *order.Order, have []Line, found []returnpolicy.FulfilledLine, in LineInput, now time.Time) (*Line, error) {
	source := o.Line(in.OrderLineID)
	if source == nil {
		return nil, fault.Invalid("RESOURCE_NOT_FOUND", "order_line_item_id", "The order has no such line.")
	}
	from, err := handedBy(found, in)
	if err != nil {
		return nil, err
	}
	l := &Line{
		ID: s.IDs.New(id.ReturnLine), OrderLineID: source.ID, FulfillmentID: from.FulfillmentID, UnitPrice: source.UnitPrice,
		Identity:            Identity{Name: source.Name, Description: source.Description, SKU: source.SKU, Source: source.Source, Image: source.Image},
		RequestedResolution: in.ResolutionType, CreatedAt: now, UpdatedAt: now,
	}
	if slices.ContainsFunc(have, func(x Line) bool { return x.OrderLineID == l.OrderLineID && x.FulfillmentID == l.FulfillmentID }) {
		return nil, fault.Invalid("RETURN_INVALID", "order_line_item_id", "A return has one line for each line of a fulfilment.").
			Then("Ask for all units of it in one line.")
	}
	if err := l.setQuantity(in.Quantity, from.Available()); err != nil {
		return nil, err
	}
	return l, s.setReason(tx, o.Scope, l, in.ReasonID, in.BuyerNote)
}

// handedBy finds the fulfilment whose units are meant.
func handedBy(found []returnpolicy.FulfilledLine, in LineInput) (*returnpolicy.FulfilledLine, error) {
	var possible []*returnpolicy.FulfilledLine
	for k := range found {
		f := &found[k]
		if f.OrderLineItemID != in.OrderLineID || in.FulfillmentID != "" && f.FulfillmentID != in.FulfillmentID {
			continue
		}
		if in.FulfillmentID != "" || f.Available() > 0 {
			possible = append(possible, f)
		}
	}
	switch {
	case len(possible) > 1:
		return nil, fault.Invalid("RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS", "fulfillment_id", "Several fulfillments handed units of this line over.").
			Then("Send fulfillment_id, with one line for each fulfilment.")
	case len(possible) == 1:
		return possible[0], nil
	case in.FulfillmentID != "":
		return nil, fault.Invalid("RESOURCE_NOT_FOUND", "fulfillment_id", "No such fulfilment handed units of this line over.")
	}
	return nil, fault.Invalid("RETURN_INVALID", "requested_quantity", "No unit of this line is left that could be returned: none was handed over, or returns and refunds hold them.").
		With("available_quantity", int64(0))
}

// setQuantity sets the units asked for; available is what nobody else holds.
func (l *Line) setQuantity(quantity, available int64) error {
	if quantity < 1 {
		return fault.Invalid("RETURN_INVALID", "requested_quantity", "At least one unit is asked for.")
	}
	if quantity > available {
		return fault.Invalid("RETURN_INVALID", "requested_quantity", "Fewer units of this line are left that could be returned.").
			With("available_quantity", available)
	}
	l.Requested = quantity
	return nil
}

// setReason freezes a reason with its note.
func (s *Service) setReason(tx db.Tx, scope tenant.Scope, l *Line, reasonID, note string) error {
	var faults fault.List
	text.Rule{Max: maxNote, Lines: true}.Check(&faults, "buyer_note", note)
	if err := faults.Err(); err != nil {
		return err
	}
	reason, err := s.Policies.ReasonByID(tx, scope, reasonID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return fault.Invalid("RESOURCE_NOT_FOUND", "return_reason_id", "There is no such reason.")
	}
	if err != nil {
		return err
	}
	if reason.Status != returnpolicy.StatusActive && reason.ID != l.ReasonID {
		return fault.Invalid("RETURN_INVALID", "return_reason_id", "This reason was archived and is not given any more.")
	}
	if reason.NoteRequired && note == "" {
		return fault.Invalid("RETURN_INVALID", "buyer_note", "This reason needs a note.")
	}
	if reason.ID != l.ReasonID {
		l.ReasonID, l.ReasonHandle, l.ReasonName = reason.ID, reason.Handle, reason.Name
	}
	l.BuyerNote = note
	return nil
}

// aim freezes where the policy of a line sends goods.
func (s *Service) aim(tx db.Tx, scope tenant.Scope, l *Line, revisions []*returnpolicy.Revision) error {
	l.Destination = nil
	for _, r := range revisions {
		if r.ID == l.Eligibility.RevisionID && r.MerchandiseRequired {
			l.Destination = r.Destination
		}
	}
	if l.Destination != nil || !l.Judged.GoodsRequired || s.Home == nil {
		return nil
	}
	home, err := s.Home(tx, scope)
	l.Destination = home
	return err
}
