package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"flint/internal/db"
	"flint/internal/fault"
)

// row reads the current row; it implements db.Row.
type row struct{ rows pgx.Rows }

func (r row) Scan(dest ...any) error {
	raw, fields := r.rows.RawValues(), r.rows.FieldDescriptions()
	if len(raw) != len(dest) {
		return fmt.Errorf("postgres: the row has %d columns, %d targets were given", len(raw), len(dest))
	}
	for i, d := range dest {
		v, err := decode(&fields[i], raw[i])
		if err == nil {
			err = v.Into(d)
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", fields[i].Name, err)
		}
	}
	return nil
}

// decode reads a column off the wire. Only the types that the migrations use are known.
func decode(f *pgconn.FieldDescription, raw []byte) (db.Value, error) {
	if raw == nil {
		return db.Value{}, nil
	}
	switch f.DataTypeOID {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.UnknownOID, pgtype.NameOID:
		return db.Value{Kind: db.Text, Raw: raw}, nil
	case pgtype.ByteaOID:
		if f.Format == pgx.BinaryFormatCode {
			return db.Value{Kind: db.Bytes, Raw: raw}, nil
		}
	case pgtype.Int8OID, pgtype.Int4OID, pgtype.Int2OID:
		if f.Format == pgx.TextFormatCode {
			n, err := strconv.ParseInt(string(raw), 10, 64)
			return db.Value{Kind: db.Int, Int: n}, err
		}
		switch len(raw) {
		case 8:
			return db.Value{Kind: db.Int, Int: int64(binary.BigEndian.Uint64(raw))}, nil
		case 4:
			return db.Value{Kind: db.Int, Int: int64(int32(binary.BigEndian.Uint32(raw)))}, nil
		case 2:
			return db.Value{Kind: db.Int, Int: int64(int16(binary.BigEndian.Uint16(raw)))}, nil
		}
	case pgtype.BoolOID:
		if len(raw) == 1 && (raw[0] == 1 || raw[0] == 't') {
			return db.Value{Kind: db.Int, Int: 1}, nil
		}
		return db.Value{Kind: db.Int}, nil
	case pgtype.NumericOID:
		return db.Value{}, errors.New("postgres: a numeric column; CAST the sum AS BIGINT")
	}
	return db.Value{}, fmt.Errorf("postgres: columns of type %d are not read", f.DataTypeOID)
}

// mapError turns the server's codes into the errors package db promises. The texts of PgError that
// quote values (its detail) are not part of the message.
func mapError(err error) error {
	var pg *pgconn.PgError
	if err == nil || fault.Of(err) != nil || errors.Is(err, db.ErrConflict) || errors.Is(err, db.ErrConstraint) || !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case "23505":
		return fmt.Errorf("%w: %s: %w", db.ErrConflict, pg.ConstraintName, err)
	case "23514", "23502", "23503":
		name := pg.ConstraintName
		if name == "" {
			name = pg.TableName + "." + pg.ColumnName
		}
		return fmt.Errorf("%w: %s: %w", db.ErrConstraint, name, err)
	case "53100":
		return (&fault.Error{Class: fault.ClassStorageFull, Code: "STORAGE_FULL",
			Message: "The database server has no room left to store this.", Retryable: true}).
			Then("Free disk space on the database server; nothing was changed and the same call can be repeated.").Because(err)
	case "55P03", "57014", "53200", "40001", "40P01":
		return fault.Unavailable("DATABASE_BUSY", "The database is busy.").Because(err)
	case "58030", "XX001", "XX002":
		return fault.Unavailable("STORAGE_FAILED", "The database server's storage failed.").Because(err)
	}
	if connectionLost(pg.Code) {
		return unavailable(err)
	}
	return err
}

// connectionLost tells the codes with which a server says goodbye, or that it is the wrong one now:
// after a failover a connection may lead to a standby (25006).
func connectionLost(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", "57P05", "53300", "25006", "25P03":
		return true
	}
	return len(code) == 5 && code[:2] == "08"
}

// conflicted reports a deadlock or a serialization failure: the transaction can simply run again.
func conflicted(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}
