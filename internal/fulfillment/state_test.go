package fulfillment

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

func TestSupportedActions(t *testing.T) {
	t.Parallel()
	accepted := func(f *Fulfillment) {}
	waiting := func(f *Fulfillment) { f.Approval = true }
	held := func(f *Fulfillment) { f.Hold = &Hold{Reason: "other"} }
	for _, c := range []struct {
		kind, status string
		change       func(*Fulfillment)
		want         string
	}{
		{TypeShipment, StatusPending, accepted, "complete cancel hold start mark_ready fail mark_preparing"},
		{TypeService, StatusPending, accepted, "complete cancel hold start mark_ready fail schedule"},
		{TypeDigital, StatusPending, accepted, "complete cancel hold start mark_ready fail"},
		{TypeShipment, StatusPending, waiting, "cancel hold fail accept"},
		{TypeShipment, StatusPending, held, "complete cancel start mark_ready fail mark_preparing"},
		{TypeShipment, StatusInProgress, accepted, "complete cancel hold mark_ready fail mark_preparing mark_picked mark_packed"},
		{TypeLocalDelivery, StatusPicked, accepted, "complete cancel hold mark_ready fail mark_packed dispatch"},
		{TypeShipment, StatusPacked, held, "complete cancel mark_ready fail mark_packed"},
		{TypeService, StatusScheduled, accepted, "complete cancel hold start mark_ready fail schedule mark_no_show"},
		{TypeShipment, StatusReady, accepted, "complete cancel fail"},
		{TypePickup, StatusReady, accepted, "complete cancel fail mark_no_show"},
		{TypeLocalDelivery, StatusReady, accepted, "complete cancel fail dispatch mark_no_show"},
		{TypeLocalDelivery, StatusDispatched, accepted, "complete fail mark_no_show"},
		{TypeShipment, StatusCompleted, accepted, ""},
		{TypeShipment, StatusCanceled, accepted, ""},
		{TypePickup, StatusFailed, accepted, ""},
	} {
		f := &Fulfillment{Type: c.kind, Status: c.status}
		c.change(f)
		if got := strings.Join(f.Supported(), " "); got != c.want {
			t.Errorf("%s %s (hold %v, approval %v): %s, want %s", c.kind, c.status, f.Hold != nil, f.Approval, got, c.want)
		}
	}
}

// Every action leads to a state that is not the one before, or is known to hold there already; and what is
// terminal offers nothing.
func TestEveryActionLeadsOn(t *testing.T) {
	t.Parallel()
	yes := true
	for _, kind := range Types {
		for status := range offered {
			for _, action := range (&Fulfillment{Type: kind, Status: status, Effect: EffectPreserve}).Supported() {
				f := &Fulfillment{Type: kind, Status: status, Effect: EffectPreserve}
				in := &TransitionInput{Action: action, Release: &yes, Reason: "other", StartAt: at, EndAt: at.Add(time.Hour), Timezone: "UTC"}
				before := f.State()
				f.enter(in, at, at)
				if f.State() == before && action != ActionSchedule {
					t.Errorf("%s of %s in %s leads nowhere", action, kind, status)
				}
				if !f.holds(in) {
					t.Errorf("%s of %s in %s cannot be repeated", action, kind, status)
				}
				if f.Terminal() != !f.TerminalAt.IsZero() || f.Terminal() && len(f.Supported()) > 0 || (f.Status == StatusCompleted) != (f.Effect == EffectFulfill) {
					t.Errorf("%s of %s in %s: %+v", action, kind, status, f)
				}
			}
		}
	}
}

func TestParcelActions(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{
		ParcelCreated: "mark_packed mark_shipped", ParcelPacked: "mark_shipped",
		ParcelShipped:        "mark_in_transit mark_out_for_delivery mark_delivery_attempted mark_delivered mark_exception mark_returned",
		ParcelInTransit:      "mark_out_for_delivery mark_delivery_attempted mark_delivered mark_exception mark_returned",
		ParcelOutForDelivery: "mark_in_transit mark_delivery_attempted mark_delivered mark_exception mark_returned",
		ParcelAttempted:      "mark_in_transit mark_out_for_delivery mark_delivered mark_exception mark_returned",
		ParcelException:      "mark_in_transit mark_out_for_delivery mark_delivery_attempted mark_delivered mark_returned",
		ParcelDelivered:      "mark_returned", ParcelReturned: "", ParcelVoided: "",
	} {
		if got := strings.Join((&Package{Status: status}).Supported(), " "); got != want {
			t.Errorf("%s: %s, want %s", status, got, want)
		}
	}
}

func TestShipmentStatus(t *testing.T) {
	t.Parallel()
	for parcels, want := range map[string]string{
		"": ParcelCreated, "voided": ParcelCreated, "created": ParcelCreated, "created packed": ParcelCreated, "packed packed": ParcelPacked,
		"shipped voided": ParcelShipped, "created shipped": ParcelShipped, "delivered shipped": ParcelShipped,
		"in_transit out_for_delivery": ParcelInTransit, "delivered exception": ParcelException, "delivered delivery_attempted": ParcelAttempted,
		"delivered delivered": ParcelDelivered, "created delivered": ParcelInTransit, "delivered returned": ParcelDelivered, "returned": ParcelReturned,
	} {
		var of []*Package
		for status := range strings.FieldsSeq(parcels) {
			of = append(of, &Package{Status: status})
		}
		if got := ShipmentStatus(of, false); got != want {
			t.Errorf("%s: %s, want %s", parcels, got, want)
		}
		if slices.Reverse(of); ShipmentStatus(of, false) != want {
			t.Errorf("%s backwards is not %s", parcels, want)
		}
		if got := ShipmentStatus(of, true); got != ParcelVoided {
			t.Errorf("%s voided: %s", parcels, got)
		}
	}
}

func TestMeasures(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Measure{"1": 1000, "0.001": 1, "10.50": 10500, "999999.999": 999999999,
		"0": 0, "-1": 0, "1e3": 0, "1.2345": 0, "1.": 0, ".5": 0, "1000000": 0, "": 0} {
		got, err := ParseMeasure(in)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d %v", in, got, err)
		}
		if back, err := ParseMeasure(got.String()); want > 0 && (err != nil || back != got) {
			t.Errorf("%q is written %s", in, got)
		}
	}
}
