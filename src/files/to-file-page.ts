import { RequestErrors } from '../platform/http/http.errors';
import { decodeCursor, type FilePage } from './file-page';
import type { ListFilesDto } from './list-files.dto';

/**
 * The query of a list as the service wants it.
 * @throws {AppError} `REQUEST.INVALID` for a cursor that is not ours
 */
export function toFilePage({ cursor, ...page }: ListFilesDto): FilePage {
  if (cursor === undefined) return page;
  const after = decodeCursor(cursor);
  if (!after)
    throw RequestErrors.invalid({ errors: [{ path: 'cursor', message: 'cursor must be the nextCursor of a page' }] });
  return { ...page, after };
}
