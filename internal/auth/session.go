package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/secret"
)

// How long a session of a person lasts: without a visit, and at most.
const (
	SessionIdle = 12 * time.Hour
	SessionLife = 7 * 24 * time.Hour
)

// RecentFor is how old a sign-in may be for what asks to be sure: a new passkey, a new secret.
const RecentFor = 15 * time.Minute

// seenEvery is how often the last visit of a session is written at most.
const seenEvery = time.Minute

// Ways of signing in.
const (
	ByPassword = "password"
	ByCode     = "code"
	ByPasskey  = "passkey"
)

const (
	sessionPrefix   = "flint_us_"
	sessionIDPrefix = "usess"
)

// ErrNoSession is the answer to a session that does not exist, has ended, or has no user any more.
var ErrNoSession = errors.New("auth: no such session")

// Session is a signed-in browser. Its cookie's value is kept nowhere.
type Session struct {
	ID              string // usess_…, to name it in a list
	EmailKey        string // lower-case address of the person
	Method          string // how the person signed in
	Agent           string // which browser, in words
	Address         string // network address at sign-in
	AuthenticatedAt time.Time
	LastSeenAt      time.Time // at most a minute old
	ExpiresAt       time.Time // the absolute end; without visits it ends earlier

	userIDs []string
	hash    string
}

// Recent reports whether the person has proven themselves within RecentFor.
func (s Session) Recent(now time.Time) bool { return now.Sub(s.AuthenticatedAt) < RecentFor }

// Key names the session in signatures of forms. It cannot be turned into the cookie.
func (s Session) Key() string { return s.hash }

func (s Session) person() person { return person{s.EmailKey, s.userIDs} }

func (s Session) live(now time.Time) bool {
	return now.Before(s.ExpiresAt) && now.Before(s.LastSeenAt.Add(SessionIdle))
}

// Browser is where somebody signs in from.
type Browser struct {
	Agent   string // in words, shown in the list of sessions
	Address string // network address
	// Session is the cookie the browser had before. It ends when the person signs in, so that nobody
	// can plant a session and have it signed in.
	Session secret.Text
}

// begin starts a session for a person who was proven. The token goes into the cookie and is not kept.
func (s *Service) begin(tx db.Tx, p person, method string, from Browser, now time.Time) (secret.Text, error) {
	if old := from.Session.Reveal(); old != "" {
		if err := tx.Send(`DELETE FROM platform_user_sessions WHERE session_hash = $1`, secret.Hash(old)); err != nil {
			return secret.Text{}, fmt.Errorf("end the browser's last session: %w", err)
		}
	}
	token := secret.NewToken(sessionPrefix)
	err := tx.Send(`INSERT INTO platform_user_sessions (session_hash, session_id, email_key, user_ids, method, agent, address, authenticated_at, last_seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`, secret.Hash(token), s.ids.New(sessionIDPrefix), p.EmailKey, p.ids(), method,
		cut(from.Agent, 100), cut(from.Address, 64), now, now.Add(SessionLife))
	if err != nil {
		return secret.Text{}, fmt.Errorf("begin a session: %w", err)
	}
	tx.AfterCommit(func() {
		s.log.Info("a person signed in", slog.String("method", method), slog.String("address", from.Address))
	})
	return secret.NewText(token), nil
}

func cut(v string, n int) string {
	if len(v) <= n {
		return v
	}
	return strings.ToValidUTF8(v[:n], "")
}

const sessionColumns = `session_hash, session_id, email_key, user_ids, method, agent, address, authenticated_at, last_seen_at, expires_at`

func scanSession(scan func(dest ...any) error) (Session, error) {
	var v Session
	var ids string
	err := scan(&v.hash, &v.ID, &v.EmailKey, &ids, &v.Method, &v.Agent, &v.Address, &v.AuthenticatedAt, &v.LastSeenAt, &v.ExpiresAt)
	v.userIDs = strings.Fields(ids)
	return v, err
}

// Session is what the cookie's value stands for, with the users of the person, one per merchant.
// Error: ErrNoSession.
func (s *Service) Session(ctx context.Context, token string) (Session, []User, error) {
	if !strings.HasPrefix(token, sessionPrefix) || len(token) != len(sessionPrefix)+43 {
		return Session{}, nil, ErrNoSession
	}
	now := s.clock.Now()
	var found Session
	var users []User
	err := s.db.Read(ctx, func(tx db.Tx) (err error) {
		found, err = scanSession(func(dest ...any) error {
			return tx.QueryRow(dest, `SELECT `+sessionColumns+` FROM platform_user_sessions WHERE session_hash = $1`, secret.Hash(token))
		})
		if err != nil {
			return err
		}
		users, err = usersOf(tx, found.person())
		return err
	})
	switch {
	case errors.Is(err, db.ErrNoRows):
		return Session{}, nil, ErrNoSession
	case err != nil:
		return Session{}, nil, fmt.Errorf("read a session: %w", err)
	case !found.live(now) || len(users) == 0:
		return Session{}, nil, ErrNoSession
	}
	if now.Sub(found.LastSeenAt) >= seenEvery {
		err := s.db.Write(ctx, func(tx db.Tx) error {
			return tx.Send(`UPDATE platform_user_sessions SET last_seen_at = $2 WHERE session_hash = $1 AND last_seen_at < $2`, found.hash, now)
		})
		if err != nil {
			return Session{}, nil, fmt.Errorf("note a visit: %w", err)
		}
	}
	return found, users, nil
}

// SessionUser is the users of the person that a cookie stands for, one per merchant. Error: ErrNoSession.
func (s *Service) SessionUser(ctx context.Context, token string) ([]User, error) {
	_, users, err := s.Session(ctx, token)
	return users, err
}

// SignOut ends a session. One that has ended already is no error.
func (s *Service) SignOut(ctx context.Context, v Session) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		return tx.Send(`DELETE FROM platform_user_sessions WHERE session_hash = $1`, v.hash)
	})
}

// Sessions lists the live sessions of the person, the newest visit first. Sessions that proved more
// than this one are not shown.
func (s *Service) Sessions(tx db.Tx, of Session) ([]Session, error) {
	var out []Session
	now := s.clock.Now()
	err := tx.Query(func(r db.Row) error {
		v, err := scanSession(r.Scan)
		if err == nil && v.live(now) && of.person().covers(v.person()) {
			out = append(out, v)
		}
		return err
	}, `SELECT `+sessionColumns+` FROM platform_user_sessions WHERE email_key = $1 ORDER BY last_seen_at DESC, session_id DESC LIMIT 100`, of.EmailKey)
	if err != nil {
		return nil, fmt.Errorf("list the sessions of a person: %w", err)
	}
	return out, nil
}

// EndSession ends one session of the person, or with an empty id all but this one. What is not theirs
// to see is not there to end.
func (s *Service) EndSession(tx db.Tx, of Session, sessionID string) error {
	all, err := s.Sessions(tx, of)
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.ID != sessionID && (sessionID != "" || v.hash == of.hash) {
			continue
		}
		if err := tx.Send(`DELETE FROM platform_user_sessions WHERE session_hash = $1`, v.hash); err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
	}
	return nil
}

// PurgeSignIns removes what has ended: sessions, codes and counts of failures. Any process may call it.
func PurgeSignIns(tx db.Tx, now time.Time) error {
	for _, q := range []struct {
		sql    string
		before time.Time
	}{
		{`DELETE FROM platform_user_sessions WHERE expires_at < $1`, now},
		{`DELETE FROM platform_sign_in_codes WHERE expires_at < $1`, now},
		{`DELETE FROM platform_sign_in_failures WHERE updated_at < $1`, now.Add(-2 * forgiveAfter)},
	} {
		if err := tx.Send(q.sql, q.before); err != nil {
			return fmt.Errorf("remove what has ended: %w", err)
		}
	}
	return nil
}
