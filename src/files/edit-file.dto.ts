import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator';
import { IsInstant } from '../platform/http/is-instant.decorator';

/** What may be changed of a file. */
export class EditFileDto {
  @ApiPropertyOptional({ description: 'At most 255 bytes in UTF-8; no control characters.', example: 'beach.jpg' })
  @ValidateIf((dto: EditFileDto) => dto.name !== undefined)
  @IsString()
  @MaxLength(4096)
  name?: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'null removes the date.',
    example: '2026-08-02T17:21:09Z',
  })
  @IsOptional()
  @IsInstant()
  takenAt?: string | null;

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Moves the file into this folder.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @ValidateIf((dto: EditFileDto) => dto.folderId !== undefined)
  @IsString()
  @MaxLength(64)
  folderId?: string;
}
