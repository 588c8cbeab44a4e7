package ui

// recoveryTexts are those of the page that a recovery link opens.
func recoveryTexts() map[string]string {
	return map[string]string{
		"recovery.ready.title":   "Your order",
		"recovery.ready.heading": "Your order at %s",
		"recovery.ready.text":    "It is still here, as you left it. This is what it costs now.",
		"recovery.waiting.title": "Your bank is waiting for you",
		"recovery.waiting.text":  "You began to pay, and your bank asked you to confirm it. You can go on with that, or cancel it and start again.",
		"recovery.paying.title":  "A payment is on its way",
		"recovery.paying.text":   "%s is waiting for the final answer. You do not need to pay again.",
		"recovery.bought.title":  "This order is already bought",
		"recovery.bought.text":   "There is nothing left to pay. Thank you for buying at %s.",
		"recovery.gone.title":    "This order is no longer available",
		"recovery.gone.text":     "It was closed, or the link is too old. Ask %s if you still want it. You have not been charged here.",
		"recovery.unknown.title": "This link leads nowhere",
		"recovery.unknown.text":  "Check that it is complete, or open it again from the mail you got.",
		"recovery.busy.title":    "Too many tries",
		"recovery.busy.text":     "Please wait a moment and open the link again.",
		"recovery.broken.title":  "That did not work",
		"recovery.broken.text":   "Please try again in a moment. You have not been charged.",
		"recovery.total":         "Total now",
		"recovery.discount":      "Discounts",
		"recovery.charges":       "Fees",
		"recovery.go":            "Continue to checkout",
		"recovery.safe":          "Nothing is paid until you confirm it there.",
		"recovery.continue":      "Continue the payment",
		"recovery.restart":       "Cancel it and start again",
		"recovery.once":          "Either way you are charged once at most.",
	}
}
