import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { OpenFile } from '../../files/files.service';
import { ArchiveLength } from '../../platform/zip/archive-length';
import { entryName, entryNumberer } from '../../platform/zip/entry-names';
import { localHeader, type ZipFacts } from '../../platform/zip/zip-records';
import { digestOf, type EntryPlace, type ExportEntry, toEntry } from './export-entry';
import type { ExportFolder, ExportLayout, LaidOutPage, LeftOutFolder, PageSource } from './export-layout';
import { MANIFEST_NAME, manifestHead, manifestTail } from './export-manifest';

/** A folder of which nobody has said yet where it is in the archive. */
export type UnplacedFolder = Omit<ExportFolder, 'path'>;

/** Lays an export out, page by page: where everything will be, and what it will be called. */
export class LayoutBuilder {
  /** By id. */
  readonly folders: ReadonlyMap<string, ExportFolder>;
  private readonly directories: readonly ZipFacts[];
  private readonly length = new ArchiveLength();
  private readonly pages: LaidOutPage[] = [];
  private readonly numbers = new Map<number, number>();
  /** Gives numbers to the names of one folder, for as long as its files come. */
  private names: { readonly folder?: ExportFolder; readonly numberOf: (name: string) => number };
  private readonly head: Buffer;
  private manifestCrc: number;
  private manifestBytes: number;
  private readonly hash = createHash('sha256');
  private count = 0;
  private newest = new Date(0);

  /**
   * @param folders that are in it; the root is the first, where it is one of them
   * @param leftOut that should be in it
   */
  constructor(folders: readonly UnplacedFolder[], leftOut: readonly LeftOutFolder[]) {
    // In the top folder the manifest comes first, then the folders, whose names are in the paths of many, and then the root's own files.
    const numberOf = entryNumberer();
    numberOf(MANIFEST_NAME);
    const placed = folders.map((folder): ExportFolder => {
      const path = folder.name === null ? '' : `${entryName(folder.name, numberOf(folder.name))}/`;
      return { ...folder, path };
    });
    this.folders = new Map(placed.map((folder) => [folder.id, folder]));
    this.names = { folder: placed.find(({ name }) => name === null), numberOf };
    this.directories = placed
      .filter(({ path }) => path !== '')
      .map(({ path, createdAt }) => ({ name: path, size: 0, crc32: 0, modifiedAt: createdAt }));
    for (const directory of this.directories) {
      this.length.add(directory);
      this.hash.update(localHeader(directory));
    }
    this.head = manifestHead(placed, leftOut);
    this.hash.update(this.head);
    this.manifestCrc = crc32(this.head);
    this.manifestBytes = this.head.length;
  }

  /**
   * @param files of the page, folder by folder
   * @param damaged ids of those that cannot be in it
   */
  add(source: PageSource, files: readonly OpenFile[], damaged: readonly string[]): void {
    const [first, offset, directory, manifest] = [
      this.count,
      this.length.offset,
      this.length.directory,
      this.manifestBytes,
    ];
    const entries = files.map((file) => this.addFile(file));
    const bytes = {
      content: this.length.offset - offset,
      directory: this.length.directory - directory,
      manifest: this.manifestBytes - manifest,
    };
    const digest = digestOf(entries);
    this.hash.update(digest);
    this.pages.push({ source, first, offset, bytes, digest, damaged });
  }

  /** @param tagOf makes a tag that says nothing of the SHA-256 that it is made of */
  finish(tagOf: (digest: Buffer) => Buffer): ExportLayout {
    const skipped = this.pages.flatMap(({ damaged }) => damaged.map((id) => ({ id, reason: 'damaged' as const })));
    const tail = manifestTail(skipped);
    const facts = {
      name: MANIFEST_NAME,
      size: this.manifestBytes + tail.length,
      crc32: crc32(tail, this.manifestCrc),
      modifiedAt: this.newest,
    };
    const { offset } = this.length;
    this.length.add(facts);
    const digest = this.hash.update(tail).update(localHeader(facts)).digest();
    return {
      size: this.length.total,
      etag: `"${tagOf(digest).toString('base64url')}"`,
      folders: this.folders,
      directories: this.directories,
      pages: this.pages,
      numbers: this.numbers,
      manifest: { facts, offset, head: this.head, tail },
      end: this.length.end(),
    };
  }

  private addFile(file: OpenFile): ExportEntry {
    const entry = toEntry(file, this.place(file));
    this.length.add(entry.facts);
    this.manifestBytes += entry.line.length;
    this.manifestCrc = crc32(entry.line, this.manifestCrc);
    const { createdAt } = file.row;
    if (createdAt > this.newest) this.newest = createdAt;
    return entry;
  }

  private place({ row, metadata }: OpenFile): EntryPlace {
    const folder = this.folders.get(row.folderId);
    if (!folder) throw new Error('a file of a folder that is not exported');
    if (this.names.folder?.id !== folder.id) this.names = { folder, numberOf: entryNumberer() };
    const position = this.count++;
    const number = this.names.numberOf(metadata.name);
    if (number > 0) this.numbers.set(position, number);
    return { folder, position, number };
  }
}
