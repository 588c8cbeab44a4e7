package fulfillment_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/fulfillment"
	"flint/internal/order"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// rig is a bench with fulfilment over it.
type rig struct {
	*flinttest.Bench
	ship *fulfillment.Service
}

func newRig(t testing.TB, d db.DB) *rig {
	b := flinttest.New(t, d)
	r := &rig{Bench: b, ship: &fulfillment.Service{
		Clock: b.Clock, IDs: b.IDs, Events: b.Orders.Events, Orders: b.Orders, Customers: b.Orders.Customers,
		Settings: func(db.Tx, tenant.Scope) (*settings.Settings, error) { return &settings.Settings{}, nil },
	}}
	b.Orders.Recount = fulfillment.Recount
	return r
}

// Whatever is asked for in whatever order: no line has more units in fulfillments than it has, no fulfilment more in
// parcels than it has, and the order's status is what its fulfillments say. A refusal changes nothing.
func TestQuantitiesNeverExceedTheLine(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rapid.Check(t, func(rt *rapid.T) {
			o := r.Order(rt, "USD", []flinttest.Line{{Price: 500, Quantity: rapid.Int64Range(1, 5).Draw(rt, "units")}, {Price: 700, Quantity: 2}})
			m := &model{rig: r, o: o}
			steps := map[string]func(*rapid.T){"create": m.create, "move": m.move, "pack": m.pack, "parcel": m.parcel, "resize": m.resize, "": m.check}
			rt.Repeat(steps)
		})
	})
}

type model struct {
	*rig
	o *order.Order
}

func (m *model) try(rt *rapid.T, f func(tx db.Tx) error) {
	rt.Helper()
	if err := m.DB.Write(m.Context(), f); err != nil && fault.Of(err) == nil {
		rt.Fatalf("%v", err)
	}
}

func (m *model) line(rt *rapid.T) string {
	return m.o.Lines[rapid.IntRange(0, 1).Draw(rt, "line")].ID
}

func (m *model) create(rt *rapid.T) {
	in := fulfillment.CreateInput{Scope: m.Scope, OrderID: m.o.ID, Type: rapid.SampledFrom(fulfillment.Types).Draw(rt, "type"), Cause: m.Cause,
		Lines: []fulfillment.Line{{OrderLineItemID: m.line(rt), Quantity: rapid.Int64Range(1, 3).Draw(rt, "quantity")}}}
	if in.Type == fulfillment.TypeShipment && rapid.Bool().Draw(rt, "packed") {
		in.Packaging = &fulfillment.PackagingInput{}
	}
	m.try(rt, func(tx db.Tx) error { _, err := m.ship.Create(tx, in); return err })
}

func (m *model) all(rt *rapid.T) (all []*fulfillment.Fulfillment, parcels []*fulfillment.Package) {
	m.Read(rt, func(tx db.Tx) (err error) {
		all, err = fulfillment.OfOrder(tx, m.Scope, m.o.ID)
		if err == nil {
			parcels, err = fulfillment.PackagesOfOrder(tx, m.Scope, m.o.ID)
		}
		return err
	})
	return all, parcels
}

func (m *model) move(rt *rapid.T) {
	all, _ := m.all(rt)
	if len(all) == 0 {
		return
	}
	release := rapid.Bool().Draw(rt, "release")
	in := fulfillment.TransitionInput{Scope: m.Scope, FulfillmentID: rapid.SampledFrom(all).Draw(rt, "fulfillment").ID,
		Action: rapid.SampledFrom(fulfillment.Actions).Draw(rt, "action"), Cause: m.Cause}
	switch in.Action {
	case fulfillment.ActionFail:
		in.Release = &release
	case fulfillment.ActionHold, fulfillment.ActionMarkNoShow:
		in.Reason = "other"
	case fulfillment.ActionSchedule:
		in.StartAt, in.EndAt, in.Timezone = m.Clock.Now(), m.Clock.Now().Add(time.Hour), "UTC"
	}
	m.try(rt, func(tx db.Tx) error {
		f, err := fulfillment.Get(tx, m.Scope, in.FulfillmentID)
		if err != nil {
			return err
		}
		supported := slices.Contains(f.Supported(), in.Action)
		done, err := m.ship.Transition(tx, in)
		if err == nil && !supported && !done.Unchanged {
			return errors.New(in.Action + " was accepted in " + f.Status + " and not offered")
		}
		if supported && err != nil && !fault.Is(err, "FULFILLMENT_ACTIVE_SHIPMENT_EXECUTION") {
			return errors.Join(errors.New(in.Action+" was offered in "+f.Status), errors.New(err.Error()))
		}
		return err
	})
}

func (m *model) pack(rt *rapid.T) {
	_, parcels := m.all(rt)
	if len(parcels) == 0 {
		return
	}
	n := rapid.Int64Range(1, 3).Draw(rt, "quantity")
	in := fulfillment.ItemInput{Scope: m.Scope, PackageID: rapid.SampledFrom(parcels).Draw(rt, "parcel").ID, OrderLineItemID: m.line(rt), Quantity: &n, Cause: m.Cause}
	m.try(rt, func(tx db.Tx) error {
		if rapid.Bool().Draw(rt, "new parcel") {
			p, err := fulfillment.GetPackage(tx, m.Scope, in.PackageID)
			if err == nil {
				_, err = m.ship.CreatePackage(tx, fulfillment.CreatePackageInput{Scope: m.Scope, ShipmentID: p.ShipmentID, Cause: m.Cause})
			}
			return err
		}
		_, err := m.ship.CreateItem(tx, in)
		return err
	})
}

func (m *model) parcel(rt *rapid.T) {
	_, parcels := m.all(rt)
	if len(parcels) == 0 {
		return
	}
	p := rapid.SampledFrom(parcels).Draw(rt, "parcel").ID
	action := rapid.SampledFrom(append([]string{"void"}, fulfillment.ParcelActions...)).Draw(rt, "action")
	m.try(rt, func(tx db.Tx) (err error) {
		if action == "void" {
			_, err = m.ship.VoidPackage(tx, fulfillment.VoidInput{Scope: m.Scope, ID: p, Cause: m.Cause})
			return err
		}
		_, err = m.ship.MovePackage(tx, fulfillment.MovePackageInput{Scope: m.Scope, PackageID: p, Action: action, Cause: m.Cause})
		return err
	})
}

func (m *model) resize(rt *rapid.T) {
	n := rapid.Int64Range(1, 6).Draw(rt, "units")
	m.try(rt, func(tx db.Tx) error {
		_, err := m.Orders.UpdateLine(m.Context(), tx, order.UpdateLineInput{Scope: m.Scope, OrderID: m.o.ID, LineID: m.line(rt), Quantity: &n, Cause: m.Cause})
		return err
	})
}

func (m *model) check(rt *rapid.T) {
	var o *order.Order
	all, parcels := m.all(rt)
	m.Read(rt, func(tx db.Tx) (err error) {
		o, err = m.Orders.Get(m.Context(), tx, m.Scope, m.o.ID)
		return err
	})
	held := fulfillment.Held(all)
	for _, l := range o.Lines {
		if held[l.ID] > l.Quantity {
			rt.Fatalf("line %s has %d units, its fulfillments %d", l.ID, l.Quantity, held[l.ID])
		}
	}
	if want := fulfillment.OrderStatus(o.Lines, all); o.FulfillmentStatus != want {
		rt.Fatalf("the order is %s, its fulfillments say %s", o.FulfillmentStatus, want)
	}
	for _, f := range all {
		var items map[string][]*fulfillment.Item
		var legs []*fulfillment.Shipment
		m.Read(rt, func(tx db.Tx) (err error) {
			if items, err = fulfillment.ItemsOf(tx, m.Scope, f.ID); err == nil {
				legs, err = fulfillment.ShipmentsOf(tx, m.Scope, f.ID)
			}
			return err
		})
		packed := map[string]int64{}
		of := map[string][]*fulfillment.Package{}
		for _, p := range parcels {
			of[p.ShipmentID] = append(of[p.ShipmentID], p)
			for _, i := range items[p.ID] {
				if p.Open() {
					packed[i.OrderLineItemID] += i.Quantity
				}
			}
		}
		for line, n := range packed {
			if n > f.Quantity(line) {
				rt.Fatalf("fulfillment %s has %d units of a line in parcels, of %d", f.ID, n, f.Quantity(line))
			}
		}
		for _, sh := range legs {
			if want := fulfillment.ShipmentStatus(of[sh.ID], !sh.VoidedAt.IsZero()); sh.Status != want || sh.PackageCount != int64(len(of[sh.ID])) {
				rt.Fatalf("shipment %s is %s with %d packages, want %s with %d", sh.ID, sh.Status, sh.PackageCount, want, len(of[sh.ID]))
			}
		}
	}
}

// What travels back is bounded by the return, and the return hears once of each parcel that a carrier took.
func TestReturnShipments(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		o := r.Order(t, "USD", []flinttest.Line{{Price: 500, Quantity: 3}})
		var f *fulfillment.Fulfillment
		heard := map[string]int64{}
		r.Write(t, func(tx db.Tx) (err error) {
			f, err = r.ship.Create(tx, fulfillment.CreateInput{Scope: r.Scope, OrderID: o.ID, Type: fulfillment.TypePickup, Cause: r.Cause,
				Lines: []fulfillment.Line{{OrderLineItemID: o.Lines[0].ID, Quantity: 3}}})
			return err
		})
		back := fulfillment.CreateShipmentInput{Scope: r.Scope, FulfillmentID: f.ID, Direction: fulfillment.DirectionReturn, ReturnID: "ret_1", Cause: r.Cause,
			ReturnLines: []fulfillment.Allocation{{ReturnLineItemID: "rtli_1", Quantity: 2}}}
		var sh *fulfillment.Shipment
		ship := func(want string) {
			t.Helper()
			err := r.DB.Write(r.Context(), func(tx db.Tx) (err error) { sh, _, err = r.ship.CreateShipment(tx, back); return err })
			if (want == "") != (err == nil) || want != "" && !fault.Is(err, want) {
				t.Fatalf("%v, want %s", err, want)
			}
		}
		ship("RETURN_SHIPMENT_INVALID") // nothing was handed over
		r.Write(t, func(tx db.Tx) error {
			_, err := r.ship.Transition(tx, fulfillment.TransitionInput{Scope: r.Scope, FulfillmentID: f.ID, Action: fulfillment.ActionComplete, Cause: r.Cause})
			return err
		})
		ship("RETURN_NOT_FOUND")
		r.ship.Returns = func(db.Tx, tenant.Scope, string) ([]fulfillment.ReturnLine, error) {
			return []fulfillment.ReturnLine{{ReturnLineItemID: "rtli_1", OrderLineItemID: o.Lines[0].ID, FulfillmentID: f.ID, ApprovedQuantity: 2}}, nil
		}
		r.ship.HandedOff = func(_ db.Tx, _ tenant.Scope, returnID, shipmentID string, lines map[string]int64, at time.Time, _ event.Cause) error {
			if returnID != "ret_1" || shipmentID != sh.ID || at.IsZero() {
				return errors.New("handed off something else")
			}
			for line, n := range lines {
				heard[line] += n
			}
			return nil
		}
		ship("")
		first := sh
		ship("RETURN_SHIPMENT_QUANTITY_INVALID")
		sh = first
		pack := func(n int64, want string) (p *fulfillment.Package) {
			t.Helper()
			err := r.DB.Write(r.Context(), func(tx db.Tx) error {
				done, err := r.ship.CreatePackage(tx, fulfillment.CreatePackageInput{Scope: r.Scope, ShipmentID: sh.ID, Cause: r.Cause,
					Package: fulfillment.PackageInput{ReturnLines: []fulfillment.Allocation{{ReturnLineItemID: "rtli_1", Quantity: n}}}})
				p = done.Package
				return err
			})
			if (want == "") != (err == nil) || want != "" && !fault.Is(err, want) {
				t.Fatalf("%v, want %s", err, want)
			}
			return p
		}
		pack(3, "RETURN_PACKAGE_ALLOCATION_EXCEEDS_SHIPMENT")
		p := pack(2, "")
		pack(1, "RETURN_PACKAGE_ALLOCATION_EXCEEDS_SHIPMENT")
		for _, action := range []string{"mark_shipped", "mark_shipped", "mark_delivered"} {
			r.Write(t, func(tx db.Tx) error {
				_, err := r.ship.MovePackage(tx, fulfillment.MovePackageInput{Scope: r.Scope, PackageID: p.ID, Action: action, Cause: r.Cause})
				return err
			})
		}
		if len(heard) != 1 || heard["rtli_1"] != 2 {
			t.Fatalf("the return heard of %v", heard)
		}
		r.Check(t)
	})
}
