package settings

import (
	"bytes"
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// PatchInput changes what is sent.
type PatchInput struct {
	Scope tenant.Scope
	// Changes is a JSON object of groups, merged into the record as RFC 7396 has it: null takes a member
	// away, so that its default holds again; lists and what whole names are replaced. Its shape was
	// checked by the surface, its values are checked here.
	Changes         jsontext.Value
	Metadata        metadata.Patch
	ExpectedVersion *int64 // nil: whatever is there
	Cause           event.Cause
}

// whole are the members that a patch replaces as a whole.
var whole = map[string]bool{
	"customer_account.buyer_capabilities": true, "invoices.remit_to_address": true, "invoices.payment_policy": true,
	"tax_identity.registered_address": true,
}

// Patch changes the settings of an environment. Faults: NO_FIELDS_TO_UPDATE, SETTINGS_CONCURRENT_MODIFICATION
// (409), those of Check, CHECKOUT_RECOVERY_EMAIL_ADDRESS_REQUIRED, INVOICE_PAYMENT_TERM_UNAVAILABLE,
// CUSTOM_DOMAIN_LIVE_MODE_REQUIRED, CUSTOM_DOMAIN_UNAVAILABLE (409).
func (s *Service) Patch(_ context.Context, tx db.Tx, in PatchInput) error {
	if (len(in.Changes) == 0 || string(in.Changes) == "{}") && in.Metadata.IsZero() {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "Name at least one field to change.")
	}
	// The merchant's row is the root: it exists before the first change, when the record does not.
	if err := merchant.Lock(tx, in.Scope.MerchantID); err != nil {
		return err
	}
	old, err := find(tx, in.Scope)
	if err != nil {
		return err
	}
	if v := in.ExpectedVersion; v != nil && *v != old.Version {
		return fault.Conflict("SETTINGS_CONCURRENT_MODIFICATION", "The settings were changed meanwhile.").With("current_version", old.Version).
			Then("Read the settings again and repeat the change on their version.")
	}
	before, err := old.over(in.Scope)
	if err != nil {
		return err
	}
	now := old
	if now.Document, err = merge(old.Document, in.Changes, ""); err != nil {
		return fmt.Errorf("merge a change of the settings: %w", err)
	}
	if !in.Metadata.IsZero() {
		if now.Document, err = mergeMetadata(now.Document, before.Metadata, in.Metadata); err != nil {
			return err
		}
	}
	after, err := now.over(in.Scope)
	if err != nil {
		return err
	}
	if err := s.judge(tx, in, before, after); err != nil {
		return err
	}
	now.Version, now.UpdatedAt = old.Version+1, s.Clock.Now()
	if now.CreatedAt.IsZero() {
		now.CreatedAt = now.UpdatedAt
	}
	if err := save(tx, in.Scope, now); err != nil {
		return err
	}
	if err := s.name(tx, in.Scope, DomainCheckout, "checkout.custom_domain", after.Checkout.CustomDomain, in.Cause); err != nil {
		return err
	}
	return s.name(tx, in.Scope, DomainAccount, "customer_account.presentation.custom_domain", after.CustomerAccount.Presentation.CustomDomain, in.Cause)
}

// judge applies the rules of the values and those that need more than the values.
func (s *Service) judge(tx db.Tx, in PatchInput, before, after *Settings) error {
	var f fault.List
	f.AddError("", after.Check())
	if after.Checkout.RecoveryEmail.Enabled && !before.Checkout.RecoveryEmail.Enabled {
		m, err := merchant.AddressOf(tx, in.Scope.MerchantID)
		if err != nil {
			return err
		}
		if m == nil {
			f.Add("CHECKOUT_RECOVERY_EMAIL_ADDRESS_REQUIRED", "checkout.recovery_email.enabled", "Reminders show the business address, which the merchant's profile lacks.")
		}
	}
	if id := after.Invoices.DefaultTermID; id != "" && id != before.Invoices.DefaultTermID {
		known := false
		if s.Term != nil {
			var err error
			if known, err = s.Term(tx, in.Scope, id); err != nil {
				return err
			}
		}
		if !known {
			f.Add("INVOICE_PAYMENT_TERM_UNAVAILABLE", "invoices.default_invoice_payment_term_id", "There is no such payment term that can be used.")
		}
	}
	return f.Err()
}

// merge lays a change over a document. path is where in the record both stand.
func merge(old, change jsontext.Value, path string) (jsontext.Value, error) {
	if len(change) == 0 {
		return old, nil
	}
	if change.Kind() != jsontext.KindBeginObject {
		return change, nil
	}
	into, from := map[string]jsontext.Value{}, map[string]jsontext.Value{}
	if old.Kind() == jsontext.KindBeginObject && !whole[path] {
		if err := json.Unmarshal(old, &into); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(change, &from); err != nil {
		return nil, err
	}
	for name, v := range from {
		at := name
		if path != "" {
			at = path + "." + name
		}
		if bytes.Equal(bytes.TrimSpace(v), []byte("null")) {
			delete(into, name)
			continue
		}
		merged, err := merge(into[name], v, at)
		if err != nil {
			return nil, err
		}
		into[name] = merged
	}
	return json.Marshal(into, json.Deterministic(true))
}

func mergeMetadata(document jsontext.Value, old map[string]string, p metadata.Patch) (jsontext.Value, error) {
	pairs, err := metadata.Merge(old, p)
	if err != nil {
		var l fault.List
		l.AddError("metadata", err)
		return nil, l.Err()
	}
	fields := map[string]jsontext.Value{}
	if err := json.Unmarshal(document, &fields); err != nil {
		return nil, fmt.Errorf("read a settings record: %w", err)
	}
	delete(fields, "metadata")
	if pairs != nil {
		if fields["metadata"], err = json.Marshal(pairs, json.Deterministic(true)); err != nil {
			return nil, err
		}
	}
	return json.Marshal(fields, json.Deterministic(true))
}
