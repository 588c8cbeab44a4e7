package httpapi

import (
	"context"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/db"
)

// CreateAccessLinkInput is the request of createOrderAccessLink.
type CreateAccessLinkInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    *EmptyBody
}

// AccessLink opens one thing for its buyer without a sign-in.
type AccessLink struct {
	URL       string    `json:"url" doc:"A secret, shown only in this answer."`
	Purpose   string    `json:"purpose" enum:"order_view,subscription_view,return_view"`
	ExpiresAt time.Time `json:"expires_at"`
}

func registerAccessLinks(a *API, s *Services) {
	Write(a, "createOrderAccessLink", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateAccessLinkInput) (*AccessLink, error) {
		o, err := s.Orders.Get(ctx, tx, c.Scope, in.OrderID)
		if err != nil {
			return nil, err
		}
		link, address, err := s.Buyers.CreateLink(ctx, tx, buyer.LinkInput{Scope: c.Scope, OrderID: o.ID, CustomerID: o.CustomerID})
		if err != nil {
			return nil, err
		}
		return &AccessLink{URL: address.Reveal(), Purpose: "order_view", ExpiresAt: link.ExpiresAt}, nil
	}, Doc("Make a link to an order for its buyer", "Opens the order's status page without a sign-in: for 30 days, ten times."),
		OneTimeSecrets(), Errors("ACCESS_LINK_CUSTOMER_REQUIRED", "ACCESS_LINK_MERCHANT_HOSTED"))
}
