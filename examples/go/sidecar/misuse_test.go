package sidecar

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	learningv1 "example.com/orchestrator/gen/learning/v1"
)

func TestNewRefusesWhatWouldBeRefusedForEver(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("# none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for field, options := range map[string]Options{
		"ClientID \"\\xff\"": {Target: "127.0.0.1:1", ClientID: "\xff"},
		"ClientID \"xxx":     {Target: "127.0.0.1:1", ClientID: strings.Repeat("x", 257)},
		"Target \"\"":        {ClientID: "me"},
		"TokenFile":          {Target: "127.0.0.1:1", TokenFile: empty},
	} {
		learning, err := New(options)
		if learning != nil || err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestNewTakesTargetsThatCanBe(t *testing.T) {
	for _, target := range []string{
		"foo bar", "foo bar:1", "unix:", "unix://host/path", "127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1", ":1",
		"[::1]", "::1:1", "http://127.0.0.1:1", "unix:/" + strings.Repeat("x", 103),
	} {
		if _, err := New(Options{Target: target}); err == nil || !strings.Contains(err.Error(), target) {
			t.Errorf("%s: %v", target, err)
		}
	}
	for _, target := range []string{"localhost:50051", "127.0.0.1:1", "[::1]:1", "unix:/a/b", "unix:///a/b", "unix:a"} {
		learning, err := New(Options{Target: target})
		if err != nil {
			t.Fatal(err)
		}
		if err := learning.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestTheLastTokenIsKept(t *testing.T) {
	log := captureLog(t)
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# of clients\nfirst\n")
	file, err := openTokenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if shown, err := file.GetRequestMetadata(t.Context()); err != nil || shown["authorization"] != "Bearer "+want {
			t.Errorf("%v %v, want %s", shown, err, want)
		}
	}
	write("")
	expect("first")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect("first")
	write("second")
	expect("second")
	if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), path+" holds no token") {
		t.Error(log)
	}
}

func TestALostSidecarIsLoggedOnceAndNothingAfterClose(t *testing.T) {
	log := captureLog(t)
	learning, err := New(Options{Target: "127.0.0.1:1", QueueLimit: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range recordWorkers + 10 {
		learning.Record(&learningv1.Task{})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	learning.Follow(ctx)
	if err := learning.Close(ctx); err != nil {
		t.Error(err)
	}
	learning.options.OnDisconnected = func(failure *Failure) { t.Error(failure) }
	learning.options.OnChange = func(Change) error { t.Error("put in force after Close"); return nil }
	learning.Follow(t.Context())
	if lines := strings.Count(log.String(), "\n"); lines != 2 {
		t.Error(log)
	}
	for _, what := range []string{"the oldest are dropped", "the sidecar is away"} {
		if strings.Count(log.String(), what) != 1 {
			t.Errorf("%s: %s", what, log)
		}
	}
}

func TestReportMetricsDoesNotHoldUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // and nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // The test is over.
	learning, err := New(Options{Target: listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	err = learning.ReportMetrics(t.Context(), &learningv1.CoordinationMetrics{})
	if took := time.Since(start); FailureOf(err).Code != codes.DeadlineExceeded || took > 2*time.Second {
		t.Errorf("%v after %v", err, took)
	}
	if err := learning.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// captureLog answers what is logged from now on, until the test ends.
func captureLog(t *testing.T) *strings.Builder {
	before, log := slog.Default(), &strings.Builder{}
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return log
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
