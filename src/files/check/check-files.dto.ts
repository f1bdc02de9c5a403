import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsObject,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { MayBeMissing } from '../../platform/http/may-be-missing.decorator';

/** Of a question: what a tool asks in one go. */
export const MOST_ITEMS = 5000;

/** One file that a client could upload. */
export class CheckItemDto {
  @ApiProperty({ maxLength: 128, description: 'Whatever the client calls it; it comes back.', example: '0001' })
  @IsString()
  @MaxLength(128)
  clientId!: string;

  @ApiProperty({
    pattern: '^[0-9A-Fa-f]{64}$',
    description: 'SHA-256 of its bytes, hexadecimal.',
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  })
  @Matches(/^[0-9A-Fa-f]{64}$/, { message: 'sha256 must be 64 hexadecimal digits' })
  sha256!: string;

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Where it would go; the root folder when left out.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @MayBeMissing()
  @IsString()
  @MaxLength(64)
  folderId?: string;
}

/** Which of many files need not be sent. */
export class CheckFilesDto {
  @ApiProperty({ type: [CheckItemDto], minItems: 1, maxItems: MOST_ITEMS })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_ITEMS)
  // Nested validation alone lets lists of lists through.
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => CheckItemDto)
  items!: CheckItemDto[];
}
