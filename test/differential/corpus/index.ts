/** All sequences. */
import type { Sequence } from '../step';
import { ACCESS } from './access';
import { APPLYING } from './applying';
import { CREATE } from './create';
import { CUSTOM } from './custom';
import { DEFINING } from './defining';
import { DOCUMENTS } from './documents';
import { ENCODINGS } from './encodings';
import { JSON_PATCHES } from './json-patches';
import { KINDS } from './kinds';
import { LISTS } from './lists';
import { MANIFEST_SEQUENCES } from './manifests';
import { NESTING } from './nesting';
import { NULLS } from './nulls';
import { NUMBERS } from './numbers';
import { PROTOBUF } from './protobuf';
import { PROTOBUF_BODIES } from './protobuf-bodies';
import { PROTOCOL } from './protocol';
import { REFUSED } from './refused';
import { SUITES } from './suites';
import { SCALARS } from './scalars';
import { SHAPES } from './templates';
import { TIMES_SEQUENCES } from './times';
import { WRITES } from './writes';

export const CORPUS: readonly Sequence[] = [...CREATE, ...CUSTOM, ...LISTS, ...PROTOCOL, ...WRITES, ...APPLYING, ...KINDS, ...DEFINING, ...ACCESS, ...REFUSED, ...DOCUMENTS, ...MANIFEST_SEQUENCES, ...SHAPES, ...PROTOBUF, ...PROTOBUF_BODIES, ...SUITES, ...JSON_PATCHES, ...NUMBERS, ...NESTING, ...SCALARS, ...NULLS, ...TIMES_SEQUENCES, ...ENCODINGS];
