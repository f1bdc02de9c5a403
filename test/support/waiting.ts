import { setTimeout as delay } from 'node:timers/promises';

/** What a promise resolves to, if that is within `ms`. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const late = delay(ms, undefined, { signal: deadline.signal }).then(() => {
    throw new Error(`Waited ${ms} ms in vain for ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    deadline.abort();
    late.catch(() => undefined);
  }
}

/** Asks again and again, at most for `ms`, until something is so. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await isSo()); await delay(25)) {
    if (Date.now() > deadline) throw new Error(`Waited ${ms} ms in vain until ${what}`);
  }
}
