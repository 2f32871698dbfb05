/** delete over namespaces, with questions, by force; save-config of edit: after delete.sh and save-config.sh. */
import { piped, type Scenario } from '../scenario';

const deleting: Scenario = {
  name: 'deleting',
  commands: [
    'create namespace k-deleting-two',
    'create configmap one',
    'create configmap two -n k-deleting-two',
    'label configmap one deletetest=true',
    'label configmap two deletetest=true -n k-deleting-two',
    'delete configmap --dry-run=client -l deletetest=true --all-namespaces',
    'delete configmap --dry-run=server -l deletetest=true --all-namespaces',
    'get configmaps -l deletetest=true -A',
    piped('delete configmap --dry-run=server --interactive -l deletetest=true --all-namespaces', 'n\n'),
    piped('delete configmap --dry-run=server --interactive -l deletetest=true --all-namespaces', 'y\n'),
    piped('delete configmap --interactive -l deletetest=true --all-namespaces', 'n\n'),
    piped('delete configmap --interactive -l deletetest=true --all-namespaces', ''),
    'get configmaps -l deletetest=true -A -o name',
    'delete configmap -l deletetest=true --all-namespaces',
    'get configmaps -l deletetest=true -A',
    'create configmap third',
    'create configmap fourth -n k-deleting-two',
    'label configmap third deletetest2=true',
    'label configmap fourth deletetest2=true -n k-deleting-two',
    piped('delete configmaps --interactive -l deletetest2=true --all-namespaces --wait', 'y\n'),
    'get configmaps -l deletetest2=true -A',
    'create configmap fifth',
    'create configmap sixth',
    'label configmap fifth sixth deletetest3=true',
    piped('delete configmaps -l deletetest3=true --force --interactive --wait', 'y\n'),
    'get configmaps -l deletetest3=true',
    'create configmap seventh',
    'delete configmap seventh --force --grace-period=0',
    'delete configmap seventh --force --grace-period=0',
    'delete configmap seventh --force --ignore-not-found',
    'delete configmap --all -l a=b',
    'delete configmap seventh --cascade=sometimes',
    'delete namespace k-deleting-two',
  ],
};

const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "1"}\n';
const LAST_APPLIED = `jsonpath={.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration}`;
const saving: Scenario = {
  name: 'saving',
  files: { 'c.yaml': manifest },
  commands: [
    'create -f FILES/c.yaml',
    `get configmap c -o ${LAST_APPLIED}`,
    { line: 'edit configmap c --save-config', env: { EDITOR: `sed -i s/a:.*1.*/a:\\ '"2"'/` } },
    `get configmap c -o ${LAST_APPLIED}`,
    { line: 'edit configmap c', env: { EDITOR: `sed -i s/a:.*2.*/a:\\ 2/` } },
    { line: 'edit configmap c', env: { EDITOR: 'false' } },
    { line: 'edit configmap c -o json', env: { EDITOR: `sed -i s/\\"2\\"/\\"3\\"/` } },
    'get configmap c -o jsonpath={.data}',
    'delete configmap c',
    'create -f FILES/c.yaml',
    'replace -f FILES/c.yaml --save-config',
    `get configmap c -o ${LAST_APPLIED}`,
    { line: 'apply edit-last-applied configmap/c', env: { EDITOR: `sed -i s/a:.*1.*/a:\\ '"4"'/` } },
    'apply view-last-applied configmap/c',
  ],
};

export const DELETING_SCENARIOS: readonly Scenario[] = [deleting, saving];
