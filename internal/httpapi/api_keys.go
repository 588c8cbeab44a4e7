package httpapi

import (
	"time"

	"flint/internal/auth"
)

// APIKey is the wire form of a key.
type APIKey struct {
	APIKeyID   string     `json:"api_key_id" doc:"Id of the key."`
	Name       string     `json:"name"`
	KeyPrefix  string     `json:"key_prefix" doc:"First characters of the secret, to recognize it by."`
	KeyType    string     `json:"key_type" enum:"external"`
	Scopes     []string   `json:"scopes"`
	Networks   []string   `json:"allowed_networks,omitzero" flint:"extension" doc:"Where the key may be used from; anywhere when left out."`
	Status     string     `json:"status" enum:"active,revoked"`
	MerchantID string     `json:"merchant_id,omitzero"`
	SandboxID  string     `json:"sandbox_id,omitzero" doc:"The sandbox a test key belongs to for life."`
	HeldBy     string     `json:"held_by,omitzero" flint:"extension" doc:"Who stands behind the key: the user or the key that made it, as far back as is known. Keys of one holder are one person where a second one is asked for. Absent: the key stands for itself."`
	ExpiresAt  *time.Time `json:"expires_at,omitzero"`
	LastUsedAt *time.Time `json:"last_used_at,omitzero" doc:"Exact to about a minute."`
	CreatedAt  *time.Time `json:"created_at,omitzero"`
	UpdatedAt  *time.Time `json:"updated_at,omitzero"`
}

// APIKeyWithSecret is a key just made.
type APIKeyWithSecret struct {
	APIKey
	SecretKey string `json:"secret_key" doc:"Shown once, and again only to a repeat of the same request."`
}

func wireKey(k auth.Key) APIKey {
	return APIKey{APIKeyID: k.ID, Name: k.Name, KeyPrefix: k.Prefix, KeyType: "external", Scopes: k.Scopes.Names(), Status: k.Status, Networks: k.NetworkTexts(),
		MerchantID: k.Scope.MerchantID, SandboxID: k.Principal().SandboxID(), HeldBy: k.HeldBy, ExpiresAt: moment(k.ExpiresAt),
		LastUsedAt: moment(k.LastUsedAt), CreatedAt: moment(k.CreatedAt), UpdatedAt: moment(k.UpdatedAt)}
}

// moment is nil for the zero time, which fields left out of an answer have.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
