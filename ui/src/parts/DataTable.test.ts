import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync, tick } from 'svelte';
import { describe, expect, test, vi } from 'vitest';
import DataTable from './DataTable.svelte';
import type { Column } from './table/column';

interface Line {
  id: number;
  name: string;
}

const columns: Column<Line>[] = [
  { id: 'id', label: 'No.', width: 5, align: 'end', text: (row) => String(row.id) },
  { id: 'name', label: 'Name', width: 10, grow: true, sortable: true, text: (row) => row.name },
];

function lines(offset: number, limit: number): Line[] {
  return Array.from({ length: limit }, (_, step) => ({
    id: offset + step,
    name: `message ${offset + step}`,
  }));
}

async function shown(more: Record<string, unknown> = {}) {
  const onselect = vi.fn();
  const onopen = vi.fn();
  const props = {
    label: 'Messages',
    columns,
    total: 100_000,
    rows: (offset: number, limit: number) => Promise.resolve(lines(offset, limit)),
    rowKey: (row: Line) => row.id,
    onselect,
    onopen,
    ...more,
  };
  const result = render(DataTable<Line>, { props });
  await settled();
  return { ...result, onselect, onopen, table: screen.getByRole('grid', { name: 'Messages' }) };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await tick();
}

function row(index: number): HTMLElement {
  const found = document.querySelector<HTMLElement>(`tr[data-index="${index}"]`);
  if (!found) throw new Error(`row ${index} is not in the document`);
  return found;
}

describe('the document', () => {
  test('holds few rows of many, and says how many there are', async () => {
    const { table } = await shown();

    expect(table.querySelectorAll('tr').length, 'fewer than 100 rows').toBeLessThan(100);
    expect(table.getAttribute('aria-rowcount'), '100,000 and the head').toBe('100001');
    expect(row(0).getAttribute('aria-rowindex'), 'counted from the head').toBe('2');
    expect(within(row(3)).getByText('message 3'), 'what stands in a cell').toBeTruthy();
  });

  test('shows placeholders, not other rows, for what is not there yet', async () => {
    await shown({ rows: () => new Promise<Line[]>(() => {}) });

    expect(row(0).classList, 'hidden until read').toContain('absent');
    expect(row(0).textContent?.trim(), 'nothing is made up').toBe('');
  });

  test('says that there is nothing by what it was given for that', async () => {
    const { table } = await shown({ total: 0 });

    expect(table.querySelectorAll('tbody tr').length).toBe(0);
  });

  test('says which column is sorted, and asks for the other way round', async () => {
    const onsort = vi.fn();
    await shown({ sort: { column: 'name', direction: 'ascending' }, onsort });
    await fireEvent.click(screen.getByRole('button', { name: 'Name' }));

    expect(screen.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('ascending');
    expect(onsort).toHaveBeenCalledWith({ column: 'name', direction: 'descending' });
  });
});

describe('the keyboard', () => {
  test.each([
    ['ArrowDown', 1],
    ['ArrowUp', 0],
    ['PageDown', 20],
    ['Home', 0],
    ['End', 99_999],
  ])('%s leads from the first row to row %i, with focus and choice', async (key, index) => {
    const { onselect } = await shown();
    row(0).focus();
    await fireEvent.keyDown(row(0), { key });
    await settled();

    expect(document.activeElement, 'the focus is on the row').toBe(row(index));
    expect(row(index).tabIndex, 'Tab comes back to it').toBe(0);
    expect(row(index).getAttribute('aria-selected'), 'it is chosen').toBe('true');
    expect(onselect, 'and told about, though it had to be read first').toHaveBeenCalledWith(
      lines(index, 1)[0],
      index,
    );
    expect(document.querySelectorAll('tr[tabindex="0"]').length, 'one row only is reached by Tab').toBe(1);
  });

  test('Enter opens, and keys of buttons within are theirs', async () => {
    const { onopen } = await shown();
    await fireEvent.keyDown(row(0), { key: 'Enter' });
    await fireEvent.keyDown(screen.getByRole('button', { name: 'Name' }), { key: 'Enter' });

    expect(onopen, 'once, for the row').toHaveBeenCalledExactlyOnceWith({ id: 0, name: 'message 0' }, 0);
  });

  test('the focus is not lost when its row is scrolled out of view', async () => {
    const { container } = await shown();
    row(0).focus();
    const scroller = container.querySelector<HTMLElement>('.scroller');
    if (!scroller) throw new Error('the table has no scroller');
    scroller.scrollTop = 50_000 * 32;
    await fireEvent.scroll(scroller);
    await settled();
    expect(document.activeElement, 'the table itself keeps it').toBe(scroller);

    await fireEvent.keyDown(scroller, { key: 'ArrowDown' });
    await settled();
    expect(document.activeElement, 'the next key brings it back').toBe(row(1));
  });
});

describe('the pointer', () => {
  test('a click chooses, two open', async () => {
    const { onselect, onopen } = await shown();
    await fireEvent.click(within(row(4)).getByText('message 4'));
    await fireEvent.dblClick(within(row(5)).getByText('message 5'));

    expect(onselect).toHaveBeenCalledExactlyOnceWith({ id: 4, name: 'message 4' }, 4);
    expect(row(4).getAttribute('aria-selected')).toBe('true');
    expect(onopen).toHaveBeenCalledExactlyOnceWith({ id: 5, name: 'message 5' }, 5);
  });
});

describe('change', () => {
  test('a refresh takes over what is new without a placeholder in between', async () => {
    let name = 'old';
    const rows = (offset: number, limit: number) =>
      Promise.resolve(lines(offset, limit).map((line) => ({ ...line, name })));
    const { component } = await shown({ rows });
    const element = row(0);
    name = 'new';
    component.refresh();
    flushSync();
    expect(element.textContent, 'the old is shown meanwhile').toContain('old');
    expect(element.classList).not.toContain('absent');

    await settled();
    expect(row(0), 'in the same element').toBe(element);
    expect(element.textContent).toContain('new');
  });

  test('the chosen row is followed when rows come in above it', async () => {
    let above = 0;
    const rows = (offset: number, limit: number) => Promise.resolve(lines(offset - above, limit));
    const { component } = await shown({ rows });
    await fireEvent.click(row(3));
    above = 2;
    component.refresh();
    await settled();

    expect(row(5).getAttribute('aria-selected'), 'by what it is, not by its place').toBe('true');
    expect(row(5).tabIndex, 'and Tab leads there').toBe(0);
    expect(row(3).getAttribute('aria-selected')).toBe('false');
  });

  test('another question begins at the top and shows nothing of the last', async () => {
    const rows = vi.fn((offset: number, limit: number) => Promise.resolve(lines(offset, limit)));
    const { rerender, container } = await shown({ rows, query: 'all' });
    await fireEvent.keyDown(row(0), { key: 'End' });
    await settled();
    rows.mockImplementation(() => new Promise(() => {}));
    await rerender({ query: 'stuck' });
    await settled();

    expect(container.querySelector('.scroller')?.scrollTop, 'back at the top').toBe(0);
    expect(row(0).textContent?.trim(), 'nothing of what was there').toBe('');
  });

  test('fewer rows than before leave no row behind', async () => {
    const { rerender } = await shown();
    await fireEvent.keyDown(row(0), { key: 'End' });
    await settled();
    await rerender({ total: 2 });
    await settled();

    expect(document.querySelectorAll('tr[data-index]').length).toBe(2);
    expect(row(1).tabIndex, 'the last of them is reached by Tab').toBe(0);
  });

  test('what could not be read is said, and read again when asked', async () => {
    const rows = vi
      .fn()
      .mockRejectedValueOnce(new Error('refused'))
      .mockImplementation((offset: number, limit: number) => Promise.resolve(lines(offset, limit)));
    await shown({ rows });
    expect(screen.getByRole('alert').textContent).toContain('Some rows could not be read');

    await fireEvent.click(screen.getByRole('button', { name: 'Read them again' }));
    await settled();
    expect(screen.queryByRole('alert'), 'the fault is gone').toBeNull();
    expect(row(0).textContent).toContain('message 0');
  });
});
