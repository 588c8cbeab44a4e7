package returnpolicy_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/money"
	rp "flint/internal/returnpolicy"
	"flint/internal/tenant"
)

func codes(err error) string {
	if err == nil {
		return "<nil>"
	}
	f := fault.Of(err)
	if f == nil {
		return err.Error()
	}
	return f.Code
}

// params lists the paths of all faults.
func params(err error) string {
	if err == nil {
		return ""
	}
	var out []string
	for _, d := range fault.Of(err).Details {
		out = append(out, d.Code+" "+d.Param)
	}
	return strings.Join(out, "; ")
}

func TestRules(t *testing.T) {
	t.Parallel()
	usd := &money.Amount{Minor: 500, Currency: "USD"}
	for name, c := range map[string]struct {
		change func(*rp.Rules)
		want   string
	}{
		"sound":    {func(*rp.Rules) {}, ""},
		"no place": {func(r *rp.Rules) { r.ReceivingLocationID = "" }, "RETURN_INVALID revision.receiving_location_id"},
		"inspecting nothing": {func(r *rp.Rules) {
			r.InspectionRequired, r.MerchandiseRequired, r.RefundTiming = true, false, rp.AfterApproval
		}, "RETURN_INVALID revision.is_inspection_required"},
		"waiting for nothing":   {func(r *rp.Rules) { r.MerchandiseRequired = false }, "RETURN_INVALID revision.refund_timing"},
		"waiting for a look":    {func(r *rp.Rules) { r.RefundTiming = rp.AfterInspection }, "RETURN_INVALID revision.refund_timing"},
		"no outcome":            {func(r *rp.Rules) { r.AllowedResolutionTypes, r.AutomaticResolutionType = nil, "" }, "FIELD_REQUIRED revision.allowed_resolution_types"},
		"an unknown outcome":    {func(r *rp.Rules) { r.AllowedResolutionTypes = append(r.AllowedResolutionTypes, "store_credit") }, "RETURN_INVALID revision.allowed_resolution_types[2]"},
		"no mode":               {func(r *rp.Rules) { r.ResolutionMode = "" }, "FIELD_REQUIRED revision.resolution_mode; RETURN_INVALID revision.resolution_selection_mode; RETURN_INVALID revision.automatic_resolution_type"},
		"no selection":          {func(r *rp.Rules) { r.ResolutionSelectionMode = "" }, "FIELD_REQUIRED revision.resolution_selection_mode"},
		"no default":            {func(r *rp.Rules) { r.ResolutionSelectionMode, r.AutomaticResolutionType = rp.PolicyDefault, "" }, "FIELD_REQUIRED revision.automatic_resolution_type"},
		"a default not allowed": {func(r *rp.Rules) { r.AutomaticResolutionType = rp.Replacement }, "RETURN_INVALID revision.automatic_resolution_type"},
		"a refund without time": {func(r *rp.Rules) { r.RefundTiming = "" }, "FIELD_REQUIRED revision.refund_timing"},
		"no end":                {func(r *rp.Rules) { r.CompletionMode = "" }, "FIELD_REQUIRED revision.completion_mode"},
		"ineligible with a plan": {func(r *rp.Rules) {
			*r = rp.Rules{Result: rp.Ineligible, ApprovalMode: rp.Manual, CompletionMode: rp.Manual}
		}, "RETURN_INVALID revision.completion_mode"},
		"ineligible": {func(r *rp.Rules) {
			*r = rp.Rules{Result: rp.Ineligible, ApprovalMode: rp.Manual, IneligibilityReason: "final_sale"}
		}, ""},
		"a reason too many":   {func(r *rp.Rules) { r.IneligibilityReason = "final_sale" }, "RETURN_INVALID revision.ineligibility_reason"},
		"a scope of nothing":  {func(r *rp.Rules) { r.Match.Type = rp.MatchInclude }, "RETURN_INVALID revision.scope.match_type"},
		"a scope of all":      {func(r *rp.Rules) { r.Match.ChannelTypes = []string{"api"} }, "RETURN_INVALID revision.scope.match_type"},
		"no id":               {func(r *rp.Rules) { r.Match = rp.Match{ProductIDs: []string{"shirt"}} }, "INVALID_ID revision.scope.product_ids[0]"},
		"no window":           {func(r *rp.Rules) { r.Window = &rp.Window{StartsAt: "born"} }, "RETURN_INVALID revision.return_window.starts_at_event; RETURN_INVALID revision.return_window.duration_seconds"},
		"more than all":       {func(r *rp.Rules) { r.RestockingFee = &rp.Fee{Calculation: rp.PercentFee, Percent: 100_0001} }, "RETURN_INVALID revision.restocking_fee.percent"},
		"a flat percentage":   {func(r *rp.Rules) { r.RestockingFee = &rp.Fee{Calculation: rp.FlatFee, Flat: usd, Percent: 1} }, "RETURN_INVALID revision.restocking_fee.percent"},
		"shipping twice paid": {func(r *rp.Rules) { r.Shipping = &rp.Shipping{Payer: rp.PayerMerchant, Fee: usd} }, "RETURN_INVALID revision.return_shipping.fee_money"},
	} {
		in := rp.CreateInput{Name: "Shirts", Rules: rules(nil).Rules}
		c.change(&in.Rules)
		if got := params(in.Validate()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A policy goes through its life, and its history stays.
func TestLife(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := clock.NewFixed(noon)
		s := &rp.Service{IDs: id.NewSource(c), Clock: c}
		scope := tenant.Scope{MerchantID: s.IDs.New(id.Merchant), EnvironmentID: s.IDs.New(id.Sandbox)}
		do := func(want string, fn func(tx db.Tx) error) {
			t.Helper()
			if got := codes(d.Write(t.Context(), fn)); got != want {
				t.Fatalf("%s, want %s", got, want)
			}
			c.Set(c.Now().Add(time.Second))
		}
		var p *rp.Policy
		create := func(tx db.Tx) (err error) {
			p, err = s.Create(tx, rp.CreateInput{Scope: scope, Name: "Shirts", Rules: rules(nil).Rules, ExternalReferenceID: "x-1", Metadata: map[string]string{"a": "1"}})
			return err
		}
		do("<nil>", create)
		active := func() string {
			var out []string
			do("<nil>", func(tx db.Tx) error {
				list, err := s.ActiveRevisions(tx, scope)
				out = nil
				for _, r := range list {
					out = append(out, strconv.FormatInt(r.Priority, 10))
				}
				return err
			})
			return strings.Join(out, " ")
		}
		if p.Status != rp.StatusInactive || p.Version != 1 || active() != "" {
			t.Errorf("new: %+v", p)
		}
		first, name, stale := p.RevisionID, "Tops", int64(9)
		update := func(in rp.UpdateInput) func(tx db.Tx) error {
			in.Scope, in.PolicyID = scope, p.ID
			return func(tx db.Tx) (err error) {
				got, err := s.Update(tx, in)
				if err == nil {
					p = got
				}
				return err
			}
		}
		do("RETURN_VERSION_CONFLICT", update(rp.UpdateInput{Status: rp.StatusActive, ExpectedVersion: &stale}))
		do("<nil>", update(rp.UpdateInput{Status: rp.StatusActive, Name: &name, ExpectedVersion: &p.Version, Metadata: &metadata.Patch{Clear: true}}))
		if p.Version != 2 || p.Name != "Tops" || len(p.Metadata) != 0 || active() != "0" {
			t.Errorf("active: %+v", p)
		}
		publish := func(on string) func(tx db.Tx) error {
			return func(tx db.Tx) error {
				got, err := s.Publish(tx, rp.PublishInput{Scope: scope, PolicyID: p.ID, ExpectedRevisionID: on, Rules: rules(func(r *rp.Revision) { r.Priority = 7 }).Rules})
				if err == nil {
					p = got
				}
				return err
			}
		}
		do("<nil>", publish(first))
		do("RETURN_POLICY_CONFLICT", publish(first))
		if p.RevisionID == first || active() != "7" {
			t.Errorf("published: %+v", p)
		}
		do("<nil>", func(tx db.Tx) error {
			old, err := s.RevisionByID(tx, scope, first)
			if err != nil {
				return err
			}
			if old.Priority != 0 || old.Window.Seconds != 30*24*60*60 || old.PolicyID != p.ID {
				t.Errorf("the old revision: %+v", old)
			}
			list, next, err := s.ListRevisions(tx, scope, p.ID, nil, 1)
			if err != nil || len(list) != 1 || next == nil || list[0].ID != p.RevisionID {
				t.Errorf("revisions: %+v %v %v", list, next, err)
			}
			list, next, err = s.ListRevisions(tx, scope, p.ID, next, 1)
			if err != nil || len(list) != 1 || next != nil || list[0].ID != first {
				t.Errorf("more revisions: %+v %v %v", list, next, err)
			}
			other := tenant.Scope{MerchantID: s.IDs.New(id.Merchant), EnvironmentID: scope.EnvironmentID}
			if _, err := s.Get(tx, other, p.ID); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Errorf("somebody else: %v", err)
			}
			return nil
		})
		archive := func(tx db.Tx) (err error) { p, err = s.Archive(tx, scope, p.ID, nil); return err }
		do("<nil>", archive)
		do("<nil>", archive)
		do("RETURN_POLICY_ARCHIVED", update(rp.UpdateInput{Status: rp.StatusActive}))
		do("RETURN_POLICY_ARCHIVED", publish(p.RevisionID))
		if p.Version != 4 || active() != "" {
			t.Errorf("archived: %+v", p)
		}
		do("<nil>", create)
		do("<nil>", func(tx db.Tx) error {
			for want, in := range map[string]rp.ListInput{"1": {}, "2": {Statuses: []string{"archived", "inactive"}}, "0": {Query: "nothing"}, " 1": {Query: "SHIRT"}} {
				in.Scope, in.Limit = scope, 10
				list, _, err := s.List(tx, in)
				if got := strconv.Itoa(len(list)); err != nil || got != strings.TrimSpace(want) {
					t.Errorf("%+v: %s, want %s: %v", in, got, want, err)
				}
			}
			return nil
		})
	})
}

func TestReasons(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := clock.NewFixed(noon)
		s := &rp.Service{IDs: id.NewSource(c), Clock: c}
		scope := tenant.Scope{MerchantID: s.IDs.New(id.Merchant), EnvironmentID: s.IDs.New(id.Sandbox)}
		do := func(want string, fn func(tx db.Tx) error) {
			t.Helper()
			if got := codes(d.Write(t.Context(), fn)); got != want {
				t.Fatalf("%s, want %s", got, want)
			}
		}
		var r *rp.Reason
		create := func(handle string) func(tx db.Tx) error {
			return func(tx db.Tx) error {
				got, err := s.CreateReason(tx, rp.CreateReasonInput{Scope: scope, Handle: handle, Name: "Too loud", CategoryHandles: []string{"bells", "horns"}})
				if err == nil {
					r = got
				}
				return err
			}
		}
		do("RETURN_INVALID", create("Too loud"))
		do("RETURN_REASON_HANDLE_TAKEN", create("defective"))
		do("<nil>", create("too_loud"))
		do("RETURN_REASON_HANDLE_TAKEN", create("too_loud"))
		name, handles := "Loud", []string{"bells"}
		do("FIELD_REQUIRED", func(tx db.Tx) error {
			_, err := s.UpdateReason(tx, rp.UpdateReasonInput{Scope: scope, ReasonID: r.ID, CategoryHandles: &handles})
			return err
		})
		do("<nil>", func(tx db.Tx) (err error) {
			r, err = s.UpdateReason(tx, rp.UpdateReasonInput{Scope: scope, ReasonID: r.ID, Name: &name, CategoryHandles: &handles, ExpectedVersion: &r.Version})
			return err
		})
		do("<nil>", func(tx db.Tx) error {
			got, err := s.ReasonByHandle(tx, scope, "too_loud")
			if err != nil || got.Name != "Loud" || len(got.CategoryHandles) != 1 || got.Version != 2 || got.Source != rp.SourceMerchant {
				t.Errorf("%+v %v", got, err)
			}
			return nil
		})
		do("RETURN_REASON_BUILT_IN", func(tx db.Tx) error { _, err := s.ArchiveReason(tx, scope, rp.BuiltIn()[0].ID, nil); return err })
		list := func(in rp.ListReasonsInput) (n int) {
			in.Scope, in.Limit = scope, 3
			do("<nil>", func(tx db.Tx) error {
				n = 0
				for {
					page, next, err := s.ListReasons(tx, in)
					n += len(page)
					if in.After = next; next == nil || err != nil {
						return err
					}
				}
			})
			return n
		}
		if a, b, c := list(rp.ListReasonsInput{}), list(rp.ListReasonsInput{Source: "merchant"}), list(rp.ListReasonsInput{Query: "FAULTY"}); a != 9 || b != 1 || c != 1 {
			t.Errorf("listed %d %d %d", a, b, c)
		}
		do("<nil>", func(tx db.Tx) (err error) { r, err = s.ArchiveReason(tx, scope, r.ID, nil); return err })
		do("RETURN_REASON_ARCHIVED", func(tx db.Tx) error {
			_, err := s.UpdateReason(tx, rp.UpdateReasonInput{Scope: scope, ReasonID: r.ID, Name: &name})
			return err
		})
		if a, b := list(rp.ListReasonsInput{}), list(rp.ListReasonsInput{Statuses: []string{"archived"}}); a != 8 || b != 1 {
			t.Errorf("listed %d %d after the end", a, b)
		}
	})
}
