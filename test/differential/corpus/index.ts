/** All sequences. */
import type { Sequence } from '../step';
import { ACCESS } from './access';
import { APPLYING } from './applying';
import { CREATE } from './create';
import { CUSTOM } from './custom';
import { DEFINING } from './defining';
import { KINDS } from './kinds';
import { LISTS } from './lists';
import { PROTOCOL } from './protocol';
import { SHAPES } from './templates';
import { WRITES } from './writes';

export const CORPUS: readonly Sequence[] = [...CREATE, ...CUSTOM, ...LISTS, ...PROTOCOL, ...WRITES, ...APPLYING, ...KINDS, ...DEFINING, ...ACCESS, ...SHAPES];
