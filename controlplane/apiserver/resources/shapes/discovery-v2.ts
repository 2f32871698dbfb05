/** Shapes of the discovery documents: see parse.ts for how they are written. They are only answered, and only in protobuf by these. */

/** Of meta/v1. */
export const DISCOVERY_META = `
GroupVersionForDiscovery: groupVersion 1, version 2
ServerAddressByClientCIDR: clientCIDR 1, serverAddress 2
APIGroup: name 1, versions 2 GroupVersionForDiscovery[], preferredVersion 3 GroupVersionForDiscovery, serverAddressByClientCIDRs 4
  ServerAddressByClientCIDR[]
APIGroupList: groups 1 APIGroup[]
APIVersions: versions 1[], serverAddressByClientCIDRs 2 ServerAddressByClientCIDR[]
APIResource: name 1, namespaced 2 bool, kind 3, verbs 4.1[], shortNames 5[], singularName 6, categories 7[], group 8, version 9,
  storageVersionHash 10
APIResourceList: groupVersion 1, resources 2 APIResource[]
GroupVersionKind: group 1, version 2, kind 3
`;

export const APIDISCOVERY_V2 = `
APISubresourceDiscovery: subresource 1, responseKind 2 GroupVersionKind, acceptedTypes 3 GroupVersionKind[], verbs 4[]
APIResourceDiscovery: resource 1, responseKind 2 GroupVersionKind, scope 3, singularResource 4, verbs 5[], shortNames 6[], categories 7[],
  subresources 8 APISubresourceDiscovery[]
APIVersionDiscovery: version 1, resources 2 APIResourceDiscovery[], freshness 3
APIGroupDiscovery: metadata 1 ObjectMeta, versions 2 APIVersionDiscovery[]
APIGroupDiscoveryList: metadata 1 ListMeta, items 2 APIGroupDiscovery[]
`;
