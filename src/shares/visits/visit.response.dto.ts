import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PageResponse } from '../../platform/http/page.response.dto';
import type { SharedFile } from './shared-files.service';
import type { OpenedShare } from './share-visits.service';

/** An opened share. */
export class OpenedShareResponse {
  @ApiPropertyOptional({
    description: 'Given this once, for `Authorization: Bearer`; not with the cookie.',
    example: 'pvv_ThisIsAnExampleAndOpensNothingAnywhereAtAll00000000',
  })
  shareToken?: string;

  @ApiProperty({
    format: 'date-time',
    description: 'When it has to be opened again: at the end of the share, or before.',
    example: '2026-11-20T22:00:00.000Z',
  })
  expiresAt!: string;

  @ApiPropertyOptional({ description: 'What its owner calls it.', example: 'Summer by the sea' })
  label?: string;
}

/** What a visitor sees of a file. */
export class SharedFileResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  id!: string;

  @ApiProperty({ example: 'IMG_5195.JPG' })
  name!: string;

  @ApiProperty({ description: 'Of the original.', example: 'image/jpeg' })
  contentType!: string;

  @ApiProperty({ type: 'integer', description: 'Bytes of the original.', example: 833284 })
  size!: number;
}

/** A page of the files of a share. */
export class SharedFileListResponse extends PageResponse {
  @ApiProperty({ type: [SharedFileResponse] })
  items!: SharedFileResponse[];
}

export function toOpenedShareResponse(
  { token, expiresAt, label }: OpenedShare,
  tokens: 'tokens' | 'no tokens',
): OpenedShareResponse {
  return {
    ...(tokens === 'tokens' && { shareToken: token }),
    expiresAt: expiresAt.toISOString(),
    ...(label !== null && { label }),
  };
}

export function toSharedFileResponse({ id, details: { name, contentType, length } }: SharedFile): SharedFileResponse {
  return { id, name, contentType, size: length };
}
