import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { ItemOutcome } from './item-outcome';

/** What became of one of many things. */
export class ItemOutcomeResponse {
  @ApiProperty({ description: 'As it was asked for.', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  id!: string;

  @ApiProperty({ example: false })
  ok!: boolean;

  @ApiPropertyOptional({ description: 'Why not: one of the error codes.', example: 'FOLDER.LOCKED' })
  code?: string;
}

/** One for each id, in the order of the question. */
export class ItemOutcomesResponse {
  @ApiProperty({ type: [ItemOutcomeResponse] })
  items!: ItemOutcomeResponse[];
}

export function toItemOutcome({ id, error }: ItemOutcome<unknown>): ItemOutcomeResponse {
  return error ? { id, ok: false, code: error.definition.code } : { id, ok: true };
}
