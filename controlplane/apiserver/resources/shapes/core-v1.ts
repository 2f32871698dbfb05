/** Shapes of core/v1 that are stored: see parse.ts for how they are written. */

export const CORE_V1 = `
NamespaceSpec: finalizers 1[] =atomic
NamespaceCondition: type! 1, status! 2, lastTransitionTime 4 time, reason 5, message 6
NamespaceStatus: phase 1, conditions 2 NamespaceCondition[] =map:type ~merge:type
Namespace: metadata 1 ObjectMeta, spec 2 NamespaceSpec, status 3 NamespaceStatus
ObjectReference =atomic: kind 1, namespace 2, name 3, uid 4, apiVersion 5, resourceVersion 6, fieldPath 7
EventSeries: count 1 int32, lastObservedTime 2 microTime
EventSource: component 1, host 2
Event: metadata* 1 ObjectMeta, involvedObject* 2 ObjectReference, reason 3, message 4, source 5 EventSource, firstTimestamp 6 time, lastTimestamp 7
  time, count 8 int32, type 9, eventTime 10 microTime, series 11 EventSeries, action 12, related 13 ObjectReference, reportingComponent 14,
  reportingInstance 15
Secret: metadata 1 ObjectMeta, data 2 bytes{}, type 3, stringData 4{}, immutable 5 bool
ConfigMap: metadata 1 ObjectMeta, data 2{}, binaryData 3 bytes{}, immutable 4 bool
LocalObjectReference =atomic: name 1
ServiceAccount: metadata 1 ObjectMeta, secrets 2 ObjectReference[] =map:name ~merge:name, imagePullSecrets 3 LocalObjectReference[] =atomic,
  automountServiceAccountToken 4 bool
`;

export const SERVICE_V1 = `
ServicePort: name 1, protocol 2 default=TCP, port! 3 int32, targetPort 4 IntOrString, nodePort 5 int32, appProtocol 6
ClientIPConfig: timeoutSeconds 1 int32
SessionAffinityConfig: clientIP 1 ClientIPConfig
ServiceSpec: ports 1 ServicePort[] =map:port,protocol ~merge:port, selector 2{} =atomic, clusterIP 3, type 4, externalIPs 5[] =atomic, sessionAffinity
  7, loadBalancerIP 8, loadBalancerSourceRanges 9[] =atomic, externalName 10, externalTrafficPolicy 11, healthCheckNodePort 12 int32,
  publishNotReadyAddresses 13 bool, sessionAffinityConfig 14 SessionAffinityConfig, ipFamilyPolicy 17, clusterIPs 18[] =atomic, ipFamilies 19[]
  =atomic, allocateLoadBalancerNodePorts 20 bool, loadBalancerClass 21, internalTrafficPolicy 22, trafficDistribution 23
PortStatus: port! 1 int32, protocol! 2, error 3
LoadBalancerIngress: ip 1, hostname 2, ipMode 3, ports 4 PortStatus[] =atomic
LoadBalancerStatus: ingress 1 LoadBalancerIngress[] =atomic
ServiceStatus: loadBalancer 1 LoadBalancerStatus, conditions 2 Condition[] =map:type ~merge:type
Service: metadata 1 ObjectMeta, spec 2 ServiceSpec, status 3 ServiceStatus
EndpointAddress =atomic: ip! 1, targetRef 2 ObjectReference, hostname 3, nodeName 4
EndpointPort =atomic: name 1, port! 2 int32, protocol 3, appProtocol 4
EndpointSubset: addresses 1 EndpointAddress[] =atomic, notReadyAddresses 2 EndpointAddress[] =atomic, ports 3 EndpointPort[] =atomic
Endpoints: metadata 1 ObjectMeta, subsets 2 EndpointSubset[] =atomic
`;
