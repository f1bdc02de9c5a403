import { hash } from 'node:crypto';

/** 32-bit words of a slot: two of the key's hash, and the number plus one, because 0 is an empty slot. */
const WORDS = 3;
const FIRST_SLOTS = 64;

/**
 * Small numbers by text, for a million texts in some 25 MB: not the texts are kept but 64 bits of their SHA-256. Two texts can be taken for one;
 * of a million, with a chance of one in tens of millions.
 */
export class NumberTable {
  private slots = new Uint32Array(FIRST_SLOTS * WORDS);
  private used = 0;

  get(key: string): number | undefined {
    const slot = this.slotOf(...hashOf(key));
    const stored = this.slots[slot + 2] ?? 0;
    return stored === 0 ? undefined : stored - 1;
  }

  /** @param number from 0 to 2^32 − 2 */
  set(key: string, number: number): void {
    if ((this.used + 1) * WORDS > this.slots.length * 0.75) this.grow();
    const [high, low] = hashOf(key);
    const slot = this.slotOf(high, low);
    if (this.slots[slot + 2] === 0) this.used++;
    this.slots.set([high, low, number + 1], slot);
  }

  /** Where a key is, or would be. */
  private slotOf(high: number, low: number): number {
    const { slots } = this;
    const count = slots.length / WORDS;
    for (let slot = (low % count) * WORDS; ; slot = slot + WORDS === slots.length ? 0 : slot + WORDS) {
      if (slots[slot + 2] === 0 || (slots[slot] === high && slots[slot + 1] === low)) return slot;
    }
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += WORDS) {
      const entry = old.subarray(at, at + WORDS);
      if (entry[2] !== 0) this.slots.set(entry, this.slotOf(entry[0] ?? 0, entry[1] ?? 0));
    }
  }
}

function hashOf(key: string): [high: number, low: number] {
  const digest = hash('sha256', key, 'buffer');
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
