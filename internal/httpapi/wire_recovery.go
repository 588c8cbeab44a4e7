package httpapi

import (
	"time"

	"flint/internal/recovery"
)

// RecoveryReminder is one reminder of a recovery, and what became of it.
type RecoveryReminder struct {
	Step      int64     `json:"step"`
	Status    string    `json:"status" enum:"planned,sent,suppressed"`
	Reason    string    `json:"suppression_reason,omitzero" doc:"Why it was not sent: order_paid, order_closed, session_reopened, payment_under_way, no_email, no_consent, unsubscribed, frequency_cap, merchant_address_missing, merchant_sends, reminders_off, superseded_by_later_step, not_recoverable."`
	Subject   string    `json:"subject,omitzero"`
	MailID    string    `json:"mail_id,omitzero"`
	LinkID    string    `json:"recovery_link_id,omitzero"`
	DueAt     time.Time `json:"due_at"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
}

// RecoveryAttribution says what brought the money.
type RecoveryAttribution struct {
	SessionID string `json:"checkout_session_id,omitzero" doc:"Session that it was paid through."`
	LinkID    string `json:"recovery_link_id,omitzero" doc:"Recovery link that was opened last."`
	Source    string `json:"source,omitzero" enum:"event,reminder,action" doc:"Where that link stood."`
	Step      int64  `json:"step,omitzero" doc:"Reminder with that link."`
	ActionID  string `json:"recovery_action_id,omitzero"`
	AppID     string `json:"partner_app_id,omitzero" doc:"App whose action it was."`
}

// Recovery follows the buyer of one order.
type Recovery struct {
	RecoveryID     string               `json:"recovery_id"`
	OrderID        string               `json:"order_id"`
	SessionID      string               `json:"checkout_session_id" doc:"Session that was left; the first one seen before that."`
	CurrentID      string               `json:"current_checkout_session_id" doc:"Session at which the buyer was seen last."`
	Status         string               `json:"status" enum:"watching,abandoned,returned,recovered,completed,ended,lapsed"`
	Reason         string               `json:"reason,omitzero" enum:"inactivity,expired,closed"`
	Returns        int64                `json:"return_count"`
	Steps          []RecoveryReminder   `json:"steps"`
	Attribution    *RecoveryAttribution `json:"attribution,omitzero"`
	LastActivityAt time.Time            `json:"last_activity_at"`
	AbandonedAt    time.Time            `json:"abandoned_at,omitzero"`
	EndedAt        time.Time            `json:"ended_at,omitzero"`
	CreatedAt      time.Time            `json:"created_at"`
	UpdatedAt      time.Time            `json:"updated_at"`
}

func wireRecovery(r *recovery.Recovery, steps []recovery.Step) *Recovery {
	out := &Recovery{
		RecoveryID: r.ID, OrderID: r.OrderID, SessionID: r.SessionID, CurrentID: r.CurrentID, Status: r.State, Reason: r.Reason, Returns: r.Returns,
		Steps: make([]RecoveryReminder, len(steps)), LastActivityAt: r.LastActivityAt, AbandonedAt: r.AbandonedAt, EndedAt: r.EndedAt,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	for n, s := range steps {
		out.Steps[n] = RecoveryReminder{Step: s.Number, Status: s.State, Reason: s.Reason, Subject: s.Subject, MailID: s.MailID, LinkID: s.LinkID,
			DueAt: s.DueAt, DecidedAt: s.DecidedAt}
	}
	if a := r.Detail.Attribution; a != nil {
		out.Attribution = &RecoveryAttribution{SessionID: a.SessionID, LinkID: a.LinkID, Source: a.Source, Step: a.Step, ActionID: a.ActionID, AppID: a.AppID}
	}
	return out
}

// RecoveryAction is a door that was put in the place of another.
type RecoveryAction struct {
	ActionID        string    `json:"recovery_action_id"`
	OrderID         string    `json:"order_id"`
	SessionID       string    `json:"checkout_session_id,omitzero" doc:"Session that the action was asked on."`
	RecoveryID      string    `json:"recovery_id,omitzero"`
	Type            string    `json:"type" enum:"checkout_session,payment_link,invoice,recovery_link"`
	Status          string    `json:"status" enum:"pending,done,failed"`
	FailureCode     string    `json:"failure_code,omitzero"`
	CanceledAttempt string    `json:"canceled_order_payment_attempt_id,omitzero"`
	FencedSessionID string    `json:"superseded_checkout_session_id,omitzero" doc:"Session that was ended for it."`
	DoorID          string    `json:"door_id,omitzero" doc:"Id of the new session, payment link, invoice or recovery link."`
	URL             string    `json:"url,omitzero" doc:"Where the buyer goes. A secret; shown in the answer to the call that made it."`
	ActorType       string    `json:"actor_type"`
	ActorID         string    `json:"actor_id,omitzero"`
	CreatedAt       time.Time `json:"created_at"`
	EndedAt         time.Time `json:"ended_at,omitzero"`
}

func wireRecoveryAction(a *recovery.Action) *RecoveryAction {
	return &RecoveryAction{
		ActionID: a.ID, OrderID: a.OrderID, SessionID: a.SessionID, RecoveryID: a.RecoveryID, Type: a.Type, Status: a.State,
		FailureCode: a.FailureCode, CanceledAttempt: a.CanceledAttemptID, FencedSessionID: a.FencedSessionID, DoorID: a.DoorID,
		ActorType: a.ActorType, ActorID: a.ActorID, CreatedAt: a.CreatedAt, EndedAt: a.EndedAt,
	}
}
