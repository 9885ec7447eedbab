import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** A PostgreSQL of the test's own: its own folder, its own socket, never the system's service. */
export class Postgres {
  readonly #folder: string;
  #server: ChildProcess | undefined;

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'bb-pg'));
  }

  /** Starts one; nothing where its programs are missing and that is allowed. */
  static async start(): Promise<Postgres | undefined> {
    const programs = found();
    if (programs === undefined) {
      if (process.env['BELLBIRD_ALLOW_MISSING'] === undefined) throw new Error('PostgreSQL’s programs are missing');
      return undefined;
    }
    const postgres = new Postgres();
    if (isRoot() && isInstalled(programs)) execFileSync('chown', ['nobody:nogroup', postgres.#folder]);
    const data = join(postgres.#folder, 'data');
    const initdb = asNobody(join(programs, 'initdb'));
    const made = ['--auth=trust', '--username=bellbird', '--encoding=UTF8', '--no-locale', '-D', data];
    execFileSync(initdb.program, [...initdb.before, ...made], { ...initdb.options, stdio: 'ignore' });
    await postgres.#launch(programs, data);
    return postgres;
  }

  /** For the server's `--database`. */
  get url(): string {
    return `host=${this.#folder} user=bellbird dbname=postgres`;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      // Immediate shutdown, which takes its children along.
      server.kill('SIGQUIT');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #launch(programs: string, data: string): Promise<void> {
    const { program, before, options } = asNobody(join(programs, 'postgres'));
    const flags = ['-D', data, '-k', this.#folder, '-c', 'listen_addresses='];
    const server = spawn(program, [...before, ...flags], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#server = server;
    return new Promise((resolve, reject) => {
      const said: string[] = [];
      createInterface({ input: server.stderr }).on('line', (line) => {
        said.push(line);
        if (line.includes('ready to accept connections')) resolve();
      });
      server.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${said.join('\n')}`)));
    });
  }
}

/** Unpacked by the set-up under the user's cache, or installed by Debian. */
function found(): string | undefined {
  const cache = process.env['BELLBIRD_CACHE'] ?? join(homedir(), '.cache/bellbird');
  const installed = [18, 17, 16, 15, 14, 13].map((version) => `/usr/lib/postgresql/${version}/bin`);
  return [join(cache, 'peers/postgresql'), ...installed].find(
    (folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')),
  );
}

const isRoot = (): boolean => process.getuid?.() === 0;
const isInstalled = (programs: string): boolean => programs.startsWith('/usr/lib');

interface Nobody {
  program: string;
  before: string[];
  options: { cwd: string; env: NodeJS.ProcessEnv };
}

/**
 * PostgreSQL refuses to run as root. What lies in root's own cache nobody else can read: there root goes by another
 * number, in a namespace of its own.
 */
function asNobody(program: string): Nobody {
  const list = join(dirname(dirname(program)), 'postgresql-libraries');
  const libraries = existsSync(list) ? { LD_LIBRARY_PATH: readFileSync(list, 'utf8').trim() } : {};
  const options = { cwd: '/', env: { ...process.env, ...libraries } };
  if (!isRoot()) return { program, before: [], options };
  return isInstalled(dirname(program))
    ? { program: 'setpriv', before: ['--reuid=nobody', '--regid=nogroup', '--clear-groups', program], options }
    : { program: 'unshare', before: ['--user', '--map-user=1000', '--map-group=1000', program], options };
}
