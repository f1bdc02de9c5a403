import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import type { Download } from '../../files/download/download.service';
import { FileErrors } from '../../files/files.errors';
import { AppError } from '../../platform/errors/app-error';
import type { Position } from '../../platform/http/cursor';
import { entryNamer } from '../../platform/zip/entry-names';
import { type ZipEntry, zipStream } from '../../platform/zip/zip-stream';
import type { ShareVisitor } from './share-visitor';
import { ShareVisits } from './share-visits.service';
import { type SharedFile, SharedFiles } from './shared-files.service';

/** All files of a share in one stream. */
export interface SharedArchive {
  readonly name: string;
  /** How many files are in it so far. */
  readonly count: { files: number };
  /** Fails, and so breaks the transfer, when the share ends or a file cannot be read. */
  readonly blocks: AsyncGenerator<Buffer, void>;
}

const PAGE = 200;
/** For a preview, where too many are waiting for theirs. */
const TRIES = 60;
const PAUSE_MS = 1000;
/** The names of what had to be left out. */
const SKIPPED = 'SKIPPED.txt';

/** Packs shares: one file after the other, so that a large share takes no more memory than a small one. */
@Injectable()
export class SharedArchives {
  constructor(
    private readonly files: SharedFiles,
    private readonly visits: ShareVisits,
  ) {}

  of(visitor: ShareVisitor): SharedArchive {
    const count = { files: 0 };
    return { name: 'photos.zip', count, blocks: zipStream(this.entries(visitor, count)) };
  }

  private async *entries(visitor: ShareVisitor, count: { files: number }): AsyncGenerator<ZipEntry, void> {
    const nameOf = entryNamer();
    const skipped: string[] = [];
    for await (const file of this.all(visitor)) {
      const download = await this.downloadOf(visitor, file);
      if (download) {
        const modifiedAt = file.createdAt;
        yield { name: nameOf(download.name), modifiedAt, ...(await this.contentOf(visitor, file, download)) };
        count.files++;
      } else {
        skipped.push(file.details.name);
      }
    }
    if (skipped.length > 0) yield { name: nameOf(SKIPPED), modifiedAt: new Date(), ...inMemory(listOf(skipped)) };
  }

  /**
   * Page by page, and each file asked for once more when its turn comes, which may be hours later: it may have been taken out of the share.
   * A share that has ended in between must not look like one that has fewer files.
   */
  private async *all(visitor: ShareVisitor): AsyncGenerator<SharedFile, void> {
    let after: Position | undefined;
    do {
      const page = await this.files.list(visitor, { limit: PAGE, after });
      await this.visits.confirm(visitor);
      for (const { id } of page.files) {
        const file = await this.files.find(visitor, id);
        await this.visits.confirm(visitor);
        if (file) yield file;
      }
      after = page.next ?? undefined;
    } while (after);
  }

  /** Null for a file that cannot be shown. Where others have their previews made, an archive waits for its turn: it has no other try. */
  private async downloadOf(visitor: ShareVisitor, file: SharedFile, tries = TRIES): Promise<Download | null> {
    try {
      return await this.files.contentOf(visitor, file);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.definition === FileErrors.noRendition.definition) return null;
      if (error.definition !== FileErrors.renditionBusy.definition || tries === 1) throw error;
    }
    await sleep(PAUSE_MS);
    return this.downloadOf(visitor, file, tries - 1);
  }

  /** A ZIP tells the checksum before the bytes: that of an original is known, and a preview is small. */
  private async contentOf(
    { share }: ShareVisitor,
    { details }: SharedFile,
    download: Download,
  ): Promise<Pick<ZipEntry, 'size' | 'crc32' | 'open'>> {
    const { size } = download;
    const bytes = () => download.open({ start: 0, end: size - 1 });
    if (share.includeOriginals) return { size, crc32: details.crc32, open: bytes };
    const blocks: Buffer[] = [];
    // Blocks of a download share one buffer.
    for await (const block of bytes()) blocks.push(Buffer.from(block));
    return inMemory(Buffer.concat(blocks));
  }
}

function inMemory(bytes: Buffer): Pick<ZipEntry, 'size' | 'crc32' | 'open'> {
  return { size: bytes.length, crc32: crc32(bytes), open: () => once(bytes) };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void> {
  yield await Promise.resolve(bytes);
}

function listOf(names: readonly string[]): Buffer {
  return Buffer.from(`These files have no preview and are not in the archive:\r\n\r\n${names.join('\r\n')}\r\n`);
}
