package fermyon

import (
	"encoding/binary"
	"testing"

	"gatehouse/adapters/spin/abi"
)

// variant is a block with a variant and the text "why" as its payload.
func variant(t *testing.T, discriminant byte) (b *abi.Block, address uint32) {
	t.Helper()
	memory := make([]byte, 64)
	b = abi.NewBlock(0x100, memory)
	address, _ = b.Alloc(8, abi.ResultSize)
	text, _ := b.Alloc(1, 3)
	memory[0] = discriminant
	binary.LittleEndian.PutUint32(memory[abi.VariantString:], text)
	binary.LittleEndian.PutUint32(memory[abi.VariantString+4:], 3)
	copy(memory[text-0x100:], "why")
	return b, address
}

func TestKeyValueErrors(t *testing.T) {
	t.Parallel()
	for discriminant, want := range []string{
		ErrStoreTableFull.Error(), ErrNoSuchStore.Error(), ErrAccessDenied.Error(), "fermyon:spin/key-value: why",
	} {
		if got := keyValueError(variant(t, byte(discriminant))); got == nil || got.Error() != want {
			t.Errorf("case %d: %v, want %s", discriminant, got, want)
		}
	}
}

func TestOnlyUndefinedVariablesAreAbsent(t *testing.T) {
	t.Parallel()
	for discriminant, want := range []string{"fermyon:spin/variables: why", "", "fermyon:spin/variables: why", "fermyon:spin/variables: why"} {
		got := variablesError(variant(t, byte(discriminant)))
		if (got == nil) != (want == "") || got != nil && got.Error() != want {
			t.Errorf("case %d: %v, want %q", discriminant, got, want)
		}
	}
}
