import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { FileResponse, toFileResponse } from '../files/file.response.dto';
import { ItemOutcomeResponse, toItemOutcome } from '../files/item-outcome.response.dto';
import type { ItemOutcome } from '../files/item-outcome';
import type { OpenFile } from '../files/files.service';
import type { TrashedFolder } from '../folders/trash/folder-trash.service';
import { PageResponse } from '../platform/http/page.response.dto';

const DAY_MS = 86_400_000;

/** A file in the trash. */
export class TrashedFileResponse extends FileResponse {
  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  trashedAt!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'From then on it may be gone.',
    example: '2026-12-20T10:00:00.000Z',
  })
  purgedAfter!: string;
}

/** A folder in the trash, or a locked one of which some files are. */
export class TrashedFolderResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44' })
  folderId!: string;

  @ApiProperty({ example: 'Summer 2026' })
  name!: string;

  @ApiProperty({ type: 'integer', description: 'How many of its files are in the trash.', example: 12 })
  count!: number;

  @ApiProperty({ description: 'Whether it has a lock, unlocked here or not.', example: false })
  locked!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'See folders.', example: null })
  unlockedUntil!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'null where only files of it are in the trash.',
    example: '2026-11-20T10:00:00.000Z',
  })
  trashedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-12-20T10:00:00.000Z' })
  purgedAfter!: string | null;
}

/** A page of the trash. */
export class TrashResponse extends PageResponse {
  @ApiProperty({ type: [TrashedFileResponse], description: 'What was trashed last first.' })
  items!: TrashedFileResponse[];

  @ApiProperty({
    type: [TrashedFolderResponse],
    description:
      'The same on each page. Of a locked one nothing else is shown; `?folderId=` shows what is in one that is open.',
  })
  folders!: TrashedFolderResponse[];
}

/** What became of one thing that was to come back. */
export class RestoredItemResponse extends ItemOutcomeResponse {
  @ApiPropertyOptional({ description: 'A file’s name, perhaps with a number.', example: 'IMG_5195 (1).HEIC' })
  name?: string;

  @ApiPropertyOptional({ format: 'uuid', example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44' })
  folderId?: string;
}

/** One for each id, in the order of the question. */
export class RestoredResponse {
  @ApiProperty({ type: [RestoredItemResponse] })
  items!: RestoredItemResponse[];
}

/** What is gone, and what is not. */
export class EmptiedResponse {
  @ApiProperty({ type: 'integer', description: 'Files that are gone.', example: 31 })
  files!: number;

  @ApiProperty({ type: [TrashedFolderResponse], description: 'What stayed, because it is locked.' })
  kept!: TrashedFolderResponse[];
}

/** @param days that the trash is kept */
export function toTrashedFile(file: OpenFile, days: number): TrashedFileResponse {
  return { ...toFileResponse(file), ...moments(file.row.trashedAt, days) } as TrashedFileResponse;
}

/** @param days that the trash is kept */
export function toTrashedFolder({ row, name }: TrashedFolder, days: number): TrashedFolderResponse {
  return {
    folderId: row.id,
    name,
    count: Number(row.files),
    locked: row.isLocked,
    unlockedUntil: row.unlockedUntil?.toISOString() ?? null,
    ...moments(row.trashedAt, days),
  };
}

export function toRestoredItem(outcome: ItemOutcome<OpenFile | undefined>): RestoredItemResponse {
  const { result: file } = outcome;
  return { ...toItemOutcome(outcome), ...(file && { name: file.metadata.name, folderId: file.row.folderId }) };
}

function moments(at: Date | null, days: number): { trashedAt: string | null; purgedAfter: string | null } {
  return {
    trashedAt: at?.toISOString() ?? null,
    purgedAfter: at && new Date(at.getTime() + days * DAY_MS).toISOString(),
  };
}
