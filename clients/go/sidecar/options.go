package sidecar

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const maxClientIDBytes = 256 // the sidecar's limit

// Options of a client. Target and ClientID are required.
type Options struct {
	// Target is host:port, [ipv6]:port or unix:/path.
	Target string
	// ClientID names the orchestrator, the same after a restart; at most 256 bytes.
	ClientID string
	// Defaults are the live values until the sidecar answers: numbers, strings, bools, lists and maps of these.
	Defaults map[string]any
	// OnChange applies new values. It is called by Follow, one change at a time. An error refuses the change:
	// see DeltaRefusal.
	OnChange func(Change) error
	// Credentials of the connection; nil: plaintext. For TLS: credentials.NewTLS.
	Credentials credentials.TransportCredentials
	// TokenFile is read for each call, which carries the first line that is neither empty nor a comment (#) as
	// its bearer token. While there is none, the last token is sent.
	TokenFile string
	// MaxPending is the maximum of tasks that are being recorded; 0: 1000. Further ones are dropped.
	MaxPending int
}

// Retries within a call, which honour the push-back of the sidecar. Longer outages are the client's affair.
const serviceConfig = `{"methodConfig": [{
	"name": [
		{"service": "learning.v1.LearningService", "method": "RecordTask"},
		{"service": "learning.v1.LearningService", "method": "AckDelta"}
	],
	"retryPolicy": {
		"maxAttempts": 5, "initialBackoff": "0.2s", "maxBackoff": "1s", "backoffMultiplier": 2,
		"retryableStatusCodes": ["UNAVAILABLE"]
	}
}]}`

// connect makes the connection, which is opened by the first call. It returns an error for options with which
// every call would fail.
func connect(options Options) (*grpc.ClientConn, error) {
	if !utf8.ValidString(options.ClientID) || len(options.ClientID) > maxClientIDBytes {
		return nil, fmt.Errorf("ClientID %.300q: expected UTF-8, at most %d bytes", options.ClientID, maxClientIDBytes)
	}
	target, err := dialTarget(options.Target)
	if err != nil {
		return nil, err
	}
	if options.Credentials == nil {
		options.Credentials = insecure.NewCredentials()
	}
	reconnect := backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(options.Credentials),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 5 * time.Second}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 30 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true,
		}),
		grpc.WithNoProxy(),
	}
	if options.TokenFile != "" {
		file, err := openTokenFile(options.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("TokenFile: %w", err)
		}
		dial = append(dial, grpc.WithPerRPCCredentials(file))
	}
	return grpc.NewClient(target, dial...)
}

// dialTarget returns the target in gRPC's form. Host names are left to the dialer, which looks them up for each
// connection: gRPC's resolver waits for 30 s between two look-ups, and longer after a failed one.
func dialTarget(target string) (string, error) {
	if path, ok := strings.CutPrefix(target, "unix:"); ok && filepath.IsAbs(path) {
		return target, nil
	}
	host, port, err := net.SplitHostPort(target)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || strings.ContainsAny(host, "/ ") || portErr != nil || number == 0 {
		return "", fmt.Errorf("Target %q: expected host:port, [ipv6]:port or unix:/path", target)
	}
	return "passthrough:///" + target, nil
}
