import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageDto } from '../platform/http/page.dto';
import { type Direction, DIRECTIONS, type Order, ORDERS } from './file-page';

/** Which files, in which order. */
export class ListFilesDto extends PageDto {
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
}
