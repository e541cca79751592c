package abi

import "testing"

// shape is the size and alignment of a type (Canonical ABI, "Alignment" and "Element
// Size").
type shape struct{ size, align uint32 }

var (
	u8    = shape{1, 1}
	u16   = shape{2, 2}
	u32   = shape{4, 4}
	u64   = shape{8, 8}
	own   = u32
	texts = shape{8, 4} // string, list
	none  = shape{0, 1}
)

func alignTo(at, align uint32) uint32 { return (at + align - 1) / align * align }

// record also returns where each member lies.
func record(members ...shape) (s shape, places []uint32) {
	s.align = 1
	for _, m := range members {
		s.size = alignTo(s.size, m.align)
		places = append(places, s.size)
		s.size += m.size
		s.align = max(s.align, m.align)
	}
	s.size = alignTo(s.size, s.align)
	return s, places
}

// variant also returns where the payload lies. It has fewer than 257 cases.
func variant(cases ...shape) (s shape, payload uint32) {
	s.align = 1
	for _, c := range cases {
		s.align = max(s.align, c.align)
		s.size = max(s.size, c.size)
	}
	payload = alignTo(1, s.align)
	s.size = alignTo(payload+s.size, s.align)
	return s, payload
}

func option(t shape) (shape, uint32) { return variant(none, t) }

func first(s shape, _ uint32) shape { return s }

func TestLayout(t *testing.T) {
	t.Parallel()
	optionText, textPlace := option(texts)
	dns, _ := record(optionText, first(option(u16)))
	alert, alertPlaces := record(first(option(u8)), optionText)
	fieldSize, _ := record(optionText, first(option(u32)))
	code, codePayload := variant(none, dns, alert, first(option(u64)), first(option(u32)), first(option(fieldSize)), fieldSize, optionText)
	stream, streamPayload := variant(own, none)
	textVariant, variantPlace := variant(none, texts)
	_, schemePlace := option(textVariant)
	field, fieldPlaces := record(texts, texts)
	_, count := variant(u64, stream)
	_, readFailure := variant(texts, stream)
	_, writeFailure := variant(none, stream)
	_, handle := variant(own, none)
	_, spinHandle := variant(own, textVariant)
	optionBytes, optionBytesPlace := option(texts)
	_, spinValue := variant(optionBytes, textVariant)
	_, finish := variant(none, code)
	_, sent := variant(own, code)
	_, codeOption := option(code)
	_, methodPlace := variant(none, texts)

	inner, innerPlace := variant(own, code)
	outer, outerPlace := variant(inner, none)
	future, futurePlace := option(outer)
	trailers, trailersPlace := option(own)
	inner2, inner2Place := variant(trailers, code)
	outer2, outer2Place := variant(inner2, none)
	future2, future2Place := option(outer2)

	for _, c := range []struct {
		name      string
		got, want uint32
	}{
		{"stringSize", stringSize, texts.size},
		{"FieldSize", FieldSize, field.size},
		{"fieldValue", fieldValue, fieldPlaces[1]},
		{"OptionString", OptionString, textPlace},
		{"OptionScheme", OptionScheme, schemePlace},
		{"VariantString", VariantString, variantPlace},
		{"VariantString of method", VariantString, methodPlace},
		{"Handle", Handle, handle},
		{"Handle beside an error of Spin's", Handle, spinHandle},
		{"Handle of option<own>", Handle, trailersPlace},
		{"value of Spin's get", 4, spinValue},
		{"bytes in the option of Spin's get", 4, optionBytesPlace},
		{"StreamFailure of write", StreamFailure, writeFailure},
		{"StreamFailure of read", StreamFailure, readFailure},
		{"handle in a stream-error", 4, streamPayload},
		{"StreamFailure64", StreamFailure64, count},
		{"Count", Count, count},
		{"CodePayload", CodePayload, codePayload},
		{"CodeAlign", CodeAlign, code.align},
		{"CodeInResult of finish", CodeInResult, finish},
		{"CodeInResult of handle", CodeInResult, sent},
		{"CodeInResult of http-error-code", CodeInResult, codeOption},
		{"alertMessagePlace", alertMessagePlace, alertPlaces[1]},
		{"FutureOuter", FutureOuter, futurePlace},
		{"FutureInner", FutureInner, futurePlace + outerPlace},
		{"FutureValue", FutureValue, futurePlace + outerPlace + innerPlace},
		{"FutureOuter of trailers", FutureOuter, future2Place},
		{"FutureInner of trailers", FutureInner, future2Place + outer2Place},
		{"FutureValue of trailers", FutureValue, future2Place + outer2Place + inner2Place},
		{"ResultSize", ResultSize, max(future.size, future2.size)},
	} {
		if c.got != c.want {
			t.Errorf("%s is %d, want %d", c.name, c.got, c.want)
		}
	}
}
