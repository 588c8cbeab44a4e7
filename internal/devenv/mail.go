package devenv

import (
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

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
	m, ok := e.mail(w, r)
	if !ok {
		return
	}
	v := viewOf(m)
	for n, a := range m.Attachments {
		v.Files = append(v.Files, devhome.File{Name: a.Name, Size: strconv.Itoa((len(a.Data)+1023)/1024) + " kB", URL: v.URL + "/files/" + strconv.Itoa(n)})
	}
	e.Server.Home.RenderMail(w, r, v)
}

// mailHTML is a mail as its reader sees it, shut in: nothing of it runs, and it may be framed by us alone.
func (e *Environment) mailHTML(w http.ResponseWriter, r *http.Request) {
	m, ok := e.mail(w, r)
	if !ok {
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; frame-ancestors 'self'; sandbox allow-popups")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, m.HTML) // a reader who has gone cannot be told
}

// mailFile is an attachment, always as a download.
func (e *Environment) mailFile(w http.ResponseWriter, r *http.Request) {
	m, ok := e.mail(w, r)
	if !ok {
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(m.Attachments) {
		http.NotFound(w, r)
		return
	}
	a := m.Attachments[n]
	h := w.Header()
	h.Set("Content-Type", a.Type)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(a.Data) // a reader who has gone cannot be told
}

// mail reads the mail of a route; it answers itself when there is none.
func (e *Environment) mail(w http.ResponseWriter, r *http.Request) (m notification.Message, ok bool) {
	box := mail.Mailbox{DB: e.Server.DB}
	err := e.Server.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		m, err = box.Get(r.Context(), tx, r.PathValue("id"))
		return err
	})
	switch {
	case fault.Is(err, "RESOURCE_NOT_FOUND"):
		http.NotFound(w, r)
	case err != nil:
		e.fail(w, "a mail was not read", err)
	}
	return m, err == nil
}

func (e *Environment) fail(w http.ResponseWriter, what string, err error) {
	e.Server.Log.Error(what, "error", err)
	refuse(w, http.StatusInternalServerError, "This could not be read; the log says why.")
}

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

func viewOf(m notification.Message) devhome.Mail {
	page := ""
	if m.HTML != "" {
		page = "/dev/mailbox/" + m.ID + "/view"
	}
	return devhome.Mail{
		HTMLURL: page, Cc: strings.Join(m.Cc, ", "),
		ID: m.ID, URL: "/dev/mailbox/" + m.ID, From: m.FromName, To: m.To, Subject: m.Subject,
		Date: m.CreatedAt.Format("2 Jan 2006, 15:04 UTC"), Text: m.Text, Links: address.FindAllString(m.Text, -1),
	}
}
