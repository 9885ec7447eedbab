import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { context } from '../e2e/browser';

/** Where the programs are that the tests start. */
const programs = process.env['BELLBIRD_BIN_DIR'] ?? '../target/debug';
/** Everybody's password, and every desk phone's secret, in the demo. */
export const password = 'bellbird-demo';
const deskPhoneSecret = 'demo-only-9f4c-7k2m-x3vq-8rht';
export const wide = { width: 1440, height: 900 };

/** A program that runs, and what it said so far. */
class Running {
  readonly #lines: string[] = [];
  #waiting: (() => void)[] = [];
  #ended = false;

  constructor(readonly process: ChildProcess) {
    for (const stream of [process.stdout, process.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#said(line));
    process.on('exit', () => ((this.#ended = true), this.#wake()));
    process.on('error', () => ((this.#ended = true), this.#wake()));
  }

  /** What the program says that fits, as soon as it says so. */
  async said(what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of this.#lines) {
        const found = what.exec(line);
        if (found) return found;
      }
      if (this.#ended) throw new Error(`it ended without saying ${what}:\n${this.#lines.join('\n')}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** What it ends with. */
  async code(): Promise<number | null> {
    while (!this.#ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.process.exitCode;
  }

  /** Ends it, if it did not end by itself. */
  async end(): Promise<void> {
    this.process.kill('SIGTERM');
    while (!this.#ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #said(line: string): void {
    this.#lines.push(line);
    this.#wake();
  }
  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting = [];
  }
}

/** A server with the demo's people, and what was started beside it. */
export class Stage {
  readonly #folder: string;
  readonly #running: Running[] = [];
  site = '';
  /** `127.0.0.1:5060`, as it came out. */
  sip = '';

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'bellbird-portal-'));
  }

  static async open(...flags: string[]): Promise<Stage> {
    const stage = new Stage();
    const data = join(stage.#folder, 'data');
    // The server writes its address into links, so it is chosen before.
    const http = `127.0.0.1:${await freePort()}`;
    const settings = ['--data', data, '--http', http, '--sip', 'udp://127.0.0.1:0'];
    const server = stage.#start('bellbird-server', [...(flags.length > 0 ? flags : ['--demo']), ...settings]);
    stage.site = `${(await server.said(/listens on (http:\S+)/u))[1] ?? ''}/`;
    stage.sip = (await server.said(/listens on udp:\/\/(\S+)/u))[1] ?? '';
    return stage;
  }

  /** A link that the server printed when it started. */
  async printed(what: RegExp): Promise<string> {
    return (await this.#running[0]?.said(what))?.[0] ?? '';
  }

  /** What is done from the server's command line, while it runs. */
  async admin(...arguments_: string[]): Promise<void> {
    const data = join(this.#folder, 'data');
    const done = this.#start('bellbird-server', ['--data', data, 'admin', ...arguments_]);
    const code = await done.code();
    if (code !== 0) throw new Error(`admin ${arguments_.join(' ')}: ${code}`);
  }

  /** A desk phone of the demo, registered. */
  async deskPhone(number: string, ...arguments_: string[]): Promise<Running> {
    const account = join(this.#folder, `${number}.toml`);
    const lines = [
      '[account]',
      `address = "sip:${number}@demo.localhost"`,
      `user = "v${number}-demo"`,
      `registrar = "sip:${this.sip};transport=udp"`,
    ];
    writeFileSync(account, `${lines.join('\n')}\n`);
    const [command = 'register', ...rest] = arguments_;
    const phone = this.#start('bellbird', ['--json', command, ...rest, '--account', account, '--null-audio'], {
      BELLBIRD_SECRET: deskPhoneSecret,
    });
    await phone.said(/registered/u);
    return phone;
  }

  async close(): Promise<void> {
    for (const running of this.#running.reverse()) await running.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #start(program: string, arguments_: string[], environment: Record<string, string> = {}): Running {
    const running = new Running(
      spawn(join(programs, program), arguments_, {
        env: {
          ...process.env,
          ...environment,
          BELLBIRD_PHONE_DATA: join(this.#folder, `phone-${this.#running.length}`),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    this.#running.push(running);
    return running;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** Somebody's browser, logged in. */
export async function logIn(browser: Browser, stage: Stage, login: string, language = 'en'): Promise<Page> {
  const page = await (await context(browser, wide, language)).newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(stage.site);
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=secret]').fill(password);
  await page.keyboard.press('Enter');
  await page.locator('nav.side').waitFor();
  return page;
}

/** Asks the API with the session of a page, as its scripts would. */
export function ask(page: Page, method: string, path: string, body?: unknown): Promise<unknown> {
  return page.evaluate(
    async ({ method, path, body }) => {
      const session = (await (await fetch('/api/v1/sessions/current')).json()) as { csrf: string };
      const response = await fetch(`/api/v1${path}`, {
        method,
        headers: { 'X-CSRF-Token': session.csrf, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return response.status === 204 ? null : ((await response.json()) as unknown);
    },
    { method, path, body },
  );
}

/** A page of the portal. */
export async function show(page: Page, stage: Stage, hash: string): Promise<void> {
  await page.goto(`${stage.site}#/${hash}`);
  await page.locator('main h1').first().waitFor();
}
