import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsOptional, IsString, MaxLength } from 'class-validator';
import type { ExportSelection } from './export-layout';

/** So many fit into a request line of 8 KiB, which is what proxies take. */
const IDS = 200;

/** What to export; everything where nothing is said. */
export class ExportOptionsDto {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'One folder.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  folderId?: string;

  @ApiPropertyOptional({
    type: String,
    description: `Some files, of any folders: up to ${IDS} ids, separated by commas. This or \`folderId\`.`,
    example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11',
  })
  @IsOptional()
  @Transform(({ value }: TransformFnParams): unknown => typeof value === 'string' && value.split(','))
  @IsArray()
  @ArrayMaxSize(IDS)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  ids?: string[];
}

export function toExportSelection({ folderId, ids }: ExportOptionsDto): ExportSelection {
  return {
    folderId: folderId?.toLowerCase(),
    fileIds: ids && [...new Set(ids.map((id) => id.toLowerCase()))],
  };
}
