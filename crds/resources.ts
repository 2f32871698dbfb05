/** The table of Gleaner's own resources. */
import { Account } from './account';
import { Agent } from './agent';
import { Job } from './job';
import { ACCOUNTS, AGENTS, JOBS, RATE_TIERS, type ResourceName, RUNTIMES, TASKS } from './meta';
import { RateTier } from './rate-tier';
import { Runtime } from './runtime';
import type { Class } from './schema/registry';
import { Task } from './task';

export interface ResourceInfo {
  /** `jobs.gleaner.dev` */
  name: ResourceName;
  kind: string;
  plural: string;
  singular: string;
  shortNames: string[];
  scope: 'Namespaced' | 'Cluster';
  class: Class;
  /** Has a status subresource. */
  status: boolean;
  /** Paths of the scale subresource. */
  scale?: { specReplicasPath: string; statusReplicasPath: string };
}

export const RESOURCES: readonly ResourceInfo[] = [
  {
    name: JOBS, kind: 'Job', plural: 'jobs', singular: 'job', shortNames: ['gj'], scope: 'Namespaced', class: Job, status: true,
    scale: { specReplicasPath: '.spec.parallelism', statusReplicasPath: '.status.active' },
  },
  { name: TASKS, kind: 'Task', plural: 'tasks', singular: 'task', shortNames: ['gt'], scope: 'Namespaced', class: Task, status: true },
  { name: AGENTS, kind: 'Agent', plural: 'agents', singular: 'agent', shortNames: ['ga'], scope: 'Cluster', class: Agent, status: true },
  { name: RATE_TIERS, kind: 'RateTier', plural: 'ratetiers', singular: 'ratetier', shortNames: ['rt'], scope: 'Cluster', class: RateTier, status: false },
  { name: RUNTIMES, kind: 'Runtime', plural: 'runtimes', singular: 'runtime', shortNames: ['rtm'], scope: 'Cluster', class: Runtime, status: true },
  { name: ACCOUNTS, kind: 'Account', plural: 'accounts', singular: 'account', shortNames: ['acct'], scope: 'Cluster', class: Account, status: true },
];

/** The entry of a resource by its full name; undefined when it is not one of Gleaner's. */
export const resourceInfo = (name: ResourceName): ResourceInfo | undefined => RESOURCES.find((each) => each.name === name);
