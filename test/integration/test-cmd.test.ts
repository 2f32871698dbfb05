/**
 * Functions of Kubernetes' `test/cmd` with its kubectl against our control plane: unmodified, all that need only what is served; with
 * stand-ins, those that are also about something else than what they need (`test/support/test-cmd/stand-ins.ts` says what was edited).
 * NOT_RUN are the others: a function that is in none of the three fails.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pino from 'pino';

import { findTarget } from '../../cli/client';
import { defaultConfig } from '../../controlplane/config';
import { startControlPlane, type ControlPlane } from '../../controlplane/main';
import { kubectl } from '../support/kubectl';
import { describeWithKube } from '../support/kube-apiserver';
import { testCmd, type TestCmd } from '../support/test-cmd';

/** Those that make objects of their own in all namespaces are run one after the other, as in the suite. */
const UNMODIFIED = [
  // crd.sh, discovery.sh, get.sh
  'run_crd_tests', 'run_RESTMapper_evaluation_tests', 'run_assert_short_name_tests', 'run_assert_singular_name_tests', 'run_ambiguous_shortname_tests',
  'run_explain_crd_with_additional_properties_tests', 'run_assert_categories_tests', 'run_crd_deletion_recreation_tests', 'run_swagger_tests', 'run_deprecated_api_tests',
  // core.sh, create.sh, delete.sh
  'run_configmap_tests', 'run_secrets_test', 'run_create_secret_tests', 'run_service_accounts_tests', 'run_pod_templates_tests', 'run_kubectl_create_error_tests',
  'run_kubectl_delete_allnamespaces_tests', 'run_kubectl_delete_interactive_tests',
  // auth_whoami.sh, authorization.sh, kubeconfig.sh
  'run_kubectl_auth_whoami_tests', 'run_authorization_tests', 'run_impersonation_tests', 'run_client_config_tests', 'run_kubectl_config_set_tests',
  'run_kubectl_config_set_cluster_tests', 'run_kubectl_config_set_credentials_tests',
  // version.sh, results.sh, help.sh, plugins.sh
  'run_kubectl_version_tests', 'run_kubectl_results_tests', 'run_kubectl_help_tests', 'run_plugins_tests',
];

const WITH_STAND_INS = [
  'run_kubectl_apply_tests', 'run_kubectl_server_side_apply_tests', 'run_kubectl_diff_tests', 'run_kubectl_diff_same_names', 'run_save_config_tests',
  'run_kubectl_get_tests', 'run_kubectl_response_compression_tests', 'run_kubectl_sort_by_tests', 'run_kubectl_all_namespace_tests', 'run_template_output_tests', 'run_kubectl_request_timeout_tests',
  'run_kubectl_create_dry_run_tests', 'run_kubectl_create_filter_tests', 'run_kubectl_create_validate_tests', 'run_kubectl_create_kustomization_directory_tests',
  'run_namespace_tests', 'run_kubectl_events_tests', 'run_wait_tests', 'run_kubectl_explain_tests', 'run_kubectl_local_proxy_tests',
  'run_clusterroles_tests', 'run_role_tests', 'run_kubeconfig_impersonate_tests', 'run_exec_credentials_tests',
  'run_exec_credentials_interactive_tests', 'run_lists_tests',
];

const NOT_RUN: Readonly<Record<string, readonly string[]>> = {
  'a part of another function': ['run_non_native_resource_tests', 'run_exec_credentials_tests_version', 'run_exec_credentials_interactive_tests_version'],
  'what runs pods is not served': [
    'run_pod_tests', 'run_rc_tests', 'run_rs_tests', 'run_deployment_tests', 'run_kubectl_apply_deployments_tests', 'run_daemonset_tests', 'run_daemonset_history_tests', 'run_stateful_set_tests',
    'run_statefulset_history_tests', 'run_job_tests', 'run_create_job_tests', 'run_kubectl_run_tests',
  ],
  'files and lists of pods and what runs them, throughout': ['run_multi_resources_tests', 'run_recursive_resources_tests', 'run_retrieve_multiple_tests', 'run_resource_aliasing_tests'],
  'nobody reaches into a pod': [
    'run_kubectl_exec_pod_tests', 'run_kubectl_exec_resource_name_tests', 'run_kubectl_debug_pod_tests', 'run_kubectl_debug_node_tests',
    ...['general', 'baseline', 'restricted', 'netadmin'].flatMap((profile) => [`run_kubectl_debug_${profile}_tests`, `run_kubectl_debug_${profile}_node_tests`]), 'run_kubectl_debug_custom_profile_tests',
  ],
  'services, nodes and volumes are not served': ['run_service_tests', 'run_nodes_tests', 'run_cluster_management_tests', 'run_persistent_volumes_tests', 'run_persistent_volume_claims_tests', 'run_storage_class_tests'],
  'CertificateSigningRequests are not served': ['run_certificates_tests'],
  'versions of Deployments, by another program (kubectl-convert)': ['run_convert_tests'],
};

describeWithKube('test/cmd of Kubernetes', ['kubectl', 'test-cmd'], ({ 'test-cmd': source, kubectl: program }) => {
  let dir: string;
  let plane: ControlPlane;
  let suite: TestCmd;
  let edited: TestCmd;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gleaner-test-cmd-'));
    const data = join(dir, 'data');
    mkdirSync(data);
    plane = await startControlPlane({ ...defaultConfig(data), port: 0 }, pino({ level: 'silent' }));
    const { server = '', token = '' } = findTarget({ data });
    // Their server allows everybody everything; the one whom run_authorization_tests asks about is not an administrator here.
    await kubectl(join(data, 'kubeconfig'), dir, program).ok(['create', 'clusterrolebinding', 'bob', '--clusterrole=cluster-admin', '--user=bob']);
    const suiteIn = (folder: string, standIns: boolean): TestCmd => {
      mkdirSync(join(dir, folder));
      return testCmd({ source, dir: join(dir, folder), kubectl: program, port: Number(new URL(server).port), token, standIns });
    };
    [suite, edited] = [suiteIn('unmodified', false), suiteIn('edited', true)];
  }, 60_000);
  afterAll(async () => {
    await plane?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const ended = async (name: string, on: TestCmd): Promise<object> => {
    const { code, output } = await on.run(name);
    return { code, end: code === 0 ? '' : output.split('\n').slice(-30).join('\n') };
  };
  test('every function is run, or is named with the reason why not', () => {
    const folder = join(source, 'test', 'cmd');
    const functions = readdirSync(folder).filter((name) => name.endsWith('.sh')).flatMap((name) => readFileSync(join(folder, name), 'utf8').match(/^run_\w+(?=\(\))/gm) ?? []);
    expect([...UNMODIFIED, ...WITH_STAND_INS, ...Object.values(NOT_RUN).flat()].sort()).toEqual(functions.sort());
  });
  test.each(UNMODIFIED)('%s', async (name) => {
    expect(await ended(name, suite)).toEqual({ code: 0, end: '' });
  }, 150_000);
  test.each(WITH_STAND_INS)('%s, with stand-ins', async (name) => {
    expect(await ended(name, edited)).toEqual({ code: 0, end: '' });
  }, 150_000);

  test('a function that fails is seen to fail', async () => {
    expect(await suite.run('run_nodes_tests')).toMatchObject({ code: 1, output: expect.stringContaining('the server doesn\'t have a resource type "nodes"') });
  }, 60_000);
});
