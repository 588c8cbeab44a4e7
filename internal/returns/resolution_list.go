package returns

import (
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// ListResolutionsInput filters resolutions over all returns; empty fields do not filter. They come newest first.
type ListResolutionsInput struct {
	Scope               tenant.Scope
	ReturnID            string
	LineID              string
	Types, Statuses     []string
	ActionBy            string
	Corrects            string
	RevisionID          string
	ExternalReferenceID string
	Query               string // part of an id, number, name, SKU or external reference
	Created, Updated    Period
	After               *listing.Cursor
	Limit               int
}

// ResolutionOf is a resolution with its return, of which nothing but its own row is read.
type ResolutionOf struct {
	Return     *Return
	Resolution *Resolution
}

// ListResolutions reads one page of resolutions and the cursor of the next, nil on the last page.
func ListResolutions(tx db.Tx, in ListResolutionsInput) ([]ResolutionOf, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("return_resolutions", "return_id, doc", "return_resolution_id", in.Scope).Equal("return_id", in.ReturnID).
		In("resolution_type", in.Types).In("status", in.Statuses).Equal("action_required_by", in.ActionBy).
		Equal("corrects_return_resolution_id", in.Corrects).Equal("return_policy_revision_id", in.RevisionID).
		Equal("external_reference_id", in.ExternalReferenceID).Search("search", in.Query).
		Range("created_at", in.Created.After, in.Created.Before).Range("updated_at", in.Updated.After, in.Updated.Before)
	has(q, "lines", in.LineID)
	found, next, err := page(tx, in.Scope, q, in.After, in.Limit, func(x *Resolution) (time.Time, string, []string) { return x.CreatedAt, x.ID, nil })
	if err != nil {
		return nil, nil, err
	}
	heads := map[string]*Return{}
	out := make([]ResolutionOf, 0, len(found))
	for _, f := range found {
		if heads[f.ReturnID] == nil {
			if heads[f.ReturnID], err = head(tx, in.Scope, f.ReturnID, ""); err != nil {
				return nil, nil, err
			}
		}
		out = append(out, ResolutionOf{heads[f.ReturnID], f.Part})
	}
	return out, next, nil
}

// GetResolution reads a resolution; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetResolution(tx db.Tx, scope tenant.Scope, resolutionID string) (ResolutionOf, error) {
	f, err := one(tx, scope, resolutionPart, resolutionID, func(*Resolution) []string { return nil })
	if err != nil {
		return ResolutionOf{}, err
	}
	r, err := head(tx, scope, f.ReturnID, "")
	return ResolutionOf{r, f.Part}, err
}

// OfResolution reads the return of a resolution without locking anything.
func (s *Service) OfResolution(tx db.Tx, scope tenant.Scope, resolutionID string) (*Return, error) {
	returnID, err := resolutionPart.returnOf(tx, scope, resolutionID)
	if err != nil {
		return nil, err
	}
	return Get(tx, scope, returnID)
}
