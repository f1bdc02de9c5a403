// Runs the end-to-end suites with two servers behind a real nginx, with a Redis: half of the requests of each test go to another process.
//   npm run test:through-nginx [-- suites and options of jest]
// What is left out looks at one process alone, and that is why:
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const SUITES = {
  'export-running': 'stops the laying out in its own process, and counts on the buffers of one connection',
  'rate-limits': 'moves the clock of its own process (test/faults/behind-nginx has limits of two)',
  'slow-bodies': 'counts in tenths of the seconds that nginx and the other process count in',
  'trust-proxy': 'is the proxy itself',
};
/** Beside these with `TEST_BLOB_DRIVER=s3`, where no object is a file. */
const SUITES_ON_A_DISK = {
  'damaged-storage': 'damages files of objects (test/contracts has the same for any store)',
  'disk-floor': 'is about the disk',
  'e2e/renditions': 'reads the files of objects',
  'prototype-holes': 'the same',
};
const TESTS_ON_A_DISK = {
  'every file and every stored byte stays': 'the same',
  'makes the old recovery code, and every grant, worthless': 'the same',
};
const TESTS = {
  'is noted in the security log when it begins, and not again':
    'each process remembers what it has noted, so it may be noted twice',
  'in the middle of a picture takes nothing with it': 'kills the decoder of its own process',
  'is refused when one of them': 'stops its own process in the middle',
  'could not be hashed is no guess': 'fails the hashing of its own process',
  'no more than five are compared': 'counts what its own process hashes',
  'alert: integrity': 'reads an alert in the moment of the answer; the log of another process comes later',
  'has a request id of our own making, and no word about the software': 'nginx says that it is nginx',
  'may come from either name of this machine, and its real port':
    'the port of the page is that of nginx: PUBLIC_URL has to say so',
  'works with cookies alone': 'the same',
  'has no other part': 'nginx takes the request id from answers that it keeps for others',
  // nginx reads addresses and headers before the vault does. It refuses what has no one meaning with its own 400, or puts it right.
  'at any static address': 'nginx itself refuses what leads out of its root',
  'takes what leaves it alone, and refuses what is announced not to':
    'nginx refuses what is larger than any file before the vault can say that the disk is full',
  'has no other kinds': 'nginx itself refuses a NUL in an address',
  'raw PUT with NUL': 'the same',
  'under a bad name': 'the same',
  'like a random and like a malformed id': 'the same',
  'unreadable requests': 'nginx reads them (test/acceptance/behind-nginx)',
  '//metrics|TRACE gives nothing back': 'the same',
  'a NUL in a header|a bare LF in the headers|a header behind a space|a folded header': 'the same',
  'a chunk longer than its size|an unknown transfer coding|chunked not as the last coding|next to': 'the same',
};

const given = process.argv.slice(2);
const suites = given.some((each) => !each.startsWith('-')) ? [] : ['test/e2e'];
const onADisk = process.env.TEST_BLOB_DRIVER !== 's3';
const ignored = Object.keys({ ...SUITES, ...(!onADisk && SUITES_ON_A_DISK) });
const leftOut = Object.keys({ ...TESTS, ...(!onADisk && TESTS_ON_A_DISK) });
const options = ['--testPathIgnorePatterns', ...ignored, '--testNamePattern', `^(?!.*(?:${leftOut.join('|')}))`];
const { status } = spawnSync('npx', ['jest', ...suites, ...given, ...options], {
  stdio: 'inherit',
  env: { ...process.env, TEST_THROUGH_NGINX: '1' },
});
process.exitCode = status ?? 1;
