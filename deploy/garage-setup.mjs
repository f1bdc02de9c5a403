// Gives a new Garage its one node, the vault's access key and the vault's bucket, through Garage's admin API (version 2). Whatever is there
// already stays as it is, so that it may run at every start.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import process from 'node:process';

const { GARAGE_ADMIN = 'http://s3:3903', S3_BUCKET = 'photovault' } = process.env;
const secret = (name) => readFileSync(`/secrets/store/${name}`, 'utf8').trim();
const [accessKeyId, token] = [secret('access-key-id'), secret('admin-token')];
const PATIENCE = 60;

/** @returns the answer's body, or null where there is no such thing */
async function call(method, path, json) {
  const answer = await fetch(`${GARAGE_ADMIN}/v2/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: json && JSON.stringify(json),
    signal: AbortSignal.timeout(10_000),
  });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function nodeOnItsFeet() {
  for (let second = 0; ; second++) {
    try {
      return await call('GET', 'GetClusterStatus');
    } catch (error) {
      if (second >= PATIENCE) throw error;
      await delay(1000);
    }
  }
}

const { layoutVersion, nodes } = await nodeOnItsFeet();
if (layoutVersion === 0) {
  // With one node the capacity decides nothing; it only has to be there.
  const roles = nodes.map(({ id }) => ({ id, zone: 'here', capacity: 1_000_000_000_000, tags: [] }));
  await call('POST', 'UpdateClusterLayout', { roles });
  await call('POST', 'ApplyClusterLayout', { version: layoutVersion + 1 });
  console.log('the node has its role');
}

if (!(await call('GET', `GetKeyInfo?id=${accessKeyId}`))) {
  await call('POST', 'ImportKey', { accessKeyId, secretAccessKey: secret('secret-access-key'), name: 'photovault' });
  console.log('the access key is known');
}

let bucket = await call('GET', `GetBucketInfo?globalAlias=${S3_BUCKET}`);
if (!bucket) {
  bucket = await call('POST', 'CreateBucket', { globalAlias: S3_BUCKET });
  console.log(`the bucket ${S3_BUCKET} is there`);
}
const permissions = { read: true, write: true, owner: false };
await call('POST', 'AllowBucketKey', { bucketId: bucket.id, accessKeyId, permissions });
