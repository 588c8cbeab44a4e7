package fulfillment

import (
	"slices"
	"strings"
	"time"
)

// ParcelActions lists the actions on a package; each enters the status of its name.
var ParcelActions = []string{
	"mark_packed", "mark_shipped", "mark_in_transit", "mark_out_for_delivery", "mark_delivery_attempted", "mark_delivered", "mark_exception",
	"mark_returned",
}

// moving are the statuses of a parcel on its way, in the order of the way.
var moving = []string{ParcelShipped, ParcelInTransit, ParcelOutForDelivery}

// parcelMoves are the statuses that a package can go to. A carrier's parcel goes back and forth between
// what carriers report, and never back into the warehouse.
var parcelMoves = map[string][]string{
	ParcelCreated:        {ParcelPacked, ParcelShipped},
	ParcelPacked:         {ParcelShipped},
	ParcelShipped:        {ParcelInTransit, ParcelOutForDelivery, ParcelAttempted, ParcelDelivered, ParcelException, ParcelReturned},
	ParcelInTransit:      {ParcelOutForDelivery, ParcelAttempted, ParcelDelivered, ParcelException, ParcelReturned},
	ParcelOutForDelivery: {ParcelInTransit, ParcelAttempted, ParcelDelivered, ParcelException, ParcelReturned},
	ParcelAttempted:      {ParcelInTransit, ParcelOutForDelivery, ParcelDelivered, ParcelException, ParcelReturned},
	ParcelException:      {ParcelInTransit, ParcelOutForDelivery, ParcelAttempted, ParcelDelivered, ParcelReturned},
	ParcelDelivered:      {ParcelReturned},
}

// parcelStatus is the status that an action on a package enters.
func parcelStatus(action string) string { return strings.TrimPrefix(action, "mark_") }

// Supported lists the actions that are accepted now; empty when nothing moves the package any more.
func (p *Package) Supported() []string {
	out := []string{}
	for _, a := range ParcelActions {
		if slices.Contains(parcelMoves[p.Status], parcelStatus(a)) {
			out = append(out, a)
		}
	}
	return out
}

// enter moves a package. at is when it happened; the first of these is when the carrier took it.
func (p *Package) enter(status string, at time.Time) {
	p.Status, p.LastAt = status, at
	if p.Left() {
		first(&p.ShippedAt, at)
	}
	if status == ParcelDelivered {
		p.DeliveredAt = at
	}
}

// ShipmentStatus derives the status of a shipment from its packages: what stops one stops the shipment to be
// looked at, otherwise the parcel that is furthest behind tells.
func ShipmentStatus(packages []*Package, voided bool) string {
	if voided {
		return ParcelVoided
	}
	open := map[string]int{}
	total, left := 0, 0
	for _, p := range packages {
		if p.Open() {
			open[p.Status]++
			total++
		}
		if p.Left() {
			left++
		}
	}
	if total == 0 {
		return ParcelCreated
	}
	for status, n := range open {
		if n == total {
			return status
		}
	}
	for _, alarm := range []string{ParcelException, ParcelAttempted} {
		if open[alarm] > 0 {
			return alarm
		}
	}
	for _, status := range moving {
		if open[status] > 0 {
			return status
		}
	}
	switch {
	case left == 0:
		return ParcelCreated
	case left < total: // some arrived, others have not left
		return ParcelInTransit
	case open[ParcelDelivered] > 0:
		return ParcelDelivered
	}
	return ParcelReturned
}

// derive brings a shipment in line with its packages, and reports whether its status changed.
func (sh *Shipment) derive(packages []*Package) (was string, changed bool) {
	was = sh.Status
	sh.Status = ShipmentStatus(packages, !sh.VoidedAt.IsZero())
	sh.PackageCount = int64(len(packages))
	sh.HandedOffAt, sh.DeliveredAt = time.Time{}, time.Time{}
	arrived := true
	for _, p := range packages {
		if !p.Open() {
			continue
		}
		if !p.ShippedAt.IsZero() && (sh.HandedOffAt.IsZero() || p.ShippedAt.Before(sh.HandedOffAt)) {
			sh.HandedOffAt = p.ShippedAt
		}
		arrived = arrived && p.Status == ParcelDelivered
		if p.DeliveredAt.After(sh.DeliveredAt) {
			sh.DeliveredAt = p.DeliveredAt
		}
	}
	if !arrived {
		sh.DeliveredAt = time.Time{}
	}
	return was, sh.Status != was
}
