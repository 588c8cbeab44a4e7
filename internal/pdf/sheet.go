package pdf

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"codeberg.org/go-pdf/fpdf"
)

// color is red, green and blue.
type color [3]int

// Colours of the paper. What is not the merchant's accent is a warm grey.
var (
	ink     = color{28, 27, 26}
	grey    = color{104, 101, 97}
	hair    = color{224, 221, 216}
	tint    = color{247, 246, 243}
	good    = color{22, 110, 62}
	bad     = color{172, 42, 32}
	waiting = color{150, 92, 8}
)

// style is how text looks. Size is in points.
type style struct {
	size  float64
	bold  bool
	color color
}

const point = 25.4 / 72 // millimetres

// sheet draws on the pages of one document. It keeps the first error. Lengths are millimetres.
type sheet struct {
	r     *Renderer
	f     *fpdf.Fpdf
	known map[string]bool // fonts of the document so far
	err   error
}

func (s *sheet) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// width is how wide a line of text is.
func (s *sheet) width(text string, st style) float64 {
	w, err := s.r.measure(text, st.bold)
	s.fail(err)
	return w * st.size * point
}

// wrap breaks text into lines no wider than width.
func (s *sheet) wrap(text string, st style, width float64) []string {
	if text == "" {
		return nil
	}
	lines, err := s.r.wrap(text, st.bold, width/(st.size*point))
	s.fail(err)
	return lines
}

// text writes a line with its base at y; x is its left side.
func (s *sheet) text(x, y float64, text string, st style) {
	runs, err := s.r.lay(text, st.bold)
	if s.fail(err); err != nil {
		return
	}
	em := st.size * point
	s.f.SetTextColor(st.color[0], st.color[1], st.color[2])
	for _, part := range runs {
		s.run(x, y, em, st, part)
		x += part.width * em
	}
}

// right writes a line that ends at x.
func (s *sheet) right(x, y float64, text string, st style) {
	s.text(x-s.width(text, st), y, text, st)
}

func (s *sheet) run(x, y, em float64, st style, part run) {
	if !s.known[part.face.name] {
		o, err := part.face.load()
		if s.fail(err); err != nil {
			return
		}
		// The library works on the bytes in place.
		s.f.AddUTF8FontFromBytes(part.face.name, "", bytes.Clone(o.data))
		s.known[part.face.name] = true
	}
	s.f.SetFont(part.face.name, "", st.size)
	if part.bold {
		s.f.RawWriteStr(fmt.Sprintf("q 2 Tr %.3f w %.3f %.3f %.3f RG\n", st.size*0.03,
			float64(st.color[0])/255, float64(st.color[1])/255, float64(st.color[2])/255))
	}
	if part.shapes == nil {
		s.says(part.spoken, func() { s.f.Text(x, y, part.alone) })
	}
	for _, c := range part.shapes {
		s.says(c.text, func() {
			for _, g := range c.glyphs {
				s.f.Text(x+g.x*em, y-g.y*em, string(g.code))
			}
		})
	}
	if part.bold {
		s.f.RawWriteStr("Q\n")
	}
}

// says draws with the characters that copying shall find beside what is drawn, unless there are none.
func (s *sheet) says(text string, draw func()) {
	if text != "" {
		s.f.RawWriteStr("/Span <</ActualText <" + utf16Hex(text) + ">>> BDC\n")
		defer s.f.RawWriteStr("EMC\n")
	}
	draw()
}

func utf16Hex(text string) string {
	var b strings.Builder
	b.WriteString("FEFF")
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}

// rule draws a thin line.
func (s *sheet) rule(x1, y, x2 float64, c color, width float64) {
	s.f.SetDrawColor(c[0], c[1], c[2])
	s.f.SetLineWidth(width)
	s.f.Line(x1, y, x2, y)
}

// box fills a rectangle with rounded corners.
func (s *sheet) box(x, y, w, h, radius float64, c color) {
	s.f.SetFillColor(c[0], c[1], c[2])
	s.f.RoundedRect(x, y, w, h, radius, "1234", "F")
}

// accentOf reads the merchant's colour and darkens it until white paper shows it well.
func accentOf(hex string) color {
	v, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		return ink
	}
	c := color{int(v >> 16), int(v >> 8 & 255), int(v & 255)}
	for c[0]*299+c[1]*587+c[2]*114 > 140*1000 {
		c = color{c[0] * 9 / 10, c[1] * 9 / 10, c[2] * 9 / 10}
	}
	return c
}
