package simulator

import (
	"slices"
	"testing"

	"flint/internal/fault"
)

func TestInstrumentsAreChecked(t *testing.T) {
	t.Parallel()
	good := CardInput{Number: "4242 4242 4242 4242", Expiry: "03/26", SecurityCode: "123"}
	card := func(change func(*CardInput)) Instrument { c := good; change(&c); return c }
	account := BankInput{RoutingNumber: "110000000", AccountNumber: "000123456789", AccountHolder: "Ada Park"}
	bank := func(change func(*BankInput)) Instrument { a := account; change(&a); return a }
	for name, c := range map[string]struct {
		in   Instrument
		want []string // code and param of each fault
	}{
		"good card":           {good, nil},
		"dashes":              {card(func(c *CardInput) { c.Number = "4000-0000-0000-0002" }), nil},
		"long year":           {card(func(c *CardInput) { c.Expiry = "3 / 2026" }), nil},
		"no fields":           {CardInput{}, []string{"FIELD_REQUIRED number", "FIELD_REQUIRED expiry", "FIELD_REQUIRED security_code"}},
		"wrong check digit":   {card(func(c *CardInput) { c.Number = "4242424242424241" }), []string{"INVALID_CARD_NUMBER number"}},
		"letters":             {card(func(c *CardInput) { c.Number = "4242 4242 4242 424x" }), []string{"INVALID_CARD_NUMBER number"}},
		"not a test card":     {card(func(c *CardInput) { c.Number = "4111111111111111" }), []string{"TEST_CARD_REQUIRED number"}},
		"expired":             {card(func(c *CardInput) { c.Expiry = "02/26" }), []string{"CARD_EXPIRED expiry"}},
		"month 13":            {card(func(c *CardInput) { c.Expiry = "13/26" }), []string{"INVALID_EXPIRY expiry"}},
		"no slash":            {card(func(c *CardInput) { c.Expiry = "0326" }), []string{"INVALID_EXPIRY expiry"}},
		"far year":            {card(func(c *CardInput) { c.Expiry = "01/2099" }), []string{"INVALID_EXPIRY expiry"}},
		"short security code": {card(func(c *CardInput) { c.SecurityCode = "12" }), []string{"INVALID_SECURITY_CODE security_code"}},
		"several": {card(func(c *CardInput) { c.Number, c.SecurityCode = "1", "abc" }),
			[]string{"INVALID_CARD_NUMBER number", "INVALID_SECURITY_CODE security_code"}},
		"good account":    {account, nil},
		"other bank":      {bank(func(a *BankInput) { a.RoutingNumber = "021000021" }), []string{"TEST_ACCOUNT_REQUIRED routing_number"}},
		"short routing":   {bank(func(a *BankInput) { a.RoutingNumber = "1100" }), []string{"INVALID_ROUTING_NUMBER routing_number"}},
		"other account":   {bank(func(a *BankInput) { a.AccountNumber = "12345678" }), []string{"TEST_ACCOUNT_REQUIRED account_number"}},
		"nobody":          {bank(func(a *BankInput) { a.AccountHolder = " " }), []string{"FIELD_REQUIRED account_holder"}},
		"no bank fields":  {BankInput{}, []string{"FIELD_REQUIRED routing_number", "FIELD_REQUIRED account_number", "FIELD_REQUIRED account_holder"}},
		"account letters": {bank(func(a *BankInput) { a.AccountNumber = "12ab" }), []string{"INVALID_ACCOUNT_NUMBER account_number"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, src, err := c.in.check(day0)
			if c.want == nil {
				if err != nil || len(src.Last4) != 4 {
					t.Fatalf("gave %+v, %v", src, err)
				}
				return
			}
			var got []string
			if f := fault.Of(err); f != nil {
				for _, d := range f.Details {
					got = append(got, d.Code+" "+d.Param)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("faults %v, want %v", got, c.want)
			}
		})
	}
}

func TestPublishedNumbersAreWellFormed(t *testing.T) {
	t.Parallel()
	for number, b := range testCards() {
		if !luhn(number) || behaviourOf(tokenPrefix+string(b)) != b {
			t.Errorf("card %s with behaviour %q cannot be charged", number, b)
		}
	}
	for account, b := range testAccounts() {
		if !digits(account, 12, 12) || !b.bank() {
			t.Errorf("account %s has behaviour %q", account, b)
		}
	}
}

func TestFixedTokens(t *testing.T) {
	t.Parallel()
	for _, code := range FailureCodes() {
		if got := behaviourOf("simtok_decline_" + code).declineCode(); got != code {
			t.Errorf("simtok_decline_%s declines with %q", code, got)
		}
	}
	for _, token := range []string{"", "simtok_", "simtok_decline_", "simtok_decline_bad_luck", "simtok_lost", "tok_visa"} {
		if b := behaviourOf(token); b != unknownSource {
			t.Errorf("%q is taken for %q", token, b)
		}
	}
}

func FuzzParseExpiry(f *testing.F) {
	for _, seed := range []string{"12/30", "1 / 2031", "/", "13/30", "00/00", "12/99999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if end, ok := parseExpiry(s); ok && (end.Day() != 1 || end.Year() < 0) {
			t.Errorf("%q ends %s", s, end)
		}
	})
}
