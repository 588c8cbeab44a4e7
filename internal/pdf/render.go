package pdf

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"rsc.io/qr"
)

const (
	margin    = 18.0
	radius    = 2.0
	foot      = 20.0 // kept free at the bottom of each page
	logoTall  = 14.0
	logoWide  = 60.0
	logoArea  = 4 << 20 // pixels; more is refused before it is unpacked
	codeSide  = 24.0    // of the code to scan
	smallSize = 8.5
	bodySize  = 9.5
)

// paper lays a document out over its pages.
type paper struct {
	sheet
	d           *Document
	w, h        float64
	left, right float64
	y           float64 // where the next thing starts
	accent      color
}

// Render draws a document and returns the file. The error tells of a logo that is no picture, of a
// currency that does not exist, or of a broken font. As many documents are drawn at once as there are processors.
func (r *Renderer) Render(d Document) ([]byte, error) {
	if !d.Currency.Known() {
		return nil, fmt.Errorf("draw %s %s: unknown currency", d.Kind, d.Number)
	}
	r.drawing <- struct{}{}
	defer func() { <-r.drawing }()
	size := "A4"
	if d.letter() {
		size = "Letter"
	}
	f := fpdf.New("P", "mm", size, "")
	p := &paper{sheet: sheet{r: r, f: f, known: map[string]bool{}}, d: &d, accent: accentOf(d.Accent), left: margin}
	p.w, p.h = f.GetPageSize()
	p.right = p.w - margin
	f.SetMargins(0, 0, 0)
	f.SetAutoPageBreak(false, 0)
	f.SetCatalogSort(true)
	p.about()
	p.page()
	p.head()
	p.parties()
	p.summary()
	p.table()
	p.after()
	p.numberPages()
	var out bytes.Buffer
	if err := cmp.Or(p.err, f.Error()); err != nil {
		return nil, fmt.Errorf("draw %s %s: %w", d.Kind, d.Number, err)
	}
	if err := f.Output(&out); err != nil {
		return nil, fmt.Errorf("write %s %s: %w", d.Kind, d.Number, err)
	}
	return out.Bytes(), nil
}

// about sets what a reader's program shows of the file. Its times are the document's.
func (p *paper) about() {
	p.f.SetTitle(p.d.Kind.title()+" "+p.d.Number, true)
	p.f.SetAuthor(p.d.Seller.Name, true)
	p.f.SetSubject(p.d.Buyer.Name, true)
	p.f.SetCreator("Flint", true)
	p.f.SetProducer("Flint", true)
	p.f.SetLang(cmp.Or(p.d.Locale, "en"))
	at := p.d.IssuedAt
	if at.IsZero() {
		at = time.Unix(0, 0)
	}
	p.f.SetCreationDate(at.UTC())
	p.f.SetModificationDate(at.UTC())
}

// page begins a page. All but the first say whose they are.
func (p *paper) page() {
	p.f.AddPage()
	p.y = margin
	if p.d.Stamp == Void {
		p.watermark(p.d.Stamp.word())
	}
	if p.f.PageNo() == 1 {
		return
	}
	st := style{8, false, grey}
	p.text(p.left, p.y, p.d.Seller.Name, st)
	p.atRight(p.y, p.d.Kind.title()+" "+p.d.Number, st)
	p.rule(p.left, p.y+2.5, p.right, hair, 0.2)
	p.y += 9
}

func (p *paper) atRight(y float64, text string, st style) { p.sheet.right(p.right, y, text, st) }

// watermark writes a word across the page, behind everything, so that a print of it shows it too.
func (p *paper) watermark(word string) {
	st := style{150, true, bad}
	p.f.SetAlpha(0.07, "Normal")
	p.f.TransformBegin()
	p.f.TransformRotate(35, p.w/2, p.h/2)
	p.text(p.w/2-p.width(word, st)/2, p.h/2+18, word, st)
	p.f.TransformEnd()
	p.f.SetAlpha(1, "Normal")
}

// room begins a new page when less than h is left on this one, and tells whether it did.
func (p *paper) room(h float64) bool {
	if p.y+h <= p.h-foot {
		return false
	}
	p.page()
	return true
}

// head shows the merchant, what the document is and its state.
func (p *paper) head() {
	top := p.y - 4
	used := p.logo(p.left, top)
	title := style{21, true, ink}
	p.atRight(top+6.5, p.d.Kind.title(), title)
	number := style{10.5, false, grey}
	p.atRight(top+12.5, p.d.Number, number)
	if p.d.Stamp != "" {
		p.stamp(top)
	}
	if used == 0 {
		for n, line := range p.wrap(p.d.Seller.Name, style{15, true, p.accent}, (p.right-p.left)*0.52) {
			if n == 3 {
				break
			}
			p.text(p.left, top+6.2+float64(n)*6.6, line, style{15, true, p.accent})
			used = 6.6 * float64(n+1)
		}
	}
	p.y = top + max(used, 14) + 9
}

// stamp is a label left of the title.
func (p *paper) stamp(top float64) {
	st := style{8.5, true, p.d.Stamp.color()}
	word := p.d.Stamp.word()
	w := p.width(word, st) + 6
	x := p.right - p.width(p.d.Kind.title(), style{21, true, ink}) - 5 - w
	p.f.SetDrawColor(st.color[0], st.color[1], st.color[2])
	p.f.SetLineWidth(0.35)
	p.f.RoundedRect(x, top+0.7, w, 6.2, 1.4, "1234", "D")
	p.text(x+3, top+4.9, word, st)
}

// logo draws the merchant's picture and returns its height, 0 for none.
func (p *paper) logo(x, y float64) float64 {
	if len(p.d.Logo) == 0 {
		return 0
	}
	data, kind, size, err := picture(p.d.Logo)
	if p.fail(err); err != nil {
		return 0
	}
	h := logoTall
	w := h * float64(size.X) / float64(size.Y)
	if w > logoWide {
		w, h = logoWide, logoWide*float64(size.Y)/float64(size.X)
	}
	p.f.RegisterImageOptionsReader("logo", fpdf.ImageOptions{ImageType: kind}, bytes.NewReader(data))
	p.f.ImageOptions("logo", x, y, w, h, false, fpdf.ImageOptions{ImageType: kind}, 0, "")
	return h
}

// CheckLogo refuses a logo that Render could not draw.
func CheckLogo(data []byte) error {
	_, _, _, err := picture(data)
	return err
}

// picture checks a logo and brings it into a form that every reader of the format shows.
func picture(data []byte) (out []byte, kind string, size image.Point, err error) {
	about, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, "", size, fmt.Errorf("read the logo: %w", err)
	}
	size = image.Pt(about.Width, about.Height)
	if size.X < 1 || size.Y < 1 || size.X*size.Y > logoArea || size.X > logoArea || size.Y > logoArea {
		return nil, "", size, fmt.Errorf("read the logo: it is %d by %d pixels", size.X, size.Y)
	}
	src, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, "", size, fmt.Errorf("read the logo: %w", err)
	}
	var b bytes.Buffer
	all := image.Rect(0, 0, size.X, size.Y)
	if format == "jpeg" {
		plain := image.NewRGBA(all)
		draw.Draw(plain, all, src, src.Bounds().Min, draw.Src)
		err = jpeg.Encode(&b, plain, &jpeg.Options{Quality: 92})
		return b.Bytes(), "JPG", size, err
	}
	plain := image.NewNRGBA(all)
	draw.Draw(plain, all, src, src.Bounds().Min, draw.Src)
	err = png.Encode(&b, plain)
	return b.Bytes(), "PNG", size, err
}

// code draws a square that a phone reads as an address.
func (p *paper) code(x, y, side float64, address string) {
	c, err := qr.Encode(address, qr.M)
	if err != nil {
		p.fail(fmt.Errorf("make the code of the pay link: %w", err))
		return
	}
	p.f.SetFillColor(ink[0], ink[1], ink[2])
	module := side / float64(c.Size)
	for row := range c.Size {
		for col := 0; col < c.Size; col++ {
			n := 0
			for col+n < c.Size && c.Black(col+n, row) {
				n++
			}
			if n > 0 {
				p.f.Rect(x+float64(col)*module, y+float64(row)*module, float64(n)*module, module*1.02, "F")
				col += n
			}
		}
	}
}

// numberPages writes the foot of every page, once their number is known.
func (p *paper) numberPages() {
	st := style{8, false, grey}
	for n := 1; n <= p.f.PageCount(); n++ {
		p.f.SetPage(n)
		y := p.h - 11
		p.rule(p.left, y-4.5, p.right, hair, 0.2)
		p.text(p.left, y, p.d.Number, st)
		p.atRight(y, fmt.Sprintf("Page %d of %d", n, p.f.PageCount()), st)
	}
}
