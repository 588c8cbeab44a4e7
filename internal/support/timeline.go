package support

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/ledger"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Entry is one act on an order or on something that hangs on it.
type Entry struct {
	ID         string // of the activity or the event
	Kind       string // what it happened to: order, payment_intent, refund, return …
	Type       string // activity type or event type
	OccurredAt time.Time
	Actor      Actor
	What       string // in plain words
	Reason     string // as somebody gave it or a processor said it; codes in plain words; may be empty
	Amount     *money.Amount
	// Balance and BalanceDelta are the order's after this act, and what it changed; on activities alone.
	Balance, BalanceDelta *money.Amount
	Objects               []Object
	ActivityID            string   // oact_…, empty on entries from events alone
	EventIDs              []string // whev_…, of what was told to subscribers
	RequestID             string
	RequestLogID          string // rlog_…
}

// Actor is who did something. Type is that of event.Cause, system where none was kept.
type Actor struct{ Type, ID, Name string }

// Object is something that an entry is about: a type of resource and its id.
type Object struct{ Type, ID string }

// TimelineInput asks for one page of an order's timeline.
type TimelineInput struct {
	Scope          tenant.Scope
	OrderID        string
	Kinds          []string // empty: all that may be told
	Readable       []string // kinds that may be told, the reasons of others included; nil: all
	OccurredAfter  time.Time
	OccurredBefore time.Time
	Ascending      bool // newest first otherwise
	After          *listing.Cursor
	Limit          int // 1 to 100
}

// Validate reports every fault of the input.
func (in TimelineInput) Validate() error {
	var l fault.List
	for _, k := range in.Kinds {
		if !slices.Contains(Kinds(), k) {
			l.Add("INVALID_QUERY_PARAMETER", "kind", "There is no such kind of entry.")
			break
		}
	}
	listing.CheckLimit(&l, in.Limit)
	return l.Err()
}

// wanted are the kinds that the page tells of; nil: all.
func (in TimelineInput) wanted() []string {
	if in.Readable == nil || len(in.Kinds) == 0 {
		return append(in.Readable, in.Kinds...)
	}
	return slices.DeleteFunc(slices.Clone(in.Kinds), func(k string) bool { return !slices.Contains(in.Readable, k) })
}

// fulfillmentEvents begin with this; they are events of the resource order and a kind of their own.
const fulfillmentEvents = "order.fulfillment."

// Kinds are all kinds that entries can have, sorted: the resources of the catalogue of events, and fulfillment.
func Kinds() []string {
	kinds := []string{"fulfillment"}
	for _, t := range event.Types() {
		kinds = append(kinds, t.Resource)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func kindOfEvent(e event.Event) string {
	if strings.HasPrefix(e.Type, fulfillmentEvents) {
		return "fulfillment"
	}
	return e.ResourceType
}

// kindsOfActivities are the activities that tell of something else than the order; no event tells of some.
var kindsOfActivities = map[string]string{
	order.ActivitySessionCreated: "checkout_session", order.ActivitySessionExpired: "checkout_session", order.ActivitySessionInvalidated: "checkout_session",
	order.ActivityFulfillmentCreated: "fulfillment", order.ActivityFulfillmentUpdated: "fulfillment", order.ActivityFulfillmentState: "fulfillment",
}

func kindOfActivity(a order.Activity) string {
	if kind := kindsOfActivities[a.Type]; kind != "" {
		return kind
	}
	return "order"
}

// Timeline reads one page of what happened to an order, and the place of the next page, nil on the last one.
//
// The order's own events and its activities are two accounts of the same acts: an activity is shown with the
// ids of the events that its change told, and such an event is an entry of its own only where no activity was
// written. An order that a return made has the events of that return as well. Faults: RESOURCE_NOT_FOUND, INVALID_QUERY_PARAMETER, INVALID_PAGE_SIZE, INVALID_PAGE_TOKEN.
func (s *Service) Timeline(ctx context.Context, tx db.Tx, in TimelineInput) ([]Entry, *listing.Cursor, error) {
	if err := in.Validate(); err != nil {
		return nil, nil, err
	}
	o, err := s.Orders.Get(ctx, tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	restricted := len(in.Kinds) > 0 || in.Readable != nil
	if in.Kinds = in.wanted(); restricted && len(in.Kinds) == 0 {
		return nil, nil, nil
	}
	activities, err := s.activities(tx, in)
	if err != nil {
		return nil, nil, err
	}
	events, err := event.OfOrder(tx, in.Scope, in.OrderID, in.events(o), in.after("whev"), in.Limit+1)
	if err != nil {
		return nil, nil, err
	}
	var all []Entry
	for _, a := range activities {
		all = append(all, entryOfActivity(a))
	}
	for _, e := range events {
		entry, err := entryOfEvent(e, in.OrderID)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, entry)
	}
	slices.SortFunc(all, func(x, y Entry) int {
		n := compare(x.OccurredAt, x.ID, y.OccurredAt, y.ID)
		if !in.Ascending {
			n = -n
		}
		return n
	})
	var next *listing.Cursor
	if len(all) > in.Limit { // one more of each was read, to see whether there are others behind
		all = all[:in.Limit]
		last := all[len(all)-1]
		next = &listing.Cursor{Key: listing.Time(last.OccurredAt), ID: last.ID}
	}
	if err := s.complete(tx, in, all); err != nil {
		return nil, nil, err
	}
	return all, next, s.link(tx, o, all)
}

// compare orders by time and, at the same time, as ids were given out, whatever they are ids of.
func compare(at time.Time, a string, bt time.Time, b string) int {
	if n := at.Compare(bt); n != 0 {
		return n
	}
	return strings.Compare(place(a), place(b))
}

// place is the part of an id that grows with time.
func place(v string) string {
	_, v, _ = strings.Cut(v, "_")
	return v
}

// after is the place of the page in the list of one source.
func (in TimelineInput) after(prefix string) *listing.Cursor {
	if in.After == nil {
		return nil
	}
	return &listing.Cursor{Key: in.After.Key, ID: prefix + "_" + place(in.After.ID)}
}

func (s *Service) activities(tx db.Tx, in TimelineInput) ([]order.Activity, error) {
	h := order.HistoryInput{
		Scope: in.Scope, OrderID: in.OrderID, CreatedAfter: in.OccurredAfter, CreatedBefore: in.OccurredBefore,
		Ascending: in.Ascending, After: in.after("oact"), Limit: in.Limit + 1,
	}
	if len(in.Kinds) > 0 {
		for _, typ := range order.ActivityTypes() {
			if slices.Contains(in.Kinds, kindOfActivity(order.Activity{Type: typ})) {
				h.Types = append(h.Types, typ)
			}
		}
		if len(h.Types) == 0 {
			return nil, nil
		}
	}
	return order.History(tx, h)
}

// events is what of the order's events the page wants. Of the return that an order was made for, the other
// resolutions do not concern it.
func (in TimelineInput) events(o *order.Order) event.OrderFilter {
	f := event.OrderFilter{CreatedAfter: in.OccurredAfter, CreatedBefore: in.OccurredBefore, Ascending: in.Ascending, AlsoRootID: o.ReturnID}
	// What an activity stands for already: both are written at the same time, and the activity first.
	f.Where = `NOT (e.resource_type = 'order' AND e.root_id = ? AND e.type NOT LIKE '` + fulfillmentEvents + `%' AND EXISTS (SELECT 1
		FROM order_activities a WHERE a.merchant_id = e.merchant_id AND a.environment_id = e.environment_id AND a.order_id = ?
		AND a.created_at = e.created_at AND SUBSTR(a.activity_id, 6) < SUBSTR(e.event_id, 6)))`
	f.Args = []any{in.OrderID, in.OrderID}
	if o.ReturnID != "" {
		f.Where += ` AND NOT (e.resource_type = 'return_resolution' AND e.root_id = ? AND e.resource_id <> ?)`
		f.Args = append(f.Args, o.ReturnID, o.ReturnResolutionID)
	}
	if len(in.Kinds) == 0 {
		return f
	}
	named := "e.resource_type IN (?" + strings.Repeat(", ?", len(in.Kinds)-1) + ")"
	f.Where += " AND (" + named + " AND e.type NOT LIKE '" + fulfillmentEvents + "%'"
	for _, k := range in.Kinds {
		f.Args = append(f.Args, k)
	}
	if slices.Contains(in.Kinds, "fulfillment") {
		f.Where += " OR e.type LIKE '" + fulfillmentEvents + "%'"
	}
	f.Where += ")"
	return f
}

func entryOfActivity(a order.Activity) Entry {
	e := Entry{
		ID: a.ID, Kind: kindOfActivity(a), Type: a.Type, OccurredAt: a.CreatedAt, Actor: Actor{Type: a.ActorType, ID: a.ActorID},
		What: a.Description, Balance: &money.Amount{Minor: a.RunningBalance, Currency: a.Currency},
		BalanceDelta: &money.Amount{Minor: a.BalanceDelta, Currency: a.Currency}, ActivityID: a.ID, RequestID: a.RequestID,
	}
	if a.RefType != "" {
		e.Objects = []Object{{a.RefType, a.RefID}}
	}
	return e
}

// complete adds to the entries of a page what lies elsewhere: the events and the amounts of activities, the
// reasons of events, and the names of actors.
func (s *Service) complete(tx db.Tx, in TimelineInput, page []Entry) error {
	if err := s.pair(tx, in, page); err != nil {
		return err
	}
	names, reasons := map[Actor]string{}, map[Object]string{}
	for i := range page {
		e := &page[i]
		if e.Actor.Type == "" {
			e.Actor.Type = "system"
		}
		known, ok := names[e.Actor]
		if !ok && s.Name != nil && e.Actor.ID != "" {
			var err error
			if known, err = s.Name(tx, in.Scope, e.Actor.Type, e.Actor.ID); err != nil {
				return fmt.Errorf("name %s %s: %w", e.Actor.Type, e.Actor.ID, err)
			}
			names[e.Actor] = known
		}
		e.Actor.Name = known
		if e.Reason = plain(e.Reason); e.Reason != "" || s.Reason == nil || len(e.Objects) == 0 || in.Readable != nil && !slices.Contains(in.Readable, e.Objects[0].Type) {
			continue
		}
		why, ok := reasons[e.Objects[0]]
		if !ok {
			var err error
			if why, err = s.Reason(tx, in.Scope, e.Objects[0].Type, e.Objects[0].ID); err != nil {
				return fmt.Errorf("read why %s was asked for: %w", e.Objects[0].ID, err)
			}
			why = plain(why)
			reasons[e.Objects[0]] = why
		}
		e.Reason = why
	}
	return nil
}

// pair gives the activities of a page the events that were recorded with them, and the money that moved.
func (s *Service) pair(tx db.Tx, in TimelineInput, page []Entry) error {
	var from, to time.Time
	for _, e := range page {
		if e.ActivityID == "" {
			continue
		}
		if from.IsZero() || e.OccurredAt.Before(from) {
			from = e.OccurredAt
		}
		if e.OccurredAt.After(to) {
			to = e.OccurredAt
		}
	}
	if from.IsZero() {
		return nil
	}
	// All activities of the time are looked at, those of other pages too, so that none takes another's event.
	from, to = from.Add(-time.Microsecond), to.Add(time.Microsecond)
	all, err := order.History(tx, order.HistoryInput{
		Scope: in.Scope, OrderID: in.OrderID, CreatedAfter: from, CreatedBefore: to, Ascending: true, Limit: atOnce,
	})
	if err != nil {
		return err
	}
	events, err := event.OfOrder(tx, in.Scope, in.OrderID, event.OrderFilter{
		CreatedAfter: from, CreatedBefore: to, Ascending: true, Where: "e.root_id = ? AND e.resource_type = 'order'", Args: []any{in.OrderID},
	}, nil, atOnce)
	if err != nil {
		return err
	}
	told := map[string][]string{}
	for _, e := range events {
		if id := writtenBefore(all, e); id != "" && kindOfEvent(e) == "order" {
			told[id] = append(told[id], e.ID)
		}
	}
	booked, err := ledger.OfOrder(tx, in.Scope, in.OrderID)
	if err != nil {
		return err
	}
	for i := range page {
		e := &page[i]
		if e.ActivityID == "" {
			continue
		}
		e.EventIDs = told[e.ID]
		if len(e.Objects) == 0 {
			continue
		}
		for _, b := range booked { // the last one before the activity is its own
			moved := b.Sum(ledger.MerchantBalance)
			if moved != 0 && b.At.Equal(e.OccurredAt) && place(b.ID) < place(e.ID) && (b.RefundID == e.Objects[0].ID || b.PaymentID == e.Objects[0].ID) {
				e.Amount = &money.Amount{Minor: max(moved, -moved), Currency: e.Balance.Currency}
			}
		}
	}
	return nil
}

// atOnce bounds what is read around the activities of one page.
const atOnce = 10_000

// writtenBefore finds the activity of the same moment that was written last before an event.
func writtenBefore(all []order.Activity, e event.Event) (activityID string) {
	for _, a := range all {
		if a.CreatedAt.Equal(e.CreatedAt) && place(a.ID) < place(e.ID) {
			activityID = a.ID
		}
	}
	return activityID
}
