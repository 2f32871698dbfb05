/** Every entity that TypeORM maps. Each part appends its own. */
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { AccessToken } from './auth';
import { ElementRow, JobNameRow, JoinTokenRow, ResultRow } from './gateway';

type EntityClass = Extract<EntityTarget<ObjectLiteral>, new () => unknown>;

export const entities: EntityClass[] = [AccessToken, ElementRow, ResultRow, JobNameRow, JoinTokenRow];
