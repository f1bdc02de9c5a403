import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsISO8601, IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator';

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
  @IsISO8601({ strict: true })
  takenAt?: string | null;
}
