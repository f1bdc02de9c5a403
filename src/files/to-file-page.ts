import { readCursor } from '../platform/http/cursor';
import type { FilePage } from './file-page';
import type { ListFilesDto } from './list-files.dto';

/**
 * The query of a list as the service wants it.
 * @throws {AppError} `REQUEST.INVALID` for a cursor that is not ours
 */
export function toFilePage({ cursor, ...page }: ListFilesDto): FilePage {
  return { ...page, after: readCursor(cursor) };
}
