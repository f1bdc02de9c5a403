import { Injectable } from '@nestjs/common';
import { SessionsService } from '../../auth/sessions/sessions.service';
import type { Sendable } from '../../files/download/send-bytes';
import { FolderAccess } from '../../folders/access/folder-access.service';
import type { Principal } from '../../platform/http/principal';
import { safeEntryName } from '../../platform/zip/entry-names';
import type { ByteRange } from '../../platform/zip/stretches';
import { SecurityLog } from '../../users/events/security-log.service';
import { ExportArchives } from './export-archives.service';
import type { ExportLayout, ExportSelection } from './export-layout';
import { ExportLayouts } from './export-layouts.service';

/** An archive, ready to be asked for. */
export interface Export extends Sendable {
  readonly name: string;
}

/** From where an export is asked for, and whether somebody still waits for it. */
export interface ExportRequest {
  readonly ip: string;
  readonly isWanted: () => boolean;
}

/** How often it is asked whether an export that runs may go on. */
const CONFIRM_MS = 1000;
/** Downloads that are known to have begun. */
const REMEMBERED = 10_000;

/** Archives of all that somebody has, of a folder or of some files: laid out first, then sent whole or in part. */
@Injectable()
export class Exports {
  /** By session and tag: another archive is another download. */
  private readonly begun = new Set<string>();

  constructor(
    private readonly layouts: ExportLayouts,
    private readonly archives: ExportArchives,
    private readonly access: FolderAccess,
    private readonly sessions: SessionsService,
    private readonly log: SecurityLog,
  ) {}

  /**
   * @returns null when nobody waits for it any more
   * @throws {AppError} `REQUEST.INVALID`, `FILE.NOT_FOUND`, `FOLDER.NOT_FOUND`, `FOLDER.LOCKED`, `EXPORT.TOO_MANY`
   */
  async prepare(principal: Principal, selection: ExportSelection, request: ExportRequest): Promise<Export | null> {
    const layout = await this.layouts.layOut(principal, selection, request.isWanted);
    if (!layout) return null;
    const { size, etag } = layout;
    const open = (range: ByteRange) => this.stream(principal, layout, range, request);
    return { name: nameOf(layout, selection), size, etag, isTransient: true, open };
  }

  /** What has begun goes on for hours, and ends with the session, or when a folder of it is locked again. */
  private async *stream(
    principal: Principal,
    layout: ExportLayout,
    range: ByteRange,
    { ip }: ExportRequest,
  ): AsyncGenerator<Buffer, void> {
    const download = `${principal.sessionId} ${layout.etag}`;
    if (range.start === 0 || !this.begun.has(download)) await this.recordBegun(principal, download, ip);
    const folders = [...layout.folders.values()];
    let confirmedAt = performance.now();
    for await (const block of this.archives.of(principal, layout).open(range)) {
      if (performance.now() - confirmedAt > CONFIRM_MS) {
        await this.sessions.confirm(principal);
        await this.access.confirm(principal, folders);
        confirmedAt = performance.now();
      }
      yield block;
    }
  }

  /** Once for a download that breaks and goes on. To leave its first byte out is no way around the log. */
  private async recordBegun({ userId, device }: Principal, download: string, ip: string): Promise<void> {
    await this.log.record({ userId, kind: 'account.exported', ip, device });
    if (this.begun.size >= REMEMBERED) this.begun.clear();
    this.begun.add(download);
  }
}

function nameOf({ folders }: ExportLayout, { folderId, fileIds }: ExportSelection): string {
  if (fileIds) return 'photos.zip';
  const name = folderId === undefined ? null : (folders.get(folderId)?.name ?? null);
  return `${name === null ? 'photovault' : safeEntryName(name)}.zip`;
}
