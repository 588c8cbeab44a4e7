package settings

import "flint/internal/money"

// Limits and defaults of the contract.
const (
	MinExpiresIn     = 60
	MaxExpiresIn     = 86400
	DefaultExpiresIn = 86400

	MinRecoveryDelay     = 900
	MaxRecoveryDelay     = 86400
	DefaultRecoveryDelay = 3600
	MaxRecoverySteps     = 3

	DefaultExchangePaymentDays = 14
)

// percent is whole percents.
func percent(p int64) money.Percent { return money.Percent(p * 10_000) }

// Defaults are the platform's settings, which hold where a merchant has said nothing. Two of them follow
// the merchant's profile and are filled by Effective: the accent color and the time zone of invoices.
func Defaults() Settings {
	return Settings{
		Branding: Branding{PrimaryColor: "#254fc4", AccentColor: "#254fc4", BackgroundColor: "#ffffff", TextColor: "#1e1c19",
			CornerRadius: 10, FontFamily: FontSystemSans},
		Checkout: Checkout{ExpiresIn: DefaultExpiresIn, Options: []string{"card", "ach_debit"}, CodeEntry: true,
			RecoveryEmail: RecoveryEmail{DelaySeconds: DefaultRecoveryDelay}, SavedDetails: SavedDetails{Enabled: true}, AllowedOrigins: []string{}},
		CustomerAccount: CustomerAccount{Mode: AccountFlintHosted, Capabilities: defaultCapabilities()},
		EmailDelivery:   EmailDelivery{OrderReceipts: FlintSends, FulfillmentUpdates: FlintSends, Invoices: FlintSends, Returns: FlintSends, Dunning: FlintSends},
		Invoices: Invoices{CollectionMode: "buyer_initiated", Timezone: "UTC", Reminders: ReminderPolicy{Rules: []ReminderRule{}},
			AutopayRetry: AutopayRetryPlan{DayOffsets: []int64{1, 3, 5}}},
		Receipts:   Receipts{AutoEmail: true, Itemized: true},
		Tipping:    Tipping{CustomTip: true, Percents: []money.Percent{percent(15), percent(18), percent(20)}},
		Promotions: Promotions{MaxPerOrder: 5},
		Returns:    Returns{PaymentDays: DefaultExchangePaymentDays},
		Recovery: Recovery{Steps: []RecoveryStep{}, QuietHours: QuietHours{Enabled: true, Start: "21:00", End: "08:00"},
			FrequencyCap: FrequencyCap{MaxMails: 3, Days: 7}},
	}
}

func defaultCapabilities() BuyerCapabilities {
	return BuyerCapabilities{CancellationTiming: "end_of_period", CancellationReasons: []string{}, Pause: BuyerPause{MaxCycles: 3},
		RetentionOffer: RetentionOffer{Kind: "none"}}
}
