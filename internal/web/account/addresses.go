package account

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/web/ui"
)

// address is one card of the list.
type address struct {
	ID, Label, Recipient string
	Lines                []string
	Phone                string
	Billing, Shipping    bool
}

// fieldOf is one input of a form.
type fieldOf = ui.Input

type addressesPage struct {
	shown
	Addresses []address
	Editing   string // id
	Open      bool   // the form is shown open
	Fields    []fieldOf
	Full      bool
}

// addressFields are the inputs of an address, in order.
var addressFields = []fieldOf{
	{Name: "recipient_name", Label: "buyer.address.recipient", Autocomplete: "name", MaxLength: 255},
	{Name: "line1", Label: "buyer.address.line1", Autocomplete: "address-line1", MaxLength: 255},
	{Name: "line2", Label: "buyer.address.line2", Autocomplete: "address-line2", MaxLength: 255, Optional: true},
	{Name: "city", Label: "buyer.address.city", Autocomplete: "address-level2", MaxLength: 100},
	{Name: "state", Label: "buyer.address.state", Autocomplete: "address-level1", MaxLength: 100, Optional: true},
	{Name: "postal_code", Label: "buyer.address.postal", Autocomplete: "postal-code", MaxLength: 20, Optional: true},
	{Name: "country", Label: "buyer.address.country", Autocomplete: "country", Countries: ui.Countries()},
	{Name: "phone", Label: "buyer.phone", Type: "tel", Autocomplete: "tel", MaxLength: 20, Optional: true, Hint: "buyer.phone.hint"},
	{Name: "label", Label: "buyer.address.label", MaxLength: 255, Optional: true, Hint: "buyer.address.label.hint"},
}

func (h *Handler) addresses(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showAddresses(w, r, v, r.URL.Query().Get("edit"), nil, nil)
}

// showAddresses lists the addresses; typed and faults are of a form that was sent last.
func (h *Handler) showAddresses(w http.ResponseWriter, r *http.Request, v *visit, edit string, typed map[string]string, faults *fault.Error) {
	all, err := read(r.Context(), h.DB, func(tx db.Tx) ([]*customer.SavedAddress, error) {
		all, _, err := h.Customers.ListAddresses(tx.Context(), tx, v.scope, v.me.ID, nil, customer.MaxAddresses)
		return all, err
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	page := addressesPage{shown: h.shown(r, v, "addresses"), Full: len(all) >= customer.MaxAddresses, Open: typed != nil || len(all) == 0}
	values := typed
	for _, a := range all {
		page.Addresses = append(page.Addresses, address{ID: a.ID, Label: a.Label, Recipient: a.RecipientName, Phone: a.Phone, Billing: a.DefaultBilling,
			Shipping: a.DefaultShipping, Lines: addressLines(a.Address.Line1, a.Address.Line2, a.Address.City, a.Address.State, a.Address.PostalCode, a.Address.Country)})
		if a.ID == edit {
			page.Editing, page.Open = a.ID, true
			if values == nil {
				values = map[string]string{"recipient_name": a.RecipientName, "line1": a.Address.Line1, "line2": a.Address.Line2, "city": a.Address.City,
					"state": a.Address.State, "postal_code": a.Address.PostalCode, "country": a.Address.Country, "phone": a.Phone, "label": a.Label}
			}
		}
	}
	for _, f := range addressFields {
		f.Value = values[f.Name]
		if f.Name == "country" {
			f.Value, f.Countries = country(v, f.Value, f.Countries)
		}
		f.Error = said(faults, f.Name, "address."+f.Name)
		page.Fields = append(page.Fields, f)
	}
	out := ui.Page{Name: "account/addresses", Title: h.text("buyer.addresses"), View: page}
	if faults != nil {
		out.Status = http.StatusUnprocessableEntity
	}
	h.render(w, r, v, out)
}

// country chooses of a list of countries: the one that was saved or sent, even where the list lacks it, or the
// merchant's own.
func country(v *visit, code string, all []ui.Country) (string, []ui.Country) {
	if code == "" && v.merchant.Address != nil {
		code = v.merchant.Address.Country
	}
	code = cmp.Or(code, "US")
	if !slices.ContainsFunc(all, func(c ui.Country) bool { return c.Code == code }) {
		all = append([]ui.Country{{Code: code, Name: code}}, all...)
	}
	return code, all
}

// said is what a fault says of an input, by any of its paths; empty when nothing.
func said(f *fault.Error, paths ...string) string {
	if f == nil {
		return ""
	}
	for _, p := range paths {
		if f.Param == p {
			return f.Message
		}
		for _, d := range f.Details {
			if d.Param == p {
				return d.Message
			}
		}
	}
	return ""
}

func (h *Handler) saveAddress(w http.ResponseWriter, r *http.Request, v *visit) {
	typed := map[string]string{}
	for _, f := range addressFields {
		typed[f.Name] = strings.TrimSpace(r.PostFormValue(f.Name))
	}
	typed["country"] = strings.ToUpper(typed["country"])
	typed["phone"] = phone(typed["phone"])
	to := customer.Address{Line1: typed["line1"], Line2: typed["line2"], City: typed["city"], State: typed["state"], PostalCode: typed["postal_code"], Country: typed["country"]}
	edit := r.PostFormValue("id")
	err := h.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		if edit == "" {
			_, err = h.Customers.SaveAddress(tx.Context(), tx, customer.SaveAddressInput{Scope: v.scope, Cause: v.cause(), CustomerID: v.me.ID,
				RecipientName: typed["recipient_name"], Label: typed["label"], Phone: typed["phone"], Address: &to})
			return err
		}
		name, label, phone := typed["recipient_name"], typed["label"], typed["phone"]
		_, err = h.Customers.PatchAddress(tx.Context(), tx, customer.PatchAddressInput{Scope: v.scope, Cause: v.cause(), CustomerID: v.me.ID, ID: edit,
			RecipientName: &name, Label: &label, Phone: &phone, Address: &to})
		return err
	})
	f := fault.Of(err)
	switch {
	case err == nil:
		see(w, r, v.home()+"/addresses?done=saved")
	case f != nil && f.Class == fault.ClassInvalid:
		h.showAddresses(w, r, v, edit, typed, f)
	default:
		h.failed(w, r, v, err)
	}
}

// phone takes what people write between the digits of a number out.
func phone(v string) string {
	return strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(v)
}

func (h *Handler) deleteAddress(w http.ResponseWriter, r *http.Request, v *visit) {
	h.changeAddress(w, r, v, "deleted", func(tx db.Tx, in customer.AddressInput) error {
		return h.Customers.DeleteAddress(tx.Context(), tx, in)
	})
}

func (h *Handler) defaultAddress(w http.ResponseWriter, r *http.Request, v *visit) {
	h.changeAddress(w, r, v, "saved", func(tx db.Tx, in customer.AddressInput) error {
		in.For = customer.RoleBoth
		_, err := h.Customers.SetDefaultAddress(tx.Context(), tx, in)
		return err
	})
}

func (h *Handler) changeAddress(w http.ResponseWriter, r *http.Request, v *visit, done string, change func(db.Tx, customer.AddressInput) error) {
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		return change(tx, customer.AddressInput{Scope: v.scope, Cause: v.cause(), CustomerID: v.me.ID, ID: r.PostFormValue("id")})
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	see(w, r, v.home()+"/addresses?done="+done)
}
