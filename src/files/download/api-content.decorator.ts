import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { FolderErrors } from '../../folders/folders.errors';
import type { ErrorFactory } from '../../platform/errors/error-registry';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import { VaultErrors } from '../../vault/vault.errors';
import { FileErrors } from '../files.errors';

const header = (description: string) => ({ description, schema: { type: 'string' as const } });

const ETAG = '"019ab0c4-7d20-7a4e-b0c1-2f6d5e4c3b2a"';

const IF_NONE_MATCH = ApiHeader({
  name: 'If-None-Match',
  required: false,
  description: 'The ETags that you have.',
  schema: { type: 'string', example: ETAG },
});

const NOT_MODIFIED = ApiResponse({ status: 304, description: 'You have it.' });

/** What GET and HEAD say of a file. */
const CONTENT_HEADERS = {
  ETag: header('Strong and opaque; it says nothing about the bytes.'),
  'Accept-Ranges': header('`bytes`'),
  'Content-Disposition': header('The name, and whether a browser should show the file or save it.'),
};

/** Documents GET of a file's bytes. */
export const ApiContent = (...more: ErrorFactory[]) =>
  ApiBytes(['application/octet-stream', 'image/*', 'video/*'], RequestErrors.invalid, ...more);

/** Documents GET of bytes of these types, which may be asked for in part. */
export const ApiBytes = (types: readonly string[], ...more: ErrorFactory[]) =>
  applyDecorators(
    ApiProduces(...types),
    ApiHeader({
      name: 'Range',
      required: false,
      description: 'One range: from–to, from–, or the last bytes (`bytes=-500`).',
      schema: { type: 'string', example: 'bytes=0-65535' },
    }),
    ApiHeader({
      name: 'If-Range',
      required: false,
      description: 'The ETag that the range belongs to; another file is sent whole.',
      schema: { type: 'string', example: ETAG },
    }),
    IF_NONE_MATCH,
    ApiResponse({
      status: 200,
      description: 'The whole file.',
      headers: CONTENT_HEADERS,
      schema: { type: 'string', format: 'binary' },
    }),
    ApiResponse({
      status: 206,
      description: 'The range.',
      headers: { ...CONTENT_HEADERS, 'Content-Range': header('Which bytes of how many.') },
      schema: { type: 'string', format: 'binary' },
    }),
    NOT_MODIFIED,
    ApiProblems(
      FileErrors.notFound,
      FileErrors.rangeNotSatisfiable,
      FolderErrors.locked,
      VaultErrors.damaged,
      VaultErrors.storageAway,
      ...more,
    ),
  );

/** Documents HEAD of the same. */
export const ApiContentHead = (...more: ErrorFactory[]) =>
  applyDecorators(
    IF_NONE_MATCH,
    ApiResponse({ status: 200, description: 'The headers of GET.', headers: CONTENT_HEADERS }),
    NOT_MODIFIED,
    ApiProblems(RequestErrors.invalid, FileErrors.notFound, FolderErrors.locked, ...more),
  );
