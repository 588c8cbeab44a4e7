package returns

import (
	"strconv"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// ProcessInput does at once what a counter does with goods that a buyer brings.
type ProcessInput struct {
	Scope           tenant.Scope
	ReturnID        string
	Lines           []ProcessLine
	Receipt         *ReceiptGoods // header of what was received; its lines come from Lines
	LeaveOpen       bool          // the return does not complete by itself, however it was decided
	CompleteReady   bool          // it completes by itself once nothing is missing
	ExpectedVersion *int64
	Cause           event.Cause
}

// ProcessLine is what happens to one line; parts that are nil do not.
type ProcessLine struct {
	LineID      string
	Decision    *Decision
	Received    int64
	Inspection  *InspectionLineInput // its receipt line and quantity are those of Received
	Inspected   InspectionGoods      // header of the inspection
	Disposition *DispositionGoods    // its source and quantity are those of Received
	Resolution  *ResolutionInput     // its lines are Units of this line
	Units       int64
	Reference   string
	Metadata    map[string]string
}

// Processed is what a call made, by id.
type Processed struct {
	Receipts     []string
	Inspections  []string
	Dispositions []string
	Resolutions  []string
}

// Process decides, receives, inspects, places and resolves lines of a return in one step, all of it or nothing.
// Resolutions are confirmed; what they do outside happens after the commit.
//
// Faults: those of Decide, Receive, Inspect, Dispose, Propose and Confirm, and RETURN_INVALID.
func (s *Service) Process(tx db.Tx, in ProcessInput) (*Return, Processed, error) {
	var made Processed
	r, o, err := s.loadAt(tx, in.Scope, in.ReturnID, in.ExpectedVersion)
	if err != nil {
		return nil, made, err
	}
	if r.Status != StatusRequested && r.Status != StatusOpen {
		return nil, made, notAllowed(r.Status, "Open the return again first.", "Only a requested or open return can be processed.")
	}
	if err := in.check(r); err != nil {
		return nil, made, err
	}
	now, actor := s.Clock.Now(), actorOf(in.Cause)
	var c change
	if err := s.processDecisions(tx, r, in.Lines, actor, now, &c); err != nil {
		return nil, made, err
	}
	switch {
	case in.LeaveOpen:
		r.CompletionMode = ModeManual
	case in.CompleteReady:
		r.CompletionMode = ModeAutomatic
	}
	if err := s.processGoods(r, &in, actor, now, &c, &made); err != nil {
		return nil, made, err
	}
	for k := range in.Lines {
		l := &in.Lines[k]
		if l.Resolution == nil {
			continue
		}
		l.Resolution.Lines = []ResolutionUnits{{LineID: l.LineID, Quantity: l.Units}}
		x, _, err := s.draft(tx, o, r, *l.Resolution, nil, actor)
		if err != nil {
			return nil, made, below(k, "resolution", err)
		}
		x.ExternalReferenceID, x.Metadata = l.Reference, l.Metadata
		s.add(r, x, actor)
		derive(r, now)
		held := &r.Resolutions[len(r.Resolutions)-1]
		if err := s.confirm(tx, o, r, held, "", actor); err != nil {
			return nil, made, below(k, "resolution", err)
		}
		made.Resolutions = append(made.Resolutions, held.ID)
		derive(r, now)
	}
	before := map[string]bool{}
	for _, d := range r.Dispositions {
		before[d.ID] = true
	}
	if err := s.save(tx, o, r, in.Cause, c); err != nil {
		return nil, made, err
	}
	for _, d := range r.Dispositions {
		if !before[d.ID] {
			made.Dispositions = append(made.Dispositions, d.ID)
		}
	}
	return r, made, nil
}

// check refuses lines that the return does not have, lines named twice, and parts that miss what they are about.
func (in *ProcessInput) check(r *Return) error {
	var f fault.List
	seen := map[string]bool{}
	for k, l := range in.Lines {
		at := lineAt(k)
		switch {
		case r.Line(l.LineID) == nil:
			f.Add("RESOURCE_NOT_FOUND", at+".return_line_item_id", "The return has no such line.")
		case seen[l.LineID]:
			f.Add("RETURN_INVALID", at+".return_line_item_id", "A line is processed once in a call.")
		case l.Received < 0:
			f.Add("RETURN_INVALID", at+".received_quantity", "Received units are counted from nothing upwards.")
		case l.Received > 0 && in.Receipt == nil:
			f.Add("RETURN_INVALID", "receipt", "What was received needs a receipt.")
		case l.Received == 0 && (l.Inspection != nil || l.Disposition != nil):
			f.Add("RETURN_INVALID", at+".received_quantity", "An inspection or disposition here is about the units that are received in the same call.")
		}
		seen[l.LineID] = true
	}
	return f.Err()
}

// processDecisions decides the return when it is only requested.
func (s *Service) processDecisions(tx db.Tx, r *Return, lines []ProcessLine, actor Actor, now time.Time, c *change) error {
	var decisions []Decision
	var of []int // the lines of the request that have them
	for k, l := range lines {
		if l.Decision != nil {
			l.Decision.LineID = l.LineID
			decisions, of = append(decisions, *l.Decision), append(of, k)
		}
	}
	if len(decisions) == 0 && r.Status == StatusRequested {
		return fault.Invalid("RETURN_INVALID", "line_items", "A return that is only requested is decided first: send a decision for each line.")
	}
	if len(decisions) == 0 {
		return nil
	}
	path := func(k int) string { return lineAt(of[k]) + ".decision" }
	if err := s.decide(tx, r, decisions, path, "", actor, c); err != nil {
		return err
	}
	derive(r, now)
	return nil
}

// processGoods notes one receipt for all lines, and an inspection and a disposition for each that has them.
func (s *Service) processGoods(r *Return, in *ProcessInput, actor Actor, now time.Time, c *change, made *Processed) error {
	var lines []ReceiptLineInput
	var of []int // the lines of the request that have them
	for k, l := range in.Lines {
		if l.Received > 0 {
			lines, of = append(lines, ReceiptLineInput{LineID: l.LineID, Quantity: l.Received}), append(of, k)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	in.Receipt.Lines = lines
	if err := in.Receipt.Validate(now); err != nil {
		return onReceipt(of, err)
	}
	receipt, err := s.receive(r, in.Receipt, actor, now, c)
	if err != nil {
		return onReceipt(of, err)
	}
	receiptID := receipt.ID
	made.Receipts = append(made.Receipts, receiptID)
	derive(r, now)
	for k, l := range in.Lines {
		if l.Received == 0 {
			continue
		}
		var shelf string
		for _, x := range r.Receipt(receiptID).Lines {
			if x.LineID == l.LineID {
				shelf = x.ID
			}
		}
		from := DispositionGoods{ReceiptLineID: shelf}
		if l.Inspection != nil {
			look := l.Inspected
			l.Inspection.ReceiptLineID, l.Inspection.Quantity = shelf, l.Received
			look.ReceiptID, look.LocationID, look.Lines = receiptID, in.Receipt.LocationID, []InspectionLineInput{*l.Inspection}
			if err := look.Validate(now); err != nil {
				return below(k, "inspection", err)
			}
			x, err := s.inspect(r, &look, actor, now, c)
			if err != nil {
				return below(k, "inspection", err)
			}
			made.Inspections = append(made.Inspections, x.ID)
			from = DispositionGoods{InspectionLineID: x.Lines[0].ID}
			derive(r, now)
		}
		if l.Disposition != nil {
			d := *l.Disposition
			d.ReceiptLineID, d.InspectionLineID, d.Quantity = from.ReceiptLineID, from.InspectionLineID, l.Received
			if err := d.Validate(); err != nil {
				return below(k, "disposition", err)
			}
			x, err := s.dispose(r, &d, actor, now, c)
			if err != nil {
				return below(k, "disposition", err)
			}
			made.Dispositions = append(made.Dispositions, x.ID)
			derive(r, now)
		}
	}
	return nil
}

// below puts the paths of a fault where the request has the part of line k that is at fault. Parts stand on a line of
// the request alone, and have no lines of their own; all but a decision are about as many units as the line says.
func below(k int, part string, err error) error {
	line := lineAt(k)
	return fault.Moved(err, func(path string) string {
		switch path = strings.TrimPrefix(path, "line_items[0]."); {
		case path == "return_line_item_id":
			return line + "." + path
		case path == "quantity" && part != "resolution":
			return line + ".received_quantity"
		case path == "line_items":
			path = ""
		}
		return joined(line+"."+part, path)
	})
}

// onReceipt puts the paths of a fault of the receipt where the request has them: units stand on its lines, of which
// the lines of the receipt are those with the indexes.
func onReceipt(lines []int, err error) error {
	return fault.Moved(err, func(path string) string {
		rest, ok := strings.CutPrefix(path, "line_items[")
		if !ok {
			return joined("receipt", path)
		}
		index, name, _ := strings.Cut(rest, "].")
		k, err := strconv.Atoi(index)
		if err != nil || k >= len(lines) {
			return "line_items"
		}
		if name == "quantity" {
			name = "received_quantity"
		}
		return lineAt(lines[k]) + "." + name
	})
}
