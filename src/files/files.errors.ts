import { defineError } from '../platform/errors/error-registry';

export const FileErrors = {
  notFound: defineError('FILE.NOT_FOUND', 404, 'There is no such file.'),
  badName: defineError('FILE.BAD_NAME', 422, 'This name cannot be given to a file.'),
  nameTaken: defineError('FILE.NAME_TAKEN', 409, 'The folder has another file of this name.'),
  duplicate: defineError('FILE.DUPLICATE', 409, 'The folder has these bytes already, in another file.'),
  changedMeanwhile: defineError(
    'FILE.CHANGED_MEANWHILE',
    409,
    'Somebody else changed the file at the same moment; look again.',
  ),
  noRendition: defineError('FILE.NO_RENDITION', 404, 'There is no such preview of this file.'),
  renditionBusy: defineError(
    'FILE.RENDITION_BUSY',
    503,
    'Too many previews are being made just now; try again shortly.',
    'warn',
  ),
  rangeNotSatisfiable: defineError('FILE.RANGE_NOT_SATISFIABLE', 416, 'The file does not have these bytes.'),
};
