import { defineError } from '../platform/errors/error-registry';

export const FolderErrors = {
  notFound: defineError('FOLDER.NOT_FOUND', 404, 'There is no such folder.'),
  locked: defineError('FOLDER.LOCKED', 423, 'The folder is locked.'),
};
