package main

import (
	"context"
	"errors"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/organization"
	"flint/internal/payment"
	"flint/internal/secret"
	"flint/internal/server"
	"flint/internal/tenant"
)

type adminCmd struct {
	Merchant   adminMerchantCmd   `cmd:"" help:"Create a merchant with its live environment and a sandbox."`
	User       adminUserCmd       `cmd:"" help:"Create a user of a merchant."`
	Key        adminKeyCmd        `cmd:"" help:"Create an API key; it is shown once."`
	Place      adminPlaceCmd      `cmd:"" name:"organization" help:"Put a merchant into an organization of another tree."`
	Operations adminOperationsCmd `cmd:"" help:"List parked operations: a processor's answer contradicts what was asked."`
	AskAgain   adminAskAgainCmd   `cmd:"" help:"Ask the processor about a parked operation once more."`
	Release    adminReleaseCmd    `cmd:"" help:"Let a restored installation act again."`
}

type adminMerchantCmd struct {
	storage `json:"-"`
	Name    string `help:"Business name." required:""`
	Email   string `help:"E-mail address of the business." required:""`
}

// Run creates the merchant.
func (c *adminMerchantCmd) Run(ctx context.Context) error { return run(ctx, c.storage, "merchant", c) }

func (c *adminMerchantCmd) perform(ctx context.Context, tx db.Tx, s *server.Server) (any, error) {
	m, err := s.Merchants.Create(ctx, tx, merchant.CreateInput{
		Email: c.Email, BusinessName: c.Name, APIVersion: httpapi.Version, Now: s.Clock.Now(),
	})
	return map[string]string{
		"merchant_id": m.Merchant.ID, "live_environment_id": m.Live.Scope.EnvironmentID, "sandbox_id": m.Sandbox.Scope.EnvironmentID,
	}, err
}

type adminUserCmd struct {
	storage  `json:"-"`
	Merchant string `help:"Id of the merchant." required:"" placeholder:"mer_…"`
	Email    string `help:"E-mail address to sign in with." required:""`
	Password string `help:"Password of at least 12 characters; better given as FLINT_PASSWORD." required:""`
	First    string `help:"First name."`
	Last     string `help:"Last name."`
	Role     string `help:"Role in the merchant's organization; the first user is its owner." enum:"owner,admin,operator,viewer" default:"operator"`
}

// Run creates the user.
func (c *adminUserCmd) Run(ctx context.Context) error { return run(ctx, c.storage, "user", c) }

func (c *adminUserCmd) perform(ctx context.Context, tx db.Tx, s *server.Server) (any, error) {
	if _, err := s.Merchants.Get(ctx, tx, c.Merchant); err != nil {
		return nil, err
	}
	u, err := s.Keys.CreateUser(ctx, tx, auth.CreateUserInput{
		MerchantID: c.Merchant, Email: c.Email, Password: secret.NewText(c.Password), FirstName: c.First, LastName: c.Last, Role: c.Role, Now: s.Clock.Now(),
	})
	return map[string]string{"user_id": u.ID, "email": u.Email}, err
}

type adminPlaceCmd struct {
	storage      `json:"-"`
	Merchant     string `help:"Id of the merchant." required:"" placeholder:"mer_…"`
	Founder      string `help:"Id of the merchant whose tree it is." required:"" placeholder:"mer_…"`
	Organization string `help:"Id of the organization." required:"" placeholder:"org_…"`
}

// Run moves the merchant. The members of the tree get their roles in it.
func (c *adminPlaceCmd) Run(ctx context.Context) error { return run(ctx, c.storage, "organization", c) }

func (c *adminPlaceCmd) perform(ctx context.Context, tx db.Tx, s *server.Server) (any, error) {
	if _, err := s.Merchants.Get(ctx, tx, c.Merchant); err != nil {
		return nil, err
	}
	err := organization.Place(tx, c.Merchant, c.Founder, c.Organization, s.Clock.Now())
	return map[string]string{"merchant_id": c.Merchant, "organization_id": c.Organization}, err
}

type adminKeyCmd struct {
	storage     `json:"-"`
	Merchant    string   `help:"Id of the merchant." required:"" placeholder:"mer_…"`
	Environment string   `help:"Sandbox (test_…) or live environment (menv_…) that the key belongs to." required:""`
	Name        string   `help:"Name of the key." default:"Operator"`
	Scopes      []string `help:"Scopes; all of them when left out." placeholder:"SCOPE"`
}

// Run creates the key.
func (c *adminKeyCmd) Run(ctx context.Context) error { return run(ctx, c.storage, "key", c) }

func (c *adminKeyCmd) perform(ctx context.Context, tx db.Tx, s *server.Server) (any, error) {
	scope := tenant.Scope{MerchantID: c.Merchant, EnvironmentID: c.Environment}
	var known int64
	if err := tx.QueryRow([]any{&known}, `SELECT COUNT(*) FROM environments WHERE merchant_id = $1 AND environment_id = $2`,
		scope.MerchantID, scope.EnvironmentID); err != nil {
		return nil, err
	}
	if known == 0 {
		return nil, errors.New("the merchant has no such environment")
	}
	scopes := c.Scopes
	if len(scopes) == 0 {
		scopes = auth.AllScopes().Names()
	}
	k, text, err := s.Keys.CreateKey(ctx, tx, auth.CreateKeyInput{Scope: scope, Name: c.Name, Scopes: scopes, Now: s.Clock.Now()})
	return map[string]string{"api_key_id": k.ID, "secret_key": text.Reveal()}, err
}

type adminOperationsCmd struct {
	storage `json:"-"`
}

// Run lists what is parked.
func (c *adminOperationsCmd) Run(ctx context.Context) error {
	return run(ctx, c.storage, "operations", c)
}

func (c *adminOperationsCmd) perform(_ context.Context, tx db.Tx, _ *server.Server) (any, error) {
	return payment.ParkedOperations(tx)
}

type adminAskAgainCmd struct {
	storage     `json:"-"`
	Merchant    string `help:"Id of the merchant." required:"" placeholder:"mer_…"`
	Environment string `help:"Its environment." required:"" placeholder:"ENVIRONMENT"`
	Operation   string `arg:"" help:"Id of the operation, as flint admin operations shows it."`
}

// Run lets the sweeper look the operation up.
func (c *adminAskAgainCmd) Run(ctx context.Context) error { return run(ctx, c.storage, "ask-again", c) }

func (c *adminAskAgainCmd) perform(_ context.Context, tx db.Tx, s *server.Server) (any, error) {
	scope := tenant.Scope{MerchantID: c.Merchant, EnvironmentID: c.Environment}
	if err := payment.AskAgain(tx, scope, c.Operation, s.Clock.Now()); err != nil {
		return nil, err
	}
	return map[string]string{"operation_id": c.Operation, "state": "unknown"}, nil
}
