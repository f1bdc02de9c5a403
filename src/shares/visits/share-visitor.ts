import type { Visitor } from '../../platform/http/visitor';
import type { ShareEntity } from '../share.entity';

/** A visitor as the share guard has let one in, with the key of the share: for one request only. */
export interface ShareVisitor extends Visitor {
  readonly share: Pick<
    ShareEntity,
    'id' | 'ownerId' | 'folderId' | 'fkVersion' | 'fkWrapped' | 'includeOriginals' | 'expiresAt'
  >;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** From where, and with what. */
export interface VisitOrigin {
  readonly ip: string;
  readonly agent?: string;
}
