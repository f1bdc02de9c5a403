// Whether the server in this container can serve. Exit code 0: it can; 1: it cannot, or does not answer.
import process from 'node:process';

const { PORT = '3000' } = process.env;
const answer = await fetch(`http://127.0.0.1:${PORT}/health/ready`, { signal: AbortSignal.timeout(4000) }).catch(
  () => null,
);
process.exit(answer?.ok ? 0 : 1);
