package paymentlink

import (
	"context"
	"strconv"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// UpdateInput changes a link. Edit gets the link as it is and changes it; it may be called again when the
// transaction is repeated.
type UpdateInput struct {
	Scope           tenant.Scope
	ID              string
	ExpectedVersion *int64 // needed to replace lines or fields
	Replaces        bool   // lines or fields
	Edit            func(l *Link)
	Metadata        *metadata.Patch
}

// Update changes a link and raises its version; contexts that were given out for the version before open
// nothing any more.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_LINK_CHANGED, EXPECTED_VERSION_REQUIRED, UNKNOWN_PAYMENT_LINK_LINE_ITEM_ID,
// UNKNOWN_PAYMENT_LINK_CUSTOM_FIELD_ID, ACTIVE_LINE_ITEM_SOURCE_CHANGE, and those of Create.
func (s *Service) Update(ctx context.Context, tx db.Tx, in UpdateInput) (*Link, error) {
	l, err := load(tx, in.Scope, in.ID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	switch {
	case in.Replaces && in.ExpectedVersion == nil:
		return nil, fault.Invalid("EXPECTED_VERSION_REQUIRED", "expected_version", "Replacing lines or custom fields needs the version that was read.")
	case in.ExpectedVersion != nil && *in.ExpectedVersion != l.Version:
		return nil, fault.Conflict("PAYMENT_LINK_CHANGED", "The link was changed since it was read.").
			With("current_version", l.Version).Then("Read the link again and repeat the change with its version.")
	}
	before := *l
	in.Edit(l)
	if err := keepOwned(&before, l); err != nil {
		return nil, err
	}
	if in.Metadata != nil {
		merged, err := metadata.Merge(before.Metadata, *in.Metadata)
		if err != nil {
			var f fault.List
			f.AddError("metadata", err)
			return nil, f.Err()
		}
		l.Metadata = merged
	}
	s.complete(l)
	if err := l.check(s.Clock.Now(), false); err != nil {
		return nil, err
	}
	if in.Replaces {
		if err := s.checkSources(tx, l); err != nil {
			return nil, err
		}
	}
	l.Version++
	l.UpdatedAt = s.Clock.Now()
	return l, update(tx, l)
}

// keepOwned checks the ids of replaced lines and fields, and lets a line that stays keep its key and source.
func keepOwned(before, after *Link) error {
	var f fault.List
	seen := map[string]bool{}
	for i := range after.Lines {
		line, at := &after.Lines[i], "line_items["+strconv.Itoa(i)+"]"
		if line.ID == "" {
			continue
		}
		old := before.line(line.ID)
		switch {
		case old == nil || seen[line.ID]:
			f.Add("UNKNOWN_PAYMENT_LINK_LINE_ITEM_ID", at+".payment_link_line_item_id", "The link has no such line.")
		case before.Status == StatusActive && old.VariantID != line.VariantID:
			f.Add("ACTIVE_LINE_ITEM_SOURCE_CHANGE", at+".variant_id", "A line of an active link keeps its source; leave the id out to make a new line.")
		case line.Key == "":
			line.Key = old.Key
		}
		seen[line.ID] = true
	}
	for i := range after.Fields {
		field := &after.Fields[i]
		if field.ID != "" && (before.field(field.ID) == nil || seen[field.ID]) {
			f.Add("UNKNOWN_PAYMENT_LINK_CUSTOM_FIELD_ID", "custom_fields["+strconv.Itoa(i)+"].payment_link_custom_field_id", "The link has no such field.")
		}
		seen[field.ID] = true
	}
	return f.Err()
}
