package abi

// Sizes, alignments and places of the values that cross the boundary, in bytes. The
// place of a variant's payload is its discriminant, one byte for all types here,
// rounded up to the greatest alignment of its cases. A test derives each of them from
// the definition of its type.
const (
	stringSize = 8 // address, length; alignment 4

	// FieldSize is an element of list<tuple<field-key, field-value>>.
	FieldSize  = 16
	fieldValue = 8

	// OptionString is where the string of an option<string> lies.
	OptionString = 4
	// OptionScheme is where the scheme of an option<scheme> lies.
	OptionScheme = 4
	// VariantString is where the string of method, scheme and of the error variants
	// of fermyon:spin lies.
	VariantString = 4

	// Handle is where a handle lies in a result whose other case is empty or a
	// variant of alignment 4.
	Handle = 4
	// StreamFailure is where the stream-error of a result lies whose other case has
	// alignment 4 at most; StreamFailure64 the same beside a u64.
	StreamFailure   = 4
	StreamFailure64 = 8
	// Count is where the u64 of a result<u64, stream-error> lies.
	Count = 8

	// CodePayload is where the payload of an error-code lies; CodeAlign is the
	// alignment of both.
	CodePayload = 8
	CodeAlign   = 8
	// CodeInResult is where handle or error-code lie in a result<_, error-code> and
	// its kin, and the error-code in an option<error-code>.
	CodeInResult = 8

	// FutureOuter, FutureInner and FutureValue are the places in
	// option<result<result<T, error-code>>>, where T has alignment 8 at most: the
	// discriminants of the two results, and T or the error-code.
	FutureOuter = 8
	FutureInner = 16
	FutureValue = 24

	// ResultSize is enough for every value returned here.
	ResultSize = 56
)
