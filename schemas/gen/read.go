package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// reader writes the methods that read records as our encoder writes them. It keeps what an array needs to know: the least bytes of each record.
type reader struct {
	least map[string]int
}

// readers of the primitive types. Those of strings and bytes are given what stood there before.
var readers = map[string]string{
	"boolean": "readBool(src, at)", "int": "readInt(src, at)", "long": "readLong(src, at)", "float": "readFloat(src, at)", "double": "readDouble(src, at)",
	"bytes": "readBytes(%s, src, at)", "string": "readString(%s, src, at)",
}

// leastBytes of the primitive types.
var leastBytes = map[string]int{"boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8, "bytes": 1, "string": 1}

// record writes the read method of a record and its room, after them those of the records inside it.
func (r *reader) record(out *bytes.Buffer, n node) error {
	var room, body, inner bytes.Buffer
	for _, f := range n.Fields {
		name := exported(f.Name)
		least, err := r.value(&inner, &room, &body, "v."+name, name, f.Type)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", n.Name, f.Name, err)
		}
		r.least[n.Name] += least
	}
	roomName := unexported(n.Name) + "Room"
	fmt.Fprintf(out, "\n// %s is what a %s points to.\ntype %s struct {\n%s}\n", roomName, n.Name, roomName, room.String())
	fmt.Fprintf(out, "\n// read takes the values at src[at:], those it points to into the room; it returns where they end, or -1.\n")
	fmt.Fprintf(out, "func (v *%s) read(src []byte, at int, room *%s) int {\n", n.Name, roomName)
	if strings.Contains(body.String(), "if there") {
		fmt.Fprintln(out, "var there bool")
	}
	fmt.Fprintf(out, "%sreturn at\n}\n", body.String())
	_, err := inner.WriteTo(out)
	return err
}

// value writes how target is read, to body, and what it points to, to room, where that is called name. It returns the least bytes of the type.
func (r *reader) value(inner, room, body *bytes.Buffer, target, name string, raw json.RawMessage) (least int, err error) {
	n, kind, err := parsed(raw)
	if err != nil {
		return 0, err
	}
	switch kind {
	case "union":
		return 1, r.nullable(inner, room, body, target, name, n.Items)
	case "record":
		if n.Fields != nil {
			if err := r.record(inner, n); err != nil {
				return 0, err
			}
		}
		fmt.Fprintf(room, "%sRoom %sRoom\n", name, unexported(n.Name))
		fmt.Fprintf(body, "at = %s.read(src, at, &room.%sRoom)\n", target, name)
		return r.least[n.Name], nil
	case "fixed":
		// An assignment of known length, which needs no call.
		fmt.Fprintf(body, "if at >= 0 && len(src)-at >= %d {\n%s, at = [%[1]d]byte(src[at:]), at+%[1]d\n} else {\nat = -1\n}\n", n.Size, target)
		return n.Size, nil
	case "array":
		return 1, r.array(inner, room, body, target, name, n.Items)
	case "map":
		return 1, r.mapping(body, target, n.Values)
	}
	call, ok := readers[kind]
	if !ok {
		return 0, fmt.Errorf("no way to read %s", raw)
	}
	fmt.Fprintf(body, "%s, at = %s\n", target, readCall(call, target))
	return leastBytes[kind], nil
}

// nullable reads a value that may be null.
func (r *reader) nullable(inner, room, body *bytes.Buffer, target, name string, raw json.RawMessage) error {
	var none bytes.Buffer
	goType, err := typeOf(&none, raw, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(room, "%s %s\n", name, goType)
	fmt.Fprintf(body, "if there, at = readPresence(src, at); there {\n")
	if _, err := r.value(inner, room, body, "room."+name, name, raw); err != nil {
		return err
	}
	fmt.Fprintf(body, "%s = &room.%s\n} else {\n%s = nil\n}\n", target, name, target)
	return nil
}

// array reads one block of items.
func (r *reader) array(inner, room, body *bytes.Buffer, target, name string, raw json.RawMessage) error {
	n, kind, err := parsed(raw)
	if err != nil {
		return err
	}
	item := fmt.Sprintf("%s[i]", target)
	var items bytes.Buffer
	if kind == "record" {
		if n.Fields != nil {
			if err := r.record(inner, n); err != nil {
				return err
			}
		}
		fmt.Fprintf(room, "%sRoom []%sRoom\n", name, unexported(n.Name))
		fmt.Fprintf(body, "%s, at = readItems(%s, src, at, %d)\nroom.%sRoom = sized(room.%sRoom, len(%s))\n", target, target, r.least[n.Name], name, name, target)
		fmt.Fprintf(body, "for i := range %s {\nat = %s.read(src, at, &room.%sRoom[i])\n}\n", target, item, name)
	} else {
		least, err := r.value(inner, room, &items, item, name, raw)
		if err != nil {
			return err
		}
		fmt.Fprintf(body, "%s, at = readItems(%s, src, at, %d)\nfor i := range %s {\n%s}\n", target, target, least, target, items.String())
	}
	fmt.Fprintf(body, "at = readEnd(src, at, len(%s))\n", target)
	return nil
}

// mapping reads one block of entries with primitive values.
func (r *reader) mapping(body *bytes.Buffer, target string, raw json.RawMessage) error {
	_, kind, err := parsed(raw)
	if err != nil {
		return err
	}
	call, ok := readers[kind]
	if !ok {
		return fmt.Errorf("no way to read a map of %s", raw)
	}
	fmt.Fprintf(body, "%s, at = readEntries(%s, src, at, %d, func(src []byte, at int) (%s, int) { return %s })\n",
		target, target, 1+leastBytes[kind], primitives[kind], readCall(call, `""`))
	return nil
}

// readCall is the call that reads a value in the place of what stood there before.
func readCall(call, before string) string { return strings.Replace(call, "%s", before, 1) }
