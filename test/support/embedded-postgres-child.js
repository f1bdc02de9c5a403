// A process of its own that runs the embedded database, to be killed, interrupted or run as somebody else.
// argv: the compiled embedded-postgres.js, the cluster's directory. Sends one message, {url, adopted} or {name, message};
// on the message 'stop' it stops the database and ends.
const [, , modulePath, directory] = process.argv;

process.on('SIGINT', () => process.send({ interrupted: true }));

async function main() {
  const { startEmbeddedPostgres } = require(modulePath);
  const database = await startEmbeddedPostgres({ directory, log: () => undefined });
  process.on('message', () => void database.stop().then(() => process.disconnect()));
  process.send({ url: database.url, adopted: database.adopted });
}

main().catch((error) => process.send({ name: error.name, message: error.message }, () => process.disconnect()));
