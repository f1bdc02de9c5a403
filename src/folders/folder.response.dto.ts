import { ApiProperty } from '@nestjs/swagger';
import type { ShownFolder } from './folders.service';

/** What a person sees of a folder. Of a locked one: that it is there, its name and how many files it has. */
export class FolderResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44' })
  id!: string;

  @ApiProperty({ type: String, nullable: true, description: 'null for the root.', example: 'Summer 2026' })
  name!: string | null;

  @ApiProperty({ description: 'Where files go when nobody says where.', example: false })
  isRoot!: boolean;

  @ApiProperty({ description: 'Whether it has a lock, unlocked here or not.', example: false })
  locked!: boolean;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until when this session has it unlocked; each use moves it, up to a limit.',
    example: null,
  })
  unlockedUntil!: string | null;

  @ApiProperty({ type: 'integer', example: 12 })
  fileCount!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Bytes of its files; null while it is locked.',
    example: 48211034,
  })
  bytes!: number | null;
}

/** All folders. */
export class FolderListResponse {
  @ApiProperty({ type: [FolderResponse] })
  items!: FolderResponse[];
}

export function toFolderResponse({ row, name }: ShownFolder): FolderResponse {
  const { id, isRoot, isLocked, unlockedUntil, files, bytes } = row;
  return {
    id,
    name,
    isRoot,
    locked: isLocked,
    unlockedUntil: unlockedUntil?.toISOString() ?? null,
    fileCount: Number(files),
    bytes: isLocked && !unlockedUntil ? null : Number(bytes),
  };
}
