package httpapi

import (
	"time"

	"flint/internal/merchant"
)

// DeveloperSandbox is the wire form of a sandbox.
type DeveloperSandbox struct {
	SandboxID string     `json:"sandbox_id"`
	Name      string     `json:"name"`
	Status    string     `json:"status" enum:"active,archived"`
	IsDefault bool       `json:"is_default"`
	CreatedAt *time.Time `json:"created_at,omitzero"`
	UpdatedAt *time.Time `json:"updated_at,omitzero"`
}

type sandboxPath struct {
	SandboxID string `path:"sandbox_id" id:"test"`
}

func wireSandbox(e merchant.Environment) DeveloperSandbox {
	return DeveloperSandbox{SandboxID: e.Scope.EnvironmentID, Name: e.Name, Status: e.Status, IsDefault: e.Default,
		CreatedAt: moment(e.CreatedAt), UpdatedAt: moment(e.UpdatedAt)}
}
