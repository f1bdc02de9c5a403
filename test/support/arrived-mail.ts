/** A mail as it arrived. */
export interface ArrivedMail {
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  /** Whether it came through TLS. */
  readonly secure: boolean;
  /** By their names in lower case; encoded words (RFC 2047) are decoded. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  /** Empty when it has no HTML. */
  readonly html: string;
  /** As it was sent over the wire. */
  readonly raw: string;
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Reads a message of one part or of several alternatives (RFC 5322, RFC 2045, RFC 2046), which is what we send. */
export function parseMail(raw: string): Pick<ArrivedMail, 'headers' | 'text' | 'html' | 'raw'> {
  const whole = parsePart(raw);
  const boundary = /^multipart\/alternative;.*boundary="?([^";]+)/i.exec(typeOf(whole))?.[1];
  const parts =
    boundary === undefined
      ? [whole]
      : whole.body
          .split(`\r\n--${boundary}`)
          .map((part) => part.replace(/^\r\n/, ''))
          .filter((part) => /^content-type:/im.test(part))
          .map(parsePart);
  const content = (type: RegExp): string => {
    const part = parts.find((candidate) => type.test(typeOf(candidate)));
    return part === undefined ? '' : decodeBody(part).toString('utf8').replaceAll('\r\n', '\n');
  };
  return { headers: whole.headers, text: content(/^text\/plain/i), html: content(/^text\/html/i), raw };
}

function parsePart(raw: string): Part {
  const [head = '', ...body] = raw.split('\r\n\r\n');
  const headers = new Map(
    head
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())];
      }),
  );
  return { headers, body: body.join('\r\n\r\n') };
}

function typeOf({ headers }: Part): string {
  return headers.get('content-type') ?? 'text/plain';
}

function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(=\?)/g, '$1$2')
    .replace(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, encoding: string, word: string) =>
      encoding.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString()
        : unquote(word.replaceAll('_', ' ')).toString(),
    );
}

function decodeBody({ headers, body }: Part): Buffer {
  const encoding = headers.get('content-transfer-encoding');
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  return encoding === 'quoted-printable' ? unquote(body.replace(/=\r\n/g, '')) : Buffer.from(body, 'latin1');
}

function unquote(text: string): Buffer {
  const bytes = text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}
