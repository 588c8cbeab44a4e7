package pdf

import (
	"slices"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
	"golang.org/x/text/unicode/norm"
)

// run is text of one font and one direction, ready to be drawn. Widths are ems.
type run struct {
	face   *face
	bold   bool      // to be thickened, because the font has no bold
	alone  string    // what to write when letters stand alone
	spoken string    // what it stands for when a letter is missing
	shapes []cluster // what to write when letters depend on each other
	width  float64
}

// cluster is a number of glyphs that stand for a number of characters, as small as can be. Each carries its
// characters, because readers of files put words of mixed directions together from such pieces.
type cluster struct {
	text   string
	glyphs []glyph
}

// missing stands for a character that no font has.
const missing = '?'

// lay turns a line of text into runs from left to right.
func (r *Renderer) lay(s string, bold bool) ([]run, error) {
	chars := []rune(clean(s))
	if len(chars) == 0 {
		return nil, nil
	}
	var p bidi.Paragraph
	directions := p.Segment(chars, bidi.Neutral)
	type level struct {
		runs []run
		of   bidi.Level
	}
	var parts []level
	for n := range directions.NumRuns() {
		d := directions.Run(n)
		runs, err := r.itemize(chars[d.Start:d.End], bold, !d.IsLeftToRight())
		if err != nil {
			return nil, err
		}
		parts = append(parts, level{runs, d.Level})
	}
	highest := bidi.Level(0)
	for _, part := range parts {
		highest = max(highest, part.of)
	}
	// Rule L2: from the highest level down, whatever lies at it or above is turned around.
	for l := highest; l > 0; l-- {
		for from := 0; from < len(parts); from++ {
			to := from
			for to < len(parts) && parts[to].of >= l {
				to++
			}
			if to > from {
				slices.Reverse(parts[from:to])
				from = to
			}
		}
	}
	var out []run
	for _, part := range parts {
		out = append(out, part.runs...)
	}
	return out, nil
}

// clean puts letters and their marks together and leaves out what cannot be seen.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\u200d' || c == '\u200c':
			return c
		case unicode.IsControl(c), c >= 0xE000 && c < 0xF900, c == '\ufeff', c == '\u00ad':
			return -1
		}
		return c
	}, norm.NFC.String(s))
}

// itemize cuts text of one direction by font and returns the pieces from left to right.
func (r *Renderer) itemize(chars []rune, bold, rightToLeft bool) ([]run, error) {
	var out []run
	for len(chars) > 0 {
		f, err := r.faceOf(chars[0], bold)
		if err != nil {
			return nil, err
		}
		n := 1
		for n < len(chars) {
			g, err := r.faceOf(chars[n], bold)
			if err != nil {
				return nil, err
			}
			if g != f && (f.script == 0 || !joins(chars[n])) {
				break
			}
			n++
		}
		piece, err := r.set(f, chars[:n], bold, rightToLeft)
		if err != nil {
			return nil, err
		}
		out = append(out, piece)
		chars = chars[n:]
	}
	if rightToLeft {
		slices.Reverse(out)
	}
	return out, nil
}

// joins tells of a character that belongs to the shaped text before it.
func joins(c rune) bool {
	return c == '\u200d' || c == '\u200c' || unicode.Is(unicode.Mn, c) || unicode.Is(unicode.Mc, c)
}

// scriptOf is the script of a character; signs that several scripts share go with the block they stand in.
func scriptOf(c rune) language.Script {
	s := language.LookupScript(c)
	if s != language.Common {
		return s
	}
	switch {
	case c >= 0x0600 && c <= 0x06ff:
		return language.Arabic
	case c >= 0x0900 && c <= 0x097f:
		return language.Devanagari
	case c >= 0x0e00 && c <= 0x0e7f:
		return language.Thai
	case c == 0x0589:
		return language.Armenian
	case c == 0x10fb:
		return language.Georgian
	}
	return s
}

// faceOf picks the font of a character.
func (r *Renderer) faceOf(c rune, bold bool) (*face, error) {
	first := r.regular
	if bold {
		first = r.bold
	}
	if f := r.shaped[scriptOf(c)]; f != nil {
		o, err := f.load()
		if err != nil || o.has(c) {
			return f, err
		}
	}
	o, err := first.load()
	if err != nil || c < 0x2e80 || o.has(c) {
		return first, err
	}
	for _, f := range []*face{r.hangul, r.wide} {
		if unicode.Is(unicode.Hangul, c) != (f == r.hangul) {
			continue
		}
		if o, err = f.load(); err != nil || c < 0x10000 && o.has(c) {
			return f, err
		}
	}
	return first, nil
}

// set measures text of one font, and shapes it when the font asks for that.
func (r *Renderer) set(f *face, chars []rune, bold, rightToLeft bool) (run, error) {
	o, err := f.load()
	if err != nil {
		return run{}, err
	}
	out := run{face: f, bold: bold && f != r.bold}
	if f.script != 0 {
		var glyphs []glyph
		glyphs, out.width = o.shape(chars, f.script, rightToLeft)
		out.shapes = clusters(chars, glyphs)
		return out, nil
	}
	alone := make([]rune, 0, len(chars))
	for _, c := range chars {
		if c == '\u200d' || c == '\u200c' {
			continue
		}
		if !o.has(c) || c > 0xffff {
			c, out.spoken = missing, string(chars)
		}
		alone = append(alone, c)
		out.width += o.advance(c)
	}
	if rightToLeft {
		slices.Reverse(alone)
		for n, c := range alone {
			alone[n] = mirrored(c)
		}
	}
	out.alone = string(alone)
	return out, nil
}

// clusters puts the glyphs of the same characters together, in the order in which they are drawn.
func clusters(chars []rune, glyphs []glyph) (out []cluster) {
	starts := make([]int, 0, len(glyphs)+1)
	for _, g := range glyphs {
		starts = append(starts, g.of)
	}
	starts = append(starts, len(chars))
	slices.Sort(starts)
	starts = slices.Compact(starts)
	for n, g := range glyphs {
		if n > 0 && glyphs[n-1].of == g.of {
			last := &out[len(out)-1]
			last.glyphs = append(last.glyphs, g)
			continue
		}
		at, _ := slices.BinarySearch(starts, g.of)
		out = append(out, cluster{text: string(chars[g.of:starts[at+1]]), glyphs: []glyph{g}})
	}
	return out
}

// mirrored is the bracket that faces the other way.
func mirrored(c rune) rune {
	const pairs = "()[]{}<>«»‹›"
	all := []rune(pairs)
	if n := slices.Index(all, c); n >= 0 {
		return all[n^1]
	}
	return c
}

// wrap breaks text into lines no wider than width ems, at the places that Unicode allows, and inside
// words that are wider than a line.
func (r *Renderer) wrap(s string, bold bool, width float64) ([]string, error) {
	var lines []string
	for paragraph := range strings.Lines(s) {
		broken, err := r.wrapParagraph(strings.TrimRight(paragraph, "\r\n"), bold, width)
		if err != nil {
			return nil, err
		}
		lines = append(lines, broken...)
	}
	return lines, nil
}

func (r *Renderer) wrapParagraph(s string, bold bool, width float64) ([]string, error) {
	chars := []rune(clean(s))
	if len(chars) == 0 {
		return []string{""}, nil
	}
	var lines []string
	var line []rune
	var used float64
	end := func() {
		lines = append(lines, strings.TrimRightFunc(string(line), unicode.IsSpace))
		line, used = nil, 0
	}
	var seg segmenter.Segmenter
	seg.Init(chars)
	for it := seg.LineIterator(); it.Next(); {
		piece := it.Line().Text
		w, err := r.measure(strings.TrimRightFunc(string(piece), unicode.IsSpace), bold)
		if err != nil {
			return nil, err
		}
		if used > 0 && used+w > width {
			end()
		}
		if w > width {
			if piece, _, err = r.chop(piece, bold, width, func(full []rune) { line = full; end() }); err != nil {
				return nil, err
			}
		}
		full, err := r.measure(string(piece), bold)
		if err != nil {
			return nil, err
		}
		line, used = append(line, piece...), used+full
	}
	end()
	return lines, nil
}

// chop cuts a word that is wider than a line between its letters and returns what is left.
func (r *Renderer) chop(word []rune, bold bool, width float64, full func([]rune)) ([]rune, float64, error) {
	var seg segmenter.Segmenter
	seg.Init(word)
	var line []rune
	var used float64
	for it := seg.GraphemeIterator(); it.Next(); {
		letter := it.Grapheme().Text
		w, err := r.measure(string(letter), bold)
		if err != nil {
			return nil, 0, err
		}
		if used > 0 && used+w > width {
			full(line)
			line, used = nil, 0
		}
		line, used = append(line, letter...), used+w
	}
	return line, used, nil
}

// measure is the width of a line of text, in ems.
func (r *Renderer) measure(s string, bold bool) (float64, error) {
	runs, err := r.lay(s, bold)
	var w float64
	for _, part := range runs {
		w += part.width
	}
	return w, err
}
