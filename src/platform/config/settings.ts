import { isDatabaseUrl } from '../database/database-url';
import { readSmtpUrl } from '../mail/smtp-options';
import { MEDIA_TYPES } from '../media/media-type';
import { hops, integer, list, oneOf, text, url } from './setting';

const GIB = 1024 ** 3;
const YEAR_SECONDS = 31_536_000;
/** What a limit may be raised to: high enough to be none. */
const UNLIMITED = 1_000_000;

/** A host and a path: what links can begin with. `URL` alone would mend or drop the rest in silence. */
const BASE_URL = /^[a-z]+:\/\/[^\s\p{C}\\/@?#]+(?:\/[^\s\p{C}\\?#]*)?$/u;
/** The path is a number or nothing; options may follow. */
const DATABASE_URL = /^[a-z]+:\/\/[^\s\p{C}/?#]*(?:\/\d*)?(?:\?[^\s\p{C}#]*)?$/u;
const ADDRESS = String.raw`[^\s\p{Cc}"\\@<>()[\],;:]+@[^\s\p{Cc}"\\@<>(),;:]+`;
const NAME = String.raw`"[^"\\\p{Cc}\p{Zl}\p{Zp}]*" *|[^"\\@<>(),;:\p{Cc}\p{Zl}\p{Zp}]*`;
/** What nodemailer takes for exactly one address; a name in quotes may hold signs that would be read as something else outside. */
const MAILBOX = new RegExp(`^(?:${ADDRESS}|(?:${NAME})<${ADDRESS}>)$`, 'u');

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
    valid: (url) => BASE_URL.test(url) && URL.canParse(url),
    form: ', with a host, and without user, query, fragment and spaces',
  }),
  DATA_DIR: text({ about: 'Blobs, key file and embedded database live here.', fallback: './data' }),
  DB_URL: url<string | undefined>({
    about: 'PostgreSQL 15 to 18; unset starts the embedded database under `DATA_DIR`.',
    fallback: undefined,
    schemes: ['postgres', 'postgresql'],
    valid: isDatabaseUrl,
    form: ', such as postgres://user:password@db.example.com:5432/photovault',
    secret: true,
  }),
  REDIS_URL: url<string | undefined>({
    about: 'Redis or Valkey in which several processes share their request rates; unset counts in memory.',
    fallback: undefined,
    schemes: ['redis', 'rediss'],
    valid: (url) => DATABASE_URL.test(url) && URL.canParse(url),
    form: ', and after its host has at most the number of a database',
    secret: true,
  }),
  TRUST_PROXY: hops({
    about:
      'Proxies whose `X-Forwarded-For` is believed: their addresses or networks, or `loopback`, separated by commas.',
    fallback: [],
    shown: 'none',
  }),
  SMTP_URL: url<string | undefined>({
    about: 'Mail server for PINs; unset writes them to the log.',
    fallback: undefined,
    schemes: ['smtp', 'smtps'],
    valid: (url) => readSmtpUrl(url) !== null,
    form: ', such as smtp://user:password@mail.example.com:587',
    secret: true,
  }),
  MAIL_FROM: text({
    about: 'Sender of the mails.',
    fallback: 'Photovault <photovault@localhost>',
    matching: MAILBOX,
    form: 'one address: vault@example.com, Vault <vault@example.com> or "Vault: home" <vault@example.com>',
  }),
  BLOB_DRIVER: oneOf({
    about: 'Where the stored bytes are: `local` is `DATA_DIR`, `s3` an S3-compatible object store.',
    fallback: 'local',
    words: ['local', 's3'] as const,
  }),
  S3_ENDPOINT: url<string | undefined>({
    about: 'The object store; unset is Amazon S3.',
    fallback: undefined,
    schemes: ['http', 'https'],
    valid: (url) => BASE_URL.test(url) && URL.canParse(url),
    form: ', with a host, and without user, query, fragment and spaces',
  }),
  S3_REGION: text({
    about: 'Its region.',
    fallback: 'us-east-1',
    matching: /^[A-Za-z0-9_-]{1,64}$/,
    form: 'the name of a region, such as eu-central-1',
  }),
  S3_BUCKET: text<string | undefined>({
    about: 'The bucket, which has to be there. Needed by `BLOB_DRIVER=s3`.',
    fallback: undefined,
    matching: /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/,
    form: 'the name of a bucket: 3 to 63 letters, digits, dots and hyphens',
  }),
  S3_PREFIX: text<string | undefined>({
    about:
      'What the keys of all objects begin with, in a bucket that holds other things as well: `vault` is `vault/…`.',
    fallback: undefined,
    matching: /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*\/?$/,
    form: 'names of letters, digits, dots, hyphens and underscores, separated by slashes',
  }),
  S3_FORCE_PATH_STYLE: oneOf<'true' | 'false' | undefined>({
    about: 'Whether the bucket is in the path of a URL and not in its host.',
    fallback: undefined,
    shown: '`true` with `S3_ENDPOINT`, else `false`',
    words: ['true', 'false'],
  }),
  S3_CHECKSUMS: oneOf({
    about: 'When the SDK adds checksums of its own; some stores other than Amazon’s refuse them.',
    fallback: 'WHEN_REQUIRED',
    words: ['WHEN_REQUIRED', 'WHEN_SUPPORTED'] as const,
  }),
  S3_ACCESS_KEY_ID: text<string | undefined>({
    about: 'Its key; without the two, the SDK looks where it always does: environment, profile, role of the machine.',
    fallback: undefined,
    secret: true,
  }),
  S3_SECRET_ACCESS_KEY: text<string | undefined>({ about: 'And its secret.', fallback: undefined, secret: true }),
  S3_TIMEOUT_SECONDS: integer({
    about: 'How long the object store may be silent before a request is tried again, three times in all.',
    fallback: 20,
    min: 1,
    max: 600,
  }),
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
  QUOTA_DEFAULT_BYTES: integer({
    about: 'What somebody may store who has no quota of their own, in bytes of their originals; 0 is no limit.',
    fallback: 0,
    min: 0,
    max: 1024 ** 2 * GIB,
  }),
  MIN_FREE_BYTES: integer({
    about: 'Free disk space that uploads leave alone, in bytes (1 GiB); 0 is none. An object store has no such floor.',
    fallback: GIB,
    min: 0,
    max: 1024 ** 2 * GIB,
  }),
  REGISTRATION: oneOf({
    about: 'Whether anybody may sign up; `closed` leaves it to `vault users add`.',
    fallback: 'open',
    words: ['open', 'closed'] as const,
  }),
  SIGN_UPS_PER_HOUR: integer({
    about: 'Sign-ups in an hour, of everybody together; addresses without an account get no mail beyond it.',
    fallback: undefined,
    shown: '1000, or `PIN_REQUESTS_PER_IP_HOUR`',
    min: 1,
    max: UNLIMITED,
  }),
  PIN_DIGITS: integer({ about: 'Length of a PIN.', fallback: 4, min: 4, max: 9 }),
  PIN_TTL_SECONDS: integer({ about: 'How long a PIN is good.', fallback: 300, min: 1, max: 3600 }),
  PIN_GUESSES_PER_CHALLENGE: integer({ about: 'Guesses before a PIN is dead.', fallback: 3, min: 1, max: 10 }),
  PIN_WRONG_LIMIT: integer({
    about:
      'Wrong PINs of one account, from devices that are not trusted, before a longer code takes the place of the PIN.',
    fallback: 10,
    min: 1,
    max: UNLIMITED,
  }),
  PIN_WRONG_WINDOW_DAYS: integer({ about: 'How long a wrong PIN counts.', fallback: 30, min: 1, max: 365 }),
  PIN_RESEND_SECONDS: integer({
    about: 'Time between two PINs for one address and device; 0 is none.',
    fallback: 60,
    min: 0,
    max: 3600,
  }),
  PIN_REQUESTS_PER_IP_HOUR: integer({
    about: 'PINs that one IPv4 address or IPv6 /64 network may ask for in an hour.',
    fallback: 10,
    min: 1,
    max: UNLIMITED,
  }),
  PIN_REQUESTS_PER_IP_DAY: integer({ about: 'And in a day.', fallback: 30, min: 1, max: UNLIMITED }),
  PIN_VERIFIES_PER_IP: integer({
    about: 'PINs that one IPv4 address or IPv6 /64 network may try in 10 minutes.',
    fallback: 20,
    min: 1,
    max: UNLIMITED,
  }),
  PIN_REQUESTS_PER_ACCOUNT_HOUR: integer({
    about: 'PINs mailed for one account in an hour; whoever asks for more gets the longer code, and is never refused.',
    fallback: 5,
    min: 1,
    max: UNLIMITED,
  }),
  PIN_REQUESTS_PER_ACCOUNT_DAY: integer({
    about: 'And in a day.',
    fallback: undefined,
    shown: 'twice the hour’s (10)',
    min: 1,
    max: UNLIMITED,
  }),
  PIN_BREAKER_WRONG: integer({
    about: 'Wrong PINs of all accounts together in 24 hours before every account gets the longer code.',
    fallback: undefined,
    shown: '`PIN_WRONG_LIMIT`',
    min: 1,
    max: UNLIMITED,
  }),
  PIN_BREAKER_PERCENT: integer({
    about: 'The same in percent of the accounts; the larger of the two holds.',
    fallback: 1,
    min: 0,
    max: 100,
  }),
  STEP_UP_TTL_SECONDS: integer({
    about: 'How long the longer code is good, and the least time between two of them.',
    fallback: 900,
    min: 1,
    max: 3600,
  }),
  STEP_UP_GUESSES_PER_CHALLENGE: integer({
    about: 'Guesses at the longer code before a new PIN has to be asked for.',
    fallback: 5,
    min: 1,
    max: 10,
  }),
  DEVICE_TRUST_DAYS: integer({ about: 'How long a remembered device is trusted.', fallback: 180, min: 1, max: 3650 }),
  DEVICE_REQUESTS_PER_HOUR: integer({
    about: 'PINs that a trusted device may ask for in an hour.',
    fallback: 10,
    min: 1,
    max: UNLIMITED,
  }),
  DEVICE_WRONG_LIMIT: integer({
    about: 'Wrong PINs, in `PIN_WRONG_WINDOW_DAYS`, before a device is trusted no longer.',
    fallback: 10,
    min: 1,
    max: UNLIMITED,
  }),
  REAUTHENTICATION_WRONG_LIMIT: integer({
    about: 'Wrong PINs of a re-authentication before its session ends.',
    fallback: 5,
    min: 1,
    max: UNLIMITED,
  }),
  SESSION_IDLE_SECONDS: integer({
    about: 'A session ends after this long without a request.',
    fallback: 1800,
    min: 1,
    max: YEAR_SECONDS,
  }),
  SESSION_ABSOLUTE_SECONDS: integer({
    about: 'A session ends after this long in any case.',
    fallback: 86_400,
    min: 1,
    max: YEAR_SECONDS,
  }),
  SESSION_REMEMBER_IDLE_SECONDS: integer({
    about: 'The first of the two for a remembered device (7 days).',
    fallback: 604_800,
    min: 1,
    max: YEAR_SECONDS,
  }),
  SESSION_REMEMBER_ABSOLUTE_SECONDS: integer({
    about: 'The second of the two for a remembered device (30 days).',
    fallback: 2_592_000,
    min: 1,
    max: YEAR_SECONDS,
  }),
  SESSION_FRESH_SECONDS: integer({
    about: 'How long after a right PIN a session may do what needs a fresh one.',
    fallback: 300,
    min: 1,
    max: 3600,
  }),
  SESSION_LIMIT: integer({
    about: 'Live sessions of one account; one more ends the one that was used the longest ago.',
    fallback: 20,
    min: 1,
    max: 1000,
  }),
  UNLOCK_IDLE_SECONDS: integer({
    about: 'An unlocked folder is locked again after this long without a request for what is in it.',
    fallback: 900,
    min: 1,
    max: 86_400,
  }),
  UNLOCK_ABSOLUTE_SECONDS: integer({
    about: 'An unlocked folder is locked again after this long in any case.',
    fallback: 3600,
    min: 1,
    max: 86_400,
  }),
  SHARE_SESSION_SECONDS: integer({
    about: 'How long somebody who has opened a share may look at it before opening it again (12 hours).',
    fallback: 43_200,
    min: 1,
    max: YEAR_SECONDS,
  }),
  RATE_LIMIT_PER_MINUTE: integer({
    about: 'Requests of one session in a minute.',
    fallback: 20_000,
    min: 1,
    max: 1_000_000_000,
  }),
  RATE_LIMIT_PUBLIC_PER_MINUTE: integer({
    about: 'Requests without a session of one IPv4 address or IPv6 /64 network in a minute.',
    fallback: undefined,
    shown: '600, or what the limits on PINs need',
    min: 1,
    max: 1_000_000_000,
  }),
  RATE_LIMIT_SHARE_PER_MINUTE: integer({
    about: 'Requests about shares of one IPv4 address or IPv6 /64 network in a minute.',
    fallback: 600,
    min: 1,
    max: 1_000_000_000,
  }),
  TRASH_DAYS: integer({
    about: 'Days that files and folders stay in the trash before they are purged.',
    fallback: 30,
    min: 1,
    max: 3650,
  }),
  RETENTION_CHALLENGE_DAYS: integer({
    about: 'Days that an expired PIN request is kept.',
    fallback: 1,
    min: 0,
    max: 3650,
  }),
  RETENTION_SESSION_DAYS: integer({ about: 'Days that an ended session is kept.', fallback: 30, min: 0, max: 3650 }),
  RETENTION_SHARE_DAYS: integer({
    about: 'Days that an expired share stays in its owner’s list; its keys go at once.',
    fallback: 30,
    min: 0,
    max: 3650,
  }),
  RETENTION_EVENT_DAYS: integer({
    about: 'Days that an entry of the security log, or an opening of a share, is kept.',
    fallback: 365,
    min: 1,
    max: 3650,
  }),
  RETENTION_IP_DAYS: integer({
    about: 'Days after which IP addresses are removed from sessions and the security log.',
    fallback: 30,
    min: 0,
    max: 3650,
  }),
  BACKUP_RETENTION_DAYS: integer({
    about: 'Days that you keep backups, for the mail about a deleted account; 0 is none, unset says that you decide.',
    fallback: undefined,
    min: 0,
    max: 36_500,
  }),
  METRICS_PORT: integer({
    about: 'Port of the figures for Prometheus, at `/metrics`; 0 picks a free one.',
    fallback: undefined,
    shown: 'none, so that there are none',
    min: 0,
    max: 65535,
  }),
  METRICS_HOST: text({
    about: 'Address to listen on for them. They name no person, and nothing guards them: not for the internet.',
    fallback: '127.0.0.1',
  }),
  SHUTDOWN_DELAY_SECONDS: integer({
    about: 'Time in which a server that was asked to stop still serves, and says that it is not ready.',
    fallback: 0,
    min: 0,
    max: 300,
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
