// Builds the kustomizations of this repository as the kustomize command does, decodes all that they
// make strictly as Kubernetes' own types, and says whether it is what was meant.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// What is applied by its one line, or lines, to a Deployment that knows nothing of them.
const plainDeployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: plain
spec:
  selector:
    matchLabels:
      app: plain
  template:
    metadata:
      labels:
        app: plain
    spec:
      containers:
        - name: main
          image: main:1
`

var failures int

func main() {
	root := flag.String("root", "..", "the folder of the kustomizations")
	pods := flag.String("pods", "", "a file for what the pods are, as JSON")
	flag.Parse()
	var made []pod
	for _, name := range []string{"example", "example-unix-socket", "example-tls", "example-statefulset", "shared"} {
		made = append(made, check(name, filepath.Join(*root, name)))
	}
	for _, components := range [][]string{{"component"}, {"component", "unix-socket"}, {"component", "tls"}} {
		name := "plain Deployment + " + strings.Join(components, " + ")
		folder, err := applied(*root, components)
		if err != nil {
			fail(name, err)
			continue
		}
		check(name, folder)
		_ = os.RemoveAll(folder)
	}
	checkPlanted(filepath.Join(*root, "example"), map[string]string{
		"restartPolicy: Always":   "restartPolcy: Always",
		"failureThreshold: 60":    "failureTreshold: 60",
		"readOnlyRootFilesystem:": "readOnlyRootFileSystem:",
		"sizeLimit: 1Gi":          "sizeLimit: 1Gi\n          size: 1Gi",
		"cpu: 50m":                "cpu: fifty",
	})
	checkPlanted(filepath.Join(*root, "shared"), map[string]string{
		"publishNotReadyAddresses:": "publishNotReadyAdresses:",
		"replicas: 1":               "replicas: one",
		"targetPort:":               "targetport:",
		"secretName:":               "secret:",
		// What Kubernetes would take, and a sidecar would not survive.
		"replicas: 1\n":                       "replicas: 2\n",
		"type: ClusterIP":                     "type: ClusterIP\n  clusterIP: None",
		"selector:\n    app: learning-shared": "selector:\n    app: learning-sidecar",
	})
	if *pods != "" {
		if err := write(*pods, made); err != nil {
			fail(*pods, err)
		}
	}
	if failures > 0 {
		fmt.Printf("%d of it do not hold\n", failures)
		os.Exit(1)
	}
	fmt.Println("all holds")
}

// check builds and decodes one kustomization, and looks at its pod.
func check(name, folder string) pod {
	yaml, err := build(folder)
	if err != nil {
		fail(name, err)
		return pod{}
	}
	found, err := decodeAll(yaml)
	if err != nil {
		fail(name, err)
		return pod{}
	}
	made, err := podOf(found)
	if err != nil {
		fail(name, err)
		return pod{}
	}
	made.Name = name
	if faults := made.faults(); len(faults) > 0 {
		fail(name, fmt.Errorf("%s", strings.Join(faults, "; ")))
		return made
	}
	fmt.Printf("ok     %s: %s\n", name, made.summary())
	return made
}

// checkPlanted sees that what must be refused is: a word misspelt, a field of another place, what does not fit.
func checkPlanted(folder string, planted map[string]string) {
	yaml, err := build(folder)
	if err != nil {
		fail("planted", err)
		return
	}
	for good, bad := range planted {
		name := "planted " + strings.Join(strings.Fields(bad), " ")
		if !strings.Contains(yaml, good) {
			fail(name, fmt.Errorf("there is no %q to plant it in", good))
			continue
		}
		if err := refusalOf(strings.Replace(yaml, good, bad, 1)); err == nil {
			fail(name, fmt.Errorf("was not refused"))
		} else {
			fmt.Printf("ok     %s: refused: %v\n", name, err)
		}
	}
}

// refusalOf answers why what a kustomization makes is not taken.
func refusalOf(yaml string) error {
	found, err := decodeAll(yaml)
	if err != nil {
		return err
	}
	made, err := podOf(found)
	if err != nil {
		return err
	}
	if faults := made.faults(); len(faults) > 0 {
		return fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	return nil
}

func build(folder string) (string, error) {
	kustomizer := krusty.MakeKustomizer(krusty.MakeDefaultOptions())
	made, err := kustomizer.Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return "", err
	}
	yaml, err := made.AsYaml()
	return string(yaml), err
}

// applied answers a folder with a plain Deployment and these components.
func applied(root string, components []string) (string, error) {
	// Beside them: kustomize wants relative paths.
	folder, err := os.MkdirTemp(root, ".applied-")
	if err != nil {
		return "", err
	}
	text := "resources: [plain.yaml]\ncomponents:\n"
	for _, name := range components {
		text += "  - ../" + name + "\n"
	}
	for name, text := range map[string]string{"kustomization.yaml": text, "plain.yaml": plainDeployment} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return folder, err
		}
	}
	return folder, nil
}

func write(path string, made []pod) error {
	text, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func fail(name string, err error) {
	failures++
	fmt.Printf("FAILED %s: %v\n", name, err)
}
