import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { type Direction, DIRECTIONS, type Order, ORDERS } from './file-page';

/** Which files, in which order. */
export class ListFilesDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'One folder; without it, all open folders.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  folderId?: string;

  @ApiPropertyOptional({
    enum: ORDERS,
    default: 'taken',
    description: '`taken` falls back to `created` where a photo has no date.',
  })
  @IsOptional()
  @IsIn(ORDERS)
  order: Order = 'taken';

  @ApiPropertyOptional({ enum: DIRECTIONS, default: 'desc' })
  @IsOptional()
  @IsIn(DIRECTIONS)
  direction: Direction = 'desc';

  @ApiPropertyOptional({ minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;

  @ApiPropertyOptional({ description: '`nextCursor` of the page before; the other parameters must stay the same.' })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  cursor?: string;
}
