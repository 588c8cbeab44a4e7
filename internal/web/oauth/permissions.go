package oauth

import (
	"slices"
	"strings"

	"flint/internal/app"
	"flint/internal/auth"
)

// permissionView is one permission as a person reads it.
type permissionView struct {
	ID          string
	Title       string
	Description string
	Reads       []string // sentences
	Changes     []string
	Money       bool // it moves money
	New         bool // not agreed to before
	Optional    bool
	On          bool
	Denied      bool // the visitor's role cannot grant it
}

// allows are the sentences of every scope, in the words of people where there are such.
func (h *Handler) allows() map[string]string {
	out := map[string]string{}
	for _, s := range auth.Scopes() {
		if out[s.Name] = h.text("allows." + s.Name); out[s.Name] == "allows."+s.Name {
			out[s.Name] = s.Allows
		}
	}
	return out
}

func viewPermission(p app.Permission, sentences map[string]string) permissionView {
	v := permissionView{ID: p.ID, Title: p.Title, Description: p.Description, Optional: p.Optional}
	for _, s := range p.Scopes {
		switch {
		case auth.Reads(s):
			v.Reads = append(v.Reads, read(sentences[s]))
		default:
			v.Changes = append(v.Changes, sentences[s])
		}
		v.Money = v.Money || auth.MovesMoney(s)
	}
	return v
}

// read is the sentence of a reading scope under a heading that says so.
func read(sentence string) string {
	rest, ok := strings.CutPrefix(sentence, "Read ")
	if !ok || rest == "" {
		return sentence
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}

// asked are the permissions of a request, with what of them is new against the held ones and what the
// visitor cannot grant.
func asked(permissions []app.Permission, held []string, up app.Upgrade, renew bool, holder auth.ScopeSet, sentences map[string]string) (required, optional []permissionView) {
	for _, p := range permissions {
		v := viewPermission(p, sentences)
		had := slices.Contains(held, p.ID)
		grew := among(up.Widened, p)
		v.New = renew && (grew || among(up.Added, p) || among(up.Offered, p) || !had && !p.Optional)
		v.Denied = !holder.Contains(auth.ScopesOf(p.Scopes...))
		if p.Optional {
			v.On = had && !v.Denied && !grew
			optional = append(optional, v)
			continue
		}
		required = append(required, v)
	}
	return required, optional
}

func among(all []app.Permission, p app.Permission) bool {
	return slices.ContainsFunc(all, func(o app.Permission) bool { return o.ID == p.ID })
}

// topics are the kinds of data that a set of scopes opens, for a list a merchant can scan.
func topics(scopes auth.ScopeSet, sentences map[string]string) (reads, changes []string) {
	for _, name := range scopes.Names() {
		if auth.Reads(name) {
			reads = append(reads, read(sentences[name]))
		} else {
			changes = append(changes, sentences[name])
		}
	}
	return reads, changes
}
