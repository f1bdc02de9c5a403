import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** Which page of a list. */
export class PageDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 50, description: 'Entries in a page.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;

  @ApiPropertyOptional({
    description: '`nextCursor` of the page before; the other parameters must stay the same.',
    example: 'bXNjMmg1ZTAuMDE5YWIwYzQ3ZDFmN2M1NThhMGUzZjNkN2IyYjljMTE',
  })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  cursor?: string;
}
