package returns

// Letters that a return writes to its buyer.
const (
	LetterRequested = "return_requested"
	LetterDecided   = "return_decided"
	LetterCanceled  = "return_canceled"
	LetterCompleted = "return_completed"
)
