package simulator

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// CardInput is what a buyer types into the card fields of a page. Numbers may hold spaces.
type CardInput struct {
	Number       string
	Expiry       string // "MM/YY" or "MM/YYYY", with or without spaces
	SecurityCode string
}

// BankInput is what a buyer types into the bank fields of a page.
type BankInput struct {
	RoutingNumber string
	AccountNumber string
	AccountHolder string
}

// Instrument is a CardInput or a BankInput.
type Instrument interface {
	// check reports every field at fault, or what the instrument stands for.
	check(now time.Time) (behaviour, payment.Source, error)
}

// Token stands for a test card or test account in one scope. It may be used again for a new try.
type Token struct {
	Token  string
	Source payment.Source
}

// Tokenize exchanges a test instrument for a token. Faults name the fields number, expiry and
// security_code, or routing_number, account_number and account_holder. Only the published test
// numbers are taken; no number is ever stored.
func (s *Simulator) Tokenize(ctx context.Context, scope tenant.Scope, in Instrument) (Token, error) {
	if err := scope.Check(); err != nil {
		return Token{}, err
	}
	now := s.clock.Now()
	b, src, err := in.check(now)
	if err != nil {
		return Token{}, err
	}
	stored, err := encodeSource(&src)
	if err != nil {
		return Token{}, fmt.Errorf("store the token: %w", err)
	}
	token := Token{Token: secret.NewToken("simsrc_"), Source: src}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		return tx.Send(`INSERT INTO simulator_tokens (merchant_id, environment_id, token_hash, behaviour, source, created_at)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			scope.MerchantID, scope.EnvironmentID, secret.Hash(token.Token), string(b), stored, now)
	})
	if err != nil {
		return Token{}, fmt.Errorf("store the token: %w", err)
	}
	return token, nil
}

// testCards are the published numbers.
func testCards() map[string]behaviour {
	return map[string]behaviour{
		"4242424242424242": approves,
		"4000000000009995": declines + "insufficient_funds",
		"4000000000000002": declines + "card_declined",
		"4000002500003155": challenges,
		"4000000000000341": declines + "card_declined", // is accepted here and declined when charged
	}
}

const testRoutingNumber = "110000000"

// testAccounts are the published accounts at testRoutingNumber.
func testAccounts() map[string]behaviour {
	return map[string]behaviour{
		"000123456789": processingSucceeds,
		"000000000009": processingStays,
		"000222222227": processingFails,
	}
}

func (c CardInput) check(now time.Time) (behaviour, payment.Source, error) {
	var faults fault.List
	number := compact(c.Number)
	b, known := testCards()[number]
	switch {
	case number == "":
		faults.Add("FIELD_REQUIRED", "number", "Enter the card number.")
	case !digits(number, 12, 19) || !luhn(number):
		faults.Add("INVALID_CARD_NUMBER", "number", "Check the card number.")
	case !known:
		faults.Add("TEST_CARD_REQUIRED", "number", "Use a test card here, such as 4242 4242 4242 4242. Real cards are not taken.")
	}
	end, ok := parseExpiry(c.Expiry)
	switch {
	case strings.TrimSpace(c.Expiry) == "":
		faults.Add("FIELD_REQUIRED", "expiry", "Enter the expiry date.")
	case !ok:
		faults.Add("INVALID_EXPIRY", "expiry", "Enter the expiry date as month and year, such as 12/34.")
	case !now.Before(end):
		faults.Add("CARD_EXPIRED", "expiry", "The card has expired.")
	case end.After(now.AddDate(50, 0, 0)):
		faults.Add("INVALID_EXPIRY", "expiry", "Check the expiry year.")
	}
	switch code := strings.TrimSpace(c.SecurityCode); {
	case code == "":
		faults.Add("FIELD_REQUIRED", "security_code", "Enter the security code.")
	case !digits(code, 3, 3):
		faults.Add("INVALID_SECURITY_CODE", "security_code", "The security code has 3 digits.")
	}
	if err := faults.Err(); err != nil {
		return unknownSource, payment.Source{}, err
	}
	last := end.AddDate(0, -1, 0)
	return b, payment.Source{
		Type: "card", Brand: "visa", Last4: number[len(number)-4:], ExpMonth: int(last.Month()), ExpYear: last.Year(),
	}, nil
}

func (a BankInput) check(time.Time) (behaviour, payment.Source, error) {
	var faults fault.List
	routing, account := compact(a.RoutingNumber), compact(a.AccountNumber)
	switch {
	case routing == "":
		faults.Add("FIELD_REQUIRED", "routing_number", "Enter the routing number.")
	case !digits(routing, 9, 9):
		faults.Add("INVALID_ROUTING_NUMBER", "routing_number", "The routing number has 9 digits.")
	case routing != testRoutingNumber:
		faults.Add("TEST_ACCOUNT_REQUIRED", "routing_number", "Use the test routing number 110000000. Real accounts are not taken.")
	}
	b, known := testAccounts()[account]
	switch {
	case account == "":
		faults.Add("FIELD_REQUIRED", "account_number", "Enter the account number.")
	case !digits(account, 4, 17):
		faults.Add("INVALID_ACCOUNT_NUMBER", "account_number", "Check the account number.")
	case !known:
		faults.Add("TEST_ACCOUNT_REQUIRED", "account_number", "Use a test account here, such as 000123456789. Real accounts are not taken.")
	}
	if strings.TrimSpace(a.AccountHolder) == "" {
		faults.Add("FIELD_REQUIRED", "account_holder", "Enter the name of the account holder.")
	}
	if err := faults.Err(); err != nil {
		return unknownSource, payment.Source{}, err
	}
	return b, payment.Source{Type: "ach_debit", BankName: "Test Bank", Last4: account[len(account)-4:], AccountType: "checking"}, nil
}

// compact drops the spaces and dashes that people put between groups of digits.
func compact(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(s)
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// luhn is the check of ISO/IEC 7812: every second digit from the right doubled, the sum a multiple of ten.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// parseExpiry gives the first moment at which a card is no longer valid: cards last through their month.
func parseExpiry(s string) (time.Time, bool) {
	month, year, ok := strings.Cut(compact(s), "/")
	if !ok || !digits(month, 1, 2) || (!digits(year, 2, 2) && !digits(year, 4, 4)) {
		return time.Time{}, false
	}
	m, _ := strconv.Atoi(month) // digits has looked at it
	y, _ := strconv.Atoi(year)
	if m < 1 || m > 12 {
		return time.Time{}, false
	}
	if y < 100 {
		y += 2000
	}
	return time.Date(y, time.Month(m)+1, 1, 0, 0, 0, 0, time.UTC), true
}
