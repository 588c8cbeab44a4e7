package returnpolicy

import (
	"cmp"
	"slices"
	"strconv"

	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/text"
)

// Limits of a revision.
const (
	maxTargets = 500                      // of each list of a scope
	maxWindow  = 10 * 366 * 24 * 60 * 60  // seconds
	maxFee     = int64(1_000_000_000_000) // minor units
)

var (
	results            = []string{Eligible, Ineligible, ReviewRequired}
	modes              = []string{Automatic, Manual}
	resolutionTypes    = []string{Refund, Exchange, Replacement, NoMonetaryAction}
	timings            = []string{AfterApproval, AfterHandoff, AfterReceipt, AfterInspection, TimingManual}
	selections         = []string{PolicyDefault, BuyerRequested}
	windowStarts       = []string{StartFulfilled, StartDelivered, StartPickedUp, StartServiceCompleted}
	ineligibilityCodes = []string{"final_sale", "product_excluded", "category_excluded", "market_restricted", "channel_restricted",
		"outside_return_window", "other"}
)

// defaults fills what may be left out.
func (r *Rules) defaults() {
	r.ReceiptDispositionMode = cmp.Or(r.ReceiptDispositionMode, Automatic)
	if r.Match.Type == "" {
		r.Match.Type = MatchInclude
		if r.Match.empty() {
			r.Match.Type = MatchAll
		}
	}
}

func (m Match) empty() bool {
	return len(m.ProductIDs)+len(m.VariantIDs)+len(m.CategoryHandles)+len(m.ChannelTypes)+len(m.LocationIDs) == 0
}

// check reports every fault of the rules below the path at.
func (r *Rules) check(l *fault.List, at string) {
	r.Match.check(l, at+"scope.")
	oneOf(l, at+"eligibility_result", r.Result, results, true)
	oneOf(l, at+"approval_mode", r.ApprovalMode, modes, true)
	oneOf(l, at+"ineligibility_reason", r.IneligibilityReason, ineligibilityCodes, false)
	oneOf(l, at+"receipt_disposition_mode", r.ReceiptDispositionMode, modes, false)
	oneOf(l, at+"resolution_mode", r.ResolutionMode, modes, false)
	oneOf(l, at+"resolution_selection_mode", r.ResolutionSelectionMode, selections, false)
	oneOf(l, at+"automatic_resolution_type", r.AutomaticResolutionType, resolutionTypes, false)
	oneOf(l, at+"refund_timing", r.RefundTiming, timings, false)
	oneOf(l, at+"completion_mode", r.CompletionMode, modes, false)
	r.checkGoods(l, at)
	if r.Result == Ineligible {
		r.checkIneligible(l, at)
	} else {
		r.checkOutcome(l, at)
	}
	r.checkFees(l, at)
}

func (m Match) check(l *fault.List, at string) {
	oneOf(l, at+"match_type", m.Type, []string{MatchAll, MatchInclude}, false)
	switch {
	case m.Type == MatchAll && !m.empty():
		l.Add("RETURN_INVALID", at+"match_type", "A scope of everything names nothing in particular.")
	case m.Type == MatchInclude && m.empty():
		l.Add("RETURN_INVALID", at+"match_type", "A scope that includes something has to name it.")
	}
	for _, list := range []struct {
		name, prefix string
		v            []string
	}{{"product_ids", id.Product, m.ProductIDs}, {"variant_ids", id.ProductVariant, m.VariantIDs}, {"category_handles", "", m.CategoryHandles},
		{"channel_types", "", m.ChannelTypes}, {"location_ids", "", m.LocationIDs}} {
		if len(list.v) > maxTargets {
			l.Add("RETURN_INVALID", at+list.name, "At most %d may be named.", maxTargets)
			continue
		}
		for i, v := range list.v {
			param := at + list.name + "[" + strconv.Itoa(i) + "]"
			text.Rule{Max: maxName, Required: true}.Check(l, param, v)
			if list.prefix != "" && v != "" && !id.Valid(list.prefix, v) {
				l.Add("INVALID_ID", param, "This is not an id of that kind.")
			}
			if slices.Contains(list.v[:i], v) {
				l.Add("RETURN_INVALID", param, "This is named twice.")
			}
		}
	}
}

func (r *Rules) checkGoods(l *fault.List, at string) {
	text.Rule{Max: maxName}.Check(l, at+"receiving_location_id", r.ReceivingLocationID)
	if r.MerchandiseRequired && r.ReceivingLocationID == "" && r.Result != Ineligible {
		l.Add("RETURN_INVALID", at+"receiving_location_id", "Goods that have to come back need a place to come to.")
	}
	if r.InspectionRequired && !r.MerchandiseRequired {
		l.Add("RETURN_INVALID", at+"is_inspection_required", "Only goods that come back can be inspected.")
	}
	if r.Window != nil {
		oneOf(l, at+"return_window.starts_at_event", r.Window.StartsAt, windowStarts, true)
		if r.Window.Seconds < 1 || r.Window.Seconds > maxWindow {
			l.Add("RETURN_INVALID", at+"return_window.duration_seconds", "A window is open for 1 to %d seconds.", int64(maxWindow))
		}
	}
	d := r.Destination
	if d == nil {
		return
	}
	p := at + "receiving_destination."
	text.Rule{Max: maxName}.Check(l, p+"name", d.Name)
	text.Rule{Max: 2000, Lines: true}.Check(l, p+"instructions", d.Instructions)
	for _, f := range []struct {
		name, v  string
		required bool
	}{{"line1", d.Address.Line1, true}, {"line2", d.Address.Line2, false}, {"city", d.Address.City, true}, {"state", d.Address.State, false},
		{"postal_code", d.Address.PostalCode, false}} {
		text.Rule{Max: maxName, Required: f.required}.Check(l, p+"address."+f.name, f.v)
	}
	if c := d.Address.Country; len(c) != 2 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z' {
		l.Add("RETURN_INVALID", p+"address.country", "A country is an ISO 3166 code of two capital letters.")
	}
}

// checkIneligible refuses rules for returns that there cannot be.
func (r *Rules) checkIneligible(l *fault.List, at string) {
	for _, f := range []struct {
		name string
		sent bool
	}{{"allowed_resolution_types", len(r.AllowedResolutionTypes) > 0}, {"resolution_mode", r.ResolutionMode != ""},
		{"resolution_selection_mode", r.ResolutionSelectionMode != ""}, {"automatic_resolution_type", r.AutomaticResolutionType != ""},
		{"refund_timing", r.RefundTiming != ""}, {"completion_mode", r.CompletionMode != ""}} {
		if f.sent {
			l.Add("RETURN_INVALID", at+f.name, "What cannot be returned has no outcome.")
		}
	}
}

// checkOutcome checks how returns end.
func (r *Rules) checkOutcome(l *fault.List, at string) {
	if r.IneligibilityReason != "" {
		l.Add("RETURN_INVALID", at+"ineligibility_reason", "Only an ineligible result has this reason.")
	}
	if len(r.AllowedResolutionTypes) == 0 {
		l.Add("FIELD_REQUIRED", at+"allowed_resolution_types", "At least one outcome has to be allowed.")
	}
	for i, v := range r.AllowedResolutionTypes {
		param := at + "allowed_resolution_types[" + strconv.Itoa(i) + "]"
		oneOf(l, param, v, resolutionTypes, true)
		if slices.Contains(r.AllowedResolutionTypes[:i], v) {
			l.Add("RETURN_INVALID", param, "This outcome is there twice.")
		}
	}
	need(l, at+"resolution_mode", r.ResolutionMode)
	need(l, at+"completion_mode", r.CompletionMode)
	if slices.Contains(r.AllowedResolutionTypes, Refund) {
		need(l, at+"refund_timing", r.RefundTiming)
	}
	switch {
	case (r.RefundTiming == AfterHandoff || r.RefundTiming == AfterReceipt) && !r.MerchandiseRequired:
		l.Add("RETURN_INVALID", at+"refund_timing", "A refund can wait for goods only when they have to come back.")
	case r.RefundTiming == AfterInspection && !r.InspectionRequired:
		l.Add("RETURN_INVALID", at+"refund_timing", "A refund can wait for an inspection only when one is required.")
	}
	if r.ResolutionMode != Automatic {
		if r.ResolutionSelectionMode != "" {
			l.Add("RETURN_INVALID", at+"resolution_selection_mode", "Only an automatic resolution is selected by a rule.")
		}
		if r.AutomaticResolutionType != "" {
			l.Add("RETURN_INVALID", at+"automatic_resolution_type", "Only an automatic resolution has a type from the policy.")
		}
		return
	}
	need(l, at+"resolution_selection_mode", r.ResolutionSelectionMode)
	switch {
	case r.AutomaticResolutionType != "" && !slices.Contains(r.AllowedResolutionTypes, r.AutomaticResolutionType):
		l.Add("RETURN_INVALID", at+"automatic_resolution_type", "The automatic outcome is not among the allowed ones.")
	case r.AutomaticResolutionType == "" && r.ResolutionSelectionMode == PolicyDefault && len(r.AllowedResolutionTypes) > 1:
		l.Add("FIELD_REQUIRED", at+"automatic_resolution_type", "With several allowed outcomes the policy has to name its default.")
	}
}

func (r *Rules) checkFees(l *fault.List, at string) {
	if f := r.RestockingFee; f != nil {
		p := at + "restocking_fee."
		oneOf(l, p+"calculation_type", f.Calculation, []string{FlatFee, PercentFee}, true)
		switch f.Calculation {
		case FlatFee:
			checkMoney(l, p+"flat_money", f.Flat)
			if f.Percent != 0 {
				l.Add("RETURN_INVALID", p+"percent", "A flat fee has no percentage.")
			}
		case PercentFee:
			if f.Percent < 1 || f.Percent > 100_0000 {
				l.Add("RETURN_INVALID", p+"percent", "A fee is more than 0 and at most 100 percent.")
			}
			if f.Flat != nil {
				l.Add("RETURN_INVALID", p+"flat_money", "A fee in percent has no flat amount.")
			}
		}
	}
	if s := r.Shipping; s != nil {
		oneOf(l, at+"return_shipping.payer", s.Payer, []string{PayerMerchant, PayerBuyer}, true)
		if s.Fee != nil {
			checkMoney(l, at+"return_shipping.fee_money", s.Fee)
			if s.Payer == PayerMerchant {
				l.Add("RETURN_INVALID", at+"return_shipping.fee_money", "Shipping that the merchant pays costs the buyer nothing.")
			}
		}
	}
}

func checkMoney(l *fault.List, param string, a *money.Amount) {
	switch {
	case a == nil:
		l.Add("FIELD_REQUIRED", param, "This amount is required.")
	case !a.Currency.Known():
		l.Add("UNSUPPORTED_CURRENCY", param+".currency", "This currency is not supported.")
	case a.Minor < 0:
		l.Add("RETURN_INVALID", param+".amount", "A fee is not negative.")
	case a.Minor > maxFee:
		l.Add("AMOUNT_TOO_LARGE", param+".amount", "A fee is at most %d minor units.", maxFee)
	}
}

func need(l *fault.List, param, v string) {
	if v == "" {
		l.Add("FIELD_REQUIRED", param, "This field is required unless the result is ineligible.")
	}
}

func oneOf(l *fault.List, param, v string, allowed []string, required bool) {
	switch {
	case v == "" && required:
		l.Add("FIELD_REQUIRED", param, "This field is required.")
	case v != "" && !slices.Contains(allowed, v):
		l.Add("RETURN_INVALID", param, "This value is not one of those that are allowed.")
	}
}
