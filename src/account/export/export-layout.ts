import type { Position } from '../../platform/http/cursor';
import type { ZipFacts } from '../../platform/zip/zip-records';

/** What somebody wants to have: everything where neither is said. */
export interface ExportSelection {
  readonly folderId?: string;
  /** Each once, in lower case. */
  readonly fileIds?: readonly string[];
}

/** A folder that is in an export. */
export interface ExportFolder {
  readonly id: string;
  /** As it was when the layout was made; another one means another key. */
  readonly epoch: number;
  /** null for the root. */
  readonly name: string | null;
  /** What is before the names of its files in the archive: nothing for the root, else `Summer 2026/`. */
  readonly path: string;
  readonly createdAt: Date;
}

/** A folder that is not in it, and why. */
export interface LeftOutFolder {
  readonly id: string;
  readonly name: string | null;
  readonly fileCount: number;
  readonly status: 'locked' | 'damaged';
}

/** Where the rows of a page come from, now and whenever they are read again. */
export type PageSource =
  | { readonly folderId: string; readonly after?: Position; readonly count: number }
  | { readonly fileIds: readonly string[] };

/** The three places of an archive where something of a page is. */
export type PagePart = 'content' | 'manifest' | 'directory';

/** What is remembered of some hundred files: enough to find them again, and to know whether they are still the same. */
export interface LaidOutPage {
  readonly source: PageSource;
  /** Number of its first file among all of the export, from 0. */
  readonly first: number;
  /** Where the local header of its first file begins, in bytes from the archive's beginning. */
  readonly offset: number;
  readonly bytes: Readonly<Record<PagePart, number>>;
  /** SHA-256 of all that the archive says of its files. */
  readonly digest: Buffer;
  /** Ids of the files that are left out, because their rows do not open. */
  readonly damaged: readonly string[];
}

/**
 * An archive before any of it is written: folders' own entries, files page by page, `manifest.json`, the central directory. It grows with the
 * number of files by a few bytes each, and not with what is in them.
 */
export interface ExportLayout {
  /** Of the archive, in bytes. */
  readonly size: number;
  /** Strong, with its quotes: the same as long as every byte of the archive is. */
  readonly etag: string;
  readonly folders: ReadonlyMap<string, ExportFolder>;
  /** The folders' own entries. */
  readonly directories: readonly ZipFacts[];
  readonly pages: readonly LaidOutPage[];
  /** By number of the file among all, which number its name has got; missing where it has none. */
  readonly numbers: ReadonlyMap<number, number>;
  readonly manifest: ManifestLayout;
  /** What ends the archive. */
  readonly end: Buffer;
}

export interface ManifestLayout {
  readonly facts: ZipFacts;
  /** Where its local header begins. */
  readonly offset: number;
  /** What is before the lines of the files, and behind them. */
  readonly head: Buffer;
  readonly tail: Buffer;
}
