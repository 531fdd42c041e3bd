package main

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// sharedFaults says what is not as it was meant of a sidecar for many pods.
func (made *pod) sharedFaults() []string {
	var faults []string
	expect := func(holds bool, fault string) {
		if !holds {
			faults = append(faults, fault)
		}
	}
	sets := made.objects.statefulSets
	if len(sets) != 1 {
		return []string{"not a StatefulSet: another one could be started on its ledger"}
	}
	set := sets[0]
	expect(set.Spec.Replicas != nil && *set.Spec.Replicas == 1, "not one replica: a ledger is one process's own")
	expect(len(made.claims) == 1 && made.claims[0].Name == dataVolume, "the ledger is not on a claim")
	if len(made.objects.services) != 1 {
		return append(faults, "expected one Service")
	}
	service := made.objects.services[0]
	expect(set.Spec.ServiceName == service.Name, "its Service is called otherwise")
	selector := labels.SelectorFromSet(service.Spec.Selector)
	expect(!selector.Empty() && selector.Matches(labels.Set(made.template.Labels)), "the Service does not find it")
	expect(service.Spec.ClusterIP != corev1.ClusterIPNone, "the Service has no address that stays")
	expect(len(service.Spec.Ports) == 1, "expected one port of the Service")
	for _, port := range service.Spec.Ports {
		target, err := made.portOf(port.TargetPort)
		expect(err == nil && strings.HasSuffix(made.Env["LEARNING_SIDECAR_LISTEN"], ":50051") && target == 50051, "the Service leads to a port that it does not listen on")
	}
	for path, kind := range map[string]string{"/etc/learning-sidecar-tls": "certificate", "/etc/learning-sidecar-tokens": "tokens"} {
		expect(made.isSecret(made.Mounts[path]), "no Secret with its "+kind)
		expect(strings.Contains(made.Config["config.yaml"], path), "its config does not name its "+kind)
	}
	return faults
}

func (made *pod) isSecret(volumeName string) bool {
	for _, volume := range made.template.Spec.Volumes {
		if volume.Name == volumeName {
			return volume.Secret != nil
		}
	}
	return false
}
