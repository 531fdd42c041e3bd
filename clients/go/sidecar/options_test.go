package sidecar

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("# none\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(binary, []byte("a\x00b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, options := range map[string]Options{
		`ClientID "\xff"`:            {Target: "127.0.0.1:1", ClientID: "\xff"},
		"at most 256 bytes":          {Target: "127.0.0.1:1", ClientID: strings.Repeat("x", 257)},
		`Target ""`:                  {},
		"TokenFile: " + empty:        {Target: "127.0.0.1:1", TokenFile: empty},
		"TokenFile: " + binary:       {Target: "127.0.0.1:1", TokenFile: binary},
		"no such file":               {Target: "127.0.0.1:1", TokenFile: empty + "s"},
		"Defaults: proto: invalid t": {Target: "127.0.0.1:1", Defaults: fields{"level": make(chan int)}},
	} {
		// In protobuf's messages, a space may be a no-break space.
		learning, err := New(options)
		if learning != nil || err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "\u00a0", " "), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"foo bar:1", "unix:", "unix:relative", "127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1", ":1", "[::1]", "::1:1",
		"http://127.0.0.1:1", "dns:///localhost:1",
	} {
		if dialled, err := dialTarget(target); err == nil || !strings.Contains(err.Error(), target) {
			t.Errorf("%s: %s %v", target, dialled, err)
		}
	}
	for _, target := range []string{"localhost:50051", "127.0.0.1:1", "[::1]:1", "unix:/a/b", "unix:///a/b"} {
		openAt(t, Options{Target: target})
	}
}

func TestSocketsAndNamesAreReached(t *testing.T) {
	t.Parallel()
	served := &server{record: taken}
	socket := "unix:" + filepath.Join(t.TempDir(), "socket")
	served.listen(t, socket)
	port := strings.TrimPrefix(served.listen(t, "127.0.0.1:0"), "127.0.0.1")
	for _, target := range []string{"localhost" + port, socket} {
		if outcome := <-openAt(t, Options{Target: target}).Record(&learningv1.Task{}); outcome.Err != nil {
			t.Errorf("%s: %v", target, outcome)
		}
	}
}

func TestTheTokenIsReadForEachCall(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shown := make(chan string, 1)
	served := &server{record: func(ctx context.Context, request *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
		shown <- strings.Join(metadata.ValueFromIncomingContext(ctx, "authorization"), "|")
		return taken(ctx, request)
	}}
	write("# of clients\n\n first \nignored\n")
	learning := open(t, served, Options{TokenFile: path})
	expect := func(want string) {
		t.Helper()
		if outcome := <-learning.Record(&learningv1.Task{}); outcome.Err != nil {
			t.Error(outcome)
		}
		if token := <-shown; token != "Bearer "+want {
			t.Errorf("%s, want %s", token, want)
		}
	}
	expect("first")
	write("second")
	expect("second")
	write("")
	expect("second")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect("second")
	write("third")
	expect("third")
}

func TestValues(t *testing.T) {
	t.Parallel()
	values := Values{"whole": 12.0, "half": 0.5, "huge": 1e300, "text": "a", "on": true, "none": nil}
	for name, want := range map[string]int64{"whole": 12, "half": -1, "huge": -1, "text": -1, "none": -1, "missing": -1} {
		if got := values.Int(name, -1); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if values.Float("half", 1) != 0.5 || values.Float("whole", 1) != 12 || values.Float("text", 1) != 1 {
		t.Error("Float")
	}
	if values.String("text", "b") != "a" || values.String("on", "b") != "b" {
		t.Error("String")
	}
	if !values.Bool("on", false) || values.Bool("none", false) {
		t.Error("Bool")
	}
}
