import { defineError } from '../platform/errors/error-registry';

export const TrashErrors = {
  notFound: defineError('TRASH.NOT_FOUND', 404, 'There is no such thing in the trash.'),
};
