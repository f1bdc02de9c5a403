import { Client, type ClientConfig } from 'pg';
import type { DataSourceOptions, EntitySchema, MixedList } from 'typeorm';
import { SnakeNamingStrategy } from './snake-naming.strategy';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;
type Classes = MixedList<new () => object>;

/** Connections a process may hold: enough for the routes, few enough for several processes on a default PostgreSQL. */
const POOL_SIZE = 20;

/**
 * A connection that breaks while nobody happens to listen would end the process; its next statement fails anyway. It listens from its
 * first moment on, because TypeORM opens connections before anybody could listen to the pool.
 */
class PooledClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/**
 * How every data source of the vault is made; it knows no entity.
 * @param url `postgresql://…`, also with a socket directory as `?host=`
 */
export function dataSourceOptions(url: string, entities: Classes, migrations: Classes): PostgresOptions {
  return {
    type: 'postgres',
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
    // The one reading of the URL is `pg`'s own, here as for connections beside the pool: sockets, `options` and all.
    extra: {
      Client: PooledClient,
      connectionString: url,
      statement_timeout: 60_000,
      idle_in_transaction_session_timeout: 60_000,
      keepAlive: true,
    },
  };
}
