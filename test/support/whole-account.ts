import { photo } from './pictures';
import { lock, newFolder, putInto, unlock } from './folders';
import { jpeg } from './photos';
import { share } from './shares';
import type { FileBody, VaultClient } from './vault-client';
import type { MadeShare } from './shares';

/** One of everything that somebody can have. */
export interface WholeAccount {
  readonly files: readonly FileBody[];
  /** Plaintext of the originals. */
  readonly photos: readonly Buffer[];
  readonly bytes: number;
  readonly openFolder: string;
  readonly lockedFolder: string;
  /** Of the open folder, and of a file. */
  readonly shares: readonly [MadeShare, MadeShare];
}

/** Gives somebody files in the root, in a folder, in the trash, in a folder that is there too, and in a locked one that is unlocked just now; a preview; two shares. */
export async function fillAccount(client: VaultClient): Promise<WholeAccount> {
  const openFolder = await newFolder(client, 'Holidays');
  const lockedFolder = await newFolder(client, 'Private');
  const oldFolder = await newFolder(client, 'Old');
  const photos = [
    await photo(400, 300),
    ...['open', 'trashed', 'locked', 'old'].map((word) => jpeg(3000, `${client.email} ${word}`)),
  ];
  const [shown, open, trashed, locked, old] = photos as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const root = (await client.put('beach.jpg', shown)).body;
  const files = [
    root,
    await putInto(client, openFolder, 'open.jpg', open),
    await putInto(client, openFolder, 'trashed.jpg', trashed),
    await putInto(client, lockedFolder, 'locked.jpg', locked),
    await putInto(client, oldFolder, 'old.jpg', old),
  ];
  await client.request('GET', `/files/${root.id}/renditions/thumbnail`);
  await client.request('DELETE', `/files/${files[2]?.id}`);
  await client.request('DELETE', `/folders/${oldFolder}?contents=trash`);
  await lock(client, lockedFolder);
  await unlock(client, lockedFolder);
  const shares = [
    await share(client, { folderId: openFolder, includeOriginals: true, label: 'For everybody' }),
    await share(client, { fileIds: [root.id], includeOriginals: true }),
  ] as const;
  const bytes = photos.reduce((sum, { length }) => sum + length, 0);
  return { files, photos, bytes, openFolder, lockedFolder, shares };
}
