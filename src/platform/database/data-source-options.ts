import { parse } from 'pg-connection-string';
import type { DataSourceOptions, EntitySchema, MixedList } from 'typeorm';
import { SnakeNamingStrategy } from './snake-naming.strategy';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;
type Classes = MixedList<new () => object>;

/** Connections a process may hold: enough for the routes, few enough for several processes on a default PostgreSQL. */
const POOL_SIZE = 20;

/**
 * How every data source of the vault is made; it knows no entity.
 * @param url `postgresql://…`, also with a socket directory as `?host=` (`pg`'s own reading of it, which TypeORM lacks)
 */
export function dataSourceOptions(url: string, entities: Classes, migrations: Classes): PostgresOptions {
  const { host, port, user, password, database, ssl } = parse(url);
  return {
    type: 'postgres',
    host: host ?? 'localhost',
    port: port ? Number(port) : 5432,
    username: user,
    password,
    database: database ?? undefined,
    ssl: ssl as PostgresOptions['ssl'],
    entities: entities as MixedList<string | (new () => object) | EntitySchema>,
    migrations: migrations,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeNamingStrategy(),
    synchronize: false,
    // Errors of statements carry their parameters; TypeORM's own logger would print them.
    logging: false,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    applicationName: 'photovault',
    poolSize: POOL_SIZE,
    connectTimeoutMS: 5000,
    extra: { statement_timeout: 60_000, idle_in_transaction_session_timeout: 60_000, keepAlive: true },
  };
}
