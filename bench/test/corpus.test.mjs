import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SLAB_BYTES, createCorpus, createRandom } from '../corpus.mjs';

const corpus = createCorpus('test');

test('the same seed and name give the same bytes, another seed or name gives others', () => {
  const sha256 = corpus('a.jpg', 100_000).sha256();
  assert.equal(createCorpus('test')('a.jpg', 100_000).sha256(), sha256);
  assert.notEqual(corpus('b.jpg', 100_000).sha256(), sha256);
  assert.notEqual(createCorpus('other')('a.jpg', 100_000).sha256(), sha256);
});

test('a file begins as a JPEG whose comment segment ends where its length says', () => {
  const [head] = corpus('a.jpg', 1_000).chunks();
  assert.equal(head.subarray(0, 4).toString('hex'), 'ffd8ffe0');
  assert.equal(head.toString('latin1', 6, 10), 'JFIF');
  assert.equal(head.readUInt16BE(20), 0xfffe);
  assert.equal(head.length, 22 + head.readUInt16BE(22));
});

test('any window of a file larger than the slab is the same cut of the whole', () => {
  const file = corpus('large.jpg', SLAB_BYTES + 3_000_000);
  const whole = Buffer.concat([...file.chunks()]);
  assert.equal(whole.length, file.size);
  assert.equal(createHash('sha256').update(whole).digest('hex'), file.sha256());
  for (const [start, end] of [
    [0, 1],
    [10, 500],
    [1_048_576, 1_114_112],
    [SLAB_BYTES - 70_000, SLAB_BYTES + 70_000],
    [file.size - 5, file.size],
  ]) {
    assert.deepEqual(Buffer.concat([...file.chunks(start, end)]), whole.subarray(start, end));
    assert.ok(file.matches(start, whole.subarray(start, end)));
  }
});

test('matches() sees a single wrong bit and a chunk from another place', () => {
  const file = corpus('large.jpg', 40_000_000);
  const bytes = Buffer.concat([...file.chunks(0, 131_072)]);
  for (const at of [0, 60, 131_071]) {
    const wrong = Buffer.from(bytes);
    wrong[at] ^= 0x10;
    assert.equal(file.matches(0, wrong), false, `bit of byte ${at}`);
  }
  const elsewhere = Buffer.concat([...file.chunks(16 * 1_048_576, 16 * 1_048_576 + 65_536)]);
  assert.equal(file.matches(65_536, elsewhere), false);
});

test('the random places are the same in every run and cover their span', () => {
  const [a, b] = [createRandom(1), createRandom(1)];
  const places = Array.from({ length: 2_000 }, () => a(1_000));
  assert.deepEqual(
    places,
    Array.from({ length: 2_000 }, () => b(1_000)),
  );
  assert.ok(Math.min(...places) >= 0 && Math.min(...places) < 10);
  assert.ok(Math.max(...places) < 1_000 && Math.max(...places) >= 990);
});
