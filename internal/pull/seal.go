package pull

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
)

// seal closes what is kept, so that nobody without the admin key can read it:
// in a text there may be the name of somebody who is known as a user only
// later. It needs no chance: what is the same is closed the same.
type seal struct {
	block cipher.Block
	mac   []byte // the key of what tells whether something is whole
}

func newSeal(key string) seal {
	derive := func(of string) []byte { return mac([]byte(key), []byte("antechamber pull\n"+of)) }
	block, err := aes.NewCipher(derive("seal"))
	if err != nil {
		panic(err) // a key of 32 bytes is one of AES
	}
	return seal{block, derive("whole")}
}

func mac(key, data []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(data)
	return m.Sum(nil)
}

// close gives the data closed, after the code by which open knows it again.
func (s seal) close(data []byte) []byte {
	if data == nil {
		return nil
	}
	code := mac(s.mac, data)[:aes.BlockSize]
	return append(code, s.crypt(code, data)...)
}

// open gives what was closed, and false where it is damaged.
func (s seal) open(closed []byte) ([]byte, bool) {
	if len(closed) < aes.BlockSize {
		return nil, false
	}
	code := closed[:aes.BlockSize]
	data := s.crypt(code, closed[aes.BlockSize:])
	return data, hmac.Equal(code, mac(s.mac, data)[:aes.BlockSize])
}

func (s seal) crypt(code, data []byte) []byte {
	out := make([]byte, len(data))
	cipher.NewCTR(s.block, code).XORKeyStream(out, data)
	return out
}

// read reads a line of a partial file, and gives false where it is damaged.
func (s seal) read(line []byte, k *kept) (ok bool) {
	if json.Unmarshal(line, k) != nil || k.List == "" {
		return false
	}
	if k.Anew {
		return true
	}
	k.Data, ok = s.open(k.Data)
	return ok
}
