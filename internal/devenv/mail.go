package devenv

import (
	"net/http"
	"regexp"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/mail"
	"flint/internal/notification"
	"flint/internal/web/devhome"
)

// caught is one mail as GET /dev/mail shows it.
type caught struct {
	ID        string `json:"mail_id"`
	To        string `json:"to"`
	From      string `json:"from"`
	Subject   string `json:"subject"`
	Text      string `json:"text"`
	HTML      string `json:"html,omitempty"`
	CreatedAt string `json:"created_at"`
}

func (e *Environment) read(r *http.Request, limit int) ([]notification.Message, error) {
	box := mail.Mailbox{DB: e.Server.DB}
	var found []notification.Message
	err := e.Server.DB.Read(r.Context(), func(tx db.Tx) error {
		var err error
		found, err = box.List(r.Context(), tx, mail.ListInput{To: r.URL.Query().Get("to"), Limit: limit})
		return err
	})
	return found, err
}

// mails lists what was mailed, newest first; ?to= narrows it to one recipient.
func (e *Environment) mails(w http.ResponseWriter, r *http.Request) {
	found, err := e.read(r, 100)
	if err != nil {
		e.fail(w, "the mailbox was not read", err)
		return
	}
	out := make([]caught, len(found))
	for n, m := range found {
		out[n] = caught{m.ID, m.To, m.FromName, m.Subject, m.Text, m.HTML, m.CreatedAt.Format("2006-01-02T15:04:05Z07:00")}
	}
	answer(w, http.StatusOK, map[string]any{"data": out})
}

func (e *Environment) mailbox(w http.ResponseWriter, r *http.Request) {
	found, err := e.read(r, 100)
	if err != nil {
		e.fail(w, "the mailbox was not read", err)
		return
	}
	v := devhome.Mailbox{}
	for _, m := range found {
		v.Mails = append(v.Mails, viewOf(m))
	}
	e.Server.Home.RenderMailbox(w, r, v)
}

func (e *Environment) mailPage(w http.ResponseWriter, r *http.Request) {
	box := mail.Mailbox{DB: e.Server.DB}
	var m notification.Message
	err := e.Server.DB.Read(r.Context(), func(tx db.Tx) error {
		var err error
		m, err = box.Get(r.Context(), tx, r.PathValue("id"))
		return err
	})
	switch {
	case fault.Is(err, "RESOURCE_NOT_FOUND"):
		http.NotFound(w, r)
	case err != nil:
		e.fail(w, "a mail was not read", err)
	default:
		e.Server.Home.RenderMail(w, r, viewOf(m))
	}
}

func (e *Environment) fail(w http.ResponseWriter, what string, err error) {
	e.Server.Log.Error(what, "error", err)
	refuse(w, http.StatusInternalServerError, "This could not be read; the log says why.")
}

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

func viewOf(m notification.Message) devhome.Mail {
	return devhome.Mail{
		ID: m.ID, URL: "/dev/mailbox/" + m.ID, From: m.FromName, To: m.To, Subject: m.Subject,
		Date: m.CreatedAt.Format("2 Jan 2006, 15:04 UTC"), Text: m.Text, Links: address.FindAllString(m.Text, -1),
	}
}
