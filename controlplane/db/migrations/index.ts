/**
 * Every migration, in the order in which they run. A class' `name` ends in its number as 13 digits (TypeORM sorts by them), e.g.
 * `ObjectLog0000000000001`. A migration that was released never changes.
 */
import type { MigrationInterface } from 'typeorm';
import { ObjectLog } from './0001-object-log';
import { LedgerTables } from './0002-ledger';
import { AuthTables } from './0003-auth';
import { Gateway } from './0004-gateway';
import { WriterEpoch } from './0005-writer-epoch';
import { LogChunk } from './0006-log-chunk';

export type Migration = new () => MigrationInterface & { name: string };

export const migrations: Migration[] = [ObjectLog, LedgerTables, AuthTables, Gateway, WriterEpoch, LogChunk];
