package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"flint/internal/fault"
	"flint/internal/id"
)

func (s *Service) makeOption(in OptionInput, place int64, now time.Time) Option {
	o := Option{ID: s.IDs.New(id.ProductOption), Name: in.Name, Position: positionOr(in.Position, place), Status: StatusActive,
		Metadata: in.Metadata, CreatedAt: now, UpdatedAt: now}
	for k, v := range in.Values {
		o.Values = append(o.Values, s.makeValue(v, int64(k)))
	}
	sortValues(o.Values)
	return o
}

func (s *Service) makeValue(in ValueInput, place int64) Value {
	return Value{ID: s.IDs.New(id.OptionValue), Value: in.Value, Position: positionOr(in.Position, place), Status: StatusActive, Metadata: in.Metadata}
}

// choose settles a selection: exactly one active value of every active option.
func (p *Product) choose(in []SelectionInput, keys valueKeys, param string) ([]Selection, error) {
	chosen := map[string]string{}
	for i, c := range in {
		at := param + "[" + strconv.Itoa(i) + "]"
		sel, ok := keys[[2]string{c.OptionKey, c.ValueKey}]
		if c.ValueID != "" {
			sel, ok = p.valueByID(c.ValueID)
		}
		switch {
		case c.ValueID != "" && (c.OptionKey != "" || c.ValueKey != "") || !ok:
			return nil, fault.Invalid("INVALID_OPTION_SELECTION", at, "A selection names a value of the product's options, by its id or by the keys of this request.")
		case chosen[sel.OptionID] != "":
			return nil, fault.Invalid("INVALID_OPTION_SELECTION", at, "A variant has one value of each option.")
		}
		chosen[sel.OptionID] = sel.ValueID
	}
	var out []Selection
	for _, o := range p.Options {
		switch {
		case o.Status == StatusArchived:
			continue
		case chosen[o.ID] == "":
			return nil, fault.Invalid("INVALID_OPTION_SELECTION", param, "A variant has a value of every option of its product.")
		}
		out = append(out, Selection{OptionID: o.ID, ValueID: chosen[o.ID]})
	}
	return out, nil
}

func (p *Product) valueByID(valueID string) (Selection, bool) {
	for _, o := range p.Options {
		for _, v := range o.Values {
			if v.ID == valueID && v.Status != StatusArchived && o.Status != StatusArchived {
				return Selection{OptionID: o.ID, ValueID: v.ID}, true
			}
		}
	}
	return Selection{}, false
}

// replaceOptions makes the product's options those of in: what has an id stays, what has none is new, what
// is missing is archived. Live variants keep a value of every option, or the change is refused.
func (s *Service) replaceOptions(p *Product, in []OptionInput, now time.Time) error {
	var next []Option
	for i, o := range in {
		at := "options[" + strconv.Itoa(i) + "]"
		if o.ID == "" {
			next = append(next, s.makeOption(o, int64(i), now))
			continue
		}
		old := p.option(o.ID)
		if old == nil || old.Status == StatusArchived || slices.ContainsFunc(next, func(n Option) bool { return n.ID == o.ID }) {
			return fault.Invalid("INVALID_PRODUCT_OPTIONS", at+".option_id", "The product has no such option.")
		}
		kept := *old
		kept.Name, kept.Position, kept.Metadata, kept.UpdatedAt = o.Name, positionOr(o.Position, int64(i)), o.Metadata, now
		values, err := s.replaceValues(old, o.Values, at)
		if err != nil {
			return err
		}
		kept.Values = values
		next = append(next, kept)
	}
	for _, old := range p.Options {
		if !slices.ContainsFunc(next, func(n Option) bool { return n.ID == old.ID }) {
			old.Status, old.UpdatedAt = StatusArchived, now
			next = append(next, old)
		}
	}
	sortOptions(next)
	probe := Product{Options: next}
	for _, v := range p.Live() {
		var in []SelectionInput
		for _, sel := range v.Selected {
			if o := probe.option(sel.OptionID); o != nil && o.Status != StatusArchived {
				in = append(in, SelectionInput{ValueID: sel.ValueID})
			}
		}
		if selected, err := probe.choose(in, nil, "options"); err != nil || len(selected) != len(v.Selected) {
			e := fault.Conflict("PRODUCT_OPTION_IN_USE", "A variant that is not archived would lose a value, or lack one of a new option.").
				Then("Archive the variants first, or make a new product.")
			e.Param = "options"
			return e
		}
	}
	p.Options = next
	return nil
}

func (s *Service) replaceValues(old *Option, in []ValueInput, at string) ([]Value, error) {
	var next []Value
	for k, v := range in {
		if v.ID == "" {
			next = append(next, s.makeValue(v, int64(k)))
			continue
		}
		i := slices.IndexFunc(old.Values, func(x Value) bool { return x.ID == v.ID && x.Status != StatusArchived })
		if i < 0 || slices.ContainsFunc(next, func(n Value) bool { return n.ID == v.ID }) {
			return nil, fault.Invalid("INVALID_PRODUCT_OPTIONS", at+".values["+strconv.Itoa(k)+"].option_value_id", "The option has no such value.")
		}
		kept := old.Values[i]
		kept.Value, kept.Position, kept.Metadata = v.Value, positionOr(v.Position, int64(k)), v.Metadata
		next = append(next, kept)
	}
	for _, v := range old.Values {
		if !slices.ContainsFunc(next, func(n Value) bool { return n.ID == v.ID }) {
			v.Status = StatusArchived
			next = append(next, v)
		}
	}
	sortValues(next)
	return next, nil
}

func sortOptions(list []Option) {
	slices.SortStableFunc(list, func(a, b Option) int { return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID)) })
}

func sortValues(list []Value) {
	slices.SortStableFunc(list, func(a, b Value) int { return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID)) })
}

func positionOr(p *int64, place int64) int64 {
	if p == nil {
		return place
	}
	return *p
}
