// Antechamber is an emulator of the Anthropic Admin API, offline and stateful.
package main

import "antechamber/internal/cli"

// Set by the linker with -X main.version=1.2.3.
var version, commit string

func main() { cli.Main(version, commit) }
