package creditnote_test

import (
	"slices"
	"testing"

	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/flinttest"
	"flint/internal/invoice"
)

func TestANoteIsDraftedIssuedAndVoided(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		v := r.issued(t, "USD", []flinttest.Line{{Price: 3333, Quantity: 3}, {Price: 5000, Quantity: 1}})
		line := v.Snapshot.Lines[0].ID
		n, err := r.draft(v, units(line, 1))
		if err != nil {
			t.Fatal(err)
		}
		if n.Status != creditnote.StatusDraft || n.Total != 3333 || n.Unallocated() != 0 || n.Number != "" {
			t.Fatalf("draft: %+v", n)
		}
		lines := []creditnote.LineInput{amount(v, line, 1000), units(v.Snapshot.Lines[1].ID, 1)}
		change := creditnote.UpdateInput{Scope: r.Scope, NoteID: n.ID, Lines: &lines, Cause: r.Cause}
		edit := func() error {
			return r.try(func(tx db.Tx) error {
				got, err := r.notes.Update(tx, change)
				if err == nil {
					n = got
				}
				return err
			})
		}
		flinttest.Refused(t, edit(), "EXPECTED_VERSION_REQUIRED")
		old := n.Version + 7
		change.ExpectedVersion = &old
		flinttest.Refused(t, edit(), "CREDIT_NOTE_CHANGED")
		change.ExpectedVersion = &n.Version
		if err := edit(); err != nil || n.Total != 6000 || n.Version != 2 {
			t.Fatalf("edited: %+v, %v", n, err)
		}
		if n, err = r.issue(n); err != nil {
			t.Fatal(err)
		}
		if n.Status != creditnote.StatusIssued || n.Unallocated() != 6000 || n.Number != "CN-1001" || n.IssuedAt.IsZero() {
			t.Fatalf("issued: %+v", n)
		}
		flinttest.Refused(t, edit(), "CREDIT_NOTE_NOT_DRAFT")
		_, err = r.issue(n)
		flinttest.Refused(t, err, "CREDIT_NOTE_NOT_DRAFT")
		flinttest.Refused(t, r.try(func(tx db.Tx) error {
			_, err := r.invoices.Void(tx, invoice.VersionInput{Scope: r.Scope, InvoiceID: v.ID, Cause: r.Cause})
			return err
		}), "INVOICE_HAS_ISSUED_CREDIT_NOTE")
		void := func() error {
			return r.try(func(tx db.Tx) (err error) {
				n, err = r.notes.Void(tx, creditnote.VoidInput{Scope: r.Scope, NoteID: n.ID, Cause: r.Cause})
				return err
			})
		}
		if err := void(); err != nil || n.Status != creditnote.StatusVoid || n.Unallocated() != 0 {
			t.Fatalf("void: %+v, %v", n, err)
		}
		if again := r.credit(t, v, units(line, 3), units(v.Snapshot.Lines[1].ID, 1)); again.Total != 14999 || again.Number != "CN-1002" {
			t.Fatalf("the lines of a void note are not free: %+v", again)
		}
		want := []string{"credit_note.created", "credit_note.updated", "credit_note.issued", "credit_note.voided"}
		if got := r.Events(t, n.ID); !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
	})
}

func TestCorrectionsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		v := r.issued(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 2}})
		line := v.Snapshot.Lines[0].ID
		refused := func(code string, lines ...creditnote.LineInput) {
			t.Helper()
			_, err := r.draft(v, lines...)
			flinttest.Refused(t, err, code)
		}
		refused("CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE", units(line, 3))
		refused("CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE", amount(v, line, 2001))
		refused("DUPLICATE_INVOICE_LINE", units(line, 1), units(line, 1))
		refused("RESOURCE_NOT_FOUND", units("invli_01KB0000000000000000000000", 1))
		foreign := amount(v, line, 10)
		foreign.Amount.Currency = "EUR"
		refused("CREDIT_NOTE_CURRENCY_MISMATCH", foreign)
		// Two drafts may both want the rest; the second to be issued is refused.
		first, err := r.draft(v, units(line, 2))
		if err != nil {
			t.Fatal(err)
		}
		second, err := r.draft(v, amount(v, line, 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.issue(first); err != nil {
			t.Fatal(err)
		}
		_, err = r.issue(second)
		flinttest.Refused(t, err, "CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE")
		empty, err := r.draft(v)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.issue(empty)
		flinttest.Refused(t, err, "CREDIT_NOTE_EMPTY")
	})
}

func TestCreditIsSetAgainstTheInvoice(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		v := r.issued(t, "USD", []flinttest.Line{{Price: 10000, Quantity: 1}})
		n := r.credit(t, v, units(v.Snapshot.Lines[0].ID, 1))
		_, err := r.refund(n, 0)
		flinttest.Refused(t, err, "CREDIT_NOTE_REFUND_INVALID")
		r.collect(t, v, 4000)
		_, err = r.allocate(n, 6001)
		flinttest.Refused(t, err, "CREDIT_NOTE_ALLOCATION_EXCEEDS_BALANCE")
		part, err := r.allocate(n, 1000)
		if err != nil || part.Invoice.Status != invoice.StatusPartiallyPaid || part.Invoice.Amounts.Outstanding() != 5000 || part.Note.Unallocated() != 9000 {
			t.Fatalf("allocated: %+v, %v", part, err)
		}
		whole, err := r.allocate(n, 5000)
		if err != nil || whole.Invoice.Status != invoice.StatusCredited || whole.Note.Unallocated() != 4000 {
			t.Fatalf("allocated: %+v, %v", whole, err)
		}
		r.Check(t)
		// Money that was received elsewhere goes back elsewhere.
		_, err = r.refund(n, 0)
		flinttest.Refused(t, err, "AMOUNT_EXCEEDS_REFUNDABLE")
		back, err := r.reverse(n, whole.Allocation.ID)
		if err != nil || back.Invoice.Status != invoice.StatusPartiallyPaid || back.Invoice.Amounts.Outstanding() != 5000 || back.Note.Unallocated() != 9000 {
			t.Fatalf("reversed: %+v, %v", back, err)
		}
		_, err = r.reverse(n, whole.Allocation.ID)
		flinttest.Refused(t, err, "CREDIT_NOTE_ALLOCATION_ALREADY_REVERSED")
		flinttest.Refused(t, r.try(func(tx db.Tx) error {
			_, err := r.notes.Void(tx, creditnote.VoidInput{Scope: r.Scope, NoteID: n.ID, Cause: r.Cause})
			return err
		}), "CREDIT_NOTE_HAS_ALLOCATIONS")
		r.Read(t, func(tx db.Tx) error {
			all, next, err := creditnote.ListAllocations(tx, creditnote.PartsInput{Scope: r.Scope, NoteID: n.ID, Limit: 10})
			if err != nil || next != nil || len(all) != 2 || all[0].ReversedAt.IsZero() {
				t.Errorf("allocations %+v, %v, %v", all, next, err)
			}
			one, _, err := creditnote.ListAllocations(tx, creditnote.PartsInput{Scope: r.Scope, NoteID: n.ID, IdempotencyKey: part.Allocation.IdempotencyKey, Limit: 10})
			if err != nil || len(one) != 1 || one[0].ID != part.Allocation.ID {
				t.Errorf("by key %+v, %v", one, err)
			}
			return nil
		})
		events := r.Events(t, v.ID)
		if !slices.Contains(events, "invoice.credited") {
			t.Errorf("invoice events %v", events)
		}
	})
}

func TestCreditOfAPaidInvoiceIsPaidOut(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		v := r.issued(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 2}})
		r.pay(t, v)
		n := r.credit(t, v, units(v.Snapshot.Lines[0].ID, 1))
		_, err := r.allocate(n, 1)
		flinttest.Refused(t, err, "INVOICE_NOT_COLLECTIBLE")
		_, err = r.refund(n, 5001)
		flinttest.Refused(t, err, "CREDIT_NOTE_REFUND_EXCEEDS_BALANCE")
		if _, err := r.refund(n, 2000); err != nil {
			t.Fatal(err)
		}
		if _, err := r.refund(n, 0); err != nil {
			t.Fatal(err)
		}
		_, err = r.refund(n, 1)
		flinttest.Refused(t, err, "CREDIT_NOTE_REFUND_EXCEEDS_BALANCE")
		r.Quiesce(t)
		if n := r.note(t, n); n.Refunded != 5000 || n.Pending != 0 || n.Unallocated() != 0 || n.LatestRefund != "succeeded" {
			t.Fatalf("%+v", n)
		}
		if v := r.invoice(t, v); v.Status != invoice.StatusPaid || v.Amounts.Outstanding() != 0 || v.Amounts.Refunded != 5000 {
			t.Fatalf("%+v", v.Amounts)
		}
		r.Read(t, func(tx db.Tx) error {
			all, _, err := creditnote.ListRefunds(tx, creditnote.PartsInput{Scope: r.Scope, NoteID: n.ID, Limit: 10})
			if err != nil || len(all) != 2 || all[0].Detail.CreditNoteID != n.ID || all[0].Detail.InvoiceID != v.ID {
				t.Errorf("refunds %+v, %v", all, err)
			}
			return nil
		})
	})
}
