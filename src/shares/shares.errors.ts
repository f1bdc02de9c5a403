import { defineError } from '../platform/errors/error-registry';

export const ShareErrors = {
  /** One answer for a share that never was, is somebody else's, has ended, or does not open with this secret or token. */
  notFound: defineError('SHARE.NOT_FOUND', 404, 'There is no such share.'),
  wrongPassword: defineError('SHARE.WRONG_PASSWORD', 403, 'The share needs its password.'),
  badTarget: defineError('SHARE.BAD_TARGET', 422, 'A share is of one folder or of some files.'),
  badEnd: defineError('SHARE.BAD_END', 422, 'A share ends in the future, and within 90 days.'),
  noPreview: defineError('SHARE.NO_PREVIEW', 422, 'Files of these types can be shared only with their originals.'),
};
