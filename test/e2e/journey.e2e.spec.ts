import { startTestApp, type TestApp } from '../support/test-app';
import { jpeg, sha256 } from '../support/photos';

let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

describe('the journey of a newcomer', () => {
  it('signs up, stores a photo both ways, lists it, and gets the same bytes back by id and by name', async () => {
    const alice = await vault.signUp('alice@example.com', 'laptop');
    const [first, second] = [jpeg(300_000, 1), jpeg(70_000, 2)];

    const created = await alice.put('sommer.jpg', first);
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`/api/v1/files/${created.body.id}`);
    expect(created.body).toEqual({
      id: expect.any(String) as string,
      name: 'sommer.jpg',
      folderId: expect.any(String) as string,
      contentType: 'image/jpeg',
      size: first.length,
      sha256: sha256(first),
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      takenAt: null,
      status: 'created',
    });

    const posted = await alice.post('strand é.jpg', second, { takenAt: '2026-08-02T17:21:09Z' });
    expect(posted.status).toBe(201);
    expect(posted.body).toMatchObject({
      name: 'strand é.jpg',
      takenAt: '2026-08-02T17:21:09.000Z',
      sha256: sha256(second),
    });

    const { body: list } = await alice.list('?order=created&direction=asc');
    expect(list.items.map(({ name }) => name)).toEqual(['sommer.jpg', 'strand é.jpg']);
    expect(list.nextCursor).toBeNull();

    expect((await alice.content(created.body.id)).bytes.equals(first)).toBe(true);
    const byName = await alice.request('GET', `/files/by-name/${encodeURIComponent('strand é.jpg')}/content`);
    expect(byName.bytes.equals(second)).toBe(true);

    const { body: me } = await alice.request('GET', '/users/me');
    expect(me).toMatchObject({
      email: 'alice@example.com',
      usage: { files: 2, bytes: first.length + second.length },
      quota: null,
    });
  });

  it('keeps two people apart who have the same device ID and the same file name', async () => {
    const bob = await vault.signUp('bob@example.com', 'shared-tablet');
    const carol = await vault.signUp('carol@example.com', 'shared-tablet');
    const [ofBob, ofCarol] = [jpeg(20_000, 'bob'), jpeg(20_000, 'carol')];
    expect((await bob.put('me.jpg', ofBob)).status).toBe(201);
    expect((await carol.put('me.jpg', ofCarol)).status).toBe(201);
    expect((await bob.request('GET', '/files/by-name/me.jpg/content')).bytes.equals(ofBob)).toBe(true);
    expect((await carol.request('GET', '/files/by-name/me.jpg/content')).bytes.equals(ofCarol)).toBe(true);
    expect((await bob.list()).body.items).toHaveLength(1);
  });

  it('signs out, and the token is dead', async () => {
    const dave = await vault.signUp('dave@example.com');
    expect((await dave.request('DELETE', '/auth/sessions/current')).status).toBe(204);
    expect((await dave.request('GET', '/users/me')).status).toBe(401);
  });
});
