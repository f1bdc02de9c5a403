/** A part of a form, exactly as it will be sent. */
export interface Part {
  /** Lines of its head; by default what a browser would write for `name` and `filename`. */
  readonly head?: readonly string[];
  readonly name?: string;
  readonly filename?: string;
  readonly body: Buffer | string;
}

const BOUNDARY = 'photovault-test-boundary';

/** What `VaultClient.request` takes to send it. */
export interface Form {
  readonly headers: { 'content-type': string };
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A multipart/form-data body by hand (RFC 7578), for the forms that no browser would make. */
export function form(...parts: Part[]): Form {
  const pieces = parts.flatMap(({ head, name, filename, body }) => {
    const disposition = `Content-Disposition: form-data; name="${name}"`;
    const lines = head ?? [filename === undefined ? disposition : `${disposition}; filename="${filename}"`];
    return [`--${BOUNDARY}\r\n${lines.join('\r\n')}\r\n\r\n`, body, '\r\n'];
  });
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: new Uint8Array(Buffer.concat([...pieces, `--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece)))),
  };
}

/** Form fields `f0`, `f1` … that no route knows. */
export function fields(count: number): Part[] {
  return Array.from({ length: count }, (_, i) => ({ name: `f${i}`, body: 'x' }));
}
