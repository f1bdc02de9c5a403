import type { Writable } from 'node:stream';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import type { Request, RequestHandler, Response } from 'express';
import multer, { MulterError } from 'multer';
import type { Observable } from 'rxjs';
import { AppConfig } from '../../platform/config/app-config';
import { AppError } from '../../platform/errors/app-error';
import { RequestErrors } from '../../platform/http/http.errors';
import type { AuthenticatedRequest } from '../../platform/http/principal';
import { fieldErrors, refusePrototypeFields } from '../../platform/http/validation.pipe';
import { UploadOptionsDto } from './upload-options.dto';
import { UploadErrors } from './upload.errors';
import { type StagedUpload, UploadService } from './upload.service';
import { countFields, type StagedFile, VaultStorageEngine } from './vault.storage-engine';

/** One file and a few short fields; busboy itself holds the head of a part to 16 KiB. Sizes in bytes; the file's own size is the upload service's business. */
const LIMITS = {
  files: 1,
  fields: 10,
  parts: 12,
  fieldNameSize: 64,
  fieldSize: 8192,
  fieldNestingDepth: 0,
};
/** What a form may weigh beside its file. */
const FORM_OVERHEAD_BYTES = 128 * 1024;
/** How long multer may take to say what is wrong with a form. */
const REFUSAL_MS = 500;

interface FormRequest extends AuthenticatedRequest {
  upload?: StagedUpload;
}

/** Reads a form: fields first, then one file, which is staged in the vault. The controller commits it; a bad form leaves nothing. */
@Injectable()
export class MultipartUploadInterceptor implements NestInterceptor {
  /** Why a part was refused, by request: multer would read a refused form to its end before it says so. */
  private readonly refusals = new WeakMap<Request, (error: unknown) => void>();
  private readonly read: RequestHandler;

  constructor(
    private readonly config: AppConfig,
    private readonly uploads: UploadService,
  ) {
    const storage = new VaultStorageEngine({
      stage: (request, file) => this.stage(request as FormRequest, file),
      discard: (staged) => this.uploads.discard(staged),
    });
    const options = {
      storage,
      limits: LIMITS,
      defParamCharset: 'utf8',
      streamHandler: (request: FormRequest, parser: Writable) => this.feed(request, parser),
    };
    this.read = multer(options).single('file');
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FormRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    if (!request.is('multipart/form-data'))
      throw RequestErrors.unsupportedType({ detail: 'Send a multipart/form-data form.' });
    if (leastFileBytes(request) > this.config.get('UPLOAD_MAX_BYTES')) throw UploadErrors.tooLarge();
    await this.receive(request, response);
    const file: StagedFile | undefined = request.file;
    if (!file?.staged) throw UploadErrors.noFile();
    // What came behind the file was not looked at when the file was taken.
    if (countFields(request.body) !== file.fields) {
      await this.uploads.discard(file.staged);
      throw UploadErrors.badForm();
    }
    request.upload = file.staged;
    return next.handle();
  }

  private async receive(request: FormRequest, response: Response): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.refusals.set(request, reject);
      void this.read(request, response, (error: unknown) => (error ? reject(asError(error)) : resolve()));
    });
  }

  /** multer reads a form that it has refused to its end before it says so; an endless one would never be answered. */
  private feed(request: FormRequest, parser: Writable): void {
    parser.once('unpipe', () => {
      if (parser.writableFinished) return;
      setTimeout(() => this.refusals.get(request)?.(UploadErrors.badForm()), REFUSAL_MS).unref();
    });
    request.pipe(parser);
  }

  private async stage(request: FormRequest, file: Express.Multer.File): Promise<StagedUpload> {
    try {
      const { folderId, takenAt, conflict = 'rename' } = await readFields(request.body);
      return await this.uploads.stage(request.user, {
        name: file.originalname,
        folderId,
        takenAt: takenAt === undefined ? undefined : new Date(takenAt),
        conflict,
        leastBytes: leastFileBytes(request),
        // Destroying the part would reach multer as an error of the form, before this one has been told.
        source: file.stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>,
      });
    } catch (error) {
      file.stream.resume();
      this.refusals.get(request)?.(error);
      throw error;
    }
  }
}

/** What the file of a form weighs at least, 1 for one that may be anything: a form's length is announced, its file's is not. */
function leastFileBytes(request: Request): number {
  return Math.max(1, Number(request.headers['content-length'] ?? 0) - FORM_OVERHEAD_BYTES);
}

/** The fields that came before the file; they are checked before a byte of the file is read. */
async function readFields(body: unknown): Promise<UploadOptionsDto> {
  refusePrototypeFields(body);
  // The body has no prototype, which class-transformer cannot read.
  const options = plainToInstance(UploadOptionsDto, { ...(body as object) });
  const errors = await validate(options, { whitelist: true, forbidNonWhitelisted: true });
  if (errors.length > 0) throw RequestErrors.invalid({ errors: errors.flatMap((error) => fieldErrors(error)) });
  return options;
}

/** What multer or busboy say of a bad form, as one of our errors. */
function asError(error: unknown): Error {
  if (!(error instanceof Error)) return UploadErrors.badForm({ cause: error });
  if (error instanceof AppError) return error;
  if (error instanceof MulterError) {
    const unexpected = error.code === 'LIMIT_UNEXPECTED_FILE' || error.code === 'MISSING_FIELD_NAME';
    return (unexpected ? UploadErrors.badForm : UploadErrors.formTooLarge)({ cause: error });
  }
  // busboy's own errors carry no code; anything with one (a database's, a file system's) is not the form's fault.
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? UploadErrors.badForm({ cause: error }) : error;
}
