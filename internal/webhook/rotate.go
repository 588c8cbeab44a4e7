package webhook

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// RotateSecret gives an endpoint a new signing secret and returns it, this once. The old one goes on
// signing beside it for RotationOverlap; until then a further rotation is
// WEBHOOK_SECRET_ROTATION_OVERLAP_ACTIVE, because a third secret would cut off whoever still has the first.
// AUTHORIZATION_FAILED when a merchant asks for the secret of an app: it could speak to the app as Flint.
func (s *Service) RotateSecret(_ context.Context, tx db.Tx, scope tenant.Scope, by Holder, endpointID string) (secret.Text, error) {
	e, err := currentEndpoint(tx, scope, by, endpointID, tx.ForUpdate())
	if err != nil {
		return secret.Text{}, err
	}
	if e.OfInstall() && by.AppID == "" {
		return secret.Text{}, errOfApp()
	}
	now := s.Clock.Now()
	if e.previousSecret != "" && now.Before(e.previousUntil) {
		return secret.Text{}, fault.Conflict("WEBHOOK_SECRET_ROTATION_OVERLAP_ACTIVE",
			"The secret was rotated less than 24 hours ago and the one before it still signs.").
			Then("Rotate again after %s.", e.previousUntil.Format(time.RFC3339))
	}
	plain := newSecret()
	e.previousSecret, e.previousUntil = e.secret, now.Add(RotationOverlap)
	e.secret, e.UpdatedAt = s.Box.Seal(e.sealedFor(), []byte(plain.Reveal())), now
	return plain, updateEndpoint(tx, e)
}
