import type { Answer, FileBody, VaultClient } from './vault-client';

export interface TrashedFolderBody {
  folderId: string;
  name: string;
  count: number;
  locked: boolean;
  unlockedUntil: string | null;
  trashedAt: string | null;
  purgedAfter: string | null;
}

export interface TrashBody {
  items: (FileBody & { trashedAt: string; purgedAfter: string })[];
  folders: TrashedFolderBody[];
  nextCursor: string | null;
}

export interface Outcome {
  id: string;
  ok: boolean;
  code?: string;
  name?: string;
  folderId?: string;
}

export async function trash(client: VaultClient, query = ''): Promise<TrashBody> {
  return (await client.request<TrashBody>('GET', `/trash${query}`)).body;
}

export async function trashFile(client: VaultClient, id: string): Promise<Answer> {
  return client.request('DELETE', `/files/${id}`);
}

export async function restore(client: VaultClient, ...ids: string[]): Promise<Outcome[]> {
  return (await client.request<{ items: Outcome[] }>('POST', '/trash/restore', { json: { ids } })).body.items;
}

export async function deleteFolder(client: VaultClient, id: string, contents: 'trash' | 'purge'): Promise<Answer> {
  return client.request('DELETE', `/folders/${id}?contents=${contents}`);
}
