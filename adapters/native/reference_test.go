package native

import (
	"testing"

	"gatehouse/core/config"
	"gatehouse/internal/reference"
)

func TestReferenceDescribesEverySetting(t *testing.T) {
	reference.Part{File: "../../docs/configuration.md", Name: "The native server's settings", Command: "go test ./adapters/native -run Reference -update"}.
		Check(t, config.Reference(Settings(&Config{})))
}
