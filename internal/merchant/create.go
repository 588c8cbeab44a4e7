package merchant

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/organization"
	"flint/internal/tenant"
)

// CreateInput describes a new merchant.
type CreateInput struct {
	Email        string
	BusinessName string
	APIVersion   string
	Now          time.Time
}

// Created is a new merchant with its first two environments.
type Created struct {
	Merchant Merchant
	Live     Environment
	Sandbox  Environment
}

// Validate reports every fault of the input.
func (in CreateInput) Validate() error {
	var faults fault.List
	checkEmail(&faults, "email", "INVALID_EMAIL_FORMAT", in.Email)
	checkBusinessName(&faults, in.BusinessName)
	return faults.Err()
}

func checkEmail(faults *fault.List, param, code, v string) {
	if a, err := mail.ParseAddress(v); err != nil || a.Address != v || len(v) > 254 {
		faults.Add(code, param, "This is not an e-mail address.")
	}
}

func checkBusinessName(faults *fault.List, v string) {
	if n := utf8.RuneCountInString(strings.TrimSpace(v)); n == 0 || n > 100 {
		faults.Add("INVALID_BUSINESS_NAME", "business_name", "A business name has 1 to 100 characters.")
	}
}

// Create makes a merchant, its live environment and its default sandbox. It is for operators: no
// request of the public API creates a merchant this way.
func (s *Service) Create(_ context.Context, tx db.Tx, in CreateInput) (Created, error) {
	if err := in.Validate(); err != nil {
		return Created{}, err
	}
	m := Merchant{ID: s.ids.New(id.Merchant), Status: StatusActive, Version: 1, CreatedAt: in.Now, UpdatedAt: in.Now, APIVersionPinnedAt: in.Now,
		Profile: Profile{Email: in.Email, BusinessName: strings.TrimSpace(in.BusinessName), ReportingTimezone: "UTC", APIVersion: in.APIVersion}}
	if err := insertMerchant(tx, m); err != nil {
		return Created{}, err
	}
	var err error
	if m.OrganizationID, err = organization.Found(tx, s.ids, m.ID, m.BusinessName, in.Now); err != nil {
		return Created{}, err
	}
	out := Created{Merchant: m,
		Live: Environment{Scope: tenant.Scope{MerchantID: m.ID, EnvironmentID: s.ids.New(id.LiveEnvironment)}, Name: "Live", Default: true,
			Status: StatusActive, CreatedAt: in.Now, UpdatedAt: in.Now},
		Sandbox: Environment{Scope: tenant.Scope{MerchantID: m.ID, EnvironmentID: s.ids.New(id.Sandbox)}, Name: "Default", Default: true,
			Status: StatusActive, CreatedAt: in.Now, UpdatedAt: in.Now}}
	for _, e := range []Environment{out.Live, out.Sandbox} {
		if _, err := insertEnvironment(tx, e); err != nil {
			return Created{}, fmt.Errorf("insert an environment: %w", err)
		}
	}
	return out, nil
}
