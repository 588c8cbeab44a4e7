package httpapi

import (
	"context"
	"net/url"

	"flint/internal/auth/oauth"
	"flint/internal/db"
)

// OAuthDeviceRequest starts the sign-in of a program without a browser of its own.
type OAuthDeviceRequest struct {
	ClientID string `json:"client_id" doc:"flint-cli."`
	Scope    string `json:"scope,omitzero" doc:"Space-separated; left out for whatever the user may do."`
}

// OAuthDevice is how such a program goes on (RFC 8628, 3.2).
type OAuthDevice struct {
	DeviceCode  string `json:"device_code"`
	UserCode    string `json:"user_code"`
	URI         string `json:"verification_uri"`
	URIComplete string `json:"verification_uri_complete"`
	ExpiresIn   int64  `json:"expires_in" doc:"Seconds."`
	Interval    int64  `json:"interval" doc:"Seconds between two questions."`
}

// DevicePath is the page where a user types the code of a device.
const DevicePath = "/device"

func registerOAuthDevice(a *API, s *Services) {
	Handle(a, "startOAuthDevice", func(ctx context.Context, c *Caller, in *oauthInput) (*Raw, error) {
		var d *oauth.Device
		err := oauthCall(ctx, a, s.OAuth, c, in, func(tx db.Tx, client *oauth.Client, params map[string]string) (err error) {
			d, err = s.OAuth.StartDevice(ctx, tx, oauth.DeviceInput{Client: client, Scope: params["scope"], Address: c.Address, Now: c.Now})
			return err
		})
		if err != nil {
			return nil, err
		}
		page := a.BaseURL + DevicePath
		return oauthAnswer(OAuthDevice{DeviceCode: d.Code.Reveal(), UserCode: d.UserCode, URI: page,
			URIComplete: page + "?user_code=" + url.QueryEscape(d.UserCode), ExpiresIn: int64(oauth.DeviceLifetime.Seconds()),
			Interval: int64(d.Interval.Seconds())})
	}, OAuth(OAuthDeviceRequest{}), Produces([]string{"application/json"}, OAuthDevice{}),
		Doc("Sign a device in", "RFC 8628, for the command line: show the user the code and the address, then ask the token endpoint."))
}
