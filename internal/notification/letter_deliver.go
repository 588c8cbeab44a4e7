package notification

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// letterJob is the kind of the job that sends a letter.
const letterJob = "letter"

// letterPayload is what the job carries: a name, nothing personal.
type letterPayload struct {
	MailID string `json:"mail_id"`
}

// deliverLetter sends a queued letter and writes down how that ended. A mail that is refused for good
// ends the job; another error lets the queue try again.
func (s *Service) deliverLetter(ctx context.Context, scope tenant.Scope, p letterPayload) error {
	var row letterRow
	var c content
	var brand Brand
	wanted, reason := false, ReasonPreference
	err := s.DB.Write(ctx, func(tx db.Tx) (err error) {
		if row, err = findLetter(tx, scope, p.MailID); err != nil || row.State != StateQueued {
			return err
		}
		opened, err := s.Box.Open(row.MailID, row.Content)
		if err == nil {
			err = json.Unmarshal(opened, &c)
		}
		if err != nil {
			return fmt.Errorf("open a letter: %w", err)
		}
		if wanted, err = s.wanted(tx, scope, c.Family, c.To); err != nil || !wanted {
			return err
		}
		if c.Gate != "" {
			if reason, err = s.ask(tx, scope, c); err != nil || reason != "" {
				wanted = false
				return err
			}
		}
		if s.Brand == nil {
			return nil
		}
		if brand, err = s.Brand(tx, scope); err != nil {
			return fmt.Errorf("read the look of a letter: %w", err)
		}
		return nil
	})
	if fault.Is(err, "RESOURCE_NOT_FOUND") && row.MailID == "" { // the recipient's data was deleted meanwhile
		return nil
	}
	if err != nil || row.State != StateQueued {
		return err
	}
	state := StateSuppressed
	if wanted {
		if state, reason, err = s.send(ctx, row, c, brand); err != nil {
			return err
		}
	}
	// Sent is sent: a server that is told to stop still writes it down.
	return s.DB.Write(context.WithoutCancel(ctx), func(tx db.Tx) error {
		if err := endLetter(tx, scope, row.MailID, state, reason, s.Clock.Now()); err != nil {
			return err
		}
		for _, ended := range s.Ended {
			if err := ended(tx, scope, row.MailID, state, reason); err != nil {
				return err
			}
		}
		return nil
	})
}

// send renders and hands over, outside of any transaction.
func (s *Service) send(ctx context.Context, row letterRow, c content, brand Brand) (state, reason string, err error) {
	files := c.Attachments
	if c.Render != "" {
		render, ok := s.Renderers[c.Render]
		if !ok {
			return "", "", fmt.Errorf("send a letter: no renderer %s", c.Render)
		}
		file, err := render(ctx, row.Scope, c.RenderID)
		if err != nil {
			return "", "", fmt.Errorf("render an attachment: %w", err)
		}
		files = append(files, file)
	}
	m, err := s.compose(row, c, brand)
	if err != nil {
		return "", "", err
	}
	m.Attachments = files
	switch err := s.Sender.Send(ctx, m); {
	case errors.Is(err, ErrRejected):
		return StateRejected, ReasonAddress, nil
	case err != nil:
		return "", "", fmt.Errorf("send a letter: %w", err)
	}
	return StateSent, "", nil
}

// ask asks the gate of a letter.
func (s *Service) ask(tx db.Tx, scope tenant.Scope, c content) (string, error) {
	gate, ok := s.Gates[c.Gate]
	if !ok {
		return "", fmt.Errorf("send a letter: no gate %s", c.Gate)
	}
	reason, err := gate(tx, scope, c.GateID)
	if err != nil {
		return "", fmt.Errorf("ask whether a letter may leave: %w", err)
	}
	return reason, nil
}
