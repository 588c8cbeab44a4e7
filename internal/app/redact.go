package app

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// RedactAfter is how long after the end of a removal its app is asked to delete what it read of customers. A
// merchant who changes their mind has until then.
const RedactAfter = 48 * time.Hour

// noteRemoved tells a merchant why there is a request that nobody of them raised.
const noteRemoved = "Asked by itself after the app was removed."

// planRedact has the app of a finished removal asked later, when a grant of it read about people.
func (s *Service) planRedact(tx db.Tx, i *Install, grants []Grant, now time.Time) error {
	for _, g := range grants {
		if !holdsPersonalData(g.Scopes) {
			continue
		}
		// The merchant's live environment lasts; jobs of a sandbox end with it.
		home, err := feed(tx.Context(), tx, i.MerchantID, tenant.ModeLive)
		if err != nil {
			return err
		}
		return s.Jobs.Enqueue(tx, home, jobRedact, i.ID, now.Add(RedactAfter), removalJob{i.ID})
	}
	return nil
}

// redact raises a merchant_redact request in each environment in which the app of a removed install read about
// people, for that app alone. It raises none when the merchant has installed the app again, and none of an
// install that was asked since it was removed: that one is tracked already.
func (s *Service) redact(ctx context.Context, tx db.Tx, merchantID, installID string, now time.Time) error {
	i, _, err := lockInstall(tx, merchantID, installID)
	if err != nil {
		return err
	}
	again, err := liveInstall(tx, merchantID, i.AppID, "")
	if err != nil && !fault.Is(err, "RESOURCE_NOT_FOUND") {
		return err
	}
	if err == nil && !again.Waiting() && again.Status != StatusErrored {
		return nil // the end of that one asks
	}
	grants, err := queryGrants(tx, `merchant_id = $1 AND app_id = $2 AND status = 'revoked' AND NOT EXISTS (
		SELECT 1 FROM app_data_request_apps a JOIN app_data_requests r ON r.merchant_id = a.merchant_id AND r.environment_id = a.environment_id
			AND r.request_id = a.request_id
		WHERE a.merchant_id = app_grants.merchant_id AND a.environment_id = app_grants.environment_id AND a.install_id = app_grants.install_id
			AND r.topic = 'merchant_redact' AND r.created_at >= app_grants.revoked_at) ORDER BY environment_id, created_at, grant_id`, merchantID, i.AppID)
	if err != nil {
		return err
	}
	open := map[tenant.Scope]*DataRequest{}
	asked := map[[2]string]bool{} // an install in an environment is asked once
	for _, g := range grants {
		at := [2]string{g.Scope.EnvironmentID, g.InstallID}
		if asked[at] || !holdsPersonalData(g.Scopes) {
			continue
		}
		asked[at] = true
		if open[g.Scope] == nil {
			if open[g.Scope], err = s.newDataRequest(tx, RaiseInput{Scope: g.Scope, Topic: TopicMerchantRedact, Note: noteRemoved, Now: now}); err != nil {
				return err
			}
		}
		if err := s.ask(ctx, tx, open[g.Scope], g, event.Cause{ActorType: "system"}); err != nil {
			return err
		}
	}
	return nil
}
