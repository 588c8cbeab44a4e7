package httpapi

import (
	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/refund"
	"flint/internal/support"
	"flint/internal/tenant"
)

// registerSupport adds what support and finance read.
func registerSupport(a *API, s *Services) {
	registerOrderTimeline(a, s)
	registerBalanceExplanation(a, s)
	registerExports(a)
}

// support answers questions about orders, with what the domains around them know.
func (s *Services) support() *support.Service {
	return &support.Service{Orders: s.Orders, Name: actorName, Reason: askedFor}
}

// actorName is how people call who did something.
func actorName(tx db.Tx, scope tenant.Scope, actorType, actorID string) (string, error) {
	switch actorType {
	case "app":
		return app.NameFor(tx, scope.MerchantID, actorID)
	case "processor":
		return actorID, nil
	}
	return auth.ActorName(tx, scope, actorType, actorID)
}

// askedFor is why somebody asked for something, where its events do not say it.
func askedFor(tx db.Tx, scope tenant.Scope, resourceType, resourceID string) (string, error) {
	if resourceType != "refund" {
		return "", nil
	}
	r, err := refund.Get(tx, scope, resourceID)
	if err != nil {
		return "", err
	}
	return or(r.Detail.ReasonMessage, r.Reason), nil
}
