-- +goose NO TRANSACTION
-- +goose Up

-- Letters that have served their time.
CREATE INDEX IF NOT EXISTS letters_by_end ON letters (ended_at);
