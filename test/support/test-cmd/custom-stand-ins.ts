/** Custom resources that take the place of CronJobs (events.sh) and Deployments (wait.sh). */
import type { Edit } from './edits';

const definition = (group: string, plural: string, kind: string): string => `kubectl create -f - << __EOF__
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: ${plural}, singular: ${kind.toLowerCase()}, kind: ${kind}}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
__EOF__
    kubectl wait --for=condition=Established crd/${plural}.${group}
`;

/** There is no controller that says what is wrong with the schedule: the event is written here. */
export const CRON_JOBS: Edit = {
  file: 'test/cmd/events.sh',
  cuts: [['    # Pre-condition: cronjob does not exist', '    ### Create a crd\n']],
  replacements: [
    ['    ### Create a crd\n', `    ${definition('batch.example.com', 'cronjobs', 'CronJob')}    kubectl create --namespace=test-events -f - << __EOF__
apiVersion: batch.example.com/v1
kind: CronJob
metadata: {name: pi}
__EOF__
    uid=$(kubectl get cronjobs.batch.example.com pi -n test-events -o jsonpath='{.metadata.uid}')
    kubectl create -f - << __EOF__
apiVersion: v1
kind: Event
metadata: {name: pi.1, namespace: test-events}
involvedObject: {apiVersion: batch.example.com/v1, kind: CronJob, name: pi, namespace: test-events, uid: $uid}
type: Warning
reason: InvalidSchedule
message: "invalid schedule: 59 23 31 2 *"
source: {component: cronjob-controller}
count: 1
firstTimestamp: "2026-01-01T00:00:00Z"
lastTimestamp: "2026-01-01T00:00:00Z"
__EOF__
    ### Create a crd
`],
    ['Cronjob.v1.batch/pi', 'Cronjob.v1.batch.example.com/pi'], ['Cronjob.batch/pi', 'Cronjob.batch.example.com/pi'],
    ['    kubectl delete crd cronjobs.example.com', '    kubectl delete crd cronjobs.example.com cronjobs.batch.example.com'],
  ],
};

const DEPLOYMENT = 'deployments.apps.example.com';
const made = `made() { for name in "$@"; do kubectl create -f - << __EOF__
apiVersion: apps.example.com/v1
kind: Deployment
metadata: {name: $name}
spec: {template: {spec: {containers: [{name: busybox, image: busybox}]}}}
status: {replicas: 1, unavailableReplicas: 1}
__EOF__
    done; }
`;

export const DEPLOYMENTS: Edit = {
  file: 'test/cmd/wait.sh',
  replacements: [
    ['    # wait --for=create should time out', `    ${definition('apps.example.com', 'deployments', 'Deployment')}    ${made}    # wait --for=create should time out`],
    [/kubectl create deployment (test-\d) --image=busybox/g, 'made $1'],
    ['get_object_assert "deployments"', `get_object_assert "${DEPLOYMENT}"`], ['wait_object_assert deployments ', `wait_object_assert ${DEPLOYMENT} `],
    ['deploy/', `${DEPLOYMENT}/`], ['kubectl delete deployment ', `kubectl delete ${DEPLOYMENT} `], ['kubectl wait deployment ', `kubectl wait ${DEPLOYMENT} `], ["'deployment.apps/", "'deployment.apps.example.com/"],
    ['apiVersion: apps/v1', 'apiVersion: apps.example.com/v1'], ['kubectl wait pod --selector', `kubectl wait ${DEPLOYMENT} --selector`],
  ],
};
