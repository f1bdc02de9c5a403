import { defineError } from '../../platform/errors/error-registry';

export const UploadErrors = {
  tooLarge: defineError('UPLOAD.TOO_LARGE', 413, 'The file is larger than this vault accepts.'),
  typeRefused: defineError(
    'UPLOAD.TYPE_REFUSED',
    415,
    'The first bytes of the file are not those of a type that this vault accepts.',
  ),
  empty: defineError('UPLOAD.EMPTY', 422, 'The file has no bytes.'),
  incomplete: defineError('UPLOAD.INCOMPLETE', 400, 'The file ended before it was complete. Nothing was stored.'),
  digestMismatch: defineError(
    'UPLOAD.DIGEST_MISMATCH',
    422,
    'The bytes that arrived do not have the announced SHA-256. Nothing was stored.',
  ),
  noFile: defineError('UPLOAD.NO_FILE', 422, 'The form has no part "file".'),
  badForm: defineError(
    'UPLOAD.BAD_FORM',
    400,
    'The form cannot be read: send the fields first and one part "file" last.',
  ),
  formTooLarge: defineError('UPLOAD.FORM_TOO_LARGE', 413, 'The form has too many or too long parts beside the file.'),
};
