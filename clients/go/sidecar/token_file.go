package sidecar

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// tokenFile adds a file's token to each attempt of a call.
type tokenFile struct {
	path string
	last atomic.Pointer[string]
}

func openTokenFile(path string) (*tokenFile, error) {
	token, err := readToken(path)
	if err != nil {
		return nil, err
	}
	file := &tokenFile{path: path}
	file.last.Store(&token)
	return file, nil
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (f *tokenFile) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	// A file that is gone, or being written, leaves it to the sidecar whether the last token is still valid.
	if token, err := readToken(f.path); err == nil {
		f.last.Store(&token)
	}
	return map[string]string{"authorization": "Bearer " + *f.last.Load()}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: plaintext is fine on loopback.
func (f *tokenFile) RequireTransportSecurity() bool { return false }

// readToken returns a file's first line that is neither empty nor a comment.
func readToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		token := strings.TrimSpace(line)
		if token == "" || token[0] == '#' {
			continue
		}
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return "", fmt.Errorf("%s: expected a token of printable ASCII without spaces", path)
		}
		return token, nil
	}
	return "", fmt.Errorf("%s: no token", path)
}
