package fulfillment

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// UpdatePackageInput changes a parcel; nil fields stay, and a pointer to nothing clears.
type UpdatePackageInput struct {
	Scope               tenant.Scope
	PackageID           string
	ExpectedVersion     *int64
	Carrier             *string
	ServiceCode         *string
	TrackingNumber      *string
	TrackingURL         *string
	LabelURL            *string
	StatusReason        *string
	Dimensions          **Dimensions
	Weight              **Weight
	ExternalSystem      *string
	ExternalReferenceID *string
	Metadata            *metadata.Patch
	Notify              string
	Cause               event.Cause
}

// tracking are the fields whose change the timeline tells.
func (p *Package) tracking() [4]string {
	return [4]string{p.Carrier, p.ServiceCode, p.TrackingNumber, p.TrackingURL}
}

// UpdatePackage changes what is known of a parcel, never its status. Another tracking makes a row of the timeline
// and, unless suppressed, a mail. Measures and label stand once a carrier has the parcel.
//
// Faults: RESOURCE_NOT_FOUND, VERSION_CONFLICT, SHIPMENT_PACKAGE_TERMINAL, SHIPMENT_PACKAGE_NOT_MUTABLE,
// SHIPMENT_PACKAGE_PROVIDER_REFERENCE_CONFLICT, NO_FIELDS_TO_UPDATE, and those of a parcel's fields.
func (s *Service) UpdatePackage(tx db.Tx, in UpdatePackageInput) (Packed, error) {
	var l fault.List
	checkNotify(&l, in.Notify)
	if in.empty() {
		l.Add("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	if err := l.Err(); err != nil {
		return Packed{}, err
	}
	o, f, sh, p, err := s.openPackage(tx, in.Scope, in.PackageID)
	if err != nil {
		return Packed{}, err
	}
	if err := checkVersion("VERSION_CONFLICT", in.ExpectedVersion, p.Version); err != nil {
		return Packed{}, err
	}
	switch {
	case p.Status == ParcelVoided || p.Status == ParcelReturned:
		return Packed{}, p.ended()
	case p.Left() && (in.Dimensions != nil || in.Weight != nil || in.LabelURL != nil):
		return Packed{}, p.fixed()
	}
	before, err := fingerprint([]any{p, p.ExternalSystem, p.ExternalReferenceID})
	if err != nil {
		return Packed{}, err
	}
	was := p.tracking()
	if err := in.apply(p); err != nil {
		return Packed{}, err
	}
	out := Packed{Package: p, Shipment: sh}
	after, err := fingerprint([]any{p, p.ExternalSystem, p.ExternalReferenceID})
	if err != nil || after == before {
		out.Unchanged = true
		return out, err
	}
	now := s.Clock.Now()
	if err := updatePackage(tx, p, now); err != nil {
		return Packed{}, err
	}
	if p.tracking() == was {
		return out, s.tell(tx, o, f, EventUpdated, in.Cause, now)
	}
	out.Event, out.Notices, err = s.track(tx, o, f, sh, p, in.Notify, in.Cause, now)
	return out, err
}

func (in *UpdatePackageInput) empty() bool {
	for _, v := range []*string{in.Carrier, in.ServiceCode, in.TrackingNumber, in.TrackingURL, in.LabelURL, in.StatusReason, in.ExternalSystem, in.ExternalReferenceID} {
		if v != nil {
			return false
		}
	}
	return in.Dimensions == nil && in.Weight == nil && in.Metadata == nil
}

func (in *UpdatePackageInput) apply(p *Package) error {
	put(&p.Carrier, in.Carrier)
	put(&p.ServiceCode, in.ServiceCode)
	put(&p.TrackingNumber, in.TrackingNumber)
	put(&p.TrackingURL, in.TrackingURL)
	put(&p.LabelURL, in.LabelURL)
	put(&p.StatusReason, in.StatusReason)
	put(&p.Dimensions, in.Dimensions)
	put(&p.Weight, in.Weight)
	put(&p.ExternalSystem, in.ExternalSystem)
	put(&p.ExternalReferenceID, in.ExternalReferenceID)
	var l fault.List
	p.check(&l, "")
	merge(&l, &p.Metadata, in.Metadata)
	return l.Err()
}

// ended refuses changes of a parcel that has come to its end.
func (p *Package) ended() error {
	return fault.Conflict("SHIPMENT_PACKAGE_TERMINAL", "The package has come to its end and stands still.").With("current_status", p.Status)
}

// fixed refuses changes of what a carrier has taken.
func (p *Package) fixed() error {
	return fault.Conflict("SHIPMENT_PACKAGE_NOT_MUTABLE", "A carrier has the package; contents, measures and label stand still.").
		With("current_status", p.Status)
}
