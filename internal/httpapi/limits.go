package httpapi

import (
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"flint/internal/fault"
)

// Rate is a sustained number of requests a second and how many may come at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits are the rates of an installation, by tier of the operation.
type Limits struct {
	Key      [len(tierNames)]Rate // of one credential
	Merchant [len(tierNames)]Rate // of all credentials of a merchant environment together
	Address  Rate                 // of one client address, before it is known who calls
}

// DefaultLimits are generous: they stop a runaway loop, not a busy shop.
func DefaultLimits() *Limits {
	return &Limits{
		Key: [len(tierNames)]Rate{TierRead: {1000, 2000}, TierWrite: {500, 1000}, TierSensitive: {20, 60}, TierProvider: {200, 400}},
		Merchant: [len(tierNames)]Rate{TierRead: {3000, 6000}, TierWrite: {1500, 3000}, TierSensitive: {50, 150},
			TierProvider: {600, 1200}},
		Address: Rate{3000, 6000},
	}
}

// tracked is how many keys, merchants and addresses are remembered; a forgotten one starts afresh.
const tracked = 50_000

type limiterKey struct {
	tier   Tier
	reason string
	who    string
}

type limiters struct {
	limits *Limits
	mu     sync.Mutex
	lru    *simplelru.LRU[limiterKey, *rate.Limiter]
}

func newLimiters(l *Limits) *limiters {
	if l == nil {
		return nil
	}
	lru, err := simplelru.NewLRU[limiterKey, *rate.Limiter](tracked, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &limiters{limits: l, lru: lru}
}

func (l *limiters) allow(k limiterKey, r Rate, now time.Time, h http.Header) error {
	if r.PerSecond <= 0 || k.who == "" {
		return nil
	}
	l.mu.Lock()
	lim, ok := l.lru.Get(k)
	if !ok {
		lim = rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
		l.lru.Add(k, lim)
	}
	l.mu.Unlock()
	res := lim.ReserveN(now, 1)
	wait := res.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	res.CancelAt(now)
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
