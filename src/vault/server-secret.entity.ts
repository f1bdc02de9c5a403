import type { ServerSecretPurpose } from '../platform/crypto/contexts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key of the server itself, wrapped by the master key `kid`. */
@Entity('server_secrets')
export class ServerSecretEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_server_secrets' })
  purpose!: ServerSecretPurpose;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'pk_server_secrets' })
  version!: number;

  @Column('integer')
  kid!: number;

  @Column('bytea')
  secretWrapped!: Buffer;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;
}
