package source

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "confine.h"
import "C"

import (
	"strconv"
	"unsafe"
)

// Peer is what libav may reach.
type Peer struct {
	// Host as the URL names it, and Address, an IP address without brackets, that it stands for. Both empty: nothing may be reached.
	Host    string `json:"host"`
	Address string `json:"address"`
	// Port is 1 to 65535.
	Port int `json:"port"`
}

// Confine keeps libav in this process to p for good: it connects to that address in place of the host, and a server that leads it elsewhere leads
// it nowhere. The host's name stands where it stood, in what a server is asked for and in what a certificate must say.
func Confine(p Peer) {
	var texts []*C.char
	for _, s := range []string{p.Host, p.Address, strconv.Itoa(p.Port)} {
		text := C.CString(s)
		defer C.free(unsafe.Pointer(text))
		texts = append(texts, text)
	}
	C.fw_confine(texts[0], texts[1], texts[2])
}
