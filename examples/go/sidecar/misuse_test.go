package sidecar

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

func TestNewRefusesWhatWouldBeRefusedForEver(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("# none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for field, options := range map[string]Options{
		"ClientID \"\\xff\"": {Target: "127.0.0.1:1", ClientID: "\xff"},
		"ClientID \"xxx":     {Target: "127.0.0.1:1", ClientID: strings.Repeat("x", 257)},
		"Target":             {ClientID: "me"},
		"TokenFile":          {Target: "127.0.0.1:1", TokenFile: empty},
	} {
		learning, err := New(options)
		if learning != nil || err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestFollowTellsOfAServerThatIsNoSidecar(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	go server.Serve(listener) //nolint:errcheck // Ends with the test.
	t.Cleanup(server.Stop)
	failures := make(chan *Failure, 10)
	learning, err := New(Options{
		Target:         listener.Addr().String(),
		OnDisconnected: func(failure *Failure) { failures <- failure },
	})
	if err != nil {
		t.Fatal(err)
	}
	go learning.Follow(t.Context())
	if failure := <-failures; failure.Code != codes.Unimplemented {
		t.Error(failure)
	}
	if err := learning.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
