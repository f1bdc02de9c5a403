import { defineError } from '../platform/errors/error-registry';

export const UserErrors = {
  emailTaken: defineError('USER.EMAIL_TAKEN', 409, 'Another account has this address.'),
  notFound: defineError('USER.NOT_FOUND', 404, 'There is no such user.'),
};
