package statefile

import (
	"hash/crc32"
	"strings"
)

// Seal returns a file the checksum that goes with what stands in it.
func Seal(file string) []byte {
	body := file[:strings.LastIndex(file, ",\n")]
	return []byte(body + ending(crc32.Checksum([]byte(body), castagnoli)))
}

// Die lets go of the file as the end of a process does, without a last save.
func (k *Keeper) Die() { k.lock.Close() }
