//go:build programs

// Package programs pins the CoreDNS that the bench builds.
package programs

import _ "github.com/coredns/coredns"
