import { ApiProperty } from '@nestjs/swagger';
import type { AccountCounts } from './closing.repository';

/** What is destroyed; the mail at the end says it again. */
export class DeletionResponse {
  @ApiProperty({ type: 'integer', description: 'Number of files, those in the trash too.', example: 128 })
  files!: number;

  @ApiProperty({ type: 'integer', description: 'Bytes of their originals.', example: 734003200 })
  bytes!: number;

  @ApiProperty({ type: 'integer', description: 'Folders, without the root.', example: 4 })
  folders!: number;

  @ApiProperty({ type: 'integer', description: 'Links that opened something.', example: 1 })
  shares!: number;
}

export function toDeletionResponse({ files, bytes, folders, shares }: AccountCounts): DeletionResponse {
  return { files, bytes, folders, shares };
}
