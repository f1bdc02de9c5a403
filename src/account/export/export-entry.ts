import { createHash } from 'node:crypto';
import type { OpenFile } from '../../files/files.service';
import { entryName } from '../../platform/zip/entry-names';
import { localHeader, type ZipFacts } from '../../platform/zip/zip-records';
import type { ExportFolder } from './export-layout';
import { manifestLine } from './export-manifest';

/** A file as an archive has it. */
export interface ExportEntry {
  readonly file: OpenFile;
  readonly facts: ZipFacts;
  readonly header: Buffer;
  /** What the manifest says of it. */
  readonly line: Buffer;
}

/** Where a file is in an export. */
export interface EntryPlace {
  readonly folder: ExportFolder;
  /** Among all files of the export, from 0. */
  readonly position: number;
  /** Of its name among those of its folder that would be the same. */
  readonly number: number;
}

export function toEntry(file: OpenFile, { folder, position, number }: EntryPlace): ExportEntry {
  const { name, length, crc32, takenAt } = file.metadata;
  const path = folder.path + entryName(name, number);
  const modifiedAt = takenAt === undefined ? file.row.createdAt : new Date(takenAt);
  const facts = { name: path, size: length, crc32, modifiedAt };
  return { file, facts, header: localHeader(facts), line: manifestLine(file, position, path) };
}

/** All that an archive says of some files: where this is the same, so is every byte of them. */
export function digestOf(entries: readonly ExportEntry[]): Buffer {
  const hash = createHash('sha256');
  for (const { header, line } of entries) hash.update(header).update(line);
  return hash.digest();
}
