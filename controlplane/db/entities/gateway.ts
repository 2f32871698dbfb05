/** What the gateway keeps besides objects: data elements, results, which uid a Job's name had, join tokens. */
import { Column, Entity, PrimaryColumn, type ValueTransformer } from 'typeorm';

/** Small enough for a number; PostgreSQL's driver gives a bigint. */
const wholeNumber: ValueTransformer = { to: (value: unknown) => value, from: (value: unknown) => (value === null ? null : Number(value)) };

/** A data element that is complete on disk. */
@Entity('element')
export class ElementRow {
  /** `sha256:<hex>` */
  @PrimaryColumn('text')
  digest!: string;
  @Column('bigint', { transformer: wholeNumber })
  bytes!: number;
  /** Milliseconds since the epoch. */
  @Column('bigint', { name: 'created_at', transformer: wholeNumber })
  createdAt!: number;
}

/** The result of one index: of the attempt that succeeded first. */
@Entity('result')
export class ResultRow {
  @PrimaryColumn('text', { name: 'job_uid' })
  jobUid!: string;
  @PrimaryColumn('bigint', { transformer: wholeNumber })
  idx!: number;
  @Column('bigint', { transformer: wholeNumber })
  attempt!: number;
  /** out/result.json, when it was small. */
  @Column('text', { nullable: true })
  inline!: string | null;
  /** JSON list of {path, element, bytes}; null: none. */
  @Column('text', { nullable: true })
  files!: string | null;
}

/** The uid of a Job that had attempts; outlives the Job, as its results and logs do. */
@Entity('job_name')
export class JobNameRow {
  @PrimaryColumn('text')
  uid!: string;
  @Column('text')
  namespace!: string;
  @Column('text')
  name!: string;
  @Column('bigint', { name: 'created_at', transformer: wholeNumber })
  createdAt!: number;
}

/** Lets agents join. The secret itself is never stored. */
@Entity('join_token')
export class JoinTokenRow {
  @PrimaryColumn('text')
  id!: string;
  /** sha-256 of the secret, hex. */
  @Column('text')
  hash!: string;
  /** Whom the agents pay that join with it. */
  @Column('text')
  owner!: string;
  @Column('bigint', { name: 'uses_left', transformer: wholeNumber })
  usesLeft!: number;
  @Column('bigint', { name: 'expires_at', transformer: wholeNumber })
  expiresAt!: number;
}
