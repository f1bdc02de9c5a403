import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const POSTMAN = resolve(__dirname, '../../postman');
export const COLLECTION = join(POSTMAN, 'photovault.postman_collection.json');
export const ENVIRONMENT = join(POSTMAN, 'photovault.postman_environment.json');
const NEWMAN = join(dirname(require.resolve('newman/package.json')), 'bin/newman.js');

/** The part of newman's JSON report that is read here. */
interface Report {
  readonly run: {
    readonly stats: { readonly assertions: { readonly total: number } };
    readonly executions: readonly { readonly item: { readonly id: string; readonly name: string } }[];
    readonly failures: readonly {
      readonly source: { readonly name: string };
      readonly error: { readonly message: string };
    }[];
  };
}

/** What came of a run. */
export interface NewmanRun {
  /** What was requested, in order; again for each time. */
  readonly items: readonly { readonly id: string; readonly name: string }[];
  readonly assertions: number;
  /** `name of the request: what was wrong` */
  readonly failures: readonly string[];
}

/** Runs parts of the collection as a person does: the environment of one run goes into the next. */
export class Newman {
  private readonly directory = mkdtempSync(join(tmpdir(), 'photovault-newman-'));
  private environment = ENVIRONMENT;

  /**
   * @param folders names of folders or of single requests
   * @param variables of the environment, in place of what it has
   */
  async run(folders: readonly string[], variables: Record<string, string>): Promise<NewmanRun> {
    const exported = join(this.directory, 'environment.json');
    const report = join(this.directory, 'report.json');
    const outcome = await promisify(execFile)(process.execPath, [
      NEWMAN,
      ...['run', COLLECTION, '--environment', this.environment, '--working-dir', POSTMAN],
      ...['--export-environment', exported, '--suppress-exit-code'],
      ...['--reporters', 'json', '--reporter-json-export', report],
      ...Object.entries(variables).flatMap(([name, value]) => ['--env-var', `${name}=${value}`]),
      ...folders.flatMap((folder) => ['--folder', folder]),
    ]);
    if (outcome.stderr !== '') throw new Error(outcome.stderr);
    this.environment = exported;
    const { run } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    return {
      items: run.executions.map(({ item: { id, name } }) => ({ id, name })),
      assertions: run.stats.assertions.total,
      failures: run.failures.map(({ source, error }) => `${source.name}: ${error.message}`),
    };
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
