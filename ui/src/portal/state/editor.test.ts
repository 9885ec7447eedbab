import { describe, expect, it } from 'vitest';
import { ownProblem, ServerProblem } from '../problem';
import { Editor, type Edit } from './editor.svelte';

interface Row {
  revision: number;
  extension: string;
  email: string;
}
type Change = Partial<Row>;

function desk(there: Row): { editor: Editor<Row, Change>; there: () => Row; taken: Row[] } {
  let row = there;
  const taken: Row[] = [];
  const editor = new Editor<Row, Change>({
    load: async () => row,
    write: async (seen, change) => {
      if (seen.revision !== row.revision)
        throw new ServerProblem({ ...ownProblem('conflict', ''), status: 409, params: { by: 'Els' } });
      row = { ...row, ...change, revision: row.revision + 1 };
      return row;
    },
    take: (now) => taken.push(now),
  });
  return { editor, there: () => row, taken };
}
const extension = (mine: string): Edit<Row, Change> => ({
  label: 'Extension',
  mine,
  read: (row) => row.extension,
  make: () => ({ extension: mine }),
});
const seen: Row = { revision: 1, extension: '602', email: 'a@b.example' };

describe('a write that comes too late', () => {
  it('shows both values and writes none', async () => {
    const { editor, there } = desk({ ...seen, revision: 2, extension: '618' });
    expect(await editor.save(seen, extension('630'))).toBe(false);
    expect(editor.conflict).toMatchObject({ theirs: '618', by: 'Els' });
    expect(there().extension).toBe('618');
  });

  it('writes ours once we have seen theirs and want it', async () => {
    const { editor, there } = desk({ ...seen, revision: 2, extension: '618' });
    await editor.save(seen, extension('630'));
    expect(await editor.useMine()).toBe(true);
    expect(there().extension).toBe('630');
  });

  it('leaves theirs, and shows it, if we say so', async () => {
    const { editor, there, taken } = desk({ ...seen, revision: 2, extension: '618' });
    await editor.save(seen, extension('630'));
    editor.keepTheirs();
    expect(editor.conflict).toBeUndefined();
    expect(there().extension).toBe('618');
    expect(taken.at(-1)?.extension).toBe('618');
  });

  it('is no conflict where the other one changed something else: both stay', async () => {
    const { editor, there } = desk({ ...seen, revision: 2, email: 'new@b.example' });
    expect(await editor.save(seen, extension('630'))).toBe(true);
    expect(there()).toMatchObject({ extension: '630', email: 'new@b.example' });
  });

  it('is no conflict where both wrote the same', async () => {
    const { editor } = desk({ ...seen, revision: 2, extension: '630' });
    expect(await editor.save(seen, extension('630'))).toBe(true);
    expect(editor.conflict).toBeUndefined();
  });
});
