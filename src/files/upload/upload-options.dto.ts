import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsOptional, IsString, MaxLength } from 'class-validator';
import type { Conflict } from './upload.service';

const CONFLICTS = ['rename', 'reject'] as const;

/** What a client may say of a file beside its name and its bytes: form fields of POST, query parameters of PUT. */
export class UploadOptionsDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'The root folder when left out.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  folderId?: string;

  @ApiPropertyOptional({ format: 'date-time', example: '2026-08-02T17:21:09Z' })
  @IsOptional()
  @IsISO8601({ strict: true })
  takenAt?: string;

  @ApiPropertyOptional({
    enum: CONFLICTS,
    description:
      'When the folder has this name with other bytes: `rename` to "name (1).ext" (default of POST) or `reject` (default of PUT).',
  })
  @IsOptional()
  @IsIn(CONFLICTS)
  conflict?: Conflict;
}
