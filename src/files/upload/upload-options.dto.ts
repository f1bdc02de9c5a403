import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { IsInstant } from '../../platform/http/is-instant.decorator';
import { type Conflict, CONFLICTS } from '../conflict';

/** What a client may say of a file beside its name and its bytes: form fields of POST, query parameters of PUT. */
export class UploadOptionsDto {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'The root folder when left out.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  folderId?: string;

  @ApiPropertyOptional({
    format: 'date-time',
    description: 'When the photo was taken. Nobody looks into the file for it.',
    example: '2026-08-02T17:21:09Z',
  })
  @IsOptional()
  @IsInstant()
  takenAt?: string;

  @ApiPropertyOptional({
    enum: CONFLICTS,
    example: 'rename',
    description:
      'When the folder has this name with other bytes: `rename` to "name (1).ext" (default of POST), `replace`, which puts the other file ' +
      'into the trash (default of PUT), or `reject`.',
  })
  @IsOptional()
  @IsIn(CONFLICTS)
  conflict?: Conflict;
}
