package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// objectStore is an S3-compatible server in this process and a client of it over loopback, which keeps its connections. It counts what is asked of it.
type objectStore struct {
	backend *s3mem.Backend
	server  *http.Server
	url     string
	client  *http.Client

	puts, gets, putBytes, getBytes atomic.Int64
}

const (
	stepsBucket = "steps"
	// largestObject bounds an object, bytes.
	largestObject = 16 << 20
)

func newObjectStore() (*objectStore, error) {
	backend := s3mem.New()
	if err := backend.CreateBucket(stepsBucket); err != nil {
		return nil, fmt.Errorf("make a bucket: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the object store: %w", err)
	}
	s := &objectStore{backend: backend, url: fmt.Sprintf("http://%s/%s/", listener.Addr(), stepsBucket), client: keepAlive()}
	s.server = &http.Server{Handler: gofakes3.New(backend).Server(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go s.server.Serve(listener)
	return s, nil
}

// keepAlive is a client whose connections serve many requests.
func keepAlive() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, DisableCompression: true}}
}

// Put stores an object.
func (s *objectStore) Put(ctx context.Context, name string, data []byte) error {
	s.puts.Add(1)
	s.putBytes.Add(int64(len(data)))
	_, err := s.do(ctx, http.MethodPut, name, data)
	return err
}

// Get reads an object.
func (s *objectStore) Get(ctx context.Context, name string) ([]byte, error) {
	s.gets.Add(1)
	data, err := s.do(ctx, http.MethodGet, name, nil)
	s.getBytes.Add(int64(len(data)))
	return data, err
}

func (s *objectStore) do(ctx context.Context, method, name string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+name, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s object %s: %s", method, name, response.Status)
	}
	if response.ContentLength < 0 || response.ContentLength > largestObject {
		return nil, fmt.Errorf("%s object %s: its length %d is not from 0 to %d", method, name, response.ContentLength, largestObject)
	}
	data := make([]byte, response.ContentLength)
	_, err = io.ReadFull(response.Body, data)
	return data, err
}

// expire drops an object, if it is there, without a request.
func (s *objectStore) expire(name string) error {
	_, err := s.backend.DeleteObject(stepsBucket, name)
	return err
}

// Close ends the server.
func (s *objectStore) Close() {
	s.client.CloseIdleConnections()
	s.server.Close()
}
