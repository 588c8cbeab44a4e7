package httpapi

import (
	"context"

	"flint/internal/db"
)

func getDeveloperSandbox(a *API, s accounts) {
	Get(a, "getDeveloperSandbox", func(ctx context.Context, tx db.Tx, c *Caller, in *sandboxPath) (DeveloperSandbox, error) {
		scope, err := sandboxScope(c, in.SandboxID)
		if err != nil {
			return DeveloperSandbox{}, err
		}
		e, err := s.merchants.GetSandbox(ctx, tx, scope)
		if err != nil {
			return DeveloperSandbox{}, err
		}
		return wireSandbox(e), nil
	}, Doc("Read a sandbox", "Active or archived."))
}
