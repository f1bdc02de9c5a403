import { type Answer, type FileBody, type VaultClient } from './vault-client';
import { sha256 } from './photos';

/** What a file must be when it comes back. */
export interface Promised {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/**
 * Keeps book of what a vault has promised, and holds it to that. An upload whose answer got lost may be there or not, but never
 * half; once it was seen it counts as promised, and once it was not seen it must never come.
 */
export class Ledger {
  private readonly promised = new Map<string, Promised>();
  private readonly unanswered = new Map<string, Promised>();
  /** Ids that no audit has downloaded yet. */
  private readonly fresh = new Set<string>();

  get size(): number {
    return this.promised.size;
  }

  /** Sends an upload and writes down what became of it. @returns the answer, or null when it got lost */
  async record(name: string, bytes: Buffer, upload: () => Promise<Answer<FileBody>>): Promise<Answer<FileBody> | null> {
    const file = { name, size: bytes.length, sha256: sha256(bytes) };
    this.unanswered.set(name, file);
    let answer: Answer<FileBody>;
    try {
      answer = await upload();
    } catch {
      return null;
    }
    if (answer.status === 201 || answer.status === 200) {
      this.unanswered.delete(name);
      this.promise(answer.body.id, file);
    }
    return answer;
  }

  /**
   * Compares the vault with the book, and downloads what is new and some of what is old.
   * @param sample how many older files are downloaded, from the oldest on in turns
   * @throws an Error that names the first broken promise
   */
  async audit(client: VaultClient, sample = Infinity): Promise<void> {
    const listed = await listAll(client);
    for (const file of listed) {
      const possible = this.unanswered.get(file.name);
      if (possible && !this.promised.has(file.id)) this.promise(file.id, possible);
      const expected = this.promised.get(file.id);
      if (!expected) throw new Error(`${file.name} is listed, but nobody has promised it`);
      const { name, size, sha256: digest } = file;
      if (JSON.stringify({ name, size, sha256: digest }) !== JSON.stringify(expected)) {
        throw new Error(`listed as ${JSON.stringify(file)}, uploaded as ${JSON.stringify(expected)}`);
      }
    }
    this.unanswered.clear();
    const ids = new Set(listed.map(({ id }) => id));
    for (const [id, { name }] of this.promised)
      if (!ids.has(id)) throw new Error(`${name} was acknowledged and is lost`);

    const old = [...this.promised.keys()].filter((id) => !this.fresh.has(id));
    for (const id of [...this.fresh, ...old.slice(0, sample)]) await this.download(client, id);
    this.fresh.clear();
  }

  /** Writes down a file that is there. */
  promise(id: string, { name, size, sha256 }: Promised): void {
    this.promised.set(id, { name, size, sha256 });
    this.fresh.add(id);
  }

  private async download(client: VaultClient, id: string): Promise<void> {
    const expected = this.promised.get(id);
    const { status, bytes } = await client.content(id);
    if (status !== 200 || sha256(bytes) !== expected?.sha256) {
      throw new Error(`${expected?.name} came back with ${status} and ${bytes.length} other bytes`);
    }
    // Moved to the end, so that the next sample is another.
    this.promised.delete(id);
    this.promised.set(id, expected);
  }
}

async function listAll(client: VaultClient): Promise<FileBody[]> {
  const files: FileBody[] = [];
  let cursor = '';
  do {
    const { status, body } = await client.list(`?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    if (status !== 200) throw new Error(`the list answered ${status}`);
    files.push(...body.items);
    cursor = body.nextCursor ?? '';
  } while (cursor);
  return files;
}
