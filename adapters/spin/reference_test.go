package spin

import (
	"testing"

	"gatehouse/core/config"
	"gatehouse/internal/reference"
)

func TestReferenceDescribesEverySetting(t *testing.T) {
	reference.Part{File: "../../docs/spin.md", Name: "The component's settings", Command: "go test ./adapters/spin -run Reference -update"}.
		Check(t, config.Reference(Settings(&Config{}, false)))
}
