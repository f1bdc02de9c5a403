import { Injectable } from '@nestjs/common';
import type { OpenFolder } from '../folders/access/open-folder';
import { nameIndex } from '../platform/crypto/blind-index';
import { numberedName } from '../platform/names/numbered-name';
import { FilesRepository } from './files.repository';

/** Names tried in the first query, and at most: each tries twice as many as the one before, so that a thousand of one name do not cost a million. */
const [FIRST_BATCH, MAX_BATCH] = [32, 1024];

/** Finds "name (n)" for a name that is taken. Names are sealed, so candidates are looked up by their blind indexes. */
@Injectable()
export class FreeName {
  constructor(private readonly files: FilesRepository) {}

  /**
   * The lowest free number, as of now: the unique index has the last word, and its loser asks again.
   * @param given where many names are asked for in a row: what this has found so far, so that each search begins where the last one ended
   */
  async find(folder: OpenFolder, name: string, given = new Map<string, number>()): Promise<string> {
    const key = `${folder.id}/${name}`;
    let first = given.get(key) ?? 1;
    for (let length = FIRST_BATCH; ; first += length, length = Math.min(length * 2, MAX_BATCH)) {
      const candidates = Array.from({ length }, (_, i) => {
        const candidate = numberedName(name, first + i);
        return { candidate, number: first + i, bidx: nameIndex(folder.key, candidate) };
      });
      const taken = await this.files.findTakenNames(
        folder.ownerId,
        folder.id,
        candidates.map(({ bidx }) => bidx),
      );
      const free = candidates.find(({ bidx }) => !taken.has(bidx.toString('hex')));
      if (!free) continue;
      given.set(key, free.number);
      return free.candidate;
    }
  }
}
