/** wait in its forms, events by kind: after wait.sh and events.sh. */
import { piped, type Scenario } from '../scenario';

const widget = (name: string): string => `apiVersion: stable.example.com/v1\nkind: Widget\nmetadata: {name: ${name}, labels: {app: waited}}\nspec: {color: red, parts: [{name: x, count: 2}]}\n`;
const STATUS = '{"status":{"replicas":1,"phase":"Up","conditions":[{"type":"Ready","status":"True"},{"type":"Odd","status":"False"}]}}';

const waiting: Scenario = {
  name: 'waiting',
  files: { 'w.yaml': widget('w'), 'v.yaml': widget('v'), 'late.yaml': widget('late') },
  commands: [
    'wait --for=create widget/w --timeout=1s',
    'create -f FILES/w.yaml',
    'create -f FILES/v.yaml',
    'wait --for=create widget/w --timeout=10s',
    'wait --for=jsonpath=.status.replicas=1 widget/w --timeout=1s',
    'wait --for=jsonpath={.status.replicas} widget/w --timeout=1s',
    `patch widget w --type=merge --subresource=status -p '${STATUS}'`,
    'wait --for=jsonpath=.status.replicas=1 widget/w',
    'wait --for=jsonpath={.status.replicas} widget/w',
    'wait --for=jsonpath={.status.replicas} widget/w --timeout=0',
    'wait --for=jsonpath={.status.selector} widget/w --timeout=0',
    `wait --for='jsonpath=spec.parts[?(@.name=="x")].count=2' widget/w`,
    `wait --for='jsonpath={.spec.parts[?(@.name=="x")].count}=3' widget/w --timeout=1s`,
    'wait --for=jsonpath={.status.phase}=up widget/w --timeout=1s',
    'wait --for=jsonpath={.Status.Phase}=Up widget/w --timeout=1s',
    'wait --for=JSONPATH={.status.phase}=Up widget/w --timeout=1s',
    'wait --for=jsonpath={.status.conditions}=x widget/w --timeout=1s',
    'wait --for=jsonpath={.status.phase widget/w',
    'wait --for=jsonpath widget/w',
    'wait --for=condition=ready widget/w',
    'wait --for=Condition=READY=TRUE widget/w',
    'wait --for=condition=Odd=false widget/w',
    'wait --for=condition=Odd widget/w --timeout=1s',
    'wait --for=condition=Ready widget/w widget/v --timeout=1s',
    'wait widget --selector=app=waited --for=condition=InvalidCondition --timeout=1s',
    'wait widget --selector=app=none --for=condition=Ready --timeout=1s',
    'wait --for=something widget/w',
    'wait widget/w',
    'wait --for=delete widget/w --timeout=0',
    { line: 'wait widgets --for=delete --all', meanwhile: 'delete widgets --all' },
    'wait widgets --for=delete --all --timeout=1s',
    { line: 'wait --for=create widget/late', meanwhile: 'create -f FILES/late.yaml' },
    'delete widget late',
  ],
};

const event = (name: string, apiVersion: string, kind: string): string => `apiVersion: v1
kind: Event
metadata: {name: ${name}}
involvedObject: {apiVersion: ${apiVersion}, kind: ${kind}, name: pi, namespace: k-events-for}
type: Warning
reason: InvalidSchedule
message: it is ${name}
source: {component: tester}
firstTimestamp: "2020-01-01T00:00:00Z"
lastTimestamp: "2020-01-01T00:00:00Z"
count: 1
`;
const eventsFor: Scenario = {
  name: 'events-for',
  commands: [
    'events -A --for=Widget/pi',
    piped('create -f -', event('one', 'stable.example.com/v1', 'Widget')),
    piped('create -f -', event('two', 'v1', 'ConfigMap')),
    'events -A --for=Widget/pi',
    'get events -A --field-selector=involvedObject.name=pi',
    'get events --field-selector=involvedObject.kind=Widget,reason=InvalidSchedule -o name',
    'events --for=Widget/pi',
    'events --for=widgets/pi',
    'events --for=wd/pi',
    'events --for=Widget.v1.stable.example.com/pi',
    'events --for=Widget.stable.example.com/pi',
    'events --for=Widget.v1beta1.stable.example.com/pi',
    'events --for=Widget.v1.other.example.com/pi',
    'events --for=Gadget.v1.stable.example.com/pi',
    'events --for=ConfigMap.v1/pi',
    'events --for=nothing',
    'events --for=Widget/pi --watch --request-timeout=2',
    'events --for=Widget/pi --types=Warning',
    'events --for=Widget/pi --types=Normal',
    'events --for=Widget/pi --types=Normal,Warning --no-headers',
    'events --for=Widget/pi --output=json',
    'events --for=Widget/pi --output=yaml',
    'events -o name',
    'delete events --all',
  ],
};

export const WAITING_SCENARIOS: readonly Scenario[] = [waiting, eventsFor];
