package main

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	sidecarName = "learning-sidecar"
	dataVolume  = "learning-sidecar-data"
	configMount = "/etc/learning-sidecar"
)

// pod is a pod template with the sidecar in it.
type pod struct {
	Name   string            `json:"name"`
	Image  string            `json:"image"`
	Env    map[string]string `json:"env"`
	Mounts map[string]string `json:"mounts"`
	Probes map[string]probe  `json:"probes"`
	Config map[string]string `json:"config"`

	objects   objects
	template  corev1.PodTemplateSpec
	claims    []corev1.PersistentVolumeClaim
	container *corev1.Container
	isFirst   bool
	// Not beside an orchestrator: a pod of its own.
	isShared bool
}

type probe struct {
	Scheme string `json:"scheme"`
	Path   string `json:"path"`
	Port   int32  `json:"port"`
}

func podOf(found objects) (pod, error) {
	made := pod{objects: found, Env: map[string]string{}, Mounts: map[string]string{}, Probes: map[string]probe{}}
	switch {
	case len(found.deployments) == 1:
		made.template = found.deployments[0].Spec.Template
	case len(found.statefulSets) == 1:
		made.template = found.statefulSets[0].Spec.Template
		made.claims = found.statefulSets[0].Spec.VolumeClaimTemplates
	default:
		return made, fmt.Errorf("expected one Deployment or StatefulSet")
	}
	for index := range made.template.Spec.InitContainers {
		if container := &made.template.Spec.InitContainers[index]; container.Name == sidecarName {
			made.container, made.isFirst = container, index == 0
		}
	}
	if made.container == nil {
		made.findShared()
	}
	if made.container == nil {
		return made, fmt.Errorf("there is no container %s", sidecarName)
	}
	made.Image = made.container.Image
	for _, variable := range made.container.Env {
		made.Env[variable.Name] = variable.Value
	}
	for _, mount := range made.container.VolumeMounts {
		made.Mounts[mount.MountPath] = mount.Name
	}
	for _, one := range found.configMaps {
		if one.Name == made.configMap() {
			made.Config = one.Data
		}
	}
	return made, made.readProbes()
}

// findShared looks for a sidecar that is all of its pod.
func (made *pod) findShared() {
	containers := made.template.Spec.Containers
	if len(containers) == 1 && containers[0].Name == sidecarName {
		made.container, made.isShared = &containers[0], true
	}
}

// configMap names the one that is mounted for the config; empty: none is.
func (made *pod) configMap() string {
	for _, volume := range made.template.Spec.Volumes {
		if volume.Name == made.Mounts[configMount] && volume.ConfigMap != nil {
			return volume.ConfigMap.Name
		}
	}
	return ""
}

func (made *pod) readProbes() error {
	for name, one := range map[string]*corev1.Probe{
		"startup":   made.container.StartupProbe,
		"readiness": made.container.ReadinessProbe,
		"liveness":  made.container.LivenessProbe,
	} {
		if one == nil || one.HTTPGet == nil {
			return fmt.Errorf("no %s probe over HTTP", name)
		}
		port, err := made.portOf(one.HTTPGet.Port)
		if err != nil {
			return err
		}
		scheme := one.HTTPGet.Scheme
		if scheme == "" {
			scheme = corev1.URISchemeHTTP
		}
		made.Probes[name] = probe{Scheme: string(scheme), Path: one.HTTPGet.Path, Port: port}
	}
	return nil
}

func (made *pod) portOf(port intstr.IntOrString) (int32, error) {
	for _, known := range made.container.Ports {
		if port.StrVal == known.Name || port.IntVal == known.ContainerPort {
			return known.ContainerPort, nil
		}
	}
	return 0, fmt.Errorf("there is no port %s", port.String())
}

// faults says what is not as it was meant.
func (made *pod) faults() []string {
	var faults []string
	expect := func(holds bool, fault string) {
		if !holds {
			faults = append(faults, fault)
		}
	}
	container := made.container
	if made.isShared {
		faults = append(faults, made.sharedFaults()...)
	} else {
		policy := container.RestartPolicy
		expect(policy != nil && *policy == corev1.ContainerRestartPolicyAlways, "not a native sidecar: restartPolicy is not Always")
		expect(made.isFirst, "other init containers come before it")
		expect(len(made.template.Spec.Containers) > 0, "the pod's own containers are gone")
	}
	expect(made.Probes["liveness"].Path == "/healthz", "liveness depends on more than the process")
	expect(made.Probes["startup"].Path == "/readyz" && made.Probes["readiness"].Path == "/readyz", "readiness is not asked for")
	expect(strings.HasSuffix(made.Env["LEARNING_SIDECAR_ADMIN_LISTEN"], fmt.Sprintf(":%d", made.Probes["liveness"].Port)), "probes ask a port that it does not listen on")
	expect(!container.Resources.Requests.Memory().IsZero() && !container.Resources.Limits.Memory().IsZero(), "no bounds of memory")
	faults = append(faults, securityFaults(container.SecurityContext)...)
	expect(made.Mounts[made.Env["LEARNING_SIDECAR_DATA_DIR"]] == dataVolume, "the ledger is not on its volume")
	expect(made.hasVolume(dataVolume), "no volume for the ledger")
	for _, mount := range container.VolumeMounts {
		expect(mount.SubPath == "" && mount.SubPathExpr == "", mount.Name+" is mounted by subPath: it would not be exchanged")
		expect(made.hasVolume(mount.Name), "no volume "+mount.Name)
	}
	expect(made.Config["config.yaml"] != "", "no ConfigMap of the name that is mounted")
	return faults
}

func securityFaults(context *corev1.SecurityContext) []string {
	isTrue := func(value *bool) bool { return value != nil && *value }
	switch {
	case context == nil:
		return []string{"no securityContext"}
	case !isTrue(context.RunAsNonRoot), context.RunAsUser == nil, *context.RunAsUser == 0:
		return []string{"may run as root"}
	case !isTrue(context.ReadOnlyRootFilesystem):
		return []string{"may write to its root"}
	case context.AllowPrivilegeEscalation == nil, *context.AllowPrivilegeEscalation:
		return []string{"may become more"}
	case context.Capabilities == nil, fmt.Sprint(context.Capabilities.Drop) != "[ALL]", len(context.Capabilities.Add) > 0:
		return []string{"has capabilities"}
	case context.SeccompProfile == nil, context.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
		return []string{"has no seccomp profile"}
	}
	return nil
}

// hasVolume tells whether a volume is one of the pod, or a claim.
func (made *pod) hasVolume(name string) bool {
	for _, claim := range made.claims {
		if claim.Name == name {
			return true
		}
	}
	for _, volume := range made.template.Spec.Volumes {
		if volume.Name == name {
			return true
		}
	}
	return false
}

func (made *pod) summary() string {
	kind := "emptyDir"
	if len(made.claims) > 0 {
		kind = "claim"
	}
	var probes []string
	for _, name := range []string{"startup", "readiness", "liveness"} {
		one := made.Probes[name]
		probes = append(probes, fmt.Sprintf("%s %s %s:%d", name, one.Scheme, one.Path, one.Port))
	}
	place := fmt.Sprintf("native sidecar before %d more init containers and %d containers",
		len(made.template.Spec.InitContainers)-1, len(made.template.Spec.Containers))
	if made.isShared {
		place = fmt.Sprintf("a pod of its own behind Service %s", made.objects.services[0].Name)
	}
	return fmt.Sprintf("%d objects decoded strictly; %s; %s; ledger on %s %s; gRPC on %s",
		made.objects.count, place, strings.Join(probes, ", "), kind, dataVolume, made.Env["LEARNING_SIDECAR_LISTEN"])
}
