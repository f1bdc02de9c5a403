import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { type Direction, DIRECTIONS, type Order, ORDERS } from './file-page';

/** Which files, in which order. */
export class ListFilesDto {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'One folder; without it, all open folders.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  folderId?: string;

  @ApiPropertyOptional({
    enum: ORDERS,
    default: 'taken',
    description: 'What to sort by; `taken` falls back to `created` where a photo has no date.',
  })
  @IsOptional()
  @IsIn(ORDERS)
  order: Order = 'taken';

  @ApiPropertyOptional({ enum: DIRECTIONS, default: 'desc', description: '`desc`: the newest first.' })
  @IsOptional()
  @IsIn(DIRECTIONS)
  direction: Direction = 'desc';

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 50, description: 'Files in a page.' })
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
