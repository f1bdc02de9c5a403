const APIS = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

type Api = (typeof APIS)[number];

/**
 * Puts a part of time under the test's control, and leaves the rest, on which the database and the network live, as it is.
 * Undone by `jest.useRealTimers()`. @param now what `Date` begins with
 */
export function fakeOnly(apis: readonly Api[], now?: number): void {
  jest.useFakeTimers({ now, doNotFake: APIS.filter((api) => !apis.includes(api)) });
}
