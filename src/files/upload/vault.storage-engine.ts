import type { Request } from 'express';
import type { StorageEngine } from 'multer';
import type { StagedUpload } from './upload.service';

/** A multer file that went into the vault instead of memory or disk. */
export interface StagedFile extends Express.Multer.File {
  staged?: StagedUpload;
  /** How many fields came before it. */
  fields?: number;
}

/** What the engine does with a part's bytes. */
export interface PartHandler {
  stage(request: Request, file: Express.Multer.File): Promise<StagedUpload>;
  discard(staged: StagedUpload): Promise<void>;
}

/** How many fields multer has read so far; one name several times is an array. */
export function countFields(body: unknown): number {
  return Object.values(body as object).flat().length;
}

/** Streams a form's file straight into the vault: not a byte of plaintext touches a disk, and memory stays flat. */
export class VaultStorageEngine implements StorageEngine {
  constructor(private readonly parts: PartHandler) {}

  _handleFile(
    request: Request,
    file: Express.Multer.File,
    done: (error?: unknown, info?: Partial<StagedFile>) => void,
  ): void {
    // busboy emits a late error on the stream of a truncated form; without a listener that ends the process.
    file.stream.on('error', () => undefined);
    const fields = countFields(request.body);
    this.parts.stage(request, file).then(
      (staged) => done(null, { staged, fields, size: staged.metadata.length }),
      (error: unknown) => done(error),
    );
  }

  /** multer's word that the form turned out bad after the file had been taken. */
  _removeFile(_request: Request, file: StagedFile, done: (error: Error | null) => void): void {
    const removed = file.staged ? this.parts.discard(file.staged) : Promise.resolve();
    removed.then(() => done(null), done);
  }
}
