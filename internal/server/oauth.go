package server

import (
	"time"

	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/fault"
)

// buildOAuth wires the tokens of installed apps and the command line. A grant that ends takes its tokens
// with it in the same transaction.
func (s *Server) buildOAuth() {
	s.OAuth = oauth.New(oauth.Service{DB: s.DB, Clock: s.Clock, IDs: s.IDs, Log: s.Log, Box: s.Box, Key: s.derive("device codes"), Apps: s.Apps,
		Issuer: s.BaseURL, Holder: holder,
		Reused: []func(db.Tx, oauth.Family, time.Time) error{s.noticeReuse}})
	s.registerReuseNotice()
	s.Apps.CleanupToken = s.OAuth.CleanupToken
	s.Apps.OnWindDown = append(s.Apps.OnWindDown, s.OAuth.EndGrant)
	s.Apps.OnRevoke = append(s.Apps.OnRevoke, s.OAuth.EndGrant)
}

// holder is what a user's own programs may do: what their role may, and nothing for somebody who no longer
// works there.
func holder(tx db.Tx, merchantID, userID string) (auth.ScopeSet, error) {
	role, err := auth.Role(tx, merchantID, userID)
	if f := fault.Of(err); f != nil && f.Class == fault.ClassForbidden {
		return auth.ScopeSet{}, nil
	}
	return auth.RoleScopes(role), err
}
