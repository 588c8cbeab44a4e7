package oauth

import (
	"net/http"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
)

// maxRequests bounds how many data requests of one environment, or of one app, are listed.
const maxRequests = 50

type requestsPage struct {
	Sections sections
	Sent     []dataRequest // to the apps of the visitor's merchants' choice
	Received []dataRequest // by apps that the visitor's merchants own
}

// dataRequest is one request as a person reads it.
type dataRequest struct {
	ID, Topic, Customer, Note string
	Due, Asked                string
	Place                     place
	From                      string // the merchant that asked, for those received
	AppID, CSRF               string // of the answer's form, when the visitor may answer
	Apps                      []dataAnswer
}

// dataAnswer is how one app stands to a request.
type dataAnswer struct {
	Name, Note string
	Install    string // since when the app is installed, and whether it still is
	When       string // it answered
	State      state
}

func answerOf(name string, a app.DataRequestApp, due, now time.Time) dataAnswer {
	out := dataAnswer{Name: name, Note: a.Note, State: state{"requests.state.pending", "warn"}}
	switch {
	case !a.AcknowledgedAt.IsZero():
		out.State, out.When = state{"requests.state.done", "good"}, a.AcknowledgedAt.Format(dateForm)
	case !now.Before(due):
		out.State = state{"requests.state.overdue", "bad"}
	}
	return out
}

// requests lists what the visitor's merchants asked apps, and what their own apps were asked.
func (h *Handler) requests(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
	var p requestsPage
	err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		p = requestsPage{Sections: sections{At: "requests"}}
		if p.Sections.Waiting, err = h.waiting(tx, v, ""); err != nil {
			return err
		}
		if p.Sent, err = h.sentRequests(tx, v); err != nil {
			return err
		}
		p.Received, err = h.receivedRequests(tx, v)
		return err
	})
	if err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	h.render(w, r, ui.Page{Name: "requests", Title: h.text("requests.title"), View: p})
}

func viewDataRequest(d *app.DataRequest) dataRequest {
	return dataRequest{ID: d.ID, Topic: "requests.topic." + d.Topic, Customer: d.CustomerID, Note: d.Note, Due: d.DueAt.Format("2 January 2006"),
		Asked: d.CreatedAt.Format("2 January 2006")}
}

func (h *Handler) sentRequests(tx db.Tx, v *signin.Visitor) ([]dataRequest, error) {
	all, err := h.places(tx.Context(), tx, v, tenant.ModeLive, tenant.ModeTest)
	if err != nil {
		return nil, err
	}
	var out []dataRequest
	for _, at := range all {
		found, _, err := app.ListDataRequests(tx, at.Scope, nil, maxRequests)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			view := viewDataRequest(d)
			view.Place = at
			if d.CustomerID != "" {
				c, err := h.Customers.Get(tx.Context(), tx, at.Scope, d.CustomerID)
				switch {
				case err == nil && c.Email != "":
					view.Customer = c.Email
				case err != nil && !fault.Is(err, "RESOURCE_NOT_FOUND"):
					return nil, err
				}
			}
			for _, a := range d.Apps {
				of, err := app.Get(tx, a.OwnerID, a.AppID)
				if err != nil {
					return nil, err
				}
				i, err := app.GetInstall(tx, at.Scope.MerchantID, "", a.InstallID)
				if err != nil {
					return nil, err
				}
				answer, installed := answerOf(of.Name, a, d.DueAt, h.Clock.Now()), "requests.installed"
				if i.Status == app.StatusRevoked {
					installed = "requests.removed"
				}
				answer.Install = h.text(installed, i.CreatedAt.Format("2 January 2006"))
				view.Apps = append(view.Apps, answer)
			}
			out = append(out, view)
		}
	}
	return out, nil
}

// receivedRequests are what the apps of the visitor's merchants were asked. Who the customer is, the app
// knows by the id: the merchant's own data stays the merchant's.
func (h *Handler) receivedRequests(tx db.Tx, v *signin.Visitor) ([]dataRequest, error) {
	var out []dataRequest
	for _, u := range v.Users {
		role, err := auth.Role(tx, u.MerchantID, u.ID)
		if err != nil {
			return nil, err
		}
		own, _, err := app.List(tx, u.MerchantID, nil, maxListed)
		if err != nil {
			return nil, err
		}
		for _, a := range own {
			found, _, err := app.DataRequestsOf(tx, u.MerchantID, a.ID, nil, maxRequests)
			if err != nil {
				return nil, err
			}
			for _, d := range found {
				view := viewDataRequest(d)
				view.Note = "" // the asking merchant's own
				m, err := h.Merchants.Get(tx.Context(), tx, d.Scope.MerchantID)
				if err != nil {
					return nil, err
				}
				view.From, view.Place = m.BusinessName, place{Live: d.Scope.Mode() == tenant.ModeLive}
				open := false
				for _, asked := range d.Apps {
					if asked.AppID == a.ID {
						view.Apps = append(view.Apps, answerOf(a.Name, asked, d.DueAt, h.Clock.Now()))
						open = open || asked.AcknowledgedAt.IsZero()
					}
				}
				if open && (role == auth.RoleOwner || role == auth.RoleAdmin) {
					view.AppID, view.CSRF = a.ID, v.Token("/data-requests/"+d.ID)
				}
				out = append(out, view)
			}
		}
	}
	return out, nil
}

// acknowledge notes the word of an app's owner that a request is done.
func (h *Handler) acknowledge(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		for _, u := range v.Users {
			d, err := app.DataRequestOf(tx, u.MerchantID, r.PostFormValue("app_id"), r.PathValue("id"))
			if fault.Is(err, "RESOURCE_NOT_FOUND") {
				continue
			}
			if err != nil {
				return err
			}
			role, err := auth.Role(tx, u.MerchantID, u.ID)
			if err != nil {
				return err
			}
			if role != auth.RoleOwner && role != auth.RoleAdmin {
				return fault.Forbidden("INSUFFICIENT_SCOPE", "Owners and admins answer for an app. Ask one of them.")
			}
			_, err = h.Apps.Acknowledge(r.Context(), tx, app.AcknowledgeInput{Scope: d.Scope, RequestID: d.ID, AppID: r.PostFormValue("app_id"),
				Note: r.PostFormValue("note"), Now: h.Clock.Now()})
			return err
		}
		return fault.NotFound("data request")
	})
	if err != nil {
		h.refuse(w, r, err, "/data-requests")
		return
	}
	see(w, r, "/data-requests")
}
