import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerEvent } from '../../contract';
import { FakeServer } from '../fake/server';
import { Events } from './events.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

async function connected(): Promise<{ server: FakeServer; events: Events; heard: ServerEvent[] }> {
  const server = new FakeServer();
  const events = new Events(server);
  const heard: ServerEvent[] = [];
  events.on((event) => heard.push(event));
  events.start();
  await vi.advanceTimersByTimeAsync(0);
  return { server, events, heard };
}

describe('events', () => {
  it('begin with a snapshot', async () => {
    const { server, events, heard } = await connected();
    expect(server.said).toEqual([{ kind: 'subscribe' }]);
    expect(heard.map((event) => event.kind.kind)).toEqual(['snapshot']);
    expect(events.live).toBe(true);
  });

  it('go on after a gap from the last one that was heard', async () => {
    const { server, events, heard } = await connected();
    server.tell({ kind: 'userDeleted', user: 7 });
    server.dropSockets();
    expect(events.live).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(events.live).toBe(true);
    expect(server.said.at(-1)).toEqual({ kind: 'subscribe', since: heard.at(-1)?.revision });
  });

  it('tell again after a gap whose page is looked at', async () => {
    const { server, events } = await connected();
    events.look(3);
    server.dropSockets();
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.said.filter((message) => message.kind === 'look')).toEqual([
      { kind: 'look', user: 3 },
      { kind: 'look', user: 3 },
    ]);
  });

  it('wait longer each time that nobody is there', async () => {
    const { server, events } = await connected();
    const tries = vi.spyOn(server, 'socket').mockImplementation((_path, said) => {
      queueMicrotask(() => said.closed());
      return { say: () => undefined, close: () => undefined };
    });
    server.dropSockets();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(tries.mock.calls.length).toBeLessThan(9);
    expect(tries.mock.calls.length).toBeGreaterThan(3);
    events.stop();
  });

  it('stay away once they were stopped', async () => {
    const { server, events } = await connected();
    events.stop();
    const tries = vi.spyOn(server, 'socket');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tries).not.toHaveBeenCalled();
  });
});
