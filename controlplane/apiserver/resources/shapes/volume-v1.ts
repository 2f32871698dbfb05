/** Shapes of volumes: see parse.ts for how they are written. */

export const VOLUME_V1 = `
AWSElasticBlockStoreVolumeSource: volumeID! 1, fsType 2, partition 3 int32, readOnly 4 bool
AzureDiskVolumeSource: diskName! 1, diskURI! 2, cachingMode 3 default=ReadWrite, fsType 4 default=ext4, readOnly 5 bool, kind 6 default=Shared
AzureFileVolumeSource: secretName! 1, shareName! 2, readOnly 3 bool
CephFSVolumeSource: monitors! 1[] =atomic, path 2, user 3, secretFile 4, secretRef 5 LocalObjectReference, readOnly 6 bool
CinderVolumeSource: volumeID! 1, fsType 2, readOnly 3 bool, secretRef 4 LocalObjectReference
KeyToPath: key! 1, path! 2, mode 3 int32
ConfigMapVolumeSource: name 1.1, items 2 KeyToPath[] =atomic, defaultMode 3 int32, optional 4 bool
CSIVolumeSource: driver! 1, readOnly 2 bool, fsType 3, volumeAttributes 4{}, nodePublishSecretRef 5 LocalObjectReference
DownwardAPIVolumeFile: path! 1, fieldRef 2 ObjectFieldSelector, resourceFieldRef 3 ResourceFieldSelector, mode 4 int32
DownwardAPIVolumeSource: items 1 DownwardAPIVolumeFile[] =atomic, defaultMode 2 int32
EmptyDirVolumeSource: medium 1, sizeLimit 2 Quantity
TypedLocalObjectReference =atomic: apiGroup 1, kind! 2, name! 3
TypedObjectReference: apiGroup 1, kind! 2, name! 3, namespace 4
VolumeResourceRequirements: limits 1 Quantity{}, requests 2 Quantity{}
PersistentVolumeClaimSpec: accessModes 1[] =atomic, resources 2 VolumeResourceRequirements, volumeName 3, selector 4 LabelSelector, storageClassName
  5, volumeMode 6, dataSource 7 TypedLocalObjectReference, dataSourceRef 8 TypedObjectReference, volumeAttributesClassName 9
PersistentVolumeClaimTemplate: metadata 1 ObjectMeta, spec! 2 PersistentVolumeClaimSpec
EphemeralVolumeSource: volumeClaimTemplate 1 PersistentVolumeClaimTemplate
FCVolumeSource: targetWWNs 1[] =atomic, lun 2 int32, fsType 3, readOnly 4 bool, wwids 5[] =atomic
FlexVolumeSource: driver! 1, fsType 2, secretRef 3 LocalObjectReference, readOnly 4 bool, options 5{}
FlockerVolumeSource: datasetName 1, datasetUUID 2
GCEPersistentDiskVolumeSource: pdName! 1, fsType 2, partition 3 int32, readOnly 4 bool
GitRepoVolumeSource: repository! 1, revision 2, directory 3
GlusterfsVolumeSource: endpoints! 1, path! 2, readOnly 3 bool
HostPathVolumeSource: path! 1, type 2
ImageVolumeSource: reference 1, pullPolicy 2
ISCSIVolumeSource: targetPortal! 1, iqn! 2, lun! 3 int32, iscsiInterface 4 default=default, fsType 5, readOnly 6 bool, portals 7[] =atomic,
  chapAuthDiscovery 8 bool, secretRef 10 LocalObjectReference, chapAuthSession 11 bool, initiatorName 12
NFSVolumeSource: server! 1, path! 2, readOnly 3 bool
PersistentVolumeClaimVolumeSource: claimName! 1, readOnly 2 bool
PhotonPersistentDiskVolumeSource: pdID! 1, fsType 2
PortworxVolumeSource: volumeID! 1, fsType 2, readOnly 3 bool
ClusterTrustBundleProjection: name 1, signerName 2, labelSelector 3 LabelSelector, path! 4, optional 5 bool
ConfigMapProjection: name 1.1, items 2 KeyToPath[] =atomic, optional 4 bool
DownwardAPIProjection: items 1 DownwardAPIVolumeFile[] =atomic
SecretProjection: name 1.1, items 2 KeyToPath[] =atomic, optional 4 bool
ServiceAccountTokenProjection: audience 1, expirationSeconds 2 int64, path! 3
VolumeProjection: secret 1 SecretProjection, downwardAPI 2 DownwardAPIProjection, configMap 3 ConfigMapProjection, serviceAccountToken 4
  ServiceAccountTokenProjection, clusterTrustBundle 5 ClusterTrustBundleProjection
ProjectedVolumeSource: sources 1 VolumeProjection[] =atomic, defaultMode 2 int32
QuobyteVolumeSource: registry! 1, volume! 2, readOnly 3 bool, user 4, group 5, tenant 6
RBDVolumeSource: monitors! 1[] =atomic, image! 2, fsType 3, pool 4 default=rbd, user 5 default=admin, keyring 6 default=/etc/ceph/keyring, secretRef 7
  LocalObjectReference, readOnly 8 bool
ScaleIOVolumeSource: gateway! 1, system! 2, secretRef! 3 LocalObjectReference, sslEnabled 4 bool, protectionDomain 5, storagePool 6, storageMode 7
  default=ThinProvisioned, volumeName 8, fsType 9 default=xfs, readOnly 10 bool
SecretVolumeSource: secretName 1, items 2 KeyToPath[] =atomic, defaultMode 3 int32, optional 4 bool
StorageOSVolumeSource: volumeName 1, volumeNamespace 2, fsType 3, readOnly 4 bool, secretRef 5 LocalObjectReference
VsphereVirtualDiskVolumeSource: volumePath! 1, fsType 2, storagePolicyName 3, storagePolicyID 4
Volume: name! 1, hostPath 2.1 HostPathVolumeSource, persistentVolumeClaim 2.10 PersistentVolumeClaimVolumeSource, rbd 2.11 RBDVolumeSource, flexVolume
  2.12 FlexVolumeSource, cinder 2.13 CinderVolumeSource, cephfs 2.14 CephFSVolumeSource, flocker 2.15 FlockerVolumeSource, downwardAPI 2.16
  DownwardAPIVolumeSource, fc 2.17 FCVolumeSource, azureFile 2.18 AzureFileVolumeSource, configMap 2.19 ConfigMapVolumeSource, emptyDir 2.2
  EmptyDirVolumeSource, vsphereVolume 2.20 VsphereVirtualDiskVolumeSource, quobyte 2.21 QuobyteVolumeSource, azureDisk 2.22 AzureDiskVolumeSource,
  photonPersistentDisk 2.23 PhotonPersistentDiskVolumeSource, portworxVolume 2.24 PortworxVolumeSource, scaleIO 2.25 ScaleIOVolumeSource, projected
  2.26 ProjectedVolumeSource, storageos 2.27 StorageOSVolumeSource, csi 2.28 CSIVolumeSource, ephemeral 2.29 EphemeralVolumeSource, gcePersistentDisk
  2.3 GCEPersistentDiskVolumeSource, image 2.30 ImageVolumeSource, awsElasticBlockStore 2.4 AWSElasticBlockStoreVolumeSource, gitRepo 2.5
  GitRepoVolumeSource, secret 2.6 SecretVolumeSource, nfs 2.7 NFSVolumeSource, iscsi 2.8 ISCSIVolumeSource, glusterfs 2.9 GlusterfsVolumeSource
`;
