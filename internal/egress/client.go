package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// Bounds of one call.
const (
	ConnectTimeout = 5 * time.Second
	TotalTimeout   = 15 * time.Second
	MaxBody        = 64 << 10 // bytes of an answer that are read; the rest is left
	maxHeader      = 32 << 10
	maxAddresses   = 4 // of one name that are tried
)

// Lookup gives the addresses of a name.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// SystemLookup asks the machine's resolver.
func SystemLookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// Client makes guarded calls. It is safe for concurrent use and keeps connections open between calls.
type Client struct {
	policy Policy
	lookup Lookup
	http   *http.Client
}

// NewClient returns a Client under the policy; SystemLookup is the lookup outside tests. Give roots as
// nil for the machine's certificates.
func NewClient(policy Policy, lookup Lookup, roots *tls.Config) *Client {
	c := &Client{policy: policy, lookup: lookup}
	conf := &tls.Config{}
	if roots != nil {
		conf = roots.Clone()
	}
	conf.MinVersion = tls.VersionTLS12
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	c.http = &http.Client{
		Timeout: TotalTimeout,
		Transport: &http.Transport{
			Proxy:                  nil, // one from the environment would connect on our behalf, past the check
			DialContext:            c.dial,
			TLSClientConfig:        conf,
			TLSHandshakeTimeout:    ConnectTimeout,
			DisableCompression:     true, // a few bytes must not unfold into many
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConns:           512,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        60 * time.Second,
			Protocols:              protocols,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Policy is the one the client was made with.
func (c *Client) Policy() Policy { return c.policy }

// Response is an answer with what was read of its body, at most MaxBody bytes or what DoWithin says.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends the request and reads the answer, a redirect included. Any error is a *Error. An answer
// whose head arrived is an answer, even when its body broke off.
func (c *Client) Do(req *http.Request) (Response, error) { return c.DoWithin(req, MaxBody) }

// DoWithin is Do with another bound on the body, in bytes.
func (c *Client) DoWithin(req *http.Request, maxBody int64) (Response, error) {
	t, err := parseTarget("url", req.URL.String())
	if err != nil {
		return Response{}, &Error{Kind: KindRequest, Cause: err}
	}
	if t.scheme == "http" && !c.policy.AllowHTTP {
		return Response{}, &Error{Kind: KindBlocked, Cause: errors.New("plain HTTP is not allowed")}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Response{}, classify(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// What follows is the bare connection, which no deadline of the request ends.
		return Response{Status: resp.StatusCode, Header: resp.Header}, nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// dial resolves the host, drops what may not be reached, and connects to one of the rest by address.
func (c *Client) dial(ctx context.Context, network, hostport string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, ConnectTimeout)
	defer cancel()
	host, portText, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, &Error{Kind: KindRequest, Cause: err}
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, &Error{Kind: KindRequest, Cause: err}
	}
	addrs, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var allowed []netip.AddrPort
	for _, a := range addrs {
		if to := netip.AddrPortFrom(a, uint16(port)); c.policy.Permits(to) && len(allowed) < maxAddresses {
			allowed = append(allowed, to)
		}
	}
	if len(allowed) == 0 {
		return nil, &Error{Kind: KindBlocked, Cause: fmt.Errorf("no address of %q may be called on port %d", host, port)}
	}
	dialer := net.Dialer{Control: c.control, KeepAlive: 30 * time.Second}
	var failures []error
	for i, to := range allowed {
		// An address that does not answer leaves its share of the time to the others.
		deadline, _ := ctx.Deadline()
		share := time.Until(deadline) / time.Duration(len(allowed)-i)
		one, stop := context.WithTimeout(ctx, share)
		conn, err := dialer.DialContext(one, network, to.String())
		stop()
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	found, err := c.lookup(ctx, host)
	if err != nil {
		return nil, &Error{Kind: KindDNS, Cause: fmt.Errorf("resolve %q: %w", host, err)}
	}
	addrs := make([]netip.Addr, len(found))
	for i, a := range found {
		addrs[i] = a.Unmap() // resolvers hand out IPv4 in its IPv6 form
	}
	return addrs, nil
}

// control is the last look, at the address the socket is about to connect to.
func (c *Client) control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" || !c.policy.Permits(to) {
		return &Error{Kind: KindBlocked, Cause: errors.New("the address of the socket may not be called")}
	}
	return nil
}
