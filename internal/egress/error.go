package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
)

// Kind says in which stage a call failed.
type Kind string

// Kinds, by the contract's words for a delivery's diagnosis.
const (
	KindTimeout    Kind = "timeout"
	KindDNS        Kind = "dns_error"
	KindTLS        Kind = "tls_error"
	KindConnection Kind = "connection_error"
	KindBlocked    Kind = "blocked_target"
	KindRequest    Kind = "request_error"
)

// Error is a call that brought no answer. Its text may name addresses of the operator's network, so it
// goes to the log and never to a merchant; Kind may be shown.
type Error struct {
	Kind  Kind
	Cause error
}

// Error implements error.
func (e *Error) Error() string { return "egress: " + string(e.Kind) + ": " + e.Cause.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

func classify(err error) *Error {
	var (
		known     *Error
		dns       *net.DNSError
		op        *net.OpError
		record    tls.RecordHeaderError
		cert      *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		timeout   net.Error
	)
	switch {
	// Looked at first: a lookup that ran out of time is a timeout, whoever noticed.
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return &Error{Kind: KindTimeout, Cause: err}
	case errors.As(err, &known):
		return &Error{Kind: known.Kind, Cause: err}
	case errors.As(err, &dns):
		return &Error{Kind: KindDNS, Cause: err}
	// The handshake reports alerts of either side in this form; their own type is not exported.
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"):
		return &Error{Kind: KindTLS, Cause: err}
	case errors.As(err, &record), errors.As(err, &cert), errors.As(err, &authority), errors.As(err, &name):
		return &Error{Kind: KindTLS, Cause: err}
	default:
		return &Error{Kind: KindConnection, Cause: err}
	}
}
