package signin

import (
	"net/http"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/web/ui"
)

type accountPage struct {
	Email     string
	Name      string
	Merchants []string
	Sessions  []sessionRow
	Others    bool // there are other sessions
	Passkeys  []passkeyRow
	Offered   bool // there can be passkeys here
	Recent    bool
	To        string
	Tokens    tokens
}

type tokens struct{ SignOut, End, Passkey, Remove string }

type sessionRow struct {
	ID, Agent, Method, Address, Seen string
	Current                          bool
}

type passkeyRow struct{ ID, Name, Made, Used string }

const dateForm = "2 January 2006, 15:04 UTC"

func (g *Gate) account(w http.ResponseWriter, r *http.Request, v *Visitor) {
	if r.URL.Query().Has("confirm") && !v.Session.Recent(g.Clock.Now()) {
		g.SignIn(w, r, Ask{Return: home, Email: v.Users[0].Email, Again: true})
		return
	}
	var sessions []auth.Session
	var passkeys []auth.Passkey
	names, err := g.Names(r.Context(), v.Users)
	if err == nil {
		err = g.DB.Read(r.Context(), func(tx db.Tx) (err error) {
			if sessions, err = g.Auth.Sessions(tx, v.Session); err != nil {
				return err
			}
			passkeys, err = g.Auth.PasskeysOf(tx, v.Session)
			return err
		})
	}
	if err != nil {
		g.Broken(w, r, err)
		return
	}
	first := v.Users[0]
	p := accountPage{Email: first.Email, Name: first.FirstName, Others: len(sessions) > 1, Offered: g.passkeys.Offered(), Recent: v.Session.Recent(g.Clock.Now()),
		To: g.seal(home), Tokens: tokens{v.Token("/account/sign-out"), v.Token("/account/sessions/end"), v.Token("/account/passkeys"), v.Token("/account/passkeys/remove")}}
	if first.LastName != "" {
		p.Name += " " + first.LastName
	}
	for _, u := range v.Users {
		p.Merchants = append(p.Merchants, names[u.MerchantID])
	}
	for _, s := range sessions {
		p.Sessions = append(p.Sessions, sessionRow{s.ID, s.Agent, "account.by." + s.Method, s.Address, s.LastSeenAt.Format(dateForm), s.ID == v.Session.ID})
	}
	for _, k := range passkeys {
		row := passkeyRow{ID: k.ID, Name: k.Name, Made: k.CreatedAt.Format("2 January 2006")}
		if !k.LastUsedAt.IsZero() {
			row.Used = k.LastUsedAt.Format("2 January 2006")
		}
		p.Passkeys = append(p.Passkeys, row)
	}
	g.render(w, r, ui.Page{Name: "signin/account", Title: g.text("account.title"), View: p, Script: "passkey.js"})
}

func (g *Gate) signOut(w http.ResponseWriter, r *http.Request, v *Visitor) {
	if err := g.Auth.SignOut(r.Context(), v.Session); err != nil {
		g.Broken(w, r, err)
		return
	}
	g.setCookie(w, sessionCookie, "", 0)
	see(w, r, "/sign-in")
}

func (g *Gate) endSession(w http.ResponseWriter, r *http.Request, v *Visitor) {
	err := g.DB.Write(r.Context(), func(tx db.Tx) error { return g.Auth.EndSession(tx, v.Session, r.PostFormValue("session_id")) })
	if err != nil {
		g.Broken(w, r, err)
		return
	}
	see(w, r, home)
}
