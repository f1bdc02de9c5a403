import { defineError } from '../platform/errors/error-registry';

export const UserErrors = {
  notFound: defineError('USER.NOT_FOUND', 404, 'There is no such user.'),
};
