package pdf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// parties shows the two sides and the facts of the document in three columns.
func (p *paper) parties() {
	column := (p.right - p.left) / 3
	top := p.y
	first, second := "From", "Bill to"
	if p.d.Kind == CreditNote {
		second = "Credit to"
	}
	low := max(p.party(p.left, top, column-6, first, p.d.Seller), p.party(p.left+column, top, column-6, second, p.d.Buyer))
	y := top
	for _, fact := range p.facts() {
		label := style{smallSize, false, grey}
		p.text(p.left+2*column, y, fact[0], label)
		at := p.left + 2*column + max(p.width(fact[0], label)+3, 27)
		for _, line := range p.wrap(fact[1], style{smallSize, false, ink}, p.right-at) {
			p.text(at, y, line, style{smallSize, false, ink})
			y += 4.6
		}
	}
	p.y = max(low, y) + 4
}

func (p *paper) party(x, y, width float64, title string, who Party) float64 {
	if who.Name == "" && who.Email == "" && len(who.Lines) == 0 {
		return y
	}
	p.text(x, y, title, style{smallSize, false, grey})
	y += 5
	name, small := style{bodySize, true, ink}, style{smallSize, false, ink}
	for _, line := range p.wrap(who.Name, name, width) {
		p.text(x, y, line, name)
		y += 4.8
	}
	lines := who.Lines
	if who.Email != "" {
		lines = append(slices.Clip(lines), who.Email)
	}
	for _, id := range who.TaxIDs {
		lines = append(slices.Clip(lines), id.Label+" "+id.Note)
	}
	for _, l := range lines {
		for _, line := range p.wrap(l, small, width) {
			p.text(x, y, line, small)
			y += 4.4
		}
	}
	return y
}

// facts are the labelled facts at the right, in the order people look for them.
func (p *paper) facts() [][2]string {
	var out [][2]string
	add := func(label, value string) {
		if value != "" {
			out = append(out, [2]string{label, value})
		}
	}
	d := p.d
	if !d.IssuedAt.IsZero() {
		add("Issued", d.date(d.IssuedAt))
	}
	if !d.DueAt.IsZero() {
		add("Due", d.date(d.DueAt))
	}
	if !d.ServiceAt.IsZero() {
		add("Supplied", d.date(d.ServiceAt))
	}
	add("Corrects", d.Corrects)
	add("Reason", d.Reason)
	add("Terms", d.Terms)
	add("Reference", d.Reference)
	add("PO number", d.PONumber)
	return out
}

// summary says in one line what the reader wants to know: what is owed and until when.
func (p *paper) summary() {
	figure, words := p.sentence()
	payable := p.d.PayURL != "" && p.d.Totals.Outstanding > 0 && p.d.Stamp != Void && p.d.Stamp != Uncollectible
	h := 19.0
	if payable {
		h = codeSide + 7
	}
	p.room(h + 8)
	p.box(p.left, p.y, p.right-p.left, h, radius, tint)
	y := p.y + h/2 - 1.2
	if payable {
		y -= 5
	}
	p.text(p.left+6, y, figure, style{17, true, ink})
	p.text(p.left+6, y+6.2, words, style{bodySize, false, grey})
	if payable {
		p.f.SetFillColor(255, 255, 255)
		p.f.Rect(p.right-codeSide-5, p.y+2, codeSide+3, codeSide+3, "F")
		p.code(p.right-codeSide-3.5, p.y+3.5, codeSide, p.d.PayURL)
		st := style{bodySize, true, p.accent}
		const pay = "Pay online"
		p.text(p.left+6, y+14.5, pay, st)
		w := p.width(pay, st)
		p.rule(p.left+6, y+15.3, p.left+6+w, p.accent, 0.25)
		p.f.LinkString(p.left+6, y+10.5, w, 6, p.d.PayURL)
		p.text(p.left+6+w+3, y+14.5, "or scan the code", style{bodySize, false, grey})
		p.f.LinkString(p.right-codeSide-5, p.y+2, codeSide+3, codeSide+3, p.d.PayURL)
	}
	p.y += h + 8
}

func (p *paper) sentence() (figure, words string) {
	d, t := p.d, p.d.Totals
	switch {
	case d.Kind == CreditNote && d.Stamp == Void:
		return d.money(t.Total), "This credit note was voided and credits nothing."
	case d.Kind == CreditNote:
		return d.money(t.Total) + " credit", cmp.Or(prefixed("Credited for invoice ", d.Corrects), "Credited to you")
	case d.Stamp == Void:
		return d.money(t.Total), "This invoice was voided. Nothing is owed for it."
	case d.Stamp == Uncollectible:
		return d.money(t.Outstanding), "Closed without collecting the rest."
	case d.Kind == Receipt:
		return d.money(t.Paid) + " paid", "Thank you."
	case t.Outstanding == 0 && d.Stamp == Credited:
		return d.money(0) + " due", "Settled by credit."
	case t.Outstanding == 0:
		return d.money(t.Paid) + " paid", "Nothing is left to pay. Thank you."
	case d.DueAt.IsZero():
		return d.money(t.Outstanding) + " due", "Payable on receipt"
	}
	return d.money(t.Outstanding) + " due", "Due " + d.date(d.DueAt)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// columns are the right edges of the figures of the table; description ends where quantity begins.
type columns struct {
	quantity, unit, tax, amount float64
	description                 float64 // width
	taxed                       bool
}

func (p *paper) columns() columns {
	st, head := style{bodySize, false, ink}, style{7.5, true, grey}
	unit, tax, amount := p.width("Unit price", head), p.width("Tax", head), p.width("Amount", head)
	quantity := p.width("Quantity", head)
	var c columns
	for _, l := range p.d.Lines {
		amount = max(amount, p.width(p.d.money(l.Amount), st))
		quantity = max(quantity, p.width(strconv.FormatInt(l.Quantity, 10), st))
		if l.Quantity != 0 {
			unit = max(unit, p.width(p.d.money(l.Unit), st))
		}
		if l.Tax != 0 {
			c.taxed, tax = true, max(tax, p.width(p.d.money(l.Tax), st))
		}
	}
	const gap = 7
	c.amount = p.right
	c.tax = c.amount - amount - gap
	c.unit = c.tax
	if c.taxed {
		c.unit = c.tax - tax - gap
	}
	c.quantity = c.unit - unit - gap
	c.description = c.quantity - quantity - gap - p.left
	return c
}

func (p *paper) tableHead(c columns) {
	st := style{7.5, true, grey}
	p.text(p.left, p.y, "Description", st)
	p.sheet.right(c.quantity, p.y, "Quantity", st)
	p.sheet.right(c.unit, p.y, "Unit price", st)
	if c.taxed {
		p.sheet.right(c.tax, p.y, "Tax", st)
	}
	p.sheet.right(c.amount, p.y, "Amount", st)
	p.rule(p.left, p.y+2.4, p.right, ink, 0.3)
	p.y += 8
}

// cell is a line of text in the description column.
type cell struct {
	text string
	st   style
}

func (p *paper) cells(l Line, width float64) (out []cell) {
	name, small := style{bodySize, false, ink}, style{smallSize, false, grey}
	for _, t := range p.wrap(l.Name, name, width) {
		out = append(out, cell{t, name})
	}
	for _, block := range append([]string{l.Description}, l.Details...) {
		for _, t := range p.wrap(block, small, width) {
			out = append(out, cell{t, small})
		}
	}
	return out
}

// table shows the lines. The last line takes the totals along, so that they never stand alone.
func (p *paper) table() {
	c := p.columns()
	p.room(30)
	p.tableHead(c)
	totals := p.totalRows()
	for n, l := range p.d.Lines {
		cells := p.cells(l, c.description)
		need := 5.0*float64(min(len(cells), 8)) + 3
		if n == len(p.d.Lines)-1 {
			need += totalsHeight(totals)
		}
		if p.room(need) {
			p.tableHead(c)
		}
		if l.Quantity != 0 {
			p.sheet.right(c.quantity, p.y, strconv.FormatInt(l.Quantity, 10), style{bodySize, false, ink})
			p.sheet.right(c.unit, p.y, p.d.money(l.Unit), style{bodySize, false, ink})
		}
		if c.taxed {
			p.sheet.right(c.tax, p.y, p.d.money(l.Tax), style{bodySize, false, grey})
		}
		p.sheet.right(c.amount, p.y, p.d.money(l.Amount), style{bodySize, false, ink})
		for _, t := range cells {
			if p.room(4) {
				p.tableHead(c)
			}
			p.text(p.left, p.y, t.text, t.st)
			p.y += 4.7
		}
		p.rule(p.left, p.y-1.2, p.right, hair, 0.2)
		p.y += 4.2
	}
	if len(p.d.Lines) == 0 {
		p.room(totalsHeight(totals))
	}
	p.totals(totals)
}

// total is a row below the table.
type total struct {
	label, note, amount string
	strong, line        bool
}

func totalsHeight(rows []total) float64 { return 7.2*float64(len(rows)) + 8 }

func (p *paper) totalRows() (rows []total) {
	d, t := p.d, p.d.Totals
	add := func(label string, minor int64) {
		if minor != 0 {
			rows = append(rows, total{label: label, amount: d.money(minor)})
		}
	}
	rows = append(rows, total{label: "Subtotal", amount: d.money(t.Subtotal)})
	if len(d.Discounts) == 0 {
		add("Discount", -t.Discount)
	}
	for _, e := range zeroed(d.Discounts) {
		rows = append(rows, total{label: e.Label, note: e.Note, amount: d.money(-e.Amount)})
	}
	if len(d.Charges) == 0 {
		add("Charges", t.Charge)
	}
	for _, e := range zeroed(d.Charges) {
		rows = append(rows, total{label: e.Label, note: e.Note, amount: d.money(e.Amount)})
	}
	var included []total
	for _, x := range d.Taxes {
		row := total{label: x.Label, amount: d.money(x.Amount)}
		if x.Percent != 0 {
			row.label += " " + x.Percent.String() + "%"
		}
		if x.Base != 0 {
			row.note = "on " + d.money(x.Base)
		}
		if x.Inclusive {
			row.label = "Includes " + row.label
			included = append(included, row)
			continue
		}
		rows = append(rows, row)
	}
	if len(d.Taxes) == 0 && t.Tax != 0 {
		if t.TaxIncluded {
			included = append(included, total{label: "Includes tax", amount: d.money(t.Tax)})
		} else {
			add("Tax", t.Tax)
		}
	}
	add("Tip", t.Tip)
	rows = append(rows, total{label: "Total", amount: d.money(t.Total), strong: true, line: true})
	rows = append(rows, included...)
	add("Late fees", t.LateFees)
	add("Credited", -t.Credited)
	add("Written off", -t.WrittenOff)
	add("Paid", -t.Paid)
	add("Refunded", t.Refunded)
	if t.Balance {
		label := "Amount due"
		if d.Kind == CreditNote {
			label = "Credit left"
		}
		rows = append(rows, total{label: label, amount: d.money(t.Outstanding), strong: true, line: true})
	}
	return rows
}

func (p *paper) totals(rows []total) {
	from := p.left + (p.right-p.left)*0.46
	p.y += 1.5
	for _, r := range rows {
		st := style{bodySize, r.strong, ink}
		if r.strong {
			st.size = 10.5
		}
		if r.line {
			p.rule(from, p.y-2.6, p.right, hair, 0.25)
			p.y += 2
		}
		label := st
		if !r.strong {
			label.color = grey
		}
		room := p.right - p.width(r.amount, st) - 4 - from
		for n, line := range p.wrap(r.label, label, room) {
			if n > 0 {
				p.y += 4.4
			}
			p.text(from, p.y, line, label)
			if note := (style{8, false, grey}); n == 0 && r.note != "" && p.width(line, label)+2.5+p.width(r.note, note) <= room {
				p.text(from+p.width(line, label)+2.5, p.y, r.note, note)
			}
			if n == 0 {
				p.atRight(p.y, r.amount, st)
			}
		}
		p.y += 5.6
	}
	p.y += 4
}

// after shows what belongs to the document and not to its sum.
func (p *paper) after() {
	d := p.d
	var rows [][3]string
	for _, i := range d.Schedule {
		due := "On receipt"
		if !i.DueAt.IsZero() {
			due = "Due " + d.date(i.DueAt)
		}
		if i.State != "" {
			due += " · " + i.State
		}
		amount := d.money(i.Amount)
		if i.Outstanding != i.Amount && i.Outstanding != 0 {
			due += fmt.Sprintf(" · %s left", d.money(i.Outstanding))
		}
		rows = append(rows, [3]string{i.Label, due, amount})
	}
	p.list("Payment schedule", rows)
	p.list("Late fees", p.entries(d.LateFees))
	rows = nil
	for _, y := range d.Payments {
		rows = append(rows, [3]string{y.Method, d.date(y.At), d.money(y.Amount)})
	}
	p.list("Payments", rows)
	title := "Credit notes"
	if d.Kind == CreditNote {
		title = "Refunds"
	}
	p.list(title, p.entries(d.Credits))
	p.note("Note", []string{d.Memo})
	p.note("Remit to", d.RemitTo)
	p.note("", []string{d.Footer})
}

func (p *paper) entries(in []Entry) (rows [][3]string) {
	for _, e := range in {
		when := e.Note
		if !e.At.IsZero() {
			if when != "" {
				when += " · "
			}
			when += p.d.date(e.At)
		}
		rows = append(rows, [3]string{e.Label, when, p.d.money(e.Amount)})
	}
	return rows
}

// list is a small table: what, when, how much. Its title never stands without a row.
func (p *paper) list(title string, rows [][3]string) {
	if len(rows) == 0 {
		return
	}
	p.room(20)
	p.heading(title)
	st := style{bodySize, false, ink}
	middle := p.left + (p.right-p.left)*0.46
	for _, r := range rows {
		p.room(7)
		at := p.y
		for n, line := range p.wrap(r[0], st, middle-p.left-5) {
			p.text(p.left, at+float64(n)*4.6, line, st)
			p.y = at + float64(n)*4.6
		}
		for n, line := range p.wrap(r[1], style{bodySize, false, grey}, p.right-p.width(r[2], st)-5-middle) {
			p.text(middle, at+float64(n)*4.6, line, style{bodySize, false, grey})
			p.y = max(p.y, at+float64(n)*4.6)
		}
		p.atRight(at, r[2], st)
		p.rule(p.left, p.y+2.2, p.right, hair, 0.2)
		p.y += 6.6
	}
	p.y += 4
}

func (p *paper) heading(title string) {
	p.text(p.left, p.y, title, style{bodySize, true, ink})
	p.y += 6
}

// note is text over the width of a good line.
func (p *paper) note(title string, blocks []string) {
	st := style{smallSize, false, grey}
	var lines []string
	for _, b := range blocks {
		lines = append(lines, p.wrap(b, st, min(150, p.right-p.left))...)
	}
	if len(lines) == 0 {
		return
	}
	p.room(6 + 4.6*float64(min(len(lines), 4)))
	if title != "" {
		p.heading(title)
	}
	for _, line := range lines {
		p.room(5)
		p.text(p.left, p.y, line, st)
		p.y += 4.6
	}
	p.y += 4
}
