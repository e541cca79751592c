package login

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mdp/qrterminal/v3"
	"golang.org/x/term"
)

// width returns how many columns w has if it is a terminal.
func width(w io.Writer) (terminal bool, columns int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false, 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		columns = 80
	}
	return true, columns
}

// maxQRCode bounds what a QR code holds in bytes; the library panics where a code cannot
// hold its text.
const maxQRCode = 512

// qrCode returns text as a QR code for a terminal, or "" where it does not fit.
func qrCode(text string, columns int) string {
	if len(text) > maxQRCode {
		return ""
	}
	var out strings.Builder
	qrterminal.GenerateWithConfig(text, qrterminal.Config{
		Level: qrterminal.L, Writer: &out, HalfBlocks: true, QuietZone: 2,
		BlackChar: qrterminal.BLACK_BLACK, WhiteChar: qrterminal.WHITE_WHITE,
		BlackWhiteChar: qrterminal.BLACK_WHITE, WhiteBlackChar: qrterminal.WHITE_BLACK,
	})
	for line := range strings.Lines(out.String()) {
		if utf8.RuneCountInString(strings.TrimRight(line, "\n")) > columns {
			return ""
		}
	}
	return out.String() + "\n"
}

// spinner is a line at the bottom of a terminal that moves while something is awaited.
type spinner struct {
	w     io.Writer
	done  chan struct{}
	ended sync.WaitGroup
}

const frame = 120 * time.Millisecond

// startSpinner returns nil where w is no terminal that can be moved about in; there
// text is written once.
func startSpinner(w io.Writer, kind, text string) *spinner {
	terminal, columns := width(w)
	if !terminal || kind == "dumb" || columns < utf8.RuneCountInString(text)+4 {
		fmt.Fprintln(w, text)
		return nil
	}
	s := &spinner{w: w, done: make(chan struct{})}
	s.ended.Go(func() {
		ticker := time.NewTicker(frame)
		defer ticker.Stop()
		for i := 0; ; i++ {
			fmt.Fprintf(w, "\r%c %s", `|/-\`[i%4], text)
			select {
			case <-ticker.C:
			case <-s.done:
				fmt.Fprint(w, "\r\x1b[K")
				return
			}
		}
	})
	return s
}

// stop removes the spinner. A nil spinner is none.
func (s *spinner) stop() {
	if s != nil {
		close(s.done)
		s.ended.Wait()
	}
}

// clean replaces in foreign text what could drive a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
