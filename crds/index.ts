/** Gleaner's API: one class per resource, the table of them, their CustomResourceDefinitions. */
export * from './account';
export * from './admission';
export * from './agent';
export * from './job';
export * from './load-crds';
export * from './meta';
export * from './rate-tier';
export * from './resources';
export * from './runtime';
export * from './task';
