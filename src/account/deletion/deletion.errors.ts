import { defineError } from '../../platform/errors/error-registry';

export const DeletionErrors = {
  wrongEmail: defineError(
    'ACCOUNT.WRONG_EMAIL',
    422,
    'This is not the e-mail address of the account. Nothing was deleted.',
  ),
};
