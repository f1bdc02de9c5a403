import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** A folder's name. */
export class NameFolderDto {
  @ApiProperty({
    description: 'At most 255 bytes in UTF-8; no control characters. Yours alone: no two folders share one.',
    example: 'Summer 2026',
  })
  @IsString()
  @MaxLength(4096)
  name!: string;
}
