/** All sequences. */
import type { Sequence } from '../step';
import { CREATE } from './create';
import { CUSTOM } from './custom';
import { LISTS } from './lists';

export const CORPUS: readonly Sequence[] = [...CREATE, ...CUSTOM, ...LISTS];
