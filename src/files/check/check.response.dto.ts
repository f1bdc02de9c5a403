import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { CheckOutcome } from './file-check.service';

const ACTIONS = ['upload', 'duplicate', 'restorable'] as const;

/** What an upload of one file would come to. */
export class CheckItemResponse {
  @ApiProperty({ description: 'As it was asked for.', example: '0001' })
  clientId!: string;

  @ApiPropertyOptional({
    enum: ACTIONS,
    description:
      '`upload`: its folder does not have its bytes. `duplicate`: it has. `restorable`: its trash has them; an upload brings them back, and so ' +
      'does `POST /trash/restore`. Missing when nothing can be said; then `code` says why.',
    example: 'duplicate',
  })
  action?: CheckOutcome['action'];

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'The file that has its bytes.',
    example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11',
  })
  fileId?: string;

  @ApiPropertyOptional({ description: 'One of the error codes.', example: 'FOLDER.LOCKED' })
  code?: string;
}

/** One for each item, in the order of the question. */
export class CheckFilesResponse {
  @ApiProperty({ type: [CheckItemResponse] })
  items!: CheckItemResponse[];
}

export function toCheckItem({ clientId, action, fileId, error }: CheckOutcome): CheckItemResponse {
  return { clientId, action, fileId, code: error?.definition.code };
}
