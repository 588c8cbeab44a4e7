package order

import (
	"slices"
	"strings"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/text"
)

var chargeTypes = []string{"service_fee", "delivery_fee", "shipping_fee", "handling_fee", "packaging_fee", "small_order_fee",
	"service_area_fee", "setup_fee", "installation_fee", "cleaning_fee", "booking_fee", "reservation_fee", "ticket_fee", "fulfillment_fee",
	"restocking_fee", "rush_fee", "other"}

var chargeBases = []string{BasisPreDiscount, BasisPostDiscount}

func checkChargeType(l *fault.List, param, v string) {
	if !slices.Contains(chargeTypes, v) {
		l.Add("INVALID_REQUEST", param, "The type of the charge is not one of: %s.", strings.Join(chargeTypes, ", "))
	}
}

func checkChargeName(l *fault.List, param, v string) {
	text.Rule{Max: maxName, Required: true, Missing: "NAME_REQUIRED", TooLong: "NAME_TOO_LONG"}.Check(l, param, v)
}

func checkChargeAmount(l *fault.List, param string, a *money.Amount) {
	if a != nil && (a.Minor < 0 || a.Minor > MaxAmount) {
		l.Add("INVALID_AMOUNT", param+".amount", "A charge is between 0 and %d minor units.", int64(MaxAmount))
	}
}

func checkChargePercent(l *fault.List, param string, p *money.Percent) {
	if p != nil && (*p <= 0 || *p > maxTaxPercent) {
		l.Add("INVALID_CHARGE_PERCENT", param, "The percentage of a charge is above 0 and at most 100.")
	}
}

// checkChargeValue wants either an amount, or a percentage with its basis.
func checkChargeValue(l *fault.List, param string, hasAmount, hasPercent bool, basis string) {
	checkOneOf(l, "INVALID_REQUEST", param+"calculation_basis", given(basis), chargeBases)
	switch {
	case hasAmount == hasPercent:
		l.Add("CHARGE_VALUE_REQUIRED", strings.TrimSuffix(param, "."), "A charge has either an amount or a percentage.")
	case hasPercent && basis == "":
		l.Add("CALCULATION_BASIS_REQUIRED", param+"calculation_basis", "A percentage needs the subtotal it is taken of.")
	case hasAmount && basis != "":
		l.Add("CALCULATION_BASIS_FORBIDDEN", param+"calculation_basis", "A flat charge has no calculation basis.")
	}
}

// Charge is the order's charge of an id, nil when it has none.
func (o *Order) Charge(chargeID string) *Charge {
	i := slices.IndexFunc(o.Charges, func(c Charge) bool { return c.ID == chargeID })
	if i < 0 {
		return nil
	}
	return &o.Charges[i]
}

func chargeNotFound() error {
	e := fault.NotFound("charge of this order")
	e.Code = "ORDER_CHARGE_NOT_FOUND"
	return e
}
