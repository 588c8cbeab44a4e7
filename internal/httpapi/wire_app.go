package httpapi

import (
	"slices"
	"time"

	"flint/internal/app"
	"flint/internal/money"
)

// PartnerAppPermission is one thing an app asks for.
type PartnerAppPermission struct {
	PermissionID   string   `json:"permission_id" maxLength:"64" fault:"long=INVALID_PARTNER_APP" doc:"Lower-case letters, digits and _ . : -"`
	Title          string   `json:"title" maxLength:"400" doc:"What the merchant reads first; at most 100 characters."`
	Description    string   `json:"description" maxLength:"2000" doc:"What the app does with it; at most 500 characters."`
	RequiredScopes []string `json:"required_scopes" maxItems:"93"`
	Optional       bool     `json:"optional,omitzero" doc:"The merchant may decline it."`
}

// PartnerApp is an app as its owner sees it.
type PartnerApp struct {
	PartnerAppID                string                 `json:"partner_app_id"`
	ClientID                    string                 `json:"client_id"`
	Name                        string                 `json:"name"`
	AppType                     string                 `json:"app_type" enum:"server,plugin"`
	Visibility                  string                 `json:"visibility" enum:"private"`
	IconURL                     string                 `json:"icon_url,omitzero" flint:"extension"`
	RedirectURIs                []string               `json:"redirect_uris"`
	PermissionManifest          []PartnerAppPermission `json:"permission_manifest"`
	DefaultRequestedPermissions []string               `json:"default_requested_permissions"`
	AllowedScopes               []string               `json:"allowed_scopes" doc:"Every scope of the manifest, sorted."`
	Version                     int64                  `json:"version" flint:"extension" doc:"Of the name, icon, addresses and manifest; it rises with each publication."`
	Status                      string                 `json:"status" enum:"active,deleting,deleted"`
	APIVersion                  string                 `json:"api_version" doc:"What tokens of the app speak without a Flint-Version header."`
	APIVersionPrevious          string                 `json:"api_version_previous,omitzero"`
	APIVersionChangedAt         *time.Time             `json:"api_version_changed_at,omitzero"`
	CreatedAt                   *time.Time             `json:"created_at,omitzero"`
	UpdatedAt                   *time.Time             `json:"updated_at,omitzero"`
}

// PartnerAppWithSecret is an app just registered.
type PartnerAppWithSecret struct {
	PartnerApp
	ClientSecret string `json:"client_secret" doc:"Shown once, and again only to a repeat of the same request."`
}

// PartnerAppSecretRotationResult is a new client secret.
type PartnerAppSecretRotationResult struct {
	PartnerAppID string `json:"partner_app_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret" doc:"Shown once, and again only to a repeat of the same request."`
}

// PartnerEnvironmentGrant is what an install may do in one environment.
type PartnerEnvironmentGrant struct {
	EnvironmentGrantID string     `json:"environment_grant_id"`
	EnvironmentID      string     `json:"environment_id,omitzero"`
	Mode               string     `json:"mode" enum:"test,live"`
	Status             string     `json:"status" enum:"pending_exchange,active,revoked"`
	GrantedScopes      []string   `json:"granted_scopes"`
	PermissionIDs      []string   `json:"permission_ids" flint:"extension"`
	AppVersion         int64      `json:"app_version" flint:"extension" doc:"The version of the app that was consented to."`
	RevokedAt          *time.Time `json:"revoked_at,omitzero"`
	RevokedByUserID    string     `json:"revoked_by_user_id,omitzero"`
	CreatedAt          *time.Time `json:"created_at,omitzero"`
	UpdatedAt          *time.Time `json:"updated_at,omitzero"`
}

// PartnerAppInstall is an app at a merchant.
type PartnerAppInstall struct {
	PartnerAppInstallID string                    `json:"partner_app_install_id"`
	PartnerAppID        string                    `json:"partner_app_id" flint:"extension"`
	MerchantID          string                    `json:"merchant_id"`
	Status              string                    `json:"status" enum:"pending_exchange,pending_consent,pending_onboarding,active,pending_permission_upgrade,flagged_for_review,revoked,errored"`
	GrantedScopes       []string                  `json:"granted_scopes"`
	EnvironmentGrants   []PartnerEnvironmentGrant `json:"environment_grants,omitzero"`
	InstalledByUserID   string                    `json:"installed_by_user_id,omitzero"`
	PausedAt            *time.Time                `json:"paused_at,omitzero" flint:"extension" doc:"The merchant holds the app back: its tokens are refused."`
	RevokedAt           *time.Time                `json:"revoked_at,omitzero"`
	RevokedByUserID     string                    `json:"revoked_by_user_id,omitzero"`
	RevokedReason       string                    `json:"revoked_reason,omitzero" enum:"merchant,owner,risk,app_deleted,environment" flint:"extension"`
	CleanupUntil        *time.Time                `json:"cleanup_until,omitzero" flint:"extension" doc:"Until when a removed app may put its own things away."`
	Removal             *AppRemovalReceipt        `json:"removal,omitzero" flint:"extension" doc:"What ended with the install, once it has."`
	CreatedAt           *time.Time                `json:"created_at,omitzero"`
	UpdatedAt           *time.Time                `json:"updated_at,omitzero"`
}

// AppRemovalReceipt says what ended with an install.
type AppRemovalReceipt struct {
	FinishedAt          time.Time        `json:"finished_at"`
	EnvironmentGrantIDs []string         `json:"environment_grant_ids"`
	Removed             map[string]int64 `json:"removed" doc:"How many of each kind: tokens, webhook_endpoints, webhook_deliveries and so on."`
}

// AppRefundLimits are what a merchant lets an app refund. An empty list limits nothing; in one that is not,
// a currency that is missing has the limit 0.
type AppRefundLimits struct {
	PerOrder      []Money `json:"refund_per_order_money"`
	PerDay        []Money `json:"refund_per_day_money" doc:"A day of the merchant's reporting time zone."`
	ApprovalAbove []Money `json:"refund_approval_above_money" doc:"A refund above this waits for the merchant."`
	OwnOrdersOnly bool    `json:"own_orders_only" doc:"Only orders that were created with the app's tokens."`
}

// AppPermissionUpgrade is what an app asks for beyond what the merchant consented to.
type AppPermissionUpgrade struct {
	AppVersion int64                  `json:"app_version" doc:"Send it back to accept exactly this."`
	Added      []PartnerAppPermission `json:"added" doc:"Permissions that are new and not optional."`
	Widened    []PartnerAppPermission `json:"widened" doc:"Permissions granted before, which stand for more now."`
	Narrowed   []PartnerAppPermission `json:"narrowed" doc:"Permissions that stand for less now."`
	Dropped    []string               `json:"dropped" doc:"Permissions the app no longer asks for."`
	Scopes     []string               `json:"scopes" doc:"What the app would hold."`
}

// InstalledApp is an install as its merchant sees it.
type InstalledApp struct {
	PartnerAppInstall
	AppName           string                `json:"app_name"`
	AppIconURL        string                `json:"app_icon_url,omitzero"`
	Limits            AppRefundLimits       `json:"limits"`
	RefundedToday     []Money               `json:"refunded_today_money" doc:"In the key's environment."`
	PermissionUpgrade *AppPermissionUpgrade `json:"permission_upgrade,omitzero" doc:"While the app waits for consent to more."`
}

// AppApproval is a refund of an app that waits for the merchant, or was decided.
type AppApproval struct {
	AppApprovalID       string     `json:"app_approval_id"`
	PartnerAppID        string     `json:"partner_app_id"`
	PartnerAppInstallID string     `json:"partner_app_install_id"`
	OrderID             string     `json:"order_id"`
	Amount              Money      `json:"amount_money" doc:"What the refund came to when the app asked."`
	Status              string     `json:"status" enum:"pending,approved,refused,expired"`
	RefundID            string     `json:"refund_id,omitzero"`
	RefundStatus        string     `json:"refund_status,omitzero" doc:"In the answer that approved it."`
	Reason              string     `json:"reason,omitzero" doc:"Of a refusal."`
	DecidedBy           string     `json:"decided_by,omitzero"`
	DecidedAt           *time.Time `json:"decided_at,omitzero"`
	ExpiresAt           time.Time  `json:"expires_at"`
	CreatedAt           time.Time  `json:"created_at"`
	UpdatedAt           time.Time  `json:"updated_at"`
}

// DataRequest is what a merchant asks its apps on behalf of a person, or for itself.
type DataRequest struct {
	DataRequestID string           `json:"data_request_id"`
	Topic         string           `json:"topic" enum:"customer_data,customer_redact,merchant_redact"`
	MerchantID    string           `json:"merchant_id"`
	EnvironmentID string           `json:"environment_id"`
	CustomerID    string           `json:"customer_id,omitzero"`
	Note          string           `json:"note,omitzero"`
	DueAt         time.Time        `json:"due_at"`
	Status        string           `json:"status" enum:"pending,overdue,acknowledged" doc:"acknowledged once every app has answered."`
	Apps          []DataRequestApp `json:"apps"`
	CreatedAt     time.Time        `json:"created_at"`
}

// DataRequestApp is one app that was asked.
type DataRequestApp struct {
	PartnerAppID        string     `json:"partner_app_id"`
	PartnerAppInstallID string     `json:"partner_app_install_id"`
	Status              string     `json:"status" enum:"pending,overdue,acknowledged"`
	AcknowledgedAt      *time.Time `json:"acknowledged_at,omitzero"`
	Note                string     `json:"note,omitzero"`
}

func wireApp(a *app.App) PartnerApp {
	return PartnerApp{PartnerAppID: a.ID, ClientID: a.ClientID, Name: a.Name, AppType: a.Type, Visibility: a.Visibility, IconURL: a.IconURL,
		RedirectURIs: a.RedirectURIs, PermissionManifest: wirePermissions(a.Manifest), DefaultRequestedPermissions: a.DefaultPermissions,
		AllowedScopes: slices.Sorted(slices.Values(a.AllowedScopes().Names())), Version: a.Version, Status: a.Status, APIVersion: a.APIVersion, APIVersionPrevious: a.APIVersionPrevious,
		APIVersionChangedAt: moment(a.APIVersionChangedAt), CreatedAt: moment(a.CreatedAt), UpdatedAt: moment(a.UpdatedAt)}
}

func wirePermissions(in []app.Permission) []PartnerAppPermission {
	out := make([]PartnerAppPermission, len(in))
	for n, p := range in {
		out[n] = PartnerAppPermission{p.ID, p.Title, p.Description, p.Scopes, p.Optional}
	}
	return out
}

// permissions is nil when the manifest was left out.
func permissions(in []PartnerAppPermission) []app.Permission {
	if in == nil {
		return nil
	}
	out := make([]app.Permission, len(in))
	for n, p := range in {
		out[n] = app.Permission{ID: p.PermissionID, Title: p.Title, Description: p.Description, Scopes: p.RequiredScopes, Optional: p.Optional}
	}
	return out
}

func wireInstall(i *app.Install, grants []app.Grant) PartnerAppInstall {
	out := PartnerAppInstall{PartnerAppInstallID: i.ID, PartnerAppID: i.AppID, MerchantID: i.MerchantID, Status: i.Status, GrantedScopes: i.Scopes.Names(),
		EnvironmentGrants: make([]PartnerEnvironmentGrant, len(grants)), InstalledByUserID: i.InstalledBy, PausedAt: moment(i.PausedAt),
		RevokedAt: moment(i.RevokedAt), RevokedByUserID: i.RevokedBy, RevokedReason: i.RevokedReason, CleanupUntil: moment(i.CleanupUntil),
		CreatedAt: moment(i.CreatedAt), UpdatedAt: moment(i.UpdatedAt)}
	if r := i.Removal; r != nil {
		out.Removal = &AppRemovalReceipt{r.FinishedAt, r.GrantIDs, r.Removed}
	}
	for n, g := range grants {
		out.EnvironmentGrants[n] = PartnerEnvironmentGrant{EnvironmentGrantID: g.ID, EnvironmentID: g.Scope.EnvironmentID, Mode: string(g.Scope.Mode()),
			Status: g.Status, GrantedScopes: g.Scopes.Names(), PermissionIDs: g.PermissionIDs, AppVersion: g.Version,
			RevokedAt: moment(g.RevokedAt), RevokedByUserID: g.RevokedBy, CreatedAt: moment(g.CreatedAt), UpdatedAt: moment(g.UpdatedAt)}
	}
	return out
}

func wireLimits(l app.Limits) AppRefundLimits {
	return AppRefundLimits{PerOrder: wireAmounts(l.RefundPerOrder), PerDay: wireAmounts(l.RefundPerDay),
		ApprovalAbove: wireAmounts(l.RefundApprovalAbove), OwnOrdersOnly: l.OwnOrdersOnly}
}

func wireAmounts(in []money.Amount) []Money {
	out := make([]Money, len(in))
	for n, a := range in {
		out[n] = wireMoney(a.Minor, a.Currency)
	}
	return out
}

// amounts is nil when the list was left out.
func amounts(in *[]Money) *[]money.Amount {
	if in == nil {
		return nil
	}
	out := make([]money.Amount, len(*in))
	for n := range *in {
		out[n] = *(*in)[n].amount()
	}
	return &out
}

func wireApproval(a *app.Approval) *AppApproval {
	return &AppApproval{AppApprovalID: a.ID, PartnerAppID: a.AppID, PartnerAppInstallID: a.InstallID, OrderID: a.OrderID,
		Amount: wireMoney(a.Amount.Minor, a.Amount.Currency), Status: a.Status, RefundID: a.RefundID, Reason: a.Reason, DecidedBy: a.DecidedBy,
		DecidedAt: moment(a.DecidedAt), ExpiresAt: a.ExpiresAt, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
}

// wireDataRequest shows a request; appID narrows the apps to one, for that app and its owner.
func wireDataRequest(d *app.DataRequest, appID string, now time.Time) *DataRequest {
	out := &DataRequest{DataRequestID: d.ID, Topic: d.Topic, MerchantID: d.Scope.MerchantID, EnvironmentID: d.Scope.EnvironmentID, CustomerID: d.CustomerID,
		Note: d.Note, DueAt: d.DueAt, Status: "acknowledged", Apps: []DataRequestApp{}, CreatedAt: d.CreatedAt}
	open := "pending"
	if !now.Before(d.DueAt) {
		open = "overdue"
	}
	for _, a := range d.Apps {
		if appID != "" && a.AppID != appID {
			continue
		}
		r := DataRequestApp{PartnerAppID: a.AppID, PartnerAppInstallID: a.InstallID, Status: "acknowledged", AcknowledgedAt: moment(a.AcknowledgedAt), Note: a.Note}
		if a.AcknowledgedAt.IsZero() {
			r.Status, out.Status = open, open
		}
		out.Apps = append(out.Apps, r)
	}
	return out
}
