import { ApiProperty } from '@nestjs/swagger';
import { PageResponse } from '../platform/http/page.response.dto';
import type { ShownFile } from './files.service';

/** What a person sees of a file. */
export class FileResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  id!: string;

  @ApiProperty({ example: 'IMG_5195.HEIC' })
  name!: string;

  @ApiProperty({
    format: 'uuid',
    description: 'The folder it lies in.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  folderId!: string;

  @ApiProperty({ description: 'Decided by the server from the first bytes.', example: 'image/heic' })
  contentType!: string;

  @ApiProperty({ type: 'integer', description: 'Bytes.', example: 833284 })
  size!: number;

  @ApiProperty({
    description: 'Of the bytes, in lower-case hex.',
    pattern: '^[0-9a-f]{64}$',
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  })
  sha256!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'As the uploader said; null when nobody did.',
    example: '2026-08-02T17:21:09.000Z',
  })
  takenAt!: string | null;
}

/** A page of files. */
export class FileListResponse extends PageResponse {
  @ApiProperty({ type: [FileResponse] })
  items!: FileResponse[];
}

export function toFileResponse({ row, metadata }: ShownFile): FileResponse {
  return {
    id: row.id,
    name: metadata.name,
    folderId: row.folderId,
    contentType: metadata.contentType,
    size: metadata.length,
    sha256: metadata.sha256,
    createdAt: row.createdAt.toISOString(),
    takenAt: metadata.takenAt ?? null,
  };
}
