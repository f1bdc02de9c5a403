import { MEDIA_TYPES } from '../media/media-type';
import { integer, list, oneOf, text, url } from './setting';

const GIB = 1024 ** 3;

/**
 * Every setting of the vault. Area first, unit last (ARCHITECTURE.md, "Names"). A test compares this list with the README's table
 * and with `.env.example`, so that neither can drift.
 */
export const SETTINGS = {
  HOST: text({ about: 'Address to listen on.', fallback: '127.0.0.1' }),
  PORT: integer({ about: 'Port to listen on; 0 picks a free one.', fallback: 3000, min: 0, max: 65535 }),
  PUBLIC_URL: url<string | undefined>({
    about: 'Where people reach the vault; the only source of links in mails.',
    fallback: undefined,
    shown: '`http://localhost:PORT`',
    schemes: ['http', 'https'],
  }),
  DATA_DIR: text({ about: 'Blobs, key file and embedded database live here.', fallback: './data' }),
  DB_URL: url<string | undefined>({
    about: 'PostgreSQL 15 to 18; unset starts the embedded database under `DATA_DIR`.',
    fallback: undefined,
    schemes: ['postgres', 'postgresql'],
    secret: true,
  }),
  SMTP_URL: url<string | undefined>({
    about: 'Mail server for PINs; unset writes them to the log.',
    fallback: undefined,
    schemes: ['smtp', 'smtps'],
    secret: true,
  }),
  MAIL_FROM: text({ about: 'Sender of the mails.', fallback: 'Photovault <photovault@localhost>' }),
  VAULT_MASTER_KEY_FILE: text<string | undefined>({
    about: 'The master key. Made at first start. Back it up: without it nothing can be opened.',
    fallback: undefined,
    shown: '`DATA_DIR/master.key`',
  }),
  UPLOAD_MAX_BYTES: integer({
    about: 'Largest file, in bytes (10 GiB).',
    fallback: 10 * GIB,
    min: 1,
    max: 1024 * GIB,
  }),
  UPLOAD_TYPES: list({
    about: 'Media types that may be stored, decided from the first bytes of the file.',
    fallback: MEDIA_TYPES,
    shown: 'all types listed below',
    matching: new RegExp(`^(${MEDIA_TYPES.map((type) => type.replace(/[.+]/g, '\\$&')).join('|')})$`),
    form: 'media types that the vault can recognise',
  }),
  PIN_DIGITS: integer({ about: 'Length of a PIN.', fallback: 4, min: 4, max: 9 }),
  PIN_TTL_SECONDS: integer({ about: 'How long a PIN is good.', fallback: 300, min: 1, max: 3600 }),
  PIN_GUESSES_PER_CHALLENGE: integer({ about: 'Guesses before a PIN is dead.', fallback: 3, min: 1, max: 10 }),
  SESSION_IDLE_SECONDS: integer({
    about: 'A session ends after this long without a request.',
    fallback: 1800,
    min: 1,
    max: 31_536_000,
  }),
  SESSION_ABSOLUTE_SECONDS: integer({
    about: 'A session ends after this long in any case.',
    fallback: 86_400,
    min: 1,
    max: 31_536_000,
  }),
  SHUTDOWN_GRACE_SECONDS: integer({
    about: 'Time that transfers in flight get when the server is asked to stop.',
    fallback: 30,
    min: 0,
    max: 3600,
  }),
  LOG_LEVEL: oneOf({
    about: 'How much is logged.',
    fallback: 'info',
    words: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const,
  }),
} as const;
