package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config is a bucket of an S3-compatible server. The bucket must be there.
type S3Config struct {
	// Endpoint is the server's host, with a port if need be: s3.eu-central-1.amazonaws.com.
	Endpoint string `yaml:"endpoint"`
	// Insecure speaks HTTP instead of HTTPS.
	Insecure bool `yaml:"insecure"`
	// Region may be empty where the server has none.
	Region string `yaml:"region"`
	Bucket string `yaml:"bucket"`
	// Prefix stands before each name: two clusters of one bucket have prefixes of their own.
	Prefix string `yaml:"prefix"`
	// PathStyle puts the bucket into the path even where its name can stand in the host's.
	PathStyle bool `yaml:"path_style"`
	// AccessKeyFile and SecretKeyFile hold the key; white space around it is cut. They are read again when they are needed, so a change needs
	// no restart. Without them the machine's or the pod's role is used.
	AccessKeyFile string `yaml:"access_key_file"`
	SecretKeyFile string `yaml:"secret_key_file"`
}

// Validate names the first value that cannot be.
func (c S3Config) Validate() error {
	switch {
	case c.Endpoint == "" || strings.Contains(c.Endpoint, "/"):
		return fmt.Errorf("evidence.store.s3.endpoint %q: not a host such as s3.eu-central-1.amazonaws.com", c.Endpoint)
	case c.Bucket == "":
		return errors.New("evidence.store.s3.bucket is missing")
	case (c.AccessKeyFile == "") != (c.SecretKeyFile == ""):
		return errors.New("evidence.store.s3: set both access_key_file and secret_key_file, or neither")
	}
	if c.AccessKeyFile == "" {
		return nil
	}
	_, err := keyFiles{c.AccessKeyFile, c.SecretKeyFile}.RetrieveWithCredContext(nil)
	return err
}

// bucket is a Store in a bucket.
type bucket struct {
	config S3Config
	client *minio.Client
}

func openS3(c S3Config) (Store, error) {
	keys := credentials.NewIAM("")
	if c.AccessKeyFile != "" {
		keys = credentials.New(keyFiles{c.AccessKeyFile, c.SecretKeyFile})
	}
	lookup := minio.BucketLookupAuto
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	// Tried again by those who call, who know how long it is worth it.
	client, err := minio.New(c.Endpoint, &minio.Options{Creds: keys, Secure: !c.Insecure, Region: c.Region, BucketLookup: lookup, MaxRetries: 1})
	if err != nil {
		return nil, fmt.Errorf("evidence.store.s3: %w", err)
	}
	return &bucket{config: c, client: client}, nil
}

// Put stores the object in one request, so that it is there whole or not at all.
func (b *bucket) Put(ctx context.Context, name string, data []byte) error {
	options := minio.PutObjectOptions{ContentType: typeOf(name), DisableMultipart: true}
	_, err := b.client.PutObject(ctx, b.config.Bucket, b.config.Prefix+name, bytes.NewReader(data), int64(len(data)), options)
	return err
}

// Get reads the object.
func (b *bucket) Get(ctx context.Context, name string) ([]byte, error) {
	object, err := b.client.GetObject(ctx, b.config.Bucket, b.config.Prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	defer object.Close()
	data, err := readMost(object, name)
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil, ErrNotStored
	}
	return data, err
}

// Delete removes the object.
func (b *bucket) Delete(ctx context.Context, name string) error {
	return b.client.RemoveObject(ctx, b.config.Bucket, b.config.Prefix+name, minio.RemoveObjectOptions{})
}

// URI is an s3: URL.
func (b *bucket) URI(name string) string {
	return "s3://" + b.config.Bucket + "/" + b.config.Prefix + name
}

// keyFiles provides the key that stands in two files.
type keyFiles struct{ access, secret string }

// RetrieveWithCredContext reads the files.
func (k keyFiles) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	access, err := readKey(k.access)
	if err != nil {
		return credentials.Value{}, fmt.Errorf("evidence.store.s3.access_key_file: %w", err)
	}
	secret, err := readKey(k.secret)
	if err != nil {
		return credentials.Value{}, fmt.Errorf("evidence.store.s3.secret_key_file: %w", err)
	}
	return credentials.Value{AccessKeyID: access, SecretAccessKey: secret, SignerType: credentials.SignatureV4}, nil
}

// Retrieve reads the files.
func (k keyFiles) Retrieve() (credentials.Value, error) { return k.RetrieveWithCredContext(nil) }

// IsExpired makes the files be read for each request.
func (k keyFiles) IsExpired() bool { return true }

func readKey(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if key == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return key, nil
}
