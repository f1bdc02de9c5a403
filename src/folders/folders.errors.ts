import { defineError } from '../platform/errors/error-registry';

export const FolderErrors = {
  notFound: defineError('FOLDER.NOT_FOUND', 404, 'There is no such folder.'),
  locked: defineError('FOLDER.LOCKED', 423, 'The folder is locked.'),
  badName: defineError('FOLDER.BAD_NAME', 422, 'This name cannot be given to a folder.'),
  nameTaken: defineError('FOLDER.NAME_TAKEN', 409, 'You have another folder of this name.'),
  isRoot: defineError('FOLDER.IS_ROOT', 409, 'This cannot be done with the root folder.'),
  notEmpty: defineError('FOLDER.NOT_EMPTY', 409, 'The folder has files in it.'),
  tooMany: defineError('FOLDER.TOO_MANY', 409, 'There are as many folders as one account may have.'),
  wrongPassword: defineError(
    'FOLDER.WRONG_PASSWORD',
    403,
    'The password or the recovery code does not open this folder.',
  ),
  badRecoveryCode: defineError(
    'FOLDER.BAD_RECOVERY_CODE',
    422,
    'There is a mistake in this recovery code: compare it with what was written down.',
  ),
  notLocked: defineError('FOLDER.NOT_LOCKED', 409, 'The folder has no lock.'),
  alreadyLocked: defineError('FOLDER.ALREADY_LOCKED', 409, 'The folder has a lock already.'),
  changedMeanwhile: defineError(
    'FOLDER.CHANGED_MEANWHILE',
    409,
    'Somebody else changed the folder at the same moment; look again.',
  ),
};
