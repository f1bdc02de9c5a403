import { parseConnectionUrl } from 'nodemailer/lib/shared';
import type SMTPPool from 'nodemailer/lib/smtp-pool';
import { ConfigError } from '../config/config-error';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/**
 * How to speak to the mail server of a URL. `smtps://` is TLS from the first byte. `smtp://` has to become TLS (STARTTLS, RFC 3207),
 * unless the server is this machine, or the URL says `?ignoreTLS=true` or `?requireTLS=false`: a PIN must not pass a network in
 * clear because somebody on the way has removed a line. Certificates are checked; other parameters are nodemailer's.
 *
 * @throws {ConfigError} when it names no mail server
 */
export function smtpOptions(url: string): SMTPPool.Options {
  const given = readSmtpUrl(url);
  if (given === null) throw new ConfigError(['SMTP_URL must be a URL that names a mail server']);
  const remote = !LOOPBACK.test(given.host);
  const bounds = {
    connectionTimeout: 10_000,
    dnsTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    maxConnections: 4,
    // A vault mails in bursts; what is not used closes soon.
    idleTimeout: 30_000,
    // The queue tries again, and knows when to stop.
    maxRequeues: 1,
  };
  return {
    ...bounds,
    requireTLS: remote && !given.secure && !given.ignoreTLS,
    ...given,
    pool: true,
    // Nodemailer's log repeats addresses and whole mails.
    logger: false,
    debug: false,
    transactionLog: false,
  };
}

type Given = ReturnType<typeof parseConnectionUrl>;

/**
 * Nodemailer's own reading of the URL: a second one could find another server in it.
 * @returns null when it names no server, or one that cannot be
 */
export function readSmtpUrl(url: string): (Given & { host: string }) | null {
  // What `URL` refuses nodemailer gives to Node's old parser, whose warning repeats it, password and all.
  if (/[\s\p{Cc}]/u.test(url) || !URL.canParse(url)) return null;
  // Nodemailer would take it for none, and go to the usual one.
  if (new URL(url).port === '0') return null;
  try {
    const given = parseConnectionUrl(url);
    const { host, port = 25 } = given;
    // Parameters of the URL can be anything, also a host and a port.
    const isPort = Number.isInteger(port) && Number(port) > 0 && Number(port) < 65536;
    return typeof host === 'string' && isPort ? { ...given, host } : null;
  } catch {
    return null;
  }
}
