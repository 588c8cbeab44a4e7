package merchant

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // names of time zones on machines without them

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/organization"
)

// Get reads a merchant.
func (s *Service) Get(_ context.Context, tx db.Tx, merchantID string) (Merchant, error) {
	m, err := merchantByID(tx, merchantID, "")
	if errors.Is(err, db.ErrNoRows) {
		return Merchant{}, fault.NotFound("merchant")
	}
	if err != nil {
		return Merchant{}, fmt.Errorf("read a merchant: %w", err)
	}
	return m, nil
}

// UpdateInput changes what is not nil.
type UpdateInput struct {
	MerchantID        string
	Email             *string
	BusinessName      *string
	Phone             *string
	WebsiteURL        *string
	SupportEmail      *string
	SupportPhone      *string
	SupportURL        *string
	ReportingTimezone *string
	AccentColor       *string
	Address           *Address
	Logo              *Image
	Icon              *Image
	Metadata          metadata.Patch
	OrganizationID    *string // one below the merchant's own
	APIVersion        *string
	Versions          []string // those that may be chosen
	ExpectedVersion   *int64   // nil: whatever is there
	Now               time.Time
}

const minIcon = 128

var (
	phoneForm   = regexp.MustCompile(`^\+?[0-9 ().-]{5,30}$`)
	colorForm   = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Validate reports every fault of the input.
func (in UpdateInput) Validate() error {
	var faults fault.List
	if in.Email != nil {
		checkEmail(&faults, "email", "INVALID_EMAIL_FORMAT", *in.Email)
	}
	if in.BusinessName != nil {
		checkBusinessName(&faults, *in.BusinessName)
	}
	if v := in.SupportEmail; v != nil && *v != "" {
		checkEmail(&faults, "support_email", "INVALID_SUPPORT_EMAIL", *v)
	}
	checkPhone(&faults, "phone", "INVALID_PHONE_FORMAT", in.Phone)
	checkPhone(&faults, "support_phone", "INVALID_SUPPORT_PHONE", in.SupportPhone)
	checkURL(&faults, "website_url", "INVALID_WEBSITE_URL", in.WebsiteURL)
	checkURL(&faults, "support_url", "INVALID_SUPPORT_URL", in.SupportURL)
	if v := in.ReportingTimezone; v != nil {
		if _, err := time.LoadLocation(*v); err != nil || *v == "" || *v == "Local" {
			faults.Add("INVALID_TIMEZONE", "reporting_timezone", "This must be a time zone of the IANA list.")
		}
	}
	if v := in.AccentColor; v != nil && *v != "" && !colorForm.MatchString(*v) {
		faults.Add("INVALID_COLOR", "accent_color", "A color is written #rrggbb in lower case.")
	}
	if a := in.Address; a != nil {
		switch {
		case a.Line1 == "" || a.City == "" || a.State == "" || a.PostalCode == "" || a.Country == "":
			faults.Add("MERCHANT_ADDRESS_INCOMPLETE", "address", "An address needs line1, city, state, postal_code and country.")
		case !countryForm.MatchString(a.Country):
			faults.Add("INVALID_COUNTRY", "address.country", "A country is two capital letters.")
		}
	}
	for _, image := range []struct {
		name string
		*Image
	}{{"logo", in.Logo}, {"icon", in.Icon}} {
		name, img := image.name, image.Image
		if img == nil {
			continue
		}
		checkURL(&faults, name+".url", "INVALID_URL", &img.URL)
		if img.Width < 1 || img.Height < 1 || img.Width > 10000 || img.Height > 10000 {
			faults.Add("INVALID_IMAGE", name, "Width and height are 1 to 10000 pixels.")
		} else if name == "icon" && (img.Width != img.Height || img.Width < minIcon) {
			faults.Add("INVALID_IMAGE", name, "An icon is a square of at least %d pixels.", minIcon)
		}
	}
	if v := in.APIVersion; v != nil && !slices.Contains(in.Versions, *v) {
		faults.Add("INVALID_API_VERSION", "api_version", "This version of the API is not spoken here.")
	}
	return faults.Err()
}

func checkPhone(faults *fault.List, param, code string, v *string) {
	if v != nil && *v != "" && !phoneForm.MatchString(*v) {
		faults.Add(code, param, "This is not a phone number.")
	}
}

func checkURL(faults *fault.List, param, code string, v *string) {
	if v == nil || *v == "" {
		return
	}
	u, err := url.Parse(*v)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(*v) > 2048 {
		faults.Add(code, param, "This must be an http or https address.")
	}
}

// Update changes the profile. Faults: RESOURCE_NOT_FOUND, VERSION_CONFLICT with current_version,
// INVALID_ORGANIZATION_ID, the metadata faults.
func (s *Service) Update(_ context.Context, tx db.Tx, in UpdateInput) (Merchant, error) {
	if err := in.Validate(); err != nil {
		return Merchant{}, err
	}
	m, err := merchantByID(tx, in.MerchantID, tx.ForUpdate())
	if errors.Is(err, db.ErrNoRows) {
		return Merchant{}, fault.NotFound("merchant")
	}
	if err != nil {
		return Merchant{}, fmt.Errorf("read a merchant: %w", err)
	}
	if in.ExpectedVersion != nil && *in.ExpectedVersion != m.Version {
		return Merchant{}, fault.Conflict("VERSION_CONFLICT", "The merchant was changed meanwhile.").
			With("current_version", m.Version).Then("Read the merchant again and repeat the change on its version.")
	}
	if m.Metadata, err = metadata.Merge(m.Metadata, in.Metadata); err != nil {
		var l fault.List
		l.AddError("metadata", err)
		return Merchant{}, l.Err()
	}
	for into, v := range map[*string]*string{&m.Email: in.Email, &m.Phone: in.Phone, &m.WebsiteURL: in.WebsiteURL,
		&m.SupportEmail: in.SupportEmail, &m.SupportPhone: in.SupportPhone, &m.SupportURL: in.SupportURL,
		&m.ReportingTimezone: in.ReportingTimezone, &m.AccentColor: in.AccentColor} {
		if v != nil {
			*into = *v
		}
	}
	if in.BusinessName != nil {
		m.BusinessName = strings.TrimSpace(*in.BusinessName)
	}
	if in.Address != nil {
		m.Address = in.Address
	}
	if in.Logo != nil {
		m.Logo = in.Logo
	}
	if in.Icon != nil {
		m.Icon = in.Icon
	}
	if in.APIVersion != nil && *in.APIVersion != m.APIVersion {
		m.APIVersionPrevious, m.APIVersionChangedAt = m.APIVersion, in.Now
		m.APIVersion, m.APIVersionPinnedAt = *in.APIVersion, in.Now
		if err := noteVersionChange(tx, m); err != nil {
			return Merchant{}, err
		}
	}
	if in.OrganizationID != nil && *in.OrganizationID != m.OrganizationID {
		if err := organization.Move(tx, m.ID, *in.OrganizationID, in.Now); err != nil {
			return Merchant{}, err
		}
		m.OrganizationID = *in.OrganizationID
	}
	m.Version++
	m.UpdatedAt = in.Now
	return m, updateMerchant(tx, m)
}
