/** A secret in one of the forms in which software writes things down. */
interface Needle {
  readonly label: string;
  readonly bytes: Buffer;
}

/** How many bytes around a find are shown. */
const CONTEXT_BYTES = 48;

/** Looks for secrets in bytes: as they are, and in every encoding that a log, a dump or a page of a database might use. */
export class SecretSearch {
  private readonly needles: Needle[] = [];

  /** @param secret text, or bytes such as a key; at least 8 bytes, so that it is not found by chance */
  add(what: string, secret: string | Buffer): this {
    const bytes = Buffer.from(secret as string);
    if (bytes.length < 8) throw new Error(`${what} is too short to be looked for`);
    const forms: [string, Buffer][] = [
      ['plain', bytes],
      ['hex', Buffer.from(bytes.toString('hex'))],
      ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())],
      ...base64Forms(bytes),
    ];
    if (typeof secret === 'string') {
      const wide = Buffer.from(secret, 'utf16le');
      forms.push(['UTF-16LE', wide], ['UTF-16BE', Buffer.from(wide).swap16()]);
    }
    this.needles.push(...forms.map(([form, each]) => ({ label: `${what} (${form})`, bytes: each })));
    return this;
  }

  /** @returns what was found, with its surroundings; empty when all is well */
  findIn(where: string, haystack: Buffer): string[] {
    return this.needles.flatMap(({ label, bytes }) => {
      const at = haystack.indexOf(bytes);
      if (at < 0) return [];
      const around = haystack.subarray(Math.max(0, at - CONTEXT_BYTES), at + bytes.length + CONTEXT_BYTES);
      return [`${label} in ${where}: …${around.toString('latin1').replace(/[^\x20-\x7e]/g, '.')}…`];
    });
  }
}

/** What a run of bytes looks like inside longer base64, at each of the three places where it can begin; both alphabets. */
function base64Forms(bytes: Buffer): [string, Buffer][] {
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and the last character may also carry bits of the neighbours.
    const sure = text.slice(offset === 0 ? 0 : offset + 1, (offset + bytes.length) % 3 === 0 ? undefined : -1);
    const url = sure.replaceAll('+', '-').replaceAll('/', '_');
    return [...new Set([sure, url])].map((form): [string, Buffer] => [`base64 at ${offset}`, Buffer.from(form)]);
  });
}
