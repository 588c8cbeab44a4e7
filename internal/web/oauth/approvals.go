package oauth

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
)

// ApproveInput is a person's word that an app may make a refund it asked for.
type ApproveInput struct {
	Scope      tenant.Scope
	ApprovalID string
	UserID     string
	Now        time.Time
	Cause      event.Cause
}

// Approve makes such a refund. Faults are those of the API's approveAppApproval.
type Approve func(ctx context.Context, in ApproveInput) error

// sections are the three lists about apps, and how many refunds wait.
type sections struct {
	At      string // apps, approvals or requests
	Waiting int
}

// maxApprovals bounds how many approvals of one environment a list shows.
const maxApprovals = 50

// waiting counts the refunds that wait in the visitor's places, of one app or, empty, of any.
func (h *Handler) waiting(tx db.Tx, v *signin.Visitor, appID string) (int, error) {
	all, err := h.places(tx.Context(), tx, v, tenant.ModeLive, tenant.ModeTest)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, at := range all {
		found, _, err := app.ListApprovals(tx, app.ListApprovalsInput{Scope: at.Scope, AppID: appID, Status: app.ApprovalPending, Now: h.Clock.Now(), Limit: maxApprovals})
		if err != nil {
			return 0, err
		}
		n += len(found)
	}
	return n, nil
}

type approvalsPage struct {
	Sections sections
	Waiting  []approvalRow
	Decided  []approvalRow
}

type approvalRow struct {
	ID, Amount, When string
	App              appView
	Place            place
	State            state
}

func approvalState(a *app.Approval) state {
	tone := ""
	switch a.Status {
	case app.ApprovalPending:
		tone = "warn"
	case app.ApprovalApproved:
		tone = "good"
	}
	return state{"approval.state." + a.Status, tone}
}

func (h *Handler) approvals(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
	var p approvalsPage
	var icons []string
	now := h.Clock.Now()
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		p, icons = approvalsPage{Sections: sections{At: "approvals"}}, nil
		all, err := h.places(r.Context(), tx, v, tenant.ModeLive, tenant.ModeTest)
		if err != nil {
			return err
		}
		for _, at := range all {
			found, _, err := app.ListApprovals(tx, app.ListApprovalsInput{Scope: at.Scope, Now: now, Limit: maxApprovals})
			if err != nil {
				return err
			}
			for _, a := range found {
				by, err := appOf(tx, at.Scope.MerchantID, a.InstallID)
				if err != nil {
					return err
				}
				icons = append(icons, images(by)...)
				row := approvalRow{ID: a.ID, Amount: money.Format(a.Amount, "en"), When: a.CreatedAt.Format("2 January 2006"), App: viewApp(by), Place: at, State: approvalState(a)}
				if a.Status == app.ApprovalPending {
					p.Waiting = append(p.Waiting, row)
				} else {
					p.Decided = append(p.Decided, row)
				}
			}
		}
		p.Sections.Waiting = len(p.Waiting)
		return nil
	})
	if err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	h.render(w, r, ui.Page{Name: "approvals", Title: h.text("approvals.title"), View: p, Policy: ui.Policy{ImgSrc: icons}})
}

// asking is a refund that an app asked for, where the visitor may see it.
type asking struct {
	*app.Approval
	App   *app.App
	Place place
	Order *order.Order
}

// decides reports whether the visitor's role may make the refund.
func (a *asking) decides() bool { return a.Place.Holder.Has("commerce.refunds.write") }

// asked finds the approval of the path in the visitor's places. Somebody else's is not there.
func (h *Handler) asked(next func(http.ResponseWriter, *http.Request, *signin.Visitor, *asking)) func(http.ResponseWriter, *http.Request, *signin.Visitor) {
	return func(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
		var found *asking
		err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
			found, err = h.findApproval(tx, v, r.PathValue("id"))
			return err
		})
		if err != nil {
			h.refuse(w, r, err, "/approvals")
			return
		}
		next(w, r, v, found)
	}
}

func (h *Handler) findApproval(tx db.Tx, v *signin.Visitor, approvalID string) (*asking, error) {
	all, err := h.places(tx.Context(), tx, v, tenant.ModeLive, tenant.ModeTest)
	if err != nil {
		return nil, err
	}
	for _, at := range all {
		a, err := app.GetApproval(tx, at.Scope, "", approvalID, h.Clock.Now())
		if fault.Is(err, "RESOURCE_NOT_FOUND") {
			continue
		}
		if err != nil {
			return nil, err
		}
		out := &asking{Approval: a, Place: at}
		if out.App, err = appOf(tx, at.Scope.MerchantID, a.InstallID); err != nil {
			return nil, err
		}
		out.Order, err = h.Orders.Get(tx.Context(), tx, at.Scope, a.OrderID)
		return out, err
	}
	return nil, fault.NotFound("approval")
}

type approvalPage struct {
	ID, Amount, Order, Install  string
	App                         appView
	Place                       place
	State                       state
	Pending, Decides            bool
	Reason, Message, Answer     string
	Asked, Until, Decided, CSRF string
}

func (h *Handler) approval(w http.ResponseWriter, r *http.Request, v *signin.Visitor, a *asking) {
	p := approvalPage{ID: a.ID, Amount: money.Format(a.Amount, "en"), Order: a.Order.Number, Install: a.InstallID, App: viewApp(a.App), Place: a.Place,
		State: approvalState(a.Approval), Pending: a.Status == app.ApprovalPending, Decides: a.decides(), Answer: a.Reason,
		Asked: a.CreatedAt.Format(dateForm), Until: a.ExpiresAt.Format(dateForm), CSRF: v.Token("/approvals/" + a.ID)}
	if !a.DecidedAt.IsZero() {
		p.Decided = a.DecidedAt.Format(dateForm)
	}
	var why struct {
		Reason  string `json:"reason"`
		Message string `json:"reason_message"`
	}
	if err := json.Unmarshal(a.Request, &why); err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	if p.Message = why.Message; why.Reason != "" {
		p.Reason = "refund.reason." + why.Reason
	}
	title := h.text("approval.title", a.App.Name, p.Amount)
	h.render(w, r, ui.Page{Name: "approval", Title: title, View: p, Policy: ui.Policy{ImgSrc: images(a.App)}})
}

// decideApproval makes the refund or ends the approval without one.
func (h *Handler) decideApproval(w http.ResponseWriter, r *http.Request, _ *signin.Visitor, a *asking) {
	at := "/approvals/" + a.ID
	if !a.decides() {
		h.Gate.Problem(w, r, http.StatusForbidden, signin.Problem{Title: "installed.forbidden", Text: "approval.forbidden", Back: at})
		return
	}
	var err error
	now, by := h.Clock.Now(), a.Place.User
	switch r.PostFormValue("decision") {
	case "approve":
		err = h.Approve(r.Context(), ApproveInput{Scope: a.Scope, ApprovalID: a.ID, UserID: by.ID, Now: now, Cause: cause(by)})
	case "refuse":
		err = h.DB.Write(r.Context(), func(tx db.Tx) error {
			_, err := h.Apps.Refuse(tx, a.Scope, a.ID, r.PostFormValue("reason"), by.ID, now, cause(by))
			return err
		})
	default:
		h.Gate.Stale(w, r, at)
		return
	}
	if err != nil {
		h.refuse(w, r, err, at)
		return
	}
	see(w, r, at)
}

func appOf(tx db.Tx, merchantID, installID string) (*app.App, error) {
	i, err := app.GetInstall(tx, merchantID, "", installID)
	if err != nil {
		return nil, err
	}
	return app.OfInstall(tx, i)
}
