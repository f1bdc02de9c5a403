import { Injectable } from '@nestjs/common';
import { FileErrors } from '../../files/files.errors';
import { FilesService } from '../../files/files.service';
import { originalOf, storedFileOf } from '../../files/stored-file';
import { AppError } from '../../platform/errors/app-error';
import type { Principal } from '../../platform/http/principal';
import { type ByteRange, inMemory, joined, type Stretch } from '../../platform/zip/stretches';
import { centralHeader, localHeader, localHeaderBytes, type ZipFacts } from '../../platform/zip/zip-records';
import { announcedBytes } from '../../platform/zip/zip-stream';
import { VaultErrors } from '../../vault/vault.errors';
import { VaultService } from '../../vault/vault.service';
import type { ExportEntry } from './export-entry';
import { ExportErrors } from './export.errors';
import type { ExportLayout, LaidOutPage, PagePart } from './export-layout';
import { ExportPages } from './export-pages.service';

/** Writes what was laid out, from any byte on. Nothing before that byte is read, neither files nor their rows. */
@Injectable()
export class ExportArchives {
  constructor(
    private readonly pages: ExportPages,
    private readonly files: FilesService,
    private readonly vault: VaultService,
  ) {}

  /**
   * The whole archive, in the order in which `LayoutBuilder` has added it up. Reading it throws `EXPORT.CHANGED_MEANWHILE` where what was laid
   * out is not there any more, `VAULT.DAMAGED`, `FOLDER.LOCKED`.
   */
  of(principal: Principal, layout: ExportLayout): Stretch {
    const { directories, manifest, end } = layout;
    const pages = (part: PagePart) => layout.pages.map((page) => this.partOf(principal, layout, page, part));
    return joined([
      inMemory(Buffer.concat(directories.map(localHeader))),
      ...pages('content'),
      inMemory(localHeader(manifest.facts)),
      ...[inMemory(manifest.head), ...pages('manifest'), inMemory(manifest.tail)],
      inMemory(centralHeaders(directories, 0)),
      ...pages('directory'),
      inMemory(centralHeaders([manifest.facts], manifest.offset)),
      inMemory(end),
    ]);
  }

  private partOf(principal: Principal, layout: ExportLayout, page: LaidOutPage, part: PagePart): Stretch {
    const again = () => this.pages.again(principal, layout, page);
    const stretchOf = (entries: readonly ExportEntry[]) => this.stretchOf(principal, page, part, entries);
    return {
      size: page.bytes[part],
      open: async function* (range) {
        yield* stretchOf(await again()).open(range);
      },
    };
  }

  private stretchOf(principal: Principal, page: LaidOutPage, part: PagePart, entries: readonly ExportEntry[]): Stretch {
    if (part === 'manifest') return inMemory(Buffer.concat(entries.map(({ line }) => line)));
    if (part === 'directory') {
      const facts = entries.map((entry) => entry.facts);
      return inMemory(centralHeaders(facts, page.offset));
    }
    return joined(
      entries.flatMap((entry, at) => [
        inMemory(entry.header),
        {
          size: entry.facts.size,
          open: (range: ByteRange) => this.contentOf(principal, entry, page.first + at + 1, range),
        },
      ]),
    );
  }

  private async *contentOf(
    principal: Principal,
    { file, facts }: ExportEntry,
    position: number,
    range: ByteRange,
  ): AsyncGenerator<Buffer, void> {
    const isWhole = range.end - range.start + 1 === facts.size;
    try {
      const stored = storedFileOf(file);
      const open = () => this.vault.open(originalOf(stored), stored.fileKey, range);
      yield* isWhole ? announcedBytes({ ...facts, open }, position) : open();
    } catch (error) {
      throw await this.explained(principal, file.row.id, error);
    }
  }

  /** Whoever gets no further has to know by which file; one that was purged in this moment is not damaged. */
  private async explained(principal: Principal, id: string, error: unknown): Promise<unknown> {
    if (!(error instanceof AppError && error.definition.alert)) return error;
    try {
      await this.files.get(principal, id);
    } catch (reason) {
      if (reason instanceof AppError && reason.definition === FileErrors.notFound.definition)
        return ExportErrors.changedMeanwhile({ cause: error });
    }
    return VaultErrors.damaged({ detail: `The file ${id} cannot be read back.`, cause: error });
  }
}

/** @param offset where the local header of the first of them begins; they lie one behind the other */
function centralHeaders(entries: readonly ZipFacts[], offset: number): Buffer {
  let position = offset;
  return Buffer.concat(
    entries.map((entry) => {
      const header = centralHeader(entry, position);
      position += localHeaderBytes(entry) + entry.size;
      return header;
    }),
  );
}
