//go:build programs

// Package programs pins the OCI distribution-spec conformance suite that the live tests build.
package programs

import (
	_ "github.com/opencontainers/distribution-spec/conformance"
)
