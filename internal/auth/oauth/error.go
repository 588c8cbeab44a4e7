package oauth

import (
	"errors"

	"flint/internal/fault"
)

// Codes of refusals, from RFC 6749, 7591 and 8628, and two of the contract.
const (
	CodeInvalidRequest       = "invalid_request"
	CodeInvalidClient        = "invalid_client"
	CodeInvalidGrant         = "invalid_grant"
	CodeInvalidScope         = "invalid_scope"
	CodeUnauthorizedClient   = "unauthorized_client"
	CodeUnsupportedGrant     = "unsupported_grant_type"
	CodeUnsupportedResponse  = "unsupported_response_type"
	CodeAccessDenied         = "access_denied"
	CodeAuthorizationPending = "authorization_pending"
	CodeSlowDown             = "slow_down"
	CodeExpiredToken         = "expired_token"
	CodeInvalidContext       = "invalid_context"
	CodeUnavailable          = "temporarily_unavailable"
)

// Error is a refusal in the terms of OAuth. It is a final answer: what was written before it, such as the
// end of a family whose token was stolen, is to be committed.
type Error struct {
	Code        string
	Description string // for developers; printable ASCII without quotes, as RFC 6749 asks
}

// Error implements error.
func (e *Error) Error() string { return "oauth: " + e.Code + ": " + e.Description }

// Refusal finds the *Error in err's chain, nil when there is none.
func Refusal(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

func refuse(code, description string) *Error { return &Error{Code: code, Description: description} }

// errGrant is the one answer to a code or token that cannot be exchanged. It does not tell why, so that
// nobody learns from it what exists.
func errGrant() *Error {
	return refuse(CodeInvalidGrant, "The code or token is unknown, used, expired, revoked, or was issued to another client.")
}

// ended turns a fault about a grant, install or app into a refusal; anything else stays as it is.
func ended(err error) error {
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		return errGrant()
	}
	return err
}
