package server

import "flint/internal/returnpolicy"

// buildPolicy makes the rules about returns.
func (s *Server) buildPolicy() {
	s.Services.ReturnPolicies = &returnpolicy.Service{Clock: s.Clock, IDs: s.IDs}
}
