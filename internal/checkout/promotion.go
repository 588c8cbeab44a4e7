package checkout

// TakesCodes tells whether the buyer of a session may enter promotion codes: as the session said when it
// was opened, or as its merchant's settings said then.
func (s *Session) TakesCodes() bool {
	return s.Detail.CodesEnabled != nil && *s.Detail.CodesEnabled
}
