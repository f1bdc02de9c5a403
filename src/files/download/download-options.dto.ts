import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';

const DISPOSITIONS = ['inline', 'attachment'] as const;

export class DownloadOptionsDto {
  @ApiPropertyOptional({
    enum: DISPOSITIONS,
    default: 'inline',
    description: '`attachment` makes a browser save the file; types that it must not show are saved anyway.',
  })
  @IsOptional()
  @IsIn(DISPOSITIONS)
  disposition: (typeof DISPOSITIONS)[number] = 'inline';
}

export class DownloadByNameOptionsDto extends DownloadOptionsDto {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'The root folder when left out.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  folderId?: string;
}
