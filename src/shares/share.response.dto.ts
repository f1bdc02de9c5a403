import { ApiProperty } from '@nestjs/swagger';
import { PageResponse } from '../platform/http/page.response.dto';
import type { CreatedShare } from './share-creation.service';
import type { OwnedShare } from './shares.service';

const STATES = ['open', 'used_up', 'suspended', 'expired'] as const;

/** A share that was just made. */
export class CreatedShareResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b' })
  id!: string;

  @ApiProperty({
    description: 'The link, given this once. What is behind the `#` opens the share and is kept nowhere.',
    example:
      'https://photos.example.com/s/019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b#ThisIsAnExampleAndOpensNothingAnywhereAtAll',
  })
  url!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-27T10:00:00.000Z' })
  expiresAt!: string;
}

/** A share as its owner sees it. */
export class ShareResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b' })
  id!: string;

  @ApiProperty({ enum: ['folder', 'files'], description: 'What is shared.', example: 'files' })
  target!: 'folder' | 'files';

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The folder; null for files.',
    example: null,
  })
  folderId!: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'How many files were shared; null for a folder.',
    example: 12,
  })
  fileCount!: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'Summer by the sea' })
  label!: string | null;

  @ApiProperty({
    enum: STATES,
    description:
      '`used_up`: opened `maxOpens` times. `suspended`: after 50 wrong passwords it opens for nobody. Both stay so; only `open` ones open.',
    example: 'open',
  })
  state!: (typeof STATES)[number];

  @ApiProperty({ format: 'date-time', example: '2026-11-27T10:00:00.000Z' })
  expiresAt!: string;

  @ApiProperty({ example: true })
  hasPassword!: boolean;

  @ApiProperty({ example: false })
  includeOriginals!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, example: 20 })
  maxOpens!: number | null;

  @ApiProperty({ type: 'integer', description: 'How often it was opened.', example: 3 })
  opens!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  createdAt!: string;
}

/** A page of shares. */
export class ShareListResponse extends PageResponse {
  @ApiProperty({ type: [ShareResponse] })
  items!: ShareResponse[];
}

export function toCreatedShareResponse({ id, url, expiresAt }: CreatedShare): CreatedShareResponse {
  return { id, url, expiresAt: expiresAt.toISOString() };
}

export function toShareResponse({ row, label }: OwnedShare): ShareResponse {
  const { id, folderId, fileCount, state, hasPassword, includeOriginals, maxOpens, opens } = row;
  return {
    id,
    target: folderId === null ? 'files' : 'folder',
    folderId,
    fileCount,
    label,
    state,
    expiresAt: row.expiresAt.toISOString(),
    hasPassword,
    includeOriginals,
    maxOpens,
    opens,
    createdAt: row.createdAt.toISOString(),
  };
}
