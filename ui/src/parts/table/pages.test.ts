// @vitest-environment node
import { describe, expect, test, vi } from 'vitest';
import { RowPages } from './pages.svelte';

/** Answers only when told to, and remembers what it was asked. */
class Source {
  asked: number[] = [];
  value = 'old';
  readonly #waiting: { offset: number; answer: () => void; fail: () => void }[] = [];

  readonly read = (offset: number, limit: number): Promise<string[]> => {
    this.asked.push(offset);
    const { value } = this;
    return new Promise((resolve, reject) => {
      const answer = () => resolve(Array.from({ length: limit }, (_, step) => `${value} ${offset + step}`));
      this.#waiting.push({ offset, answer, fail: () => reject(new Error('refused')) });
    });
  };

  get waiting(): number[] {
    return this.#waiting.map(({ offset }) => offset);
  }

  async answer(how: 'answer' | 'fail' = 'answer'): Promise<void> {
    this.#waiting.shift()?.[how]();
    await settled();
  }

  async answerAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.answer();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

function opened(limits = {}) {
  const source = new Source();
  return { source, pages: new RowPages<string>(source.read, { pageSize: 10, ...limits }) };
}

describe('reading', () => {
  test('only the pages that are looked at are asked for, each once', async () => {
    const { source, pages } = opened();
    pages.look(5, 25, 1_000);
    pages.look(6, 26, 1_000);

    expect(source.asked, 'pages 0, 1 and 2').toEqual([0, 10, 20]);
    await source.answerAll();
    pages.look(0, 30, 1_000);
    expect(source.asked, 'what is in memory is not asked for again').toEqual([0, 10, 20]);
    expect(pages.at(17), 'the row in its place').toBe('old 17');
    expect(pages.at(30), 'not read yet').toBeUndefined();
  });

  test('what was scrolled past while others were read is never read', async () => {
    const { source, pages } = opened({ atOnce: 2 });
    pages.look(0, 20, 100_000);
    for (let start = 20; start < 50_000; start += 1_000) pages.look(start, start + 20, 100_000);
    await source.answerAll();

    expect(source.asked, 'the first two, and the last ones').toEqual([0, 10, 49_020, 49_030]);
  });

  test('nothing is asked for beyond the end', () => {
    const { source, pages } = opened();
    pages.look(0, 50, 12);

    expect(source.asked).toEqual([0, 10]);
  });

  test('a short last page is read again when there are more rows', async () => {
    const read = vi.fn((offset: number, limit: number) =>
      Promise.resolve(Array.from({ length: Math.min(limit, 12 - offset) }, () => 'row')),
    );
    const pages = new RowPages<string>(read, { pageSize: 10 });
    pages.look(0, 20, 12);
    await settled();
    pages.look(0, 20, 12);
    expect(read, 'two rows of two are all').toHaveBeenCalledTimes(2);

    pages.look(0, 20, 15);
    expect(read.mock.lastCall, 'three more are said to be there').toEqual([10, 10]);
  });

  test('memory is bounded, and what is on the screen stays', async () => {
    const { source, pages } = opened({ most: 3 });
    for (let start = 0; start < 100; start += 10) {
      pages.look(start, start + 10, 1_000);
      await source.answerAll();
    }

    expect(pages.at(95), 'on the screen').toBe('old 95');
    expect(pages.at(75), 'looked at last').toBe('old 75');
    expect(pages.at(5), 'forgotten').toBeUndefined();
  });
});

describe('refreshing', () => {
  test('the old rows are shown until the new ones are there', async () => {
    const { source, pages } = opened();
    pages.look(0, 10, 1_000);
    await source.answerAll();
    source.value = 'new';
    pages.refresh();

    expect(pages.at(3), 'no placeholder in between').toBe('old 3');
    await source.answerAll();
    expect(pages.at(3)).toBe('new 3');
  });

  test('what is not on the screen is forgotten rather than read', async () => {
    const { source, pages } = opened();
    pages.look(0, 10, 1_000);
    await source.answerAll();
    pages.look(500, 510, 1_000);
    await source.answerAll();
    source.asked = [];
    pages.refresh();

    expect(source.asked).toEqual([500]);
    expect(pages.at(3)).toBeUndefined();
  });

  test('a hundred refreshes while one is read make one more reading', async () => {
    const { source, pages } = opened();
    pages.look(0, 10, 1_000);
    for (let time = 0; time < 100; time += 1) pages.refresh();
    source.value = 'new';
    await source.answerAll();

    expect(source.asked, 'the first, and one that is fresh').toEqual([0, 0]);
    expect(pages.at(0)).toBe('new 0');
  });
});

describe('faults', () => {
  test('a page that could not be read is tried again only when asked', async () => {
    const { source, pages } = opened();
    pages.look(0, 10, 1_000);
    await source.answer('fail');
    pages.look(1, 10, 1_000);

    expect(pages.problem, 'the fault is there to be shown').toBeInstanceOf(Error);
    expect(source.asked, 'not asked in a loop').toEqual([0]);
    pages.retry();
    await source.answerAll();
    expect(pages.problem, 'and gone').toBeUndefined();
    expect(pages.at(0)).toBe('old 0');
  });

  test('a source that throws at once is a fault as well', async () => {
    const pages = new RowPages<string>(() => {
      throw new Error('refused');
    });
    pages.look(0, 10, 10);
    await settled();

    expect(pages.problem).toBeInstanceOf(Error);
  });
});
