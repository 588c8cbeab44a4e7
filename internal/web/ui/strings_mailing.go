package ui

// mailingTexts are the texts of the e-mail preferences and of mails in the development mailbox.
func mailingTexts() map[string]string {
	return map[string]string{
		"dev.mail.view":      "The mail as its reader sees it",
		"dev.mail.view.open": "Open it alone",
		"dev.mail.plain":     "The same mail as text",
		"dev.mail.files":     "Attachments",
		"dev.mail.cc":        "Copy to",

		"mailing.title":           "Email preferences",
		"mailing.text":            "What %s sends to %s.",
		"mailing.choices":         "Optional mail",
		"mailing.reminders":       "Reminders",
		"mailing.reminders.help":  "About a checkout that you left unfinished.",
		"mailing.shipping":        "Shipping updates",
		"mailing.shipping.help":   "When your order is on its way or arrives.",
		"mailing.leave.reminders": "Unsubscribe from reminders",
		"mailing.leave.shipping":  "Unsubscribe from shipping updates",
		"mailing.save":            "Save choices",
		"mailing.saved":           "Your choices are saved",
		"mailing.left":            "You are unsubscribed",
		"mailing.left.reminders":  "%s sends no more reminders to %s.",
		"mailing.left.shipping":   "%s sends no more shipping updates to %s.",
		"mailing.always":          "Receipts, invoices and sign-in codes always reach you: they belong to what you buy.",
		"mailing.unknown":         "This link does not work",
		"mailing.unknown.text":    "It may have been cut off. Open it from the mail again, or copy all of it.",
		"mailing.broken":          "Something went wrong",
		"mailing.broken.text":     "Your choices were not changed. Try again in a minute.",
	}
}
