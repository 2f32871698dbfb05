/** Every entity that TypeORM maps. Each part appends its own. */
import type { EntityTarget, ObjectLiteral } from 'typeorm';

type EntityClass = Extract<EntityTarget<ObjectLiteral>, new () => unknown>;

export const entities: EntityClass[] = [];
