package httpapi

import (
	"net/http"
	"time"

	"flint/internal/fault"
	"flint/internal/throttle"
)

// Rate is a sustained number of requests a second and how many may come at once.
type Rate = throttle.Rate

// Limits are the rates of an installation, by tier of the operation.
type Limits struct {
	Key      [len(tierNames)]Rate // of one credential
	Merchant [len(tierNames)]Rate // of all credentials of a merchant environment together
	Address  Rate                 // of one client address, before it is known who calls
}

// DefaultLimits are generous: they stop a runaway loop, not a busy shop.
func DefaultLimits() *Limits {
	return &Limits{
		Key: [len(tierNames)]Rate{TierRead: {PerSecond: 1000, Burst: 2000}, TierWrite: {PerSecond: 500, Burst: 1000}, TierSensitive: {PerSecond: 20, Burst: 60}, TierProvider: {PerSecond: 200, Burst: 400}},
		Merchant: [len(tierNames)]Rate{TierRead: {PerSecond: 3000, Burst: 6000}, TierWrite: {PerSecond: 1500, Burst: 3000}, TierSensitive: {PerSecond: 50, Burst: 150},
			TierProvider: {PerSecond: 600, Burst: 1200}},
		Address: Rate{PerSecond: 3000, Burst: 6000},
	}
}

type limiterKey struct {
	tier   Tier
	reason string
	who    string
}

type limiters struct {
	limits *Limits
	taken  *throttle.Throttle[limiterKey]
}

func newLimiters(l *Limits) *limiters {
	if l == nil {
		return nil
	}
	return &limiters{limits: l, taken: throttle.New[limiterKey]()}
}

func (l *limiters) allow(k limiterKey, r Rate, now time.Time, h http.Header) error {
	if k.who == "" {
		return nil
	}
	wait := l.taken.Take(k, r, now)
	if wait == 0 {
		return nil
	}
	h.Set("Flint-Rate-Limited-Reason", k.reason)
	return &fault.Error{Class: fault.ClassRateLimited, Code: "RATE_LIMIT_EXCEEDED", Message: "Too many requests.",
		Retryable: true, RetryAfter: wait, NextSteps: "Wait for as long as Retry-After says."}
}

// arrived checks the address, called before authentication.
func (l *limiters) arrived(c *Caller, now time.Time, h http.Header) error {
	if l == nil || !c.Address.IsValid() {
		return nil
	}
	return l.allow(limiterKey{0, "global-ip", c.Address.String()}, l.limits.Address, now, h)
}

// public checks an operation that anybody can call.
func (l *limiters) public(c *Caller, op *operation, now time.Time, h http.Header) error {
	if l == nil || op.rate == nil || !c.Address.IsValid() {
		return nil
	}
	from := c.Address
	if from.Is6() { // one customer of a provider has a whole network
		if network, err := from.Prefix(64); err == nil {
			from = network.Addr()
		}
	}
	err := l.allow(limiterKey{0, "resource", op.route.ID + " " + from.String()}, op.rate.rate, now, h)
	if f := fault.Of(err); f != nil {
		f.Code = op.rate.code
	}
	return err
}

// known checks the credential and its merchant.
func (l *limiters) known(c *Caller, t Tier, now time.Time, h http.Header) error {
	if l == nil {
		return nil
	}
	if err := l.allow(limiterKey{t, "api-key", c.ID}, l.limits.Key[t], now, h); err != nil {
		return err
	}
	return l.allow(limiterKey{t, "merchant", c.Scope.EnvironmentID}, l.limits.Merchant[t], now, h)
}
