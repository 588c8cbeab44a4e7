package oauth

import (
	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/fault"
)

// ClientCLI is the public client of the command line. It has no secret, because whoever has the program
// has whatever is in it.
const ClientCLI = "flint-cli"

// Client is who calls the token endpoint, proven by its secret unless it is public.
type Client struct {
	ID  string
	App *app.App // nil for the command line
}

// Public reports whether nothing proves that a caller is this client.
func (c *Client) Public() bool { return c.App == nil }

// AuthenticateClient finds a client and checks its secret; during a rotation both secrets are good.
// The refusal is invalid_client for an unknown client and a wrong secret alike.
func (s *Service) AuthenticateClient(tx db.Tx, clientID, clientSecret string) (*Client, error) {
	if clientID == ClientCLI {
		if clientSecret != "" {
			return nil, errClient()
		}
		return &Client{ID: ClientCLI}, nil
	}
	a, err := app.ByClientID(tx, clientID)
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		return nil, errClient()
	}
	if err != nil {
		return nil, err
	}
	if clientSecret == "" || !s.Apps.CheckSecret(a, clientSecret) {
		return nil, errClient()
	}
	return &Client{ID: a.ClientID, App: a}, nil
}

func errClient() error {
	return refuse(CodeInvalidClient, "There is no such client, or the secret is not its own.")
}
