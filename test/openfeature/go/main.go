// Asks OpenFeature's SDK for Go what test/openfeature tells it to.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"time"

	flagd "github.com/open-feature/go-sdk-contrib/providers/flagd/pkg"
	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

type command struct {
	ID      int            `json:"id"`
	Do      string         `json:"do"`
	Mode    string         `json:"mode"`
	Host    string         `json:"host"`
	Port    uint16         `json:"port"`
	Type    string         `json:"type"`
	Flag    string         `json:"flag"`
	Default any            `json:"default"`
	Context map[string]any `json:"context"`
}

type details struct {
	Value   any     `json:"value"`
	Variant string  `json:"variant"`
	Reason  string  `json:"reason"`
	Error   *string `json:"error"`
	Ms      float64 `json:"ms"`
}

var (
	client  = openfeature.NewClient("probe")
	lock    sync.Mutex
	changed = map[string]bool{}
)

func main() {
	note := func(event openfeature.EventDetails) {
		lock.Lock()
		defer lock.Unlock()
		for _, name := range event.FlagChanges {
			changed[name] = true
		}
	}
	client.AddHandler(openfeature.ProviderConfigChange, &note)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var one command
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		ok, err := run(one)
		answer := map[string]any{"id": one.ID, "ok": ok}
		if err != nil {
			answer = map[string]any{"id": one.ID, "failed": err.Error()}
		}
		text, _ := json.Marshal(answer)
		fmt.Println(string(text))
	}
}

func run(one command) (any, error) {
	switch one.Do {
	case "versions":
		return versions(), nil
	case "open":
		return nil, open(one)
	case "evaluate":
		return evaluate(one)
	case "changed":
		lock.Lock()
		defer lock.Unlock()
		names := []string{}
		for name := range changed {
			names = append(names, name)
		}
		sort.Strings(names)
		return names, nil
	}
	return nil, fmt.Errorf("no such command: %s", one.Do)
}

func versions() string {
	found := []string{runtime.Version()}
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if strings.Contains(module.Path, "open-feature/go-sdk") {
			found = append(found, module.Path+" "+module.Version)
		}
	}
	return strings.Join(found, ", ")
}

func open(one command) error {
	if one.Mode == "ofrep" {
		provider := ofrep.NewProvider(fmt.Sprintf("http://%s:%d", one.Host, one.Port))
		return openfeature.SetProviderAndWait(provider)
	}
	resolver := flagd.WithRPCResolver()
	if one.Mode == "in-process" {
		resolver = flagd.WithInProcessResolver()
	}
	provider, err := flagd.NewProvider(resolver, flagd.WithHost(one.Host), flagd.WithPort(one.Port))
	if err != nil {
		return err
	}
	return openfeature.SetProviderAndWait(provider)
}

func evaluate(one command) (*details, error) {
	key, _ := one.Context["targetingKey"].(string)
	delete(one.Context, "targetingKey")
	asked := openfeature.NewEvaluationContext(key, one.Context)
	ctx := context.Background()
	start := time.Now()
	var value any
	var said openfeature.EvaluationDetails
	switch one.Type {
	case "boolean":
		found, _ := client.BooleanValueDetails(ctx, one.Flag, one.Default.(bool), asked)
		value, said = found.Value, found.EvaluationDetails
	case "string":
		found, _ := client.StringValueDetails(ctx, one.Flag, one.Default.(string), asked)
		value, said = found.Value, found.EvaluationDetails
	case "integer":
		found, _ := client.IntValueDetails(ctx, one.Flag, int64(one.Default.(float64)), asked)
		value, said = found.Value, found.EvaluationDetails
	case "float":
		found, _ := client.FloatValueDetails(ctx, one.Flag, one.Default.(float64), asked)
		value, said = found.Value, found.EvaluationDetails
	case "object":
		found, _ := client.ObjectValueDetails(ctx, one.Flag, one.Default, asked)
		value, said = found.Value, found.EvaluationDetails
	default:
		return nil, fmt.Errorf("no such type: %s", one.Type)
	}
	answer := &details{Value: value, Variant: said.Variant, Reason: string(said.Reason)}
	answer.Ms = float64(time.Since(start).Microseconds()) / 1000
	if said.ErrorCode != "" {
		code := string(said.ErrorCode)
		answer.Error = &code
	}
	return answer, nil
}
