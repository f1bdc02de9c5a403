import { v7 as uuidv7 } from 'uuid';
import type { Answer, FileBody, VaultClient } from './vault-client';

export interface FolderBody {
  id: string;
  name: string | null;
  isRoot: boolean;
  locked: boolean;
  unlockedUntil: string | null;
  fileCount: number;
  bytes: number | null;
}

/** Good enough for a test, and on no list. */
export const PASSWORD = 'correct horse battery';

/** @returns its id */
export async function newFolder(client: VaultClient, name = uuidv7()): Promise<string> {
  const { status, body } = await client.request<FolderBody>('POST', '/folders', { json: { name } });
  if (status !== 201) throw new Error(`a new folder was answered ${status}`);
  return body.id;
}

export async function folder(client: VaultClient, id: string): Promise<FolderBody> {
  return (await client.request<FolderBody>('GET', `/folders/${id}`)).body;
}

/** @returns the recovery code */
export async function lock(client: VaultClient, id: string, password = PASSWORD): Promise<string> {
  const { status, body } = await client.request<{ recoveryCode: string }>('PUT', `/folders/${id}/lock`, {
    json: { password },
  });
  if (status !== 200) throw new Error(`a lock was answered ${status}`);
  return body.recoveryCode;
}

export async function unlock(client: VaultClient, id: string, password = PASSWORD): Promise<Answer> {
  return client.request('POST', `/folders/${id}/unlock`, { json: { password } });
}

export async function putInto(client: VaultClient, folderId: string, name: string, bytes: Buffer): Promise<FileBody> {
  const { status, body } = await client.put(name, bytes, { query: `?folderId=${folderId}` });
  if (status !== 201) throw new Error(`an upload was answered ${status}`);
  return body;
}

/** What a request was answered: `423 FOLDER.LOCKED`, or the status alone. */
export async function outcome(answer: Promise<Answer<unknown>>): Promise<string> {
  const { status, body } = await answer;
  const code = (body as { code?: string }).code;
  return code === undefined ? String(status) : `${status} ${code}`;
}
