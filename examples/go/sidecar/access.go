package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

const maxSocketPath = 103 // bytes, as the sidecar has it

// checkTarget answers why there can be no sidecar.
func checkTarget(target string) error {
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		if strings.HasPrefix(path, "///") { // gRPC's other form, with an empty authority
			path = path[2:]
		}
		if path == "" || strings.HasPrefix(path, "//") || len(path) > maxSocketPath {
			return fmt.Errorf("Target %q: expected unix:/path, with a path of at most %d bytes", target, maxSocketPath)
		}
		return nil
	}
	host, port, err := net.SplitHostPort(target)
	number, portErr := strconv.ParseUint(port, 10, 16)
	isOdd := func(r rune) bool { return r == '/' || unicode.IsSpace(r) || unicode.IsControl(r) }
	if err != nil || host == "" || strings.ContainsFunc(host, isOdd) || portErr != nil || number == 0 {
		return fmt.Errorf("Target %q: expected host:port (port 1 to 65535), [ipv6]:port or unix:/path", target)
	}
	return nil
}

// tokenFile shows the first token of a file with each call; one that was exchanged is found in time.
type tokenFile struct {
	path  string
	mutex sync.Mutex
	token string // the last that was there
	told  bool   // that there is none now
}

func openTokenFile(path string) (*tokenFile, error) {
	token, err := readToken(path)
	return &tokenFile{path: path, token: token}, err
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (f *tokenFile) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := readToken(f.path)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if err == nil {
		f.token = token
	} else if !f.told {
		// Just being written, or gone: the sidecar says whether the old one still holds.
		slog.Warn("going on with the last token", "error", err)
	}
	f.told = err != nil
	return map[string]string{"authorization": "Bearer " + f.token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: loopback needs none.
func (f *tokenFile) RequireTransportSecurity() bool { return false }

func readToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if token := strings.TrimSpace(line); token != "" && token[0] != '#' {
			if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return "", errors.New("what is in " + path + " is no token")
			}
			return token, nil
		}
	}
	return "", errors.New(path + " holds no token")
}
