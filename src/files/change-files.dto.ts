import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsString, MaxLength } from 'class-validator';
import { MayBeMissing } from '../platform/http/may-be-missing.decorator';

/** Many things by their ids, each once. */
export class IdsDto {
  @ApiProperty({
    type: [String],
    format: 'uuid',
    minItems: 1,
    maxItems: 1000,
    description: 'Each once.',
    example: ['019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11'],
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  ids!: string[];
}

export const BATCH_ACTIONS = ['trash', 'move'] as const;

/** What to do with many files. */
export class ChangeFilesDto extends IdsDto {
  @ApiProperty({ enum: BATCH_ACTIONS, example: 'trash' })
  @IsIn(BATCH_ACTIONS)
  action!: (typeof BATCH_ACTIONS)[number];

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Where to move them; the root folder when left out.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @MayBeMissing()
  @IsString()
  @MaxLength(64)
  folderId?: string;
}
