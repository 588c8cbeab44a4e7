package returnpolicy

import "time"

// BuiltIn are the reasons that every environment has, fresh copies each time. Their ids are the same
// everywhere; rows of them exist nowhere.
func BuiltIn() []*Reason {
	since := time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC) // of the contract that names reasons
	list := []*Reason{
		{ID: "rrsn_01K4GZ00000000000000000001", Handle: "changed_mind", Name: "Changed my mind", Description: "The buyer does not want the goods any more."},
		{ID: "rrsn_01K4GZ00000000000000000002", Handle: "wrong_size", Name: "Wrong size or fit", Description: "The goods do not fit."},
		{ID: "rrsn_01K4GZ00000000000000000003", Handle: "not_as_described", Name: "Not as described", Description: "The goods differ from what was offered.", NoteRequired: true},
		{ID: "rrsn_01K4GZ00000000000000000004", Handle: "defective", Name: "Faulty or does not work", Description: "The goods have a fault.", NoteRequired: true},
		{ID: "rrsn_01K4GZ00000000000000000005", Handle: "damaged_in_transit", Name: "Arrived damaged", Description: "The goods were damaged on the way.", NoteRequired: true},
		{ID: "rrsn_01K4GZ00000000000000000006", Handle: "wrong_item", Name: "Wrong item sent", Description: "Other goods came than were ordered."},
		{ID: "rrsn_01K4GZ00000000000000000007", Handle: "arrived_late", Name: "Arrived too late", Description: "The goods came after they were needed."},
		{ID: "rrsn_01K4GZ00000000000000000008", Handle: "other", Name: "Another reason", NoteRequired: true},
	}
	for _, r := range list {
		r.Source, r.Status, r.Version, r.CreatedAt, r.UpdatedAt = SourceFlint, StatusActive, 1, since, since
	}
	return list
}
