package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// relay stands between a sender and who reads it, on loopback, and spoils the way when it is told to. Its methods may be called from anywhere.
type relay struct {
	// serve forwards until ctx ends.
	serve func(ctx context.Context) error
	// Address is host and port to connect to, or to send to.
	Address string

	mu      sync.Mutex
	changed *sync.Cond
	state   relayState
	corrupt bool
	random  *rand.Rand
	open    map[net.Conn]struct{}
}

// relayState is what a relay does with what comes.
type relayState int

const (
	// forwarding hands everything on, stalled holds it back with the connections open, broken closes connections and takes no new ones.
	forwarding relayState = iota
	stalled
	broken
)

const (
	// chunk is the most that is forwarded at once, in bytes, and spoilable the least of which a byte is spoilt, in its second half: a header
	// in front is left alone.
	chunk     = 16 << 10
	spoilable = 1 << 10
)

// newRelay forwards network, tcp or udp, from a port of its own to target.
func newRelay(network, target string, seed uint64) (*relay, error) {
	r := &relay{random: rand.New(rand.NewPCG(seed, 0)), open: map[net.Conn]struct{}{}}
	r.changed = sync.NewCond(&r.mu)
	if network == "udp" {
		socket, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("relay to %s: %w", target, err)
		}
		r.Address = socket.LocalAddr().String()
		r.serve = func(ctx context.Context) error { return r.datagrams(ctx, socket, target) }
		return r, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("relay to %s: %w", target, err)
	}
	r.Address = listener.Addr().String()
	r.serve = func(ctx context.Context) error { return r.connections(ctx, listener, target) }
	return r, nil
}

// port is that of the Address.
func (r *relay) port() int {
	_, text, _ := net.SplitHostPort(r.Address)
	port, _ := strconv.Atoi(text)
	return port
}

// Set changes what happens to what comes. broken ends the connections that stand.
func (r *relay) Set(state relayState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = state
	if state == broken {
		for c := range r.open {
			c.Close()
		}
	}
	r.changed.Broadcast()
}

// Corrupt spoils, or no longer, a byte of each larger chunk.
func (r *relay) Corrupt(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.corrupt = on
}

// pass waits while the relay is stalled and tells whether data may go on; it may have been spoilt then. A datagram is not held back but lost.
func (r *relay) pass(ctx context.Context, data []byte, datagram bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.state == stalled && !datagram && ctx.Err() == nil {
		r.changed.Wait()
	}
	if n := len(data); r.corrupt && n >= spoilable {
		data[n/2+r.random.IntN(n/2)] ^= byte(1 + r.random.IntN(255))
	}
	return r.state == forwarding && ctx.Err() == nil
}

// keep notes an open connection; false when none is wanted.
func (r *relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state == broken {
		return false
	}
	r.open[c] = struct{}{}
	return true
}

func (r *relay) drop(c net.Conn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, c)
}

// connections forwards TCP.
func (r *relay) connections(ctx context.Context, listener net.Listener, target string) error {
	defer context.AfterFunc(ctx, func() {
		listener.Close()
		r.Set(broken)
	})()
	var open sync.WaitGroup
	defer open.Wait()
	for {
		client, err := listener.Accept()
		if err != nil {
			return ended(ctx, err)
		}
		open.Go(func() { r.connection(ctx, client, target) })
	}
}

// connection forwards one until either side closes it.
func (r *relay) connection(ctx context.Context, client net.Conn, target string) {
	if !r.keep(client) {
		client.Close()
		return
	}
	defer r.drop(client)
	server, err := net.Dial("tcp", target)
	if err != nil || !r.keep(server) {
		return
	}
	defer r.drop(server)
	var ways sync.WaitGroup
	defer ways.Wait()
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		ways.Go(func() {
			defer client.Close()
			defer server.Close()
			r.forward(ctx, way[0], way[1])
		})
	}
}

// forward copies from one to the other until one ends or the relay breaks.
func (r *relay) forward(ctx context.Context, from, to net.Conn) {
	buffer := make([]byte, chunk)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !r.pass(ctx, buffer[:n], false) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// datagrams forwards UDP: each client has a socket of its own to the target, whose answers it gets.
func (r *relay) datagrams(ctx context.Context, socket net.PacketConn, target string) error {
	defer context.AfterFunc(ctx, func() { socket.Close() })()
	clients := map[string]net.Conn{}
	var answers sync.WaitGroup
	defer answers.Wait()
	defer func() {
		for _, c := range clients {
			c.Close()
		}
	}()
	buffer := make([]byte, chunk)
	for {
		n, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return ended(ctx, err)
		}
		if !r.pass(ctx, buffer[:n], true) {
			continue
		}
		server := clients[from.String()]
		if server == nil {
			if server, err = net.Dial("udp", target); err != nil {
				return ended(ctx, err)
			}
			clients[from.String()] = server
			answers.Go(func() { r.answer(ctx, server, socket, from) })
		}
		server.Write(buffer[:n]) // what is lost is lost
	}
}

// answer sends a client what the target has for it.
func (r *relay) answer(ctx context.Context, server net.Conn, socket net.PacketConn, client net.Addr) {
	buffer := make([]byte, chunk)
	for {
		n, err := server.Read(buffer)
		switch {
		case errors.Is(err, net.ErrClosed), ctx.Err() != nil:
			return
		case err != nil: // nobody listens at the target now
			continue
		case r.pass(ctx, buffer[:n], true):
			socket.WriteTo(buffer[:n], client)
		}
	}
}

// ended is nil for the error of a socket that ctx has closed.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
