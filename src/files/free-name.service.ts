import { Injectable } from '@nestjs/common';
import type { OpenFolder } from '../folders/access/open-folder';
import { nameIndex } from '../platform/crypto/blind-index';
import { numberedName } from '../platform/names/numbered-name';
import { FilesRepository } from './files.repository';

/** Names tried in one query. */
const BATCH = 32;

/** Finds "name (n)" for a name that is taken. Names are sealed, so candidates are looked up by their blind indexes. */
@Injectable()
export class FreeName {
  constructor(private readonly files: FilesRepository) {}

  /** The lowest free number, as of now: the unique index has the last word, and its loser asks again. */
  async find(folder: OpenFolder, name: string): Promise<string> {
    for (let first = 1; ; first += BATCH) {
      const candidates = Array.from({ length: BATCH }, (_, i) => {
        const candidate = numberedName(name, first + i);
        return { candidate, bidx: nameIndex(folder.key, candidate) };
      });
      const taken = await this.files.findTakenNames(
        folder.ownerId,
        folder.id,
        candidates.map(({ bidx }) => bidx),
      );
      const free = candidates.find(({ bidx }) => !taken.has(bidx.toString('hex')));
      if (free) return free.candidate;
    }
  }
}
