/** Shapes of a Pod, a PodTemplate and what is in them: see parse.ts for how they are written. */

export const POD_V1 = `
NodeSelectorRequirement: key! 1, operator! 2, values 3[] =atomic
NodeSelectorTerm =atomic: matchExpressions 1 NodeSelectorRequirement[] =atomic, matchFields 2 NodeSelectorRequirement[] =atomic
PreferredSchedulingTerm: weight! 1 int32, preference! 2 NodeSelectorTerm
NodeSelector =atomic: nodeSelectorTerms! 1 NodeSelectorTerm[] =atomic
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution 1 NodeSelector, preferredDuringSchedulingIgnoredDuringExecution 2
  PreferredSchedulingTerm[] =atomic
PodAffinityTerm: labelSelector 1 LabelSelector, namespaces 2[] =atomic, topologyKey! 3, namespaceSelector 4 LabelSelector, matchLabelKeys 5[] =atomic,
  mismatchLabelKeys 6[] =atomic
WeightedPodAffinityTerm: weight! 1 int32, podAffinityTerm! 2 PodAffinityTerm
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution 1 PodAffinityTerm[] =atomic, preferredDuringSchedulingIgnoredDuringExecution 2
  WeightedPodAffinityTerm[] =atomic
PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution 1 PodAffinityTerm[] =atomic, preferredDuringSchedulingIgnoredDuringExecution 2
  WeightedPodAffinityTerm[] =atomic
Affinity: nodeAffinity 1 NodeAffinity, podAffinity 2 PodAffinity, podAntiAffinity 3 PodAntiAffinity
ConfigMapKeySelector =atomic: name 1.1, key! 2, optional 3 bool
ObjectFieldSelector =atomic: apiVersion 1, fieldPath! 2
ResourceFieldSelector =atomic: containerName 1, resource! 2, divisor 3 Quantity
SecretKeySelector =atomic: name 1.1, key! 2, optional 3 bool
EnvVarSource: fieldRef 1 ObjectFieldSelector, resourceFieldRef 2 ResourceFieldSelector, configMapKeyRef 3 ConfigMapKeySelector, secretKeyRef 4
  SecretKeySelector
EnvVar: name! 1, value 2, valueFrom 3 EnvVarSource
ConfigMapEnvSource: name 1.1, optional 2 bool
SecretEnvSource: name 1.1, optional 2 bool
EnvFromSource: prefix 1, configMapRef 2 ConfigMapEnvSource, secretRef 3 SecretEnvSource
ExecAction: command 1[] =atomic
HTTPHeader: name! 1, value! 2
HTTPGetAction: path 1, port! 2 IntOrString, host 3, scheme 4, httpHeaders 5 HTTPHeader[] =atomic
SleepAction: seconds! 1 int64
TCPSocketAction: port! 1 IntOrString, host 2
LifecycleHandler: exec 1 ExecAction, httpGet 2 HTTPGetAction, tcpSocket 3 TCPSocketAction, sleep 4 SleepAction
Lifecycle: postStart 1 LifecycleHandler, preStop 2 LifecycleHandler
GRPCAction: port! 1 int32, service 2
Probe: exec 1.1 ExecAction, httpGet 1.2 HTTPGetAction, tcpSocket 1.3 TCPSocketAction, grpc 1.4 GRPCAction, initialDelaySeconds 2 int32, timeoutSeconds
  3 int32, periodSeconds 4 int32, successThreshold 5 int32, failureThreshold 6 int32, terminationGracePeriodSeconds 7 int64
ContainerPort: name 1, hostPort 2 int32, containerPort! 3 int32, protocol 4 default=TCP, hostIP 5
ContainerResizePolicy: resourceName! 1, restartPolicy! 2
ResourceClaim: name! 1, request 2
ResourceRequirements: limits 1 Quantity{}, requests 2 Quantity{}, claims 3 ResourceClaim[] =map:name
AppArmorProfile: type! 1, localhostProfile 2
Capabilities: add 1[] =atomic, drop 2[] =atomic
SELinuxOptions: user 1, role 2, type 3, level 4
SeccompProfile: type! 1, localhostProfile 2
WindowsSecurityContextOptions: gmsaCredentialSpecName 1, gmsaCredentialSpec 2, runAsUserName 3, hostProcess 4 bool
SecurityContext: capabilities 1 Capabilities, privileged 2 bool, seLinuxOptions 3 SELinuxOptions, runAsUser 4 int64, runAsNonRoot 5 bool,
  readOnlyRootFilesystem 6 bool, allowPrivilegeEscalation 7 bool, runAsGroup 8 int64, procMount 9, windowsOptions 10 WindowsSecurityContextOptions,
  seccompProfile 11 SeccompProfile, appArmorProfile 12 AppArmorProfile
VolumeDevice: name! 1, devicePath! 2
VolumeMount: name! 1, readOnly 2 bool, mountPath! 3, subPath 4, mountPropagation 5, subPathExpr 6, recursiveReadOnly 7
Container: name! 1, image 2, command 3[] =atomic, args 4[] =atomic, workingDir 5, ports 6 ContainerPort[] =map:containerPort,protocol
  ~merge:containerPort, env 7 EnvVar[] =map:name ~merge:name, resources 8 ResourceRequirements, volumeMounts 9 VolumeMount[] =map:mountPath
  ~merge:mountPath, livenessProbe 10 Probe, readinessProbe 11 Probe, lifecycle 12 Lifecycle, terminationMessagePath 13, imagePullPolicy 14,
  securityContext 15 SecurityContext, stdin 16 bool, stdinOnce 17 bool, tty 18 bool, envFrom 19 EnvFromSource[] =atomic, terminationMessagePolicy 20,
  volumeDevices 21 VolumeDevice[] =map:devicePath ~merge:devicePath, startupProbe 22 Probe, resizePolicy 23 ContainerResizePolicy[] =atomic,
  restartPolicy 24
PodDNSConfigOption: name 1, value 2
PodDNSConfig: nameservers 1[] =atomic, searches 2[] =atomic, options 3 PodDNSConfigOption[] =atomic
EphemeralContainer: livenessProbe 1.10 Probe, name! 1.1, readinessProbe 1.11 Probe, lifecycle 1.12 Lifecycle, terminationMessagePath 1.13,
  imagePullPolicy 1.14, securityContext 1.15 SecurityContext, stdin 1.16 bool, stdinOnce 1.17 bool, tty 1.18 bool, envFrom 1.19 EnvFromSource[]
  =atomic, image 1.2, terminationMessagePolicy 1.20, volumeDevices 1.21 VolumeDevice[] =map:devicePath ~merge:devicePath, startupProbe 1.22 Probe,
  resizePolicy 1.23 ContainerResizePolicy[] =atomic, restartPolicy 1.24, command 1.3[] =atomic, args 1.4[] =atomic, workingDir 1.5, ports 1.6
  ContainerPort[] =map:containerPort,protocol ~merge:containerPort, env 1.7 EnvVar[] =map:name ~merge:name, resources 1.8 ResourceRequirements,
  volumeMounts 1.9 VolumeMount[] =map:mountPath ~merge:mountPath, targetContainerName 2
HostAlias: ip! 1, hostnames 2[] =atomic
PodOS: name! 1
PodReadinessGate: conditionType! 1
PodResourceClaim: name! 1, resourceClaimName 3, resourceClaimTemplateName 4
PodSchedulingGate: name! 1
Sysctl: name! 1, value! 2
PodSecurityContext: seLinuxOptions 1 SELinuxOptions, runAsUser 2 int64, runAsNonRoot 3 bool, supplementalGroups 4 int64[] =atomic, fsGroup 5 int64,
  runAsGroup 6 int64, sysctls 7 Sysctl[] =atomic, windowsOptions 8 WindowsSecurityContextOptions, fsGroupChangePolicy 9, seccompProfile 10
  SeccompProfile, appArmorProfile 11 AppArmorProfile, supplementalGroupsPolicy 12, seLinuxChangePolicy 13
Toleration: key 1, operator 2, value 3, effect 4, tolerationSeconds 5 int64
TopologySpreadConstraint: maxSkew! 1 int32, topologyKey! 2, whenUnsatisfiable! 3, labelSelector 4 LabelSelector, minDomains 5 int32,
  nodeAffinityPolicy 6, nodeTaintsPolicy 7, matchLabelKeys 8[] =atomic
PodSpec: volumes 1 Volume[] =map:name ~merge,retainKeys:name, containers! 2 Container[] =map:name ~merge:name, restartPolicy 3,
  terminationGracePeriodSeconds 4 int64, activeDeadlineSeconds 5 int64, dnsPolicy 6, nodeSelector 7{} =atomic, serviceAccountName 8, serviceAccount 9,
  nodeName 10, hostNetwork 11 bool, hostPID 12 bool, hostIPC 13 bool, securityContext 14 PodSecurityContext, imagePullSecrets 15
  LocalObjectReference[] =map:name ~merge:name, hostname 16, subdomain 17, affinity 18 Affinity, schedulerName 19, initContainers 20 Container[]
  =map:name ~merge:name, automountServiceAccountToken 21 bool, tolerations 22 Toleration[] =atomic, hostAliases 23 HostAlias[] =map:ip ~merge:ip,
  priorityClassName 24, priority 25 int32, dnsConfig 26 PodDNSConfig, shareProcessNamespace 27 bool, readinessGates 28 PodReadinessGate[] =atomic,
  runtimeClassName 29, enableServiceLinks 30 bool, preemptionPolicy 31, overhead 32 Quantity{}, topologySpreadConstraints 33
  TopologySpreadConstraint[] =map:topologyKey,whenUnsatisfiable ~merge:topologyKey, ephemeralContainers 34 EphemeralContainer[] =map:name ~merge:name,
  setHostnameAsFQDN 35 bool, os 36 PodOS, hostUsers 37 bool, schedulingGates 38 PodSchedulingGate[] =map:name ~merge:name, resourceClaims 39
  PodResourceClaim[] =map:name ~merge,retainKeys:name, resources 40 ResourceRequirements
PodTemplateSpec: metadata 1 ObjectMeta, spec 2 PodSpec
PodTemplate: metadata 1 ObjectMeta, template 2 PodTemplateSpec
Pod: metadata 1 ObjectMeta, spec 2 PodSpec, status 3 PodStatus
`;

export const POD_STATUS_V1 = `
PodCondition: type! 1, status! 2, lastProbeTime 3 time, lastTransitionTime 4 time, reason 5, message 6
ResourceHealth: resourceID! 1, health 2
ResourceStatus: name! 1, resources 2 ResourceHealth[] =map:resourceID
ContainerStateRunning: startedAt 1 time
ContainerStateTerminated: exitCode! 1 int32, signal 2 int32, reason 3, message 4, startedAt 5 time, finishedAt 6 time, containerID 7
ContainerStateWaiting: reason 1, message 2
ContainerState: waiting 1 ContainerStateWaiting, running 2 ContainerStateRunning, terminated 3 ContainerStateTerminated
LinuxContainerUser: uid! 1 int64, gid! 2 int64, supplementalGroups 3 int64[] =atomic
ContainerUser: linux 1 LinuxContainerUser
VolumeMountStatus: name! 1, mountPath! 2, readOnly 3 bool, recursiveReadOnly 4
ContainerStatus: name! 1, state 2 ContainerState, lastState 3 ContainerState, ready! 4 bool, restartCount! 5 int32, image! 6, imageID! 7, containerID
  8, started 9 bool, allocatedResources 10 Quantity{}, resources 11 ResourceRequirements, volumeMounts 12 VolumeMountStatus[] =map:mountPath
  ~merge:mountPath, user 13 ContainerUser, allocatedResourcesStatus 14 ResourceStatus[] =map:name ~merge:name
HostIP: ip! 1
PodIP: ip! 1
PodResourceClaimStatus: name! 1, resourceClaimName 2
PodStatus: phase 1, conditions 2 PodCondition[] =map:type ~merge:type, message 3, reason 4, hostIP 5, podIP 6, startTime 7 time, containerStatuses 8
  ContainerStatus[] =atomic, qosClass 9, initContainerStatuses 10 ContainerStatus[] =atomic, nominatedNodeName 11, podIPs 12 PodIP[] =map:ip
  ~merge:ip, ephemeralContainerStatuses 13 ContainerStatus[] =atomic, resize 14, resourceClaimStatuses 15 PodResourceClaimStatus[] =map:name
  ~merge,retainKeys:name, hostIPs 16 HostIP[] =atomic ~merge:ip
`;
