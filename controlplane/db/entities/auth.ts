/** Bearer tokens, for cold reads, which never need the hash; written and authenticated by `auth/token-store.ts`. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('access_token')
export class AccessToken {
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  subject!: string;

  /** JSON array of strings. */
  @Column('text')
  groups!: string;

  @Column('text')
  description!: string;

  /** RFC 3339. */
  @Column('text', { name: 'created_at' })
  createdAt!: string;

  /** RFC 3339; null: never. */
  @Column('text', { name: 'expires_at', nullable: true })
  expiresAt!: string | null;
}
