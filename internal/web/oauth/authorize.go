package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"flint/internal/app"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
)

// request is an install link that may be shown, and who made the app.
type request struct {
	*oauth.AuthorizeRequest
	Maker string // the owner's business name
}

// linked reads the link of a request, or answers: an explanation as long as the redirect URI is not
// proven, a redirect to the app after that.
func (h *Handler) linked(w http.ResponseWriter, r *http.Request) *request {
	in, err := oauth.ReadAuthorize(r.URL.Query())
	var out request
	if err == nil {
		err = h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
			if out.AuthorizeRequest, err = h.OAuth.CheckAuthorize(tx, in); err != nil {
				return err
			}
			var m merchant.Merchant
			m, err = h.Merchants.Get(r.Context(), tx, out.App.MerchantID)
			out.Maker = m.BusinessName
			return err
		})
	}
	var back *oauth.RedirectError
	f := fault.Of(err)
	switch {
	case err == nil:
		return &out
	case errors.As(err, &back):
		see(w, r, back.Location())
	case f == nil || f.Class.Status() >= 500:
		h.Gate.Broken(w, r, err)
	case f.Code == "RESOURCE_NOT_FOUND":
		h.Gate.Problem(w, r, http.StatusNotFound, signin.Problem{Title: "consent.unknown", Text: "consent.unknown.text", Detail: "client_id: " + f.Message})
	default:
		h.Gate.Problem(w, r, http.StatusBadRequest, signin.Problem{Title: "consent.broken", Text: "consent.broken.text", Detail: detail(f)})
	}
	return nil
}

// detail names the parameter at fault for the developer of the app, never its value.
func detail(f *fault.Error) string {
	if f.Param == "" {
		return f.Message
	}
	return f.Param + ": " + f.Message
}

// authorize shows the step that comes next: sign in, choose a place, review.
func (h *Handler) authorize(w http.ResponseWriter, r *http.Request) {
	req := h.linked(w, r)
	if req == nil {
		return
	}
	v := h.signedIn(w, r, signin.Ask{For: req.App.Name})
	if v == nil {
		return
	}
	at, ok := h.where(w, r, v, req)
	if ok {
		h.showConsent(w, r, v, req, at)
	}
}

// where finds the place that the link and the visitor leave, or shows the choice.
func (h *Handler) where(w http.ResponseWriter, r *http.Request, v *signin.Visitor, req *request) (place, bool) {
	var all []place
	if err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		all, err = h.places(r.Context(), tx, v, req.Mode)
		return err
	}); err != nil {
		h.Gate.Broken(w, r, err)
		return place{}, false
	}
	left := narrow(all, req.MerchantID, req.EnvironmentID)
	choose := r.URL.Query().Has("choose")
	switch {
	case len(left) == 0:
		h.Gate.Problem(w, r, http.StatusForbidden, signin.Problem{Title: "consent.elsewhere", Text: h.text("consent.elsewhere.text", v.Users[0].Email), Back: "/account", Go: "consent.elsewhere.go"})
		return place{}, false
	case len(left) == 1 && !choose:
		return left[0], true
	case choose:
		left = all
	}
	h.showChoice(w, r, req, left)
	return place{}, false
}

type choicePage struct {
	App    appView
	Maker  string
	Keep   []field // parameters of the link
	Groups []group
	Live   bool
}

type field struct{ Name, Value string }

type group struct {
	Merchant string
	Places   []choice
}

type choice struct {
	place
	On bool
}

// chosen turns the answer of the choice into the link of that place. It only builds an address of ours
// out of what a link may say; what the visitor may really choose is decided there.
func (h *Handler) chosen(w http.ResponseWriter, r *http.Request) {
	query, link := r.URL.Query(), url.Values{}
	for _, name := range linkParameters {
		if query.Has(name) {
			link.Set(name, query.Get(name))
		}
	}
	if merchantID, environmentID, ok := strings.Cut(query.Get("place"), " "); ok {
		link.Set("merchant_id", merchantID)
		link.Set("environment_id", environmentID)
	}
	see(w, r, "/v1/oauth/authorize?"+link.Encode())
}

// showChoice is a form of method GET: choosing changes nothing, and the place becomes part of the link.
func (h *Handler) showChoice(w http.ResponseWriter, r *http.Request, req *request, all []place) {
	p := choicePage{App: viewApp(req.App), Maker: req.Maker, Live: all[0].Live}
	query := r.URL.Query()
	for _, name := range linkParameters {
		if name != "merchant_id" && name != "environment_id" && query.Has(name) {
			p.Keep = append(p.Keep, field{name, query.Get(name)})
		}
	}
	for i, at := range all {
		if len(p.Groups) == 0 || p.Groups[len(p.Groups)-1].Places[0].Scope.MerchantID != at.Scope.MerchantID {
			p.Groups = append(p.Groups, group{Merchant: at.Merchant})
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Places = append(g.Places, choice{at, i == 0})
	}
	h.render(w, r, ui.Page{Name: "choose", Title: h.text("choose.title", req.App.Name), View: p, Policy: ui.Policy{ImgSrc: images(req.App)}})
}

// linkParameters are what a link may say; the choice keeps these and nothing else.
var linkParameters = []string{"response_type", "client_id", "redirect_uri", "mode", "state", "permission_ids", "environment_id", "merchant_id",
	"code_challenge", "code_challenge_method"}

type appView struct{ Name, Icon string }

func viewApp(a *app.App) appView { return appView{Name: a.Name, Icon: a.IconURL} }

func images(a *app.App) []string {
	if a.IconURL == "" {
		return nil
	}
	return []string{a.IconURL}
}

type consentPage struct {
	App      appView
	Maker    string
	Email    string
	Place    place
	Required []permissionView
	Optional []permissionView
	Dropped  bool   // the new version no longer asks for something held
	Renew    bool   // the place has a live grant of the app
	Same     bool   // nothing is new
	Denied   bool   // the role cannot grant a required permission
	Goes     string // host that the visitor goes on to
	Change   string // address of the choice
	CSRF     string
	Action   string
	Version  int64
}

// about is what a consent is bound to: all that was shown.
func about(r *http.Request, at place, version int64) []string {
	return []string{"consent", r.URL.Query().Encode(), at.Value(), strconv.FormatInt(version, 10)}
}

func (h *Handler) showConsent(w http.ResponseWriter, r *http.Request, v *signin.Visitor, req *request, at place) {
	p := consentPage{App: viewApp(req.App), Maker: req.Maker, Email: at.User.Email, Place: at, Goes: host(req.RedirectURI), Action: r.URL.RequestURI(),
		Version: req.App.Version, CSRF: v.Token(about(r, at, req.App.Version)...)}
	var held []string
	var up app.Upgrade
	if err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		held, up, err = heldIn(tx, req.App, at)
		return err
	}); err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	p.Renew, p.Dropped = held != nil, len(up.Dropped) > 0
	p.Required, p.Optional = asked(req.Permissions, held, up, p.Renew, at.Holder, h.allows())
	p.Denied = slices.ContainsFunc(p.Required, func(v permissionView) bool { return v.Denied })
	if !p.Renew && !p.Denied {
		if err := h.open(r, req, at); err != nil {
			h.refuse(w, r, err, "")
			return
		}
	}
	p.Same = p.Renew && !slices.ContainsFunc(append(slices.Clone(p.Required), p.Optional...), func(v permissionView) bool { return v.New })
	query := r.URL.Query()
	query.Set("choose", "")
	p.Change = "/v1/oauth/authorize?" + query.Encode()
	title := "consent.title"
	if p.Renew {
		title = "consent.again"
	}
	h.render(w, r, ui.Page{Name: "consent", Title: h.text(title, req.App.Name), View: p, Policy: ui.Policy{
		ImgSrc: images(req.App), FormAction: []string{req.RedirectURI}, // browsers ask it for redirects of the answer, too
	}})
}

// open notes that somebody who may agree was asked. Looking is not agreeing: it gives the app nothing.
func (h *Handler) open(r *http.Request, req *request, at place) error {
	if r.Method != http.MethodGet { // not for a look at the head alone
		return nil
	}
	return h.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := h.Apps.Open(r.Context(), tx, app.OpenInput{App: req.App, Scope: at.Scope, UserID: at.User.ID,
			Onboard: at.Live && !h.TakesPayments(at.Scope), Now: h.Clock.Now(), Cause: cause(at.User)})
		return err
	})
}

// heldIn is what the app's live grant in a place holds, nil without one, and what is new since.
func heldIn(tx db.Tx, a *app.App, at place) ([]string, app.Upgrade, error) {
	installs, _, err := app.ListInstalled(tx, app.ListInstalledInput{MerchantID: at.Scope.MerchantID, AppID: a.ID, Limit: 10})
	if err != nil {
		return nil, app.Upgrade{}, err
	}
	for _, i := range installs {
		if i.Status == app.StatusRevoked {
			continue
		}
		grants, err := app.Grants(tx, i.MerchantID, i.ID)
		if err != nil {
			return nil, app.Upgrade{}, err
		}
		for _, g := range grants {
			if g.Scope == at.Scope && g.Status == app.GrantActive {
				up, err := app.UpgradeOf(tx, i, []app.Grant{g}, a)
				return g.PermissionIDs, up, err
			}
		}
	}
	return nil, app.Upgrade{}, nil
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// decide takes the visitor's answer and sends the browser to the app.
func (h *Handler) decide(w http.ResponseWriter, r *http.Request) {
	req := h.linked(w, r)
	if req == nil {
		return
	}
	again := r.URL.RequestURI()
	v := h.signedIn(w, r, signin.Ask{For: req.App.Name, Return: again})
	if v == nil {
		return
	}
	var all []place
	if err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		all, err = h.places(r.Context(), tx, v, req.Mode)
		return err
	}); err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	left := narrow(all, req.MerchantID, req.EnvironmentID)
	n := slices.IndexFunc(left, func(p place) bool { return p.Value() == r.PostFormValue("place") })
	if n < 0 || !v.Sent(r.PostFormValue("csrf"), about(r, left[n], req.App.Version)...) {
		h.Gate.Stale(w, r, again)
		return
	}
	switch r.PostFormValue("decision") {
	case "approve":
		h.approve(w, r, req, left[n], again)
	case "cancel":
		if err := h.DB.Write(r.Context(), func(tx db.Tx) error {
			return h.Apps.Decline(r.Context(), tx, app.DeclineInput{App: req.App, MerchantID: left[n].Scope.MerchantID, UserID: left[n].User.ID,
				Now: h.Clock.Now(), Cause: cause(left[n].User)})
		}); err != nil {
			h.refuse(w, r, err, again)
			return
		}
		see(w, r, req.Denied().Location())
	default:
		h.Gate.Stale(w, r, again)
	}
}

func (h *Handler) approve(w http.ResponseWriter, r *http.Request, req *request, at place, again string) {
	granted := slices.Clone(r.PostForm["permission"]) // what was not asked for is refused by Consent
	for _, p := range req.Permissions {
		if !p.Optional {
			granted = append(granted, p.ID)
		}
	}
	to := ""
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		now := h.Clock.Now()
		_, grant, err := h.Apps.Consent(r.Context(), tx, app.ConsentInput{App: req.App, Scope: at.Scope, UserID: at.User.ID, Holder: at.Holder,
			PermissionIDs: granted, Requested: req.PermissionIDs, Now: now, Cause: cause(at.User)})
		if err != nil {
			return err
		}
		code, err := h.OAuth.IssueCode(r.Context(), tx, oauth.CodeInput{App: req.App, Grant: grant, UserID: at.User.ID, RedirectURI: req.RedirectURI,
			Challenge: req.Challenge, Now: now})
		if err != nil {
			return err
		}
		to = req.Approved(code)
		return nil
	})
	if err != nil {
		h.refuse(w, r, err, again)
		return
	}
	see(w, r, to)
}
