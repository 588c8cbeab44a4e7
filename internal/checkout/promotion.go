package checkout

// TakesCodes tells whether the buyer of a session may enter promotion codes: as the session said when it
// was opened, or as its merchant's settings said then.
func (session *Session) TakesCodes() bool {
	return session.Detail.CodesEnabled != nil && *session.Detail.CodesEnabled
}
