import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import type { FileBody, VaultClient } from '../support/vault-client';

/**
 * Real photos of real cameras, whole and broken ones: every file of the folder that PHOTOS_DIR names goes in and comes out the same.
 * What a file is, its name's prefix says (`heic-`, `jpg-`, `tiff-`).
 */
const directory = process.env.PHOTOS_DIR;
const names = directory ? readdirSync(directory).filter((name) => /^(heic|jpg|tiff)-/.test(name)) : [];
const TYPES: Record<string, RegExp> = { heic: /^image\/hei[cf]$/, jpg: /^image\/jpeg$/, tiff: /^image\/tiff$/ };
const SHOWN: Record<string, RegExp> = { ...TYPES, tiff: /^application\/octet-stream$/ };

if (names.length === 0) {
  process.stderr.write(
    '\nNOT RUN: test/e2e/photos.e2e.spec.ts. Set PHOTOS_DIR to a folder with heic-*, jpg-* and tiff-* files.\n\n',
  );
}

(names.length > 0 ? describe : describe.skip)('real photos', () => {
  const photos = names.map((name) => ({ name, bytes: readFileSync(join(directory ?? '', name)) }));
  let vault: TestApp;

  beforeAll(async () => {
    vault = await startTestApp();
  });
  afterAll(() => vault.close());

  const ways: [
    way: string,
    upload: (owner: VaultClient, name: string, bytes: Buffer) => Promise<{ body: FileBody }>,
  ][] = [
    ['a form', (owner, name, bytes) => owner.post(name, bytes)],
    ['a raw stream', (owner, name, bytes) => owner.put(name, bytes)],
  ];

  describe.each(ways)('through %s', (_, upload) => {
    let owner: VaultClient;
    const ids = new Map<string, string>();

    beforeAll(async () => {
      owner = await vault.signUp();
      for (const { name, bytes } of photos) ids.set(name, (await upload(owner, name, bytes)).body.id);
    });

    it('are all listed with their names, sizes, types and digests', async () => {
      const { items } = (await owner.list('?limit=200')).body;
      const listed = new Map(items.map((item) => [item.name, item]));
      expect([...listed.keys()].sort()).toEqual([...names].sort());
      for (const { name, bytes } of photos) {
        const file = listed.get(name);
        expect(file).toMatchObject({ id: ids.get(name), size: bytes.length, sha256: sha256(bytes) });
        expect([name, file?.contentType]).toEqual([name, expect.stringMatching(TYPES[kindOf(name)])]);
      }
    });

    it.each(names)('%s comes back by id and by name, byte for byte', async (name) => {
      const original = photos.find((photo) => photo.name === name)?.bytes ?? Buffer.alloc(0);
      for (const path of [`/files/${ids.get(name)}/content`, `/files/by-name/${encodeURIComponent(name)}/content`]) {
        const { status, headers, bytes } = await owner.request('GET', path);
        expect([status, bytes.length, sha256(bytes)]).toEqual([200, original.length, sha256(original)]);
        expect(headers.get('content-type')).toMatch(SHOWN[kindOf(name)]);
      }
    });

    it('give the right bytes in 200 random ranges', async () => {
      for (let i = 0; i < 200; i++) {
        const { name, bytes } = photos[Math.floor(Math.random() * photos.length)];
        const start = Math.floor(Math.random() * bytes.length);
        const end = start + Math.floor(Math.random() * Math.min(100_000, bytes.length - start));
        const answer = await owner.content(ids.get(name) ?? '', { range: `bytes=${start}-${end}` });
        const asked = { name, start, end };
        expect({ ...asked, status: answer.status }).toEqual({ ...asked, status: 206 });
        expect({ ...asked, same: answer.bytes.equals(bytes.subarray(start, end + 1)) }).toEqual({
          ...asked,
          same: true,
        });
      }
    });
  });

  function kindOf(name: string): string {
    return name.split('-')[0];
  }
});
