import type { OpenFile } from '../../files/files.service';
import type { ExportFolder, LeftOutFolder } from './export-layout';

/** In the archive's top folder; a file of this name gets a number. */
export const MANIFEST_NAME = 'manifest.json';

/** Changes when a reader of manifests would have to. */
const VERSION = 1;

/** A file that is not in the archive, although it should be. */
export interface SkippedFile {
  readonly id: string;
  readonly reason: 'damaged';
}

/** What a manifest says of one file. */
interface ManifestFile {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly folderId: string;
  readonly contentType: string;
  readonly size: number;
  readonly sha256: string;
  readonly takenAt: string | null;
  readonly createdAt: string;
}

/*
 * A manifest is one JSON object, written in pieces: the head with the folders, a line for each file, the tail. It says nothing of when it was
 * made or by whom: the same files always have the same manifest.
 */

/** Everything before the files. */
export function manifestHead(folders: Iterable<ExportFolder>, leftOut: readonly LeftOutFolder[]): Buffer {
  const lines = [
    ...Array.from(folders, ({ id, name, path }) => ({ id, name, path, status: 'exported' })),
    ...leftOut.map(({ id, name, status, fileCount }) => ({ id, name, status, fileCount })),
  ];
  return Buffer.from(`{"format":"photovault-export","version":${VERSION},\n"folders":${linesOf(lines)},\n"files":[`);
}

/**
 * One file.
 * @param position among all of the export, from 0
 * @param path in the archive
 */
export function manifestLine({ row, metadata }: OpenFile, position: number, path: string): Buffer {
  const { name, contentType, length, sha256, takenAt } = metadata;
  const file: ManifestFile = {
    id: row.id,
    path,
    name,
    folderId: row.folderId,
    contentType,
    size: length,
    sha256,
    takenAt: takenAt ?? null,
    createdAt: row.createdAt.toISOString(),
  };
  return Buffer.from(`${position === 0 ? '' : ','}\n${JSON.stringify(file)}`);
}

/** Everything behind the files. */
export function manifestTail(skipped: readonly SkippedFile[]): Buffer {
  return Buffer.from(`\n],\n"skipped":${linesOf(skipped)}}\n`);
}

function linesOf(items: readonly object[]): string {
  return `[${items.map((item) => `\n${JSON.stringify(item)}`).join(',')}\n]`;
}
