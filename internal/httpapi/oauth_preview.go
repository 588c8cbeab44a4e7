package httpapi

import (
	"context"

	"flint/internal/auth/oauth"
	"flint/internal/db"
)

type previewInput struct {
	ClientID      string   `query:"client_id" required:"true" fault:"invalid=INVALID_REQUEST"`
	RedirectURI   string   `query:"redirect_uri" required:"true" maxLength:"2048" fault:"invalid=INVALID_REQUEST"`
	Mode          string   `query:"mode" required:"true" enum:"test,live" fault:"invalid=INVALID_REQUEST"`
	PermissionIDs []string `query:"permission_ids" fault:"invalid=INVALID_REQUEST" doc:"Comma-separated; left out for the app's defaults."`
}

// PartnerAuthorizePreview is what an install link will ask a merchant.
type PartnerAuthorizePreview struct {
	AppID         string                              `json:"partner_app_id"`
	ClientID      string                              `json:"client_id"`
	Name          string                              `json:"name"`
	AppType       string                              `json:"app_type" enum:"server,plugin"`
	Mode          string                              `json:"mode" enum:"test,live"`
	RedirectURI   string                              `json:"redirect_uri"`
	PermissionIDs []string                            `json:"requested_permission_ids"`
	Permissions   []PartnerAuthorizePreviewPermission `json:"requested_permissions"`
}

// PartnerAuthorizePreviewPermission is one permission in the words a merchant reads.
type PartnerAuthorizePreviewPermission struct {
	ID          string `json:"permission_id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Optional    bool   `json:"optional"`
}

func registerOAuthPreview(a *API, s *Services) {
	Get(a, "previewPartnerInstallAuthorization", func(_ context.Context, tx db.Tx, _ *Caller, in *previewInput) (PartnerAuthorizePreview, error) {
		r, err := s.OAuth.Preview(tx, oauth.AuthorizeInput{ClientID: in.ClientID, RedirectURI: in.RedirectURI, Mode: in.Mode, PermissionIDs: in.PermissionIDs})
		if err != nil {
			return PartnerAuthorizePreview{}, err
		}
		out := PartnerAuthorizePreview{AppID: r.App.ID, ClientID: r.App.ClientID, Name: r.App.Name, AppType: r.App.Type, Mode: in.Mode,
			RedirectURI: r.RedirectURI, PermissionIDs: r.PermissionIDs}
		for _, p := range r.Permissions {
			out.Permissions = append(out.Permissions, PartnerAuthorizePreviewPermission{ID: p.ID, Title: p.Title, Description: p.Description, Optional: p.Optional})
		}
		return out, nil
	}, Doc("Preview an install link", "What the consent screen of the link will show. Nothing is written and nobody signs in."),
		Errors("INVALID_REQUEST", "RESOURCE_NOT_FOUND"))
}
