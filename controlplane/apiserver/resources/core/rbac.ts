/** Roles and bindings (rbac.authorization.k8s.io/v1), with kube-apiserver's rules, defaults and columns. */
import type { KubeObject } from '../../../../crds/meta';
import { invalid, notSupported, required, type FieldError } from '../../schema/field-error';
import { labelValueProblem, nameProblem, qualifiedNameProblem } from '../../schema/object-meta';
import { isObject, type JsonObject } from '../../schema/schema';
import type { PrinterColumn, Resource } from '../resource';
import { AGE, listOf, textOf } from './cells';
import { core } from './define';

const GROUP = 'rbac.authorization.k8s.io';

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** As Go's `%#v` shows it. */
const goStrings = (values: readonly string[]): string => `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
const goInvalid = (field: string, shown: string, detail: string): FieldError => ({ reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}: ${detail}` });

function ruleErrors(rule: JsonObject, namespaced: boolean, at: string): FieldError[] {
  const [verbs, groups, resources, names, urls] = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'].map((field) => textsOf(rule[field]));
  const errors = verbs.length === 0 ? [required(`${at}.verbs`, 'verbs must contain at least one value')] : [];
  if (urls.length > 0) {
    const field = `${at}.nonResourceURLs`;
    if (namespaced) errors.push(goInvalid(field, goStrings(urls), 'namespaced rules cannot apply to non-resource URLs'));
    if (groups.length + resources.length + names.length > 0) errors.push(goInvalid(field, goStrings(urls), 'rules cannot apply to both regular resources and non-resource URLs'));
    return errors;
  }
  if (groups.length === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

const rulesErrors = (role: JsonObject, namespaced: boolean): FieldError[] => listOf(role.rules).flatMap((rule, index) => ruleErrors(rule, namespaced, `rules[${index}]`));

function aggregationErrors({ aggregationRule }: JsonObject): FieldError[] {
  if (!isObject(aggregationRule)) return [];
  const field = 'aggregationRule.clusterRoleSelectors';
  const selectors = listOf(aggregationRule.clusterRoleSelectors);
  if (selectors.length === 0) return [required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  return selectors.flatMap((selector, index) => selectorErrors(selector, `${field}[${index}]`));
}

function selectorErrors(selector: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const key = (field: string, value: string): void => {
    const problem = qualifiedNameProblem(value);
    if (problem) errors.push(invalid(field, value, problem));
  };
  const text = (field: string, value: string): void => {
    const problem = labelValueProblem(value);
    if (problem) errors.push(invalid(field, value, problem));
  };
  for (const [name, value] of Object.entries(isObject(selector.matchLabels) ? selector.matchLabels : {})) {
    key(`${at}.matchLabels`, name);
    text(`${at}.matchLabels`, String(value));
  }
  listOf(selector.matchExpressions).forEach((expression, index) => {
    const field = `${at}.matchExpressions[${index}]`;
    const values = textsOf(expression.values);
    switch (textOf(expression.operator)) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0) errors.push({ reason: 'FieldValueForbidden', field: `${field}.values`, message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'" });
        break;
      default:
        errors.push(invalid(`${field}.operator`, textOf(expression.operator), 'not a valid selector operator'));
    }
    key(`${field}.key`, textOf(expression.key));
    values.forEach((value, at) => text(`${field}.values[${at}]`, value));
  });
  if (errors.length > 0) errors.push(invalid(at, 'null', 'invalid label selector.'));
  return errors;
}

function prepareBinding(binding: JsonObject): void {
  const roleRef = isObject(binding.roleRef) ? binding.roleRef : (binding.roleRef = {});
  if (isObject(roleRef)) roleRef.apiGroup ||= GROUP;
  for (const subject of listOf(binding.subjects)) {
    if (!subject.apiGroup && (subject.kind === 'User' || subject.kind === 'Group')) subject.apiGroup = GROUP;
    for (const field of ['apiGroup', 'namespace']) if (subject[field] === '') delete subject[field];
  }
}

function subjectErrors(subject: JsonObject, namespaced: boolean, at: string): FieldError[] {
  const [kind, name, group] = [textOf(subject.kind), textOf(subject.name), textOf(subject.apiGroup)];
  const errors = name === '' ? [required(`${at}.name`)] : [];
  switch (kind) {
    case 'ServiceAccount': {
      const problem = name === '' ? undefined : nameProblem(name, 'subdomain');
      if (problem) errors.push(invalid(`${at}.name`, name, problem));
      if (group !== '') errors.push(notSupported(`${at}.apiGroup`, group, ['']));
      if (!namespaced && textOf(subject.namespace) === '') errors.push(required(`${at}.namespace`));
      break;
    }
    case 'User':
    case 'Group':
      if (group !== GROUP) errors.push(notSupported(`${at}.apiGroup`, group, [GROUP]));
      break;
    default:
      errors.push(notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

const bindingErrors = (kinds: readonly string[], namespaced: boolean) => (binding: JsonObject, old?: KubeObject): FieldError[] => {
  const roleRef = isObject(binding.roleRef) ? binding.roleRef : {};
  const [group, kind, name] = [textOf(roleRef.apiGroup), textOf(roleRef.kind), textOf(roleRef.name)];
  const errors: FieldError[] = [];
  if (group !== GROUP) errors.push(notSupported('roleRef.apiGroup', group, [GROUP]));
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds));
  const problem = name === '' ? undefined : nameProblem(name, 'path');
  if (name === '') errors.push(required('roleRef.name'));
  else if (problem) errors.push(invalid('roleRef.name', name, problem));
  errors.push(...listOf(binding.subjects).flatMap((subject, index) => subjectErrors(subject, namespaced, `subjects[${index}]`)));
  const before = (old as unknown as JsonObject | undefined)?.roleRef;
  if (isObject(before) && (before.apiGroup !== group || before.kind !== kind || before.name !== name)) {
    const shown = `rbac.RoleRef{APIGroup:${JSON.stringify(group)}, Kind:${JSON.stringify(kind)}, Name:${JSON.stringify(name)}}`;
    errors.push(goInvalid('roleRef', shown, 'cannot change roleRef'));
  }
  return errors;
};

const CREATED_AT: PrinterColumn = {
  name: 'Created At', type: 'date', description: 'When the object was created.',
  cell: (role) => (isObject(role.metadata) ? (role.metadata.creationTimestamp ?? null) : null),
};

const subjects = (name: string, kind: string): PrinterColumn => ({
  name, type: 'string', priority: 1, description: `${name} in the binding`,
  cell: (binding) => listOf(binding.subjects).filter((subject) => subject.kind === kind)
    .map((subject) => (kind === 'ServiceAccount' ? `${textOf(subject.namespace)}/${textOf(subject.name)}` : textOf(subject.name))).join(', '),
});

const BINDING_COLUMNS: readonly PrinterColumn[] = [
  { name: 'Role', type: 'string', description: 'The role that is given.', cell: ({ roleRef }) => (isObject(roleRef) ? `${textOf(roleRef.kind)}/${textOf(roleRef.name)}` : '') },
  AGE,
  subjects('Users', 'User'),
  subjects('Groups', 'Group'),
  subjects('ServiceAccounts', 'ServiceAccount'),
];

const common = { group: GROUP, version: 'v1', shortNames: [], nameRule: 'path' } as const;

export const RBAC_KINDS: readonly Resource[] = [
  core({
    ...common, plural: 'clusterrolebindings', singular: 'clusterrolebinding', kind: 'ClusterRoleBinding', namespaced: false, columns: BINDING_COLUMNS,
    description: 'ClusterRoleBinding gives a ClusterRole to subjects, in all namespaces.',
    strategy: { prepare: prepareBinding, validate: bindingErrors(['ClusterRole'], false) },
  }),
  core({
    ...common, plural: 'clusterroles', singular: 'clusterrole', kind: 'ClusterRole', namespaced: false, columns: [CREATED_AT],
    description: 'ClusterRole is a set of rights that a binding gives, in one namespace or everywhere.',
    strategy: { validate: (role) => [...rulesErrors(role, false), ...aggregationErrors(role)] },
  }),
  core({
    ...common, plural: 'rolebindings', singular: 'rolebinding', kind: 'RoleBinding', namespaced: true, columns: BINDING_COLUMNS,
    description: 'RoleBinding gives a Role or ClusterRole to subjects, in its namespace.',
    strategy: { prepare: prepareBinding, validate: bindingErrors(['Role', 'ClusterRole'], true) },
  }),
  core({
    ...common, plural: 'roles', singular: 'role', kind: 'Role', namespaced: true, columns: [CREATED_AT],
    description: 'Role is a set of rights in its namespace.',
    strategy: { validate: (role) => rulesErrors(role, true) },
  }),
];
