package httpapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/support"
)

// TimelineEntry is one act on an order or on something that hangs on it.
type TimelineEntry struct {
	ID             string           `json:"timeline_entry_id" doc:"The id of the activity or of the event that tells of it."`
	Kind           string           `json:"kind" doc:"What it happened to: order, payment_intent, refund, checkout_session, invoice, credit_note, fulfillment, return and so on."`
	Type           string           `json:"type" doc:"Type of the activity or of the event."`
	OccurredAt     time.Time        `json:"occurred_at"`
	Actor          TimelineActor    `json:"actor"`
	What           string           `json:"what" doc:"What happened, in plain words."`
	Reason         string           `json:"reason,omitzero" doc:"Why, as somebody gave it or a processor said it. Codes are written as words."`
	Text           string           `json:"text" doc:"The whole entry as sentences: what happened, about how much, by whom and why."`
	Amount         *SignedMoney     `json:"amount_money,omitzero" doc:"The money that this is about."`
	BalanceDelta   *SignedMoney     `json:"balance_delta_money,omitzero" doc:"On activities: what it changed about the balance."`
	RunningBalance *SignedMoney     `json:"running_balance_money,omitzero" doc:"On activities: the order's balance after it."`
	Objects        []TimelineObject `json:"objects" doc:"What it is about, the thing itself first."`
	ActivityID     string           `json:"order_activity_id,omitzero"`
	EventIDs       []string         `json:"webhook_event_ids" doc:"The events that told of it."`
	RequestID      string           `json:"request_id,omitzero"`
	RequestLogID   string           `json:"api_request_log_id,omitzero"`
}

// TimelineActor is who did it.
type TimelineActor struct {
	Type string `json:"type" enum:"api_key,app,user,buyer,processor,system"`
	ID   string `json:"id,omitzero" doc:"Of the key, app, user, checkout session or customer."`
	Name string `json:"name,omitzero" doc:"The name of the key, the app or the user."`
}

// TimelineObject is something that an entry is about.
type TimelineObject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// ListOrderTimelineInput is the request of listOrderTimeline.
type ListOrderTimelineInput struct {
	OrderID string `path:"order_id" id:"ord"`
	PageQuery
	Kind           []string  `query:"kind" doc:"Kinds to show; all that the credential may read when left out."`
	OccurredAfter  time.Time `query:"occurred_after"`
	OccurredBefore time.Time `query:"occurred_before"`
	SortDirection  string    `query:"sort_direction" enum:"asc,desc"`
}

// Validate implements Validator.
func (in *ListOrderTimelineInput) Validate() error {
	if !in.OccurredAfter.IsZero() && !in.OccurredBefore.IsZero() && !in.OccurredAfter.Before(in.OccurredBefore) {
		return fault.Invalid("INVALID_CREATED_RANGE", "occurred_after", "occurred_after must be before occurred_before.")
	}
	return nil
}

func registerOrderTimeline(a *API, s *Services) {
	Get(a, "listOrderTimeline", func(ctx context.Context, tx db.Tx, c *Caller, in *ListOrderTimelineInput) (Page[TimelineEntry], error) {
		readable, withheld := readableKinds(c)
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]support.Entry, *listing.Cursor, error) {
			return s.support().Timeline(ctx, tx, support.TimelineInput{
				Scope: c.Scope, OrderID: in.OrderID, Kinds: in.Kind, Readable: readable, OccurredAfter: in.OccurredAfter,
				OccurredBefore: in.OccurredBefore, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
			})
		})
		if len(in.Kind) > 0 {
			withheld = slices.DeleteFunc(withheld, func(k string) bool { return !slices.Contains(in.Kind, k) })
		}
		if len(withheld) > 0 {
			c.Warn(Warning{Code: "TIMELINE_KINDS_WITHHELD", Message: "This credential may not read these kinds: " + strings.Join(withheld, ", ") + "."})
		}
		return MapPage(page, wireTimelineEntry), err
	}, Doc("Read what happened to an order", "Every act on the order and on what hangs on it, newest first unless sorted otherwise: who did it, why, about how much. "+
		"Kinds that the credential has no scope to read are left out, and a warning names them."),
		Errors("INVALID_QUERY_PARAMETER", "INVALID_CREATED_RANGE"))
}

// readableKinds parts the kinds of entries into those whose payloads the caller may read and the others.
func readableKinds(c *Caller) (readable, withheld []string) {
	for _, kind := range support.Kinds() {
		scope := event.PayloadScope(kind)
		if kind == "fulfillment" {
			scope = event.PayloadScope("order")
		}
		if scope != "" && c.Scopes.Has(scope) {
			readable = append(readable, kind)
		} else {
			withheld = append(withheld, kind)
		}
	}
	return readable, withheld
}

func wireTimelineEntry(e support.Entry) TimelineEntry {
	out := TimelineEntry{
		ID: e.ID, Kind: e.Kind, Type: e.Type, OccurredAt: e.OccurredAt, Actor: wireActor(e.Actor), What: e.What, Reason: e.Reason, Text: e.Sentence(),
		Amount: signedIf(e.Amount), BalanceDelta: signedIf(e.BalanceDelta), RunningBalance: signedIf(e.Balance), ActivityID: e.ActivityID,
		EventIDs: e.EventIDs, RequestID: e.RequestID, RequestLogID: e.RequestLogID, Objects: []TimelineObject{},
	}
	if out.EventIDs == nil {
		out.EventIDs = []string{}
	}
	for _, o := range e.Objects {
		out.Objects = append(out.Objects, TimelineObject(o))
	}
	return out
}

func wireActor(a support.Actor) TimelineActor { return TimelineActor(a) }

func signedIf(m *money.Amount) *SignedMoney {
	if m == nil {
		return nil
	}
	return &SignedMoney{m.Minor, string(m.Currency)}
}
