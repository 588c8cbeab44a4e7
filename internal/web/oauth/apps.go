package oauth

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/tenant"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
)

// maxListed bounds how many installs of one merchant the list shows.
const maxListed = 100

type listPage struct {
	Sections sections
	Groups   []listGroup
}

type listGroup struct {
	Merchant string
	Live     []listRow
	Removed  []listRow
}

type listRow struct {
	ID, Since string
	App       appView
	State     state
	Summary   string
}

// state is how an install stands, in words and in a colour that means something.
type state struct{ Text, Tone string }

func stateOf(i *app.Install) state {
	switch {
	case i.Status == app.StatusRevoked:
		return state{"installed.state.removed", ""}
	case !i.PausedAt.IsZero():
		return state{"installed.state.paused", "warn"}
	case i.Status == app.StatusActive:
		return state{"installed.state.active", "good"}
	case i.Status == app.StatusPendingPermissionUpgrade:
		return state{"installed.state.asks", "warn"}
	case i.Status == app.StatusFlaggedForReview:
		return state{"installed.state.flagged", "warn"}
	case i.Status == app.StatusErrored:
		return state{"installed.state.errored", ""}
	}
	return state{"installed.state.pending", ""}
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
	names, err := h.Gate.Names(r.Context(), v.Users)
	if err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	var p listPage
	var icons []string
	err = h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		p, icons = listPage{Sections: sections{At: "apps"}}, nil
		if p.Sections.Waiting, err = h.waiting(tx, v, ""); err != nil {
			return err
		}
		for _, u := range v.Users {
			if _, err := auth.Role(tx, u.MerchantID, u.ID); fault.Is(err, "MEMBERSHIP_REQUIRED") {
				continue
			} else if err != nil {
				return err
			}
			installs, _, err := app.ListInstalled(tx, app.ListInstalledInput{MerchantID: u.MerchantID, Limit: maxListed})
			if err != nil {
				return err
			}
			g := listGroup{Merchant: names[u.MerchantID]}
			for _, i := range installs {
				if i.Waiting() { // nobody has agreed to it
					continue
				}
				a, err := app.OfInstall(tx, i)
				if err != nil {
					return err
				}
				then, err := agreed(tx, i, a)
				if err != nil {
					return err
				}
				icons = append(icons, images(a)...)
				row := listRow{ID: i.ID, App: viewApp(a), State: stateOf(i), Since: i.CreatedAt.Format("2 January 2006"), Summary: summary(then, i)}
				if i.Status == app.StatusRevoked {
					g.Removed = append(g.Removed, row)
					continue
				}
				g.Live = append(g.Live, row)
			}
			p.Groups = append(p.Groups, g)
		}
		return nil
	})
	if err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	h.render(w, r, ui.Page{Name: "apps", Title: h.text("installed.title"), View: p, Policy: ui.Policy{ImgSrc: icons}})
}

// summary is what an install may do, as the titles of its permissions.
func summary(a *app.App, i *app.Install) string {
	var titles []string
	for _, id := range i.PermissionIDs {
		if p := a.Permission(id); p != nil {
			titles = append(titles, p.Title)
		}
	}
	return strings.Join(titles, " · ")
}

// installed is one install that the visitor may see.
type installed struct {
	*app.Install
	App      *app.App
	Agreed   *app.App // as the version that was agreed to, which may have asked for more than today's
	User     auth.User
	Role     string
	Merchant string
	Grants   []app.Grant
	Upgrade  app.Upgrade
}

// one finds the install of the path among the visitor's merchants. Somebody else's is not there.
func (h *Handler) one(next func(http.ResponseWriter, *http.Request, *signin.Visitor, *installed)) func(http.ResponseWriter, *http.Request, *signin.Visitor) {
	return func(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
		var found *installed
		err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
			found, err = h.find(tx, v, r.PathValue("id"))
			return err
		})
		if err != nil {
			h.refuse(w, r, err, "/apps")
			return
		}
		next(w, r, v, found)
	}
}

func (h *Handler) find(tx db.Tx, v *signin.Visitor, installID string) (*installed, error) {
	for _, u := range v.Users {
		role, err := auth.Role(tx, u.MerchantID, u.ID)
		if fault.Is(err, "MEMBERSHIP_REQUIRED") {
			continue // no longer a member: they see what is left to them
		}
		if err != nil {
			return nil, err
		}
		i, err := app.GetInstall(tx, u.MerchantID, "", installID)
		if fault.Is(err, "RESOURCE_NOT_FOUND") {
			continue
		}
		if err != nil {
			return nil, err
		}
		out := &installed{Install: i, User: u, Role: role}
		m, err := h.Merchants.Get(tx.Context(), tx, u.MerchantID)
		if err != nil {
			return nil, err
		}
		out.Merchant = m.BusinessName
		if out.App, err = app.OfInstall(tx, i); err != nil {
			return nil, err
		}
		if out.Agreed, err = agreed(tx, i, out.App); err != nil {
			return nil, err
		}
		if out.Grants, err = app.Grants(tx, u.MerchantID, i.ID); err != nil {
			return nil, err
		}
		if i.Status == app.StatusPendingPermissionUpgrade {
			out.Upgrade, err = app.UpgradeOf(tx, i, out.Grants, out.App)
		}
		return out, err
	}
	return nil, fault.NotFound("install")
}

// agreed is the version of an app that an install agreed to: what it may do until a newer one is accepted.
func agreed(tx db.Tx, i *app.Install, latest *app.App) (*app.App, error) {
	if i.Version == latest.Version {
		return latest, nil
	}
	versions, _, err := app.Versions(tx, i.OwnerID, i.AppID, nil, maxListed)
	if err != nil {
		return nil, err
	}
	if n := slices.IndexFunc(versions, func(v *app.App) bool { return v.Version == i.Version }); n >= 0 {
		return versions[n], nil
	}
	return latest, nil
}

// manages reports whether the visitor's role may change what an app does.
func (i *installed) manages() bool { return i.Role == auth.RoleOwner || i.Role == auth.RoleAdmin }

type showPage struct {
	ID, Merchant, Maker string
	App                 appView
	State               state
	Since               string
	Role                string
	Waiting             int // refunds it asked for
	Paused, Removed     bool
	Asks, Manages       bool
	Permissions         []permissionView
	Reads, Changes      []string
	Places              []grantRow
	Limits              []limitRow
	Own                 bool
	Errors              bool
	Currencies          []string
	CleanUp             string // until when the app may put its things away
	Receipt             []field
	RemovedOn           string
	Tokens              map[string]string
}

type grantRow struct {
	ID, Name, State string
	Live, Ended     bool
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request, v *signin.Visitor, i *installed) {
	h.showInstall(w, r, v, i, nil, 0)
}

// showInstall shows an install; wrong is a limits form that was sent and could not be read.
func (h *Handler) showInstall(w http.ResponseWriter, r *http.Request, v *signin.Visitor, i *installed, wrong []limitRow, status int) {
	p := showPage{ID: i.ID, Merchant: i.Merchant, App: viewApp(i.App), State: stateOf(i.Install), Since: i.CreatedAt.Format("2 January 2006"),
		Paused: !i.PausedAt.IsZero(), Removed: i.Status == app.StatusRevoked, Manages: i.manages(), Role: i.Role,
		Asks: i.Status == app.StatusPendingPermissionUpgrade, Own: i.Limits.OwnOrdersOnly, Tokens: map[string]string{}}
	for _, what := range []string{"pause", "resume", "limits"} {
		p.Tokens[what] = v.Token("/apps/" + i.ID + "/" + what)
	}
	sentences := h.allows()
	for _, id := range i.PermissionIDs {
		if perm := i.Agreed.Permission(id); perm != nil {
			p.Permissions = append(p.Permissions, viewPermission(*perm, sentences))
		}
	}
	p.Reads, p.Changes = topics(i.Scopes, sentences)
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		m, err := h.Merchants.Get(r.Context(), tx, i.OwnerID)
		if err != nil {
			return err
		}
		p.Maker, p.Places = m.BusinessName, nil
		if p.Waiting, err = h.waiting(tx, v, i.AppID); err != nil {
			return err
		}
		for _, g := range i.Grants {
			name, err := h.environmentName(tx, g)
			if err != nil {
				return err
			}
			p.Places = append(p.Places, grantRow{ID: g.ID, Name: name, State: "installed.grant." + g.Status, Live: g.Scope.Mode() == tenant.ModeLive,
				Ended: g.Status == app.GrantRevoked})
		}
		return nil
	})
	if err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	if p.Limits = wrong; wrong == nil {
		p.Limits = limitRows(i.Limits)
	} else {
		p.Errors = true
	}
	for _, c := range money.Currencies() {
		p.Currencies = append(p.Currencies, string(c))
	}
	if p.Removed {
		p.RemovedOn = i.RevokedAt.Format(dateForm)
		if i.Removal == nil {
			p.CleanUp = i.CleanupUntil.Format("15:04 UTC")
		} else {
			p.Receipt = h.receipt(i.Removal)
		}
	}
	h.render(w, r, ui.Page{Name: "app", Title: i.App.Name, View: p, Status: status, Policy: ui.Policy{ImgSrc: images(i.App)}})
}

const dateForm = "2 January 2006, 15:04 UTC"

func (h *Handler) environmentName(tx db.Tx, g app.Grant) (string, error) {
	if g.Scope.Mode() == tenant.ModeLive {
		return h.text("place.live"), nil
	}
	e, err := h.Merchants.GetSandbox(tx.Context(), tx, g.Scope)
	return e.Name, err
}

// receipt is what ended with an install, in words.
func (h *Handler) receipt(of *app.RemovalReceipt) []field {
	lang := h.UI.Language("")
	out := []field{{h.text("removed.at"), of.FinishedAt.Format(dateForm)}, {h.text("removed.grants"), lang.N("removed.places", len(of.GrantIDs))}}
	kinds := make([]string, 0, len(of.Removed))
	for kind := range of.Removed {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		name := lang.T("removed." + kind)
		if name == "removed."+kind {
			name = strings.ReplaceAll(kind, "_", " ")
		}
		out = append(out, field{name, lang.N("removed.count", int(of.Removed[kind]))})
	}
	return out
}

// managed refuses those whose role does not allow to change an install, and reports whether it does.
func (h *Handler) managed(w http.ResponseWriter, r *http.Request, i *installed) bool {
	if !i.manages() {
		h.Gate.Problem(w, r, http.StatusForbidden, signin.Problem{Title: "installed.forbidden", Text: "installed.forbidden.text", Back: "/apps/" + i.ID})
	}
	return i.manages()
}

// change runs a change of an install by somebody whose role allows it, and shows the install again.
func (h *Handler) change(w http.ResponseWriter, r *http.Request, i *installed, f func(tx db.Tx) error) {
	if !h.managed(w, r, i) {
		return
	}
	if err := h.DB.Write(r.Context(), f); err != nil {
		h.refuse(w, r, err, "/apps/"+i.ID)
		return
	}
	see(w, r, "/apps/"+i.ID)
}

func (h *Handler) pause(w http.ResponseWriter, r *http.Request, _ *signin.Visitor, i *installed) {
	h.change(w, r, i, func(tx db.Tx) error {
		_, err := h.Apps.Pause(r.Context(), tx, i.MerchantID, i.ID, h.Clock.Now(), cause(i.User))
		return err
	})
}

func (h *Handler) resume(w http.ResponseWriter, r *http.Request, _ *signin.Visitor, i *installed) {
	h.change(w, r, i, func(tx db.Tx) error {
		_, err := h.Apps.Resume(r.Context(), tx, i.MerchantID, i.ID, h.Clock.Now(), cause(i.User))
		return err
	})
}

type removePage struct {
	ID, Merchant, CSRF string
	App                appView
	Minutes            int
}

func (h *Handler) askRemove(w http.ResponseWriter, r *http.Request, v *signin.Visitor, i *installed) {
	if i.Status == app.StatusRevoked {
		see(w, r, "/apps/"+i.ID)
		return
	}
	if !h.managed(w, r, i) {
		return
	}
	p := removePage{ID: i.ID, Merchant: i.Merchant, App: viewApp(i.App), CSRF: v.Token("/apps/" + i.ID + "/remove"), Minutes: int(app.CleanupTime.Minutes())}
	h.render(w, r, ui.Page{Name: "remove", Title: h.text("remove.title", i.App.Name), View: p, Policy: ui.Policy{ImgSrc: images(i.App)}})
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request, _ *signin.Visitor, i *installed) {
	h.change(w, r, i, func(tx db.Tx) error {
		_, err := h.Apps.RevokeInstall(r.Context(), tx, app.RevokeInput{MerchantID: i.MerchantID, InstallID: i.ID, UserID: i.User.ID,
			Reason: app.RevokedByMerchant, Now: h.Clock.Now(), Cause: cause(i.User)})
		return err
	})
}

type reviewPage struct {
	ID, Merchant, CSRF string
	App                appView
	New                []permissionView
	Kept               []permissionView
	Dropped            int
	Manages            bool
}

// review shows what a new version of the app asks for beyond what was agreed to.
func (h *Handler) review(w http.ResponseWriter, r *http.Request, v *signin.Visitor, i *installed) {
	if i.Status != app.StatusPendingPermissionUpgrade {
		see(w, r, "/apps/"+i.ID)
		return
	}
	p := reviewPage{ID: i.ID, Merchant: i.Merchant, App: viewApp(i.App), CSRF: v.Token(aboutReview(i)...), Dropped: len(i.Upgrade.Dropped), Manages: i.manages()}
	sentences := h.allows()
	for _, perm := range slices.Concat(i.Upgrade.Added, i.Upgrade.Widened) {
		view := viewPermission(perm, sentences)
		view.New = true
		p.New = append(p.New, view)
	}
	for _, id := range i.PermissionIDs {
		perm := i.App.Permission(id)
		if perm != nil && !slices.ContainsFunc(p.New, func(n permissionView) bool { return n.ID == id }) {
			p.Kept = append(p.Kept, viewPermission(*perm, sentences))
		}
	}
	h.render(w, r, ui.Page{Name: "review", Title: h.text("review.title", i.App.Name), View: p, Policy: ui.Policy{ImgSrc: images(i.App)}})
}

func aboutReview(i *installed) []string {
	return []string{"review", i.ID, strconv.FormatInt(i.App.Version, 10)}
}

func (h *Handler) accept(w http.ResponseWriter, r *http.Request, v *signin.Visitor, i *installed) {
	if !v.Sent(r.PostFormValue("csrf"), aboutReview(i)...) {
		h.Gate.Stale(w, r, "/apps/"+i.ID)
		return
	}
	h.change(w, r, i, func(tx db.Tx) error {
		_, err := h.Apps.AcceptPermissions(r.Context(), tx, app.AcceptInput{MerchantID: i.MerchantID, InstallID: i.ID, Version: i.App.Version,
			Holder: auth.RoleScopes(i.Role), Now: h.Clock.Now(), Cause: cause(i.User)})
		return err
	})
}
