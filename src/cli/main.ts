#!/usr/bin/env node
import 'reflect-metadata';
import { runVaultCommand } from './vault-command';

// Whoever reads the output may have had enough of it: `vault users list | head`.
process.stdout.on('error', () => undefined);
// Ctrl+C waits for the end, so that a database that was started is stopped as well; the second one does not.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => undefined);

void runVaultCommand(process.argv.slice(2), process.env).then((code) => (process.exitCode = code));
