/** What the gateway keeps besides objects: data elements, results, which uid a Job's name had, join tokens. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A data element that is complete on disk. */
@Entity('element')
export class ElementRow {
  /** `sha256:<hex>` */
  @PrimaryColumn('text')
  digest!: string;
  @Column('integer')
  bytes!: number;
  /** Milliseconds since the epoch. */
  @Column('integer', { name: 'created_at' })
  createdAt!: number;
}

/** The result of one index: of the attempt that succeeded first. */
@Entity('result')
export class ResultRow {
  @PrimaryColumn('text', { name: 'job_uid' })
  jobUid!: string;
  @PrimaryColumn('integer')
  idx!: number;
  @Column('integer')
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
  @Column('integer', { name: 'created_at' })
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
  @Column('integer', { name: 'uses_left' })
  usesLeft!: number;
  @Column('integer', { name: 'expires_at' })
  expiresAt!: number;
}
