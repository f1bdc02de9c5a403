import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { decoderPids } from '../support/pictures';
import type { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import { eventually } from '../support/waiting';

const PHOTO = readFileSync(resolve(__dirname, '../../postman/photo.jpg'));

let home: VaultHome;
beforeAll(async () => {
  home = await VaultHome.create();
});
afterAll(() => home.close());
afterEach(() => home.stop());

const thumbnail = (client: VaultClient, id: string) => client.request('GET', `/files/${id}/renditions/thumbnail`);

it('the built server makes a thumbnail, leaves no process behind, and gives the same one after its next start', async () => {
  const first = home.start();
  const alice = await first.signUp('alice@example.com');
  const { body } = await alice.put('photo.jpg', PHOTO);
  const made = await thumbnail(alice, body.id);
  expect([made.status, made.bytes.subarray(8, 12).toString()]).toEqual([200, 'WEBP']);
  const decoders = decoderPids(first.pid);
  expect(decoders).toHaveLength(1);
  await first.end('SIGTERM');
  for (const pid of decoders) expect(() => process.kill(pid, 0)).toThrow('ESRCH');

  const second = home.start();
  const again = await thumbnail(await second.clientOf(alice), body.id);
  expect([again.status, again.headers.get('etag')]).toEqual([200, made.headers.get('etag')]);
  expect(again.bytes.equals(made.bytes)).toBe(true);
  expect(decoderPids(second.pid)).toEqual([]);
});

it('a server that is killed takes its decoders along', async () => {
  const server = home.start();
  const bob = await server.signUp('bob@example.com');
  const { body } = await bob.put('photo.jpg', PHOTO);
  expect((await thumbnail(bob, body.id)).status).toBe(200);
  const decoders = decoderPids(server.pid);
  expect(decoders).toHaveLength(1);
  await server.end('SIGKILL');
  await eventually('the decoder has ended', () =>
    decoders.every((pid) => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    }),
  );
});
