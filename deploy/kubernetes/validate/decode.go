package main

import (
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// objects is what a kustomization makes, by type.
type objects struct {
	deployments  []appsv1.Deployment
	statefulSets []appsv1.StatefulSet
	configMaps   []corev1.ConfigMap
	services     []corev1.Service
	count        int
}

// decodeAll refuses every field and every value that the types do not know, and every other kind.
func decodeAll(text string) (objects, error) {
	var found objects
	for _, document := range strings.Split(text, "\n---\n") {
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			return found, err
		}
		var err error
		switch head.APIVersion + " " + head.Kind {
		case "apps/v1 Deployment":
			err = decodeInto(document, &found.deployments)
		case "apps/v1 StatefulSet":
			err = decodeInto(document, &found.statefulSets)
		case "v1 ConfigMap":
			err = decodeInto(document, &found.configMaps)
		case "v1 Service":
			err = decodeInto(document, &found.services)
		default:
			err = fmt.Errorf("a kind that is not expected: %s %s", head.APIVersion, head.Kind)
		}
		if err != nil {
			return found, fmt.Errorf("%s: %w", head.Kind, err)
		}
		found.count++
	}
	return found, nil
}

func decodeInto[T any](document string, list *[]T) error {
	var object T
	// As the API server does: keys twice, unknown ones and those in another case are refused.
	text, err := yaml.YAMLToJSONStrict([]byte(document))
	if err != nil {
		return err
	}
	strict, err := json.UnmarshalStrict(text, &object)
	if err = errors.Join(append(strict, err)...); err != nil {
		return err
	}
	*list = append(*list, object)
	return nil
}
