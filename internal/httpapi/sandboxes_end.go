package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/merchant"
	"flint/internal/tenant"
)

func deleteDeveloperSandbox(a *API, s accounts) {
	Write(a, "deleteDeveloperSandbox", endSandbox(s.merchants.ArchiveSandbox),
		Doc("Retire a sandbox", "Its keys end and its name is free again. The default sandbox stays."),
		Errors("DEFAULT_SANDBOX_CANNOT_BE_ARCHIVED", "SANDBOX_ARCHIVED", "SANDBOX_MANAGEMENT_REQUIRES_LIVE_KEY"))
}

func resetDeveloperSandbox(a *API, s accounts) {
	Write(a, "resetDeveloperSandbox", endSandbox(s.merchants.ResetSandbox),
		Doc("Reset a sandbox", "Retires it with its keys and answers with an empty one of the same name and a new id."),
		Errors("DEFAULT_SANDBOX_CANNOT_BE_RESET", "SANDBOX_ARCHIVED", "SANDBOX_MANAGEMENT_REQUIRES_LIVE_KEY"))
}

type endFunc func(ctx context.Context, tx db.Tx, scope tenant.Scope, now time.Time) (merchant.Environment, error)

func endSandbox(end endFunc) func(context.Context, db.Tx, *Caller, *sandboxPath) (DeveloperSandbox, error) {
	return func(ctx context.Context, tx db.Tx, c *Caller, in *sandboxPath) (DeveloperSandbox, error) {
		if err := manageSandboxes(c); err != nil {
			return DeveloperSandbox{}, err
		}
		e, err := end(ctx, tx, tenant.Scope{MerchantID: c.Scope.MerchantID, EnvironmentID: in.SandboxID}, c.Now)
		if err != nil {
			return DeveloperSandbox{}, err
		}
		return wireSandbox(e), nil
	}
}
