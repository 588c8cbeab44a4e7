package returnpolicy

import (
	"slices"

	"flint/internal/catalog"
	"flint/internal/order"
)

// reach says how a revision covers a line: the higher, the narrower, goods before places.
type reach struct{ goods, places int }

// Ranks of goods.
const (
	byEverything = iota
	byCategory
	byProduct
	byVariant
)

// covers tells how a scope matches a line, and whether it does.
func (m Match) covers(o *order.Order, line *order.Line, f FulfilledLine) (reach, bool) {
	var r reach
	if m.Type == MatchAll {
		return r, true
	}
	if len(m.ChannelTypes) > 0 {
		if !slices.Contains(m.ChannelTypes, o.Origin) {
			return r, false
		}
		r.places++
	}
	if len(m.LocationIDs) > 0 {
		if f.LocationID == "" || !slices.Contains(m.LocationIDs, f.LocationID) {
			return r, false
		}
		r.places++
	}
	if len(m.VariantIDs)+len(m.ProductIDs)+len(m.CategoryHandles) == 0 {
		return r, true
	}
	if line.Source == nil {
		return r, false
	}
	switch {
	case slices.Contains(m.VariantIDs, line.Source.VariantID):
		r.goods = byVariant
	case slices.Contains(m.ProductIDs, line.Source.ProductID):
		r.goods = byProduct
	case inCategories(line, m.CategoryHandles):
		r.goods = byCategory
	default:
		return r, false
	}
	return r, true
}

func inCategories(line *order.Line, handles []string) bool {
	return line.Source != nil && slices.ContainsFunc(line.Source.Categories, func(c catalog.Category) bool {
		return slices.Contains(handles, c.Handle)
	})
}

// pick finds the revision that rules a line: the highest priority, then the one that names the line more
// narrowly, then the newer one. tied tells that two are equal in all of it; nil that none covers the line.
func pick(revisions []*Revision, o *order.Order, line *order.Line, f FulfilledLine) (best *Revision, tied bool) {
	var at reach
	for _, r := range revisions {
		how, ok := r.Match.covers(o, line, f)
		if !ok {
			continue
		}
		switch c := precedes(r, how, best, at); {
		case c > 0:
			best, at, tied = r, how, false
		case c == 0:
			tied = true
		}
	}
	if tied {
		return nil, true
	}
	return best, false
}

// precedes is positive when a goes before b.
func precedes(a *Revision, how reach, b *Revision, at reach) int {
	switch {
	case b == nil:
		return 1
	case a.Priority != b.Priority:
		return sign(a.Priority > b.Priority)
	case how.goods != at.goods:
		return sign(how.goods > at.goods)
	case how.places != at.places:
		return sign(how.places > at.places)
	}
	return a.CreatedAt.Compare(b.CreatedAt)
}

func sign(positive bool) int {
	if positive {
		return 1
	}
	return -1
}

// fits tells whether a reason may be given for a line.
func (r *Reason) fits(line *order.Line) bool {
	return r.Status == StatusActive && (len(r.CategoryHandles) == 0 || inCategories(line, r.CategoryHandles))
}

func allowed(list []*Reason, reasonID string, line *order.Line) bool {
	return slices.ContainsFunc(list, func(r *Reason) bool { return r.ID == reasonID && r.fits(line) })
}

// suggest lists reasons for a line: those made for its categories first, at most maxSuggested.
func suggest(list []*Reason, line *order.Line) []string {
	out := []string{}
	for _, particular := range []bool{true, false} {
		for _, r := range list {
			if len(out) < maxSuggested && r.fits(line) && len(r.CategoryHandles) > 0 == particular {
				out = append(out, r.ID)
			}
		}
	}
	return out
}
