package checkout

// PageKey is the cookie value of a session's hosted page, for pages of ours that have opened the session
// for the browser they answer.
func (s *Service) PageKey(session *Session) string { return s.cookie(session) }
