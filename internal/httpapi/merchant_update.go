package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/tenant"
)

type updateMerchantInput struct {
	Body UpdateMerchantRequest
}

// UpdateMerchantRequest changes the fields that are sent; an empty text takes an optional one away.
type UpdateMerchantRequest struct {
	BusinessName      *string        `json:"business_name,omitzero" maxLength:"100" fault:"long=INVALID_BUSINESS_NAME,invalid=INVALID_BUSINESS_NAME"`
	Email             *string        `json:"email,omitzero" maxLength:"254"`
	Phone             *string        `json:"phone,omitzero" maxLength:"30"`
	Address           *PostalAddress `json:"address,omitzero"`
	WebsiteURL        *string        `json:"website_url,omitzero" maxLength:"2048"`
	SupportEmail      *string        `json:"support_email,omitzero" maxLength:"254"`
	SupportPhone      *string        `json:"support_phone,omitzero" maxLength:"30"`
	SupportURL        *string        `json:"support_url,omitzero" maxLength:"2048"`
	ReportingTimezone *string        `json:"reporting_timezone,omitzero" maxLength:"64"`
	AccentColor       *string        `json:"accent_color,omitzero" flint:"extension"`
	Logo              *Image         `json:"logo,omitzero"`
	Icon              *Image         `json:"icon,omitzero"`
	Metadata          MetadataPatch  `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	OrganizationID    *string        `json:"organization_id,omitzero" maxLength:"64" fault:"long=INVALID_ORGANIZATION_ID" doc:"An organization below the present one; it takes accounts.organizations.write."`
	APIVersion        *string        `json:"api_version,omitzero"`
	ExpectedVersion   *int64         `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
}

func updateMerchant(a *API, s accounts) {
	Write(a, "updateMerchant", func(ctx context.Context, tx db.Tx, c *Caller, in *updateMerchantInput) (Merchant, error) {
		b := in.Body
		if c.Scope.Mode() == tenant.ModeTest && !a.Development {
			return Merchant{}, fault.Forbidden("PROFILE_WRITE_LIVE_MODE_REQUIRED", "The profile is changed with a live key.")
		}
		if b.OrganizationID != nil {
			if missing := organizationsWrite.Missing(c.Scopes); len(missing) > 0 {
				return Merchant{}, insufficientScope(organizationsWrite, missing)
			}
		}
		m, err := s.merchants.Update(ctx, tx, merchant.UpdateInput{MerchantID: c.Scope.MerchantID, Email: b.Email, BusinessName: b.BusinessName,
			Phone: b.Phone, WebsiteURL: b.WebsiteURL, SupportEmail: b.SupportEmail, SupportPhone: b.SupportPhone, SupportURL: b.SupportURL,
			ReportingTimezone: b.ReportingTimezone, AccentColor: b.AccentColor, Address: (*merchant.Address)(b.Address),
			Logo: (*merchant.Image)(b.Logo), Icon: (*merchant.Image)(b.Icon), Metadata: metadataPatch(b.Metadata),
			OrganizationID: b.OrganizationID, APIVersion: b.APIVersion, Versions: []string{Version}, ExpectedVersion: b.ExpectedVersion, Now: c.Now})
		if err != nil {
			return Merchant{}, err
		}
		return a.wireMerchant(c, m), nil
	}, Doc("Change the merchant", "A sparse update of the profile, with a live key."),
		Errors("VERSION_CONFLICT", "PROFILE_WRITE_LIVE_MODE_REQUIRED", "INVALID_BUSINESS_NAME", "INVALID_SUPPORT_EMAIL", "INVALID_API_VERSION",
			"INVALID_ORGANIZATION_ID", "INVALID_IMAGE"))
}
