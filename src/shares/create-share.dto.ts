import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { IsInstant } from '../platform/http/is-instant.decorator';
import { MayBeMissing } from '../platform/http/may-be-missing.decorator';

/** Printable: no control, format, surrogate or unassigned characters. */
const PRINTABLE = /^[^\p{C}]+$/u;

/** What to share, and how. */
export class CreateShareDto {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'This or `fileIds`. The folder as it is at any time: what comes into it later is shared too.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @MayBeMissing()
  @IsString()
  @MaxLength(64)
  folderId?: string;

  @ApiPropertyOptional({
    type: [String],
    format: 'uuid',
    minItems: 1,
    maxItems: 1000,
    description: 'This or `folderId`. Files of any folders that you can open.',
    example: ['019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11'],
  })
  @MayBeMissing()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  fileIds?: string[];

  @ApiPropertyOptional({
    format: 'date-time',
    description:
      'When it ends: in the future, at most 90 days from now, 7 days when left out. Fractions of a second are dropped.',
    example: '2026-11-27T10:00:00Z',
  })
  @MayBeMissing()
  @IsInstant()
  expiresAt?: string;

  @ApiPropertyOptional({
    description: 'Asked for beside the link. 8 to 256 bytes of UTF-8, and none that everybody tries first.',
    example: 'a long walk on the beach',
  })
  @MayBeMissing()
  @IsString()
  @MaxLength(1024)
  password?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000,
    description: 'How often it can be opened; any number of times when left out.',
    example: 20,
  })
  @MayBeMissing()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxOpens?: number;

  @ApiPropertyOptional({
    default: false,
    description:
      'Whether visitors get the files as they are, with place and time of the photos; else previews without.',
  })
  @MayBeMissing()
  @IsBoolean()
  includeOriginals?: boolean;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 128,
    description: 'What it is called, for you and for visitors.',
    example: 'Summer by the sea',
  })
  @MayBeMissing()
  @IsString()
  @MaxLength(128)
  @Matches(PRINTABLE, { message: 'label must be 1 to 128 printable characters' })
  label?: string;
}
