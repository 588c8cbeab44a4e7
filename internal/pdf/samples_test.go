package pdf

import (
	"bytes"
	"fmt"
	"image"
	pixel "image/color"
	"image/png"
	"strconv"
	"time"
)

var day = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// samples are documents that between them have everything a document can have.
func samples() map[string]Document {
	one := invoice()
	one.Logo = logo()
	many := invoice()
	many.Locale, many.Seller.Country = "en-US", "US"
	many.Lines = nil
	many.Totals = Totals{Balance: true}
	for n := range 40 {
		l := Line{Name: fmt.Sprintf("Part %02d of the machine", n+1), Quantity: int64(n%7 + 1), Unit: 1999 + int64(n)*37}
		if n%5 == 0 {
			l.Description = "Delivered in its own box with a sheet that says how it is mounted, and by whom it must be, which is long enough for two lines."
			l.Details = []string{"Colour: graphite", "SKU PRT-" + strconv.Itoa(1000+n)}
		}
		l.Amount = l.Quantity * l.Unit
		many.Lines = append(many.Lines, l)
		many.Totals.Subtotal += l.Amount
	}
	many.Taxes, many.Totals.Total = nil, many.Totals.Subtotal
	many.Totals.Outstanding = many.Totals.Total
	rtl := invoice()
	rtl.Seller.Name = "شركة النور للتجارة (Al Nour) 2026"
	rtl.Seller.Lines = []string{"شارع الملك فهد 12", "الرياض 11564", "Saudi Arabia"}
	rtl.Buyer = Party{Name: "דנה כהן בע״מ", Lines: []string{"רחוב הרצל 5", "תל אביב 6688101", "Israel"}}
	rtl.Lines = []Line{
		{Name: "خدمات استشارية — شهر نوفمبر", Description: "ساعات العمل: 12 (hours)", Quantity: 12, Unit: 25000, Amount: 300000},
		{Name: "शुद्ध हिन्दी क्षत्रिय पुस्तक", Description: "หนังสือภาษาไทย และกาแฟ", Quantity: 1, Unit: 1200, Amount: 1200},
		{Name: "東京タワー展望台チケット 大人2枚", Description: "北京烤鸭 · 서울 김치찌개 · தமிழ் நூல் · বাংলা বই · ქართული · Հայերեն · አማርኛ", Quantity: 2, Unit: 3000, Amount: 6000},
		{Name: "Ελληνικός καφές, Кофе по-русски, Čokoláda, Tiếng Việt", Description: "An 😀 no font has", Quantity: 1, Unit: 450, Amount: 450},
	}
	yen := invoice()
	yen.Currency, yen.Locale = "JPY", "ja-JP"
	dinar := invoice()
	dinar.Currency, dinar.Locale = "KWD", "ar-KW"
	void := invoice()
	void.Stamp, void.PayURL = Void, ""
	void.Totals.Outstanding = 0
	paid := invoice()
	paid.Stamp, paid.Accent, paid.Locale = Paid, "#b4532a", "de-DE"
	paid.Totals.Paid, paid.Totals.Outstanding = paid.Totals.Total, 0
	paid.Payments = []Payment{{day, "Visa •••• 4242", 50000}, {day.AddDate(0, 0, 3), "Bank transfer, reference 88123", paid.Totals.Total - 50000}}
	credit := invoice()
	credit.Kind, credit.Number, credit.Corrects, credit.Reason = CreditNote, "CN-12", "INV-1042", "Returned goods"
	credit.PayURL, credit.DueAt, credit.Schedule, credit.LateFees, credit.Terms = "", time.Time{}, nil, nil, ""
	credit.Lines, credit.Discounts, credit.Charges = credit.Lines[:1], nil, nil
	credit.Totals = Totals{Subtotal: 48000, Discount: 1000, Tax: 8930, Total: 55930, Refunded: 0, Outstanding: 55930, Balance: true}
	credit.Taxes = nil
	credit.Credits = []Entry{{Label: "Refund to Visa •••• 4242", Note: "succeeded", At: day, Amount: 10000}}
	return map[string]Document{"one": one, "forty": many, "scripts": rtl, "yen": yen, "dinar": dinar, "void": void, "paid": paid, "credit": credit}
}

func invoice() Document {
	return Document{
		Kind: Invoice, Currency: "EUR", Locale: "en-GB", Accent: "#1f5f99", Number: "INV-1042",
		Seller: Party{Name: "Nordlicht Werkstatt GmbH", Lines: []string{"Hafenstraße 21", "20457 Hamburg", "Germany"}, Email: "rechnung@nordlicht.example",
			TaxIDs: []Entry{{Label: "VAT", Note: "DE123456789"}}, Country: "DE"},
		Buyer: Party{Name: "Atelier Lumière SARL", Lines: []string{"14 rue des Martyrs", "75009 Paris", "France"}, Email: "compta@lumiere.example",
			TaxIDs: []Entry{{Label: "VAT", Note: "FR40303265045"}}, Country: "FR"},
		IssuedAt: day, DueAt: day.AddDate(0, 0, 30), Terms: "Net 30", PONumber: "PO-7781", Reference: "Winter workshop",
		Lines: []Line{
			{Name: "Oak desk, oiled, 180 × 80 cm", Description: "Made to measure, delivered and assembled on the ground floor.", Details: []string{"Cable tray: two", "SKU DESK-180-OAK"}, Quantity: 2, Unit: 24000, Tax: 8930, Amount: 48000},
			{Name: "Delivery and assembly", Quantity: 1, Unit: 12000, Tax: 2280, Amount: 12000},
			{Name: "Consulting", Description: "Half a day", Quantity: 4, Unit: 9500, Tax: 7220, Amount: 38000},
		},
		Discounts: []Entry{{Label: "Welcome discount", Amount: 1000}},
		Charges:   []Entry{{Label: "Service charge", Note: "2.5%", Amount: 2450}},
		Taxes:     []Tax{{Label: "VAT", Percent: 190000, Base: 97000, Amount: 18430}},
		Totals:    Totals{Subtotal: 98000, Total: 117880, LateFees: 1500, Paid: 20000, Outstanding: 99380, Balance: true},
		Schedule: []Installment{{Label: "Deposit", Amount: 20000, State: "paid"},
			{Label: "Balance", DueAt: day.AddDate(0, 0, 30), Amount: 97880, Outstanding: 97880}},
		LateFees: []Entry{{Label: "Late fee", At: day.AddDate(0, 0, 40), Amount: 1500}},
		Payments: []Payment{{day, "Visa •••• 4242", 20000}},
		Memo:     "Thank you for your order. The desks leave our workshop on the first of December.",
		RemitTo:  []string{"Nordlicht Werkstatt GmbH", "IBAN DE89 3704 0044 0532 0130 00", "BIC COBADEFFXXX"},
		Footer:   "Nordlicht Werkstatt GmbH · Registered in Hamburg, HRB 12345 · Managing director: Ines Petersen",
		PayURL:   "https://pay.example/i/ivat_01KB0000000000000000000000#invoice_token=ivt_live_9aXk2QpLmN3rT7vWzB4cD8eF",
	}
}

func logo() []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 240, 80))
	for x := range 240 {
		for y := range 80 {
			if (x-40)*(x-40)+(y-40)*(y-40) < 1400 || x > 100 && y > 25 && y < 55 {
				m.Set(x, y, pixel.NRGBA{31, 95, 153, 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}
