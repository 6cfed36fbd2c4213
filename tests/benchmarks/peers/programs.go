//go:build programs

// Package programs pins the crane that pushes are compared with.
package programs

import _ "github.com/google/go-containerregistry/cmd/crane"
