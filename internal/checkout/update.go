package checkout

import (
	"net/mail"
	"reflect"
	"regexp"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// ContactInput changes the buyer's contact. A nil field stays; an empty one is cleared.
type ContactInput struct {
	Email   *string
	Phone   *string
	Billing *Address // typed into the hosted page
}

// UpdateInput changes the few fields that a credential may change; nil stays.
type UpdateInput struct {
	Scope     tenant.Scope
	SessionID string
	Cause     event.Cause

	// For merchants, at any time.
	Metadata            *metadata.Patch
	ExternalReferenceID *string
	// For the buyer's credential, while the session is open.
	Contact  *ContactInput
	Timezone *string
	// AcceptTerms says that the buyer of the hosted page agreed to the terms that the session links.
	AcceptTerms bool
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// Validate reports every fault of the input.
func (in *UpdateInput) Validate() error {
	var f fault.List
	if in.Metadata == nil && in.ExternalReferenceID == nil && in.Contact == nil && in.Timezone == nil && !in.AcceptTerms {
		f.Add("NO_FIELDS_TO_UPDATE", "", "Name at least one field to change.")
	}
	if c := in.Contact; c != nil {
		if c.Email == nil && c.Phone == nil && c.Billing == nil {
			f.Add("NO_FIELDS_TO_UPDATE", "buyer_contact", "Name an email or a phone.")
		}
		if c.Email != nil && *c.Email != "" {
			CheckEmail(&f, "buyer_contact.email", *c.Email)
		}
		if c.Phone != nil && *c.Phone != "" {
			CheckPhone(&f, "buyer_contact.phone", *c.Phone)
		}
	}
	if in.Timezone != nil {
		if _, err := time.LoadLocation(*in.Timezone); err != nil || *in.Timezone == "" || *in.Timezone == "Local" {
			f.Add("INVALID_TIMEZONE", "timezone", "The time zone is an IANA name such as Europe/Berlin.")
		}
	}
	if r := in.ExternalReferenceID; r != nil && (*r == "" || len(*r) > 255) {
		f.Add("INVALID_EXTERNAL_REFERENCE_ID", "external_reference_id", "A reference has 1 to 255 characters.")
	}
	return f.Err()
}

// CheckEmail notes a fault unless v is one plain address.
func CheckEmail(f *fault.List, param, v string) {
	a, err := mail.ParseAddress(v)
	if err != nil || a.Address != v || len(v) > 255 {
		f.Add("INVALID_EMAIL_FORMAT", param, "This is not an e-mail address.")
	}
}

// CheckPhone notes a fault unless v is in E.164 form.
func CheckPhone(f *fault.List, param, v string) {
	if !e164.MatchString(v) {
		f.Add("INVALID_PHONE_FORMAT", param, "A phone number is written with + and its country code, digits only.")
	}
}

// Update changes a session. Sending what is there already changes nothing.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, CHECKOUT_SESSION_NOT_OPEN, CHECKOUT_SESSION_EXPIRED and
// the metadata faults.
func (s *Service) Update(tx db.Tx, in UpdateInput) (*Session, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, session, err := s.lock(tx, in.Scope, in.SessionID)
	if err != nil {
		return nil, err
	}
	now, before := s.Clock.Now(), *session
	if in.Contact != nil || in.Timezone != nil || in.AcceptTerms {
		if err := s.checkOpen(session, now); err != nil {
			return nil, err
		}
	}
	if in.Metadata != nil {
		merged, err := metadata.Merge(session.Detail.Metadata, *in.Metadata)
		if err != nil {
			return nil, err
		}
		session.Detail.Metadata = merged
	}
	if in.ExternalReferenceID != nil {
		session.ExternalReferenceID = *in.ExternalReferenceID
	}
	if in.Timezone != nil {
		session.Detail.Timezone = *in.Timezone
	}
	if in.AcceptTerms && session.Detail.Legal.Terms != "" && session.Detail.Terms == nil {
		session.Detail.Terms = &Terms{URL: session.Detail.Legal.Terms, AcceptedAt: now}
	}
	if in.Contact != nil {
		session.setContact(*in.Contact, now)
	}
	if session.ExternalReferenceID != before.ExternalReferenceID || !reflect.DeepEqual(session.Detail, before.Detail) {
		if err := save(tx, session, now); err != nil {
			return session, err
		}
	}
	if in.Contact == nil {
		return session, nil
	}
	return session, s.seen(tx, o, session, SeenContact) // whoever sends the same address again is there, too
}

func (s *Service) checkOpen(session *Session, now time.Time) error {
	switch {
	case session.Open(now):
		return nil
	case session.Recovering(now):
		return recoveryOnly(session)
	case session.statusNow(now) == StatusExpired:
		return fault.Conflict("CHECKOUT_SESSION_EXPIRED", "The checkout session has expired.").With("current_status", StatusExpired)
	default:
		return fault.Conflict("CHECKOUT_SESSION_NOT_OPEN", "The checkout session has ended.").With("current_status", session.Status)
	}
}

func (s *Session) setContact(in ContactInput, now time.Time) {
	c := Contact{}
	if s.Detail.Contact != nil {
		c = *s.Detail.Contact
	}
	if in.Email != nil {
		c.Email, c.EmailCleared = *in.Email, *in.Email == ""
	}
	if in.Phone != nil {
		c.Phone, c.PhoneCleared = *in.Phone, *in.Phone == ""
	}
	if in.Billing != nil && (c.Billing == nil || *c.Billing != *in.Billing) {
		c.Billing = in.Billing
	}
	if s.Detail.Contact != nil && c == *s.Detail.Contact {
		return
	}
	c.UpdatedAt = now
	s.Detail.Contact = &c
}

// recoveryOnly refuses what is beyond the unresolved payment of an ended session.
func recoveryOnly(session *Session) error {
	return fault.Conflict("CHECKOUT_RECOVERY_RESTRICTED", "The checkout session has ended; only its unresolved payment can be seen through.").
		Then("Resume or cancel the unresolved payment, or open a new session.").
		With("recovery_payment_attempt_id", session.Detail.RecoveryID)
}

// MayUse refuses what an ended session's credential does not open any more: with an unresolved payment
// everything but that attempt. An empty attempt is anything else.
func (s *Session) MayUse(attemptID string, now time.Time) error {
	switch {
	case !s.Recovering(now) || attemptID == s.Detail.RecoveryID:
		return nil
	case attemptID != "":
		return fault.Conflict("CHECKOUT_RECOVERY_ATTEMPT_MISMATCH", "The checkout session has ended; only its unresolved payment can be seen through.").
			With("recovery_payment_attempt_id", s.Detail.RecoveryID)
	}
	return recoveryOnly(s)
}
