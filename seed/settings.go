package seed

import (
	"bytes"

	"antechamber/store"
)

// ExportSettings gives settings as a seed writes them, complete.
func ExportSettings(s store.Settings) []byte { return encode(exportedSettings(s)) }

// ChangeSettings gives what settings written as in a seed make of the present
// ones: a field that is left out stays, and null removes a limit. It fails with
// Faults.
func ChangeSettings(present store.Settings, data []byte) (store.Settings, error) {
	src, r := string(bytes.TrimPrefix(data, []byte("\ufeff"))), &report{}
	if root := parse(src, r); root != nil {
		present = (&reader{r}).settings(root, present)
	}
	return present, r.err("settings", src)
}
