import type {
  CountsView,
  LineRow,
  LinesPage,
  PhaseView,
  ProgressView,
  ReviewView,
  StagingView,
  StatusView,
  SubmissionRow,
  SubmissionView,
  WhichLines,
} from '../bindings';

/** How a made-up submission is. */
export interface QueueShape {
  id: number;
  messages: number;
  /** Files, the folder they came from, and messages in each. */
  perFile?: number;
  notHl7?: number;
  unread?: number;
  institution?: string | null;
  lake?: string;
  phase?: PhaseView;
  /** Messages that already have an outcome. */
  done?: number;
  begunAt?: Date;
  endedAt?: Date | null;
  /** The sign-in may not read, so staging cannot be told. */
  blind?: boolean;
}

/** A made-up submission whose messages follow from their place: 100,000 cost no memory. */
export class TwinQueue {
  readonly id: number;
  readonly total: number;
  phase: PhaseView;
  /** Messages that have an outcome. */
  done: number;
  /** Messages of these that staging has seen to. */
  staged: number;
  endedAt: Date | null;
  #shape: QueueShape;
  #filtered = new Map<string, number[]>();

  constructor(shape: QueueShape) {
    this.#shape = { ...shape };
    this.id = shape.id;
    this.total = shape.messages;
    this.phase = shape.phase ?? { is: 'review' };
    this.done = shape.done ?? 0;
    this.staged = this.phase.is === 'ended' ? this.done : Math.max(0, this.done - 40);
    this.endedAt = shape.endedAt ?? null;
  }

  /** Lets a moment pass: looks through files, sends messages, stages them. */
  advance(messages: number): void {
    if (this.phase.is === 'looking-through') {
      const found = Math.min(this.total, this.phase.messages + messages);
      this.phase =
        found === this.total
          ? { is: 'review' }
          : { is: 'looking-through', files: Math.ceil(found / this.#perFile), messages: found };
      return;
    }
    this.staged = Math.min(this.done, this.staged + messages * 2);
    if (this.phase.is !== 'sending') return;
    this.done = Math.min(this.total, this.done + messages);
    if (this.done === this.total) {
      this.phase = { is: 'ended' };
      this.endedAt = new Date();
    }
  }

  get lake(): string {
    return this.#shape.lake ?? 'practice';
  }

  get institution(): string | null {
    return this.#shape.institution === undefined ? 'riverside' : this.#shape.institution;
  }

  get isOver(): boolean {
    return this.phase.is === 'ended' || this.phase.is === 'cancelled';
  }

  /** Whoever says yes decides for which institution it is, where that was open. */
  goesTo(institution: string | null): void {
    this.#shape.institution = this.institution ?? institution;
  }

  /** From the yes to the end; there is a pace only while messages are sent. */
  progress(): ProgressView | null {
    if (this.isOver || this.phase.is === 'looking-through' || this.phase.is === 'review') return null;
    const sends = this.phase.is === 'sending';
    return {
      all: this.total,
      done: this.done,
      aMinute: sends ? A_MINUTE : 0,
      remainingSeconds: sends ? Math.ceil(((this.total - this.done) / A_MINUTE) * 60) : null,
    };
  }

  view(): SubmissionView {
    const row = this.row();
    return {
      id: this.id,
      lake: row.lake,
      institution: row.institution,
      begunAt: row.begunAt,
      endedAt: row.endedAt,
      phase: this.phase,
      counts: row.counts,
      staging: row.staging,
      review: this.phase.is === 'looking-through' ? null : this.#review(),
      progress: this.progress(),
      notHl7: some(this.#notHl7, (index) => ({
        file: `/home/steward/export/2026-11/notes ${index + 1}.txt`,
        what: 'It holds no HL7 message.',
      })),
      notHl7Count: this.#notHl7,
      unread: some(this.#unread, (index) => ({
        file: `/home/steward/export/2026-11/locked ${index + 1}.hl7`,
        what: 'You have no permission to read it.',
      })),
      unreadCount: this.#unread,
    };
  }

  row(): SubmissionRow {
    return {
      id: this.id,
      lake: this.lake,
      institution: this.institution,
      begunAt: (this.#shape.begunAt ?? new Date()).toISOString(),
      endedAt: this.endedAt?.toISOString() ?? null,
      phase: this.phase,
      counts: this.#counts(),
      staging: this.#staging(),
    };
  }

  page(which: WhichLines, offset: number, limit: number): LinesPage {
    if (which === 'all') {
      const length = Math.max(0, Math.min(limit, this.total - offset));
      return { total: this.total, rows: Array.from({ length }, (_, index) => this.#line(offset + index)) };
    }
    const among = this.#among(which);
    return {
      total: among.length,
      rows: among.slice(offset, offset + limit).map((index) => this.#line(index)),
    };
  }

  get #perFile(): number {
    return this.#shape.perFile ?? 15;
  }

  get #files(): number {
    return Math.ceil(this.total / this.#perFile) + this.#notHl7;
  }

  get #notHl7(): number {
    return this.#shape.notHl7 ?? 0;
  }

  get #unread(): number {
    return this.#shape.unread ?? 0;
  }

  #counts(): CountsView {
    const of = (status: StatusView) => this.#numberOf((index) => this.#outcome(index) === status);
    const looking = this.phase.is === 'looking-through' ? this.phase : null;
    return {
      files: looking?.files ?? this.#files,
      notHl7: this.#notHl7,
      found: looking?.messages ?? this.total,
      ingested: of('in-the-lake'),
      duplicate: of('duplicate'),
      denied: of('denied'),
      invalid: of('cannot-be-sent'),
      notSent:
        looking?.messages ??
        this.#numberOf((index) => ['waiting', 'not-sent'].includes(this.#outcome(index))),
      unconfirmed: of('checking'),
    };
  }

  #staging(): StagingView {
    const of = (status: StatusView) => this.#numberOf((index) => this.#stagingOf(index) === status);
    return {
      waiting: of('received'),
      ready: of('ready'),
      attention: of('attention'),
      stuck: of('stuck'),
      closed: 0,
      notVisible: this.#shape.blind ? this.#numberOf((index) => this.#outcome(index) === 'in-the-lake') : 0,
    };
  }

  #review(): ReviewView {
    return {
      files: this.#files,
      messages: this.total,
      kilobytes: Math.ceil(this.total * 1.312),
      lookWrong: this.#numberOf((index) => LOOKS_WRONG(index)),
      refused: this.#numberOf((index) => REFUSED(index)),
      duplicates: this.#numberOf((index) => DUPLICATE(index)),
      notHl7: this.#notHl7,
      empty: Math.min(1, this.#notHl7),
      unread: this.#unread,
      senders: SENDERS.slice(0, Math.min(SENDERS.length, this.total)).map((sender, index) => ({
        sender,
        messages: Math.max(1, Math.round(this.total / 2 ** (index + 1))),
      })),
    };
  }

  #outcome(index: number): StatusView {
    if (index >= this.done) return this.phase.is === 'cancelled' ? 'not-sent' : 'waiting';
    if (this.#shape.institution === null) return 'denied';
    if (REFUSED(index)) return 'cannot-be-sent';
    if (DUPLICATE(index)) return 'duplicate';
    if (this.phase.is !== 'ended' && index % 503 === 11) return 'checking';
    return 'in-the-lake';
  }

  #stagingOf(index: number): StatusView | null {
    if (this.#outcome(index) !== 'in-the-lake') return null;
    if (this.#shape.blind) return null;
    if (index >= this.staged) return 'received';
    if (LOOKS_WRONG(index)) return 'attention';
    return index % 4999 === 17 ? 'stuck' : 'ready';
  }

  #line(index: number): LineRow {
    const outcome = this.#outcome(index);
    const staging = this.#stagingOf(index);
    const file = Math.floor(index / this.#perFile) + 1;
    const known = outcome === 'in-the-lake' || outcome === 'duplicate';
    const said = saidOf(staging === 'attention' || staging === 'stuck' ? staging : outcome);
    return {
      row: index + 1,
      file: `/home/steward/export/2026-11/${SENDERS[file % SENDERS.length]?.split(' ')[0]?.toLowerCase()}/batch-${String(file).padStart(5, '0')}.hl7`,
      number: (index % this.#perFile) + 1,
      outcome,
      staging,
      why: said.why,
      advice: said.advice,
      messageId: known ? messageId(index) : null,
      fingerprint: fingerprint(index),
      receivedAt: known ? new Date(Date.UTC(2026, 10, 25, 9, 0, 0, 0) + index * 11).toISOString() : null,
    };
  }

  #among(which: WhichLines): number[] {
    const key = `${which} ${this.done} ${this.staged} ${this.phase.is}`;
    let among = this.#filtered.get(key);
    if (!among) {
      const holds = this.#holds(which);
      among = [];
      for (let index = 0; index < this.total; index += 1) if (holds(index)) among.push(index);
      this.#filtered.clear();
      this.#filtered.set(key, among);
    }
    return among;
  }

  #holds(which: WhichLines): (index: number) => boolean {
    switch (which) {
      case 'all':
        return () => true;
      case 'ingested':
        return (index) => this.#outcome(index) === 'in-the-lake';
      case 'duplicate':
      case 'denied':
        return (index) => this.#outcome(index) === which;
      case 'invalid':
        return (index) => this.#outcome(index) === 'cannot-be-sent';
      case 'not-sent':
        return (index) => ['waiting', 'not-sent'].includes(this.#outcome(index));
      case 'unconfirmed':
        return (index) => this.#outcome(index) === 'checking';
      case 'waiting':
        return (index) => this.#stagingOf(index) === 'received';
      case 'ready':
      case 'attention':
      case 'stuck':
        return (index) => this.#stagingOf(index) === which;
      case 'closed':
        return () => false;
    }
  }

  #numberOf(holds: (index: number) => boolean): number {
    let number = 0;
    for (let index = 0; index < this.total; index += 1) if (holds(index)) number += 1;
    return number;
  }
}

/** Messages a minute, as it says. */
const A_MINUTE = 50_544;

/** Sending systems of the made-up institution. */
export const SENDERS = [
  'EPIC RIVERSIDE',
  'CERNER WESTWING',
  'LABSYS CENTRAL-LAB',
  'PACS RADIOLOGY',
  'OLDHIS ARCHIVE',
];

/** The lake's id of the message at a place. */
export function messageId(index: number): string {
  return `019ab7c2-${(0x1000 + (index % 0xefff)).toString(16)}-7d3e-9c41-${index.toString(16).padStart(12, '0')}`;
}

/** The fingerprint of the message at a place. */
export function fingerprint(index: number): string {
  let state = (index + 1) * 2_654_435_761;
  let text = '';
  while (text.length < 64) {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37) >>> 0;
    text += state.toString(16).padStart(8, '0');
  }
  return text.slice(0, 64);
}

const LOOKS_WRONG = (index: number) => index % 83 === 5;
const REFUSED = (index: number) => index % 911 === 7;
const DUPLICATE = (index: number) => index % 97 === 9;

function saidOf(status: StatusView): { why: string; advice: string } {
  switch (status) {
    case 'duplicate':
      return {
        why: 'The lake received the same message earlier.',
        advice: 'Nothing to do: the lake already has this message.',
      };
    case 'denied':
      return {
        why: 'This sign-in may not send.',
        advice: 'Ask the lake’s administrator for the right to send for your institution.',
      };
    case 'cannot-be-sent':
      return {
        why: 'The message is larger than the 4 MiB that the lake takes.',
        advice: 'Correct the file as the reason says, then submit it again.',
      };
    case 'not-sent':
      return { why: 'Stopped before it was sent.', advice: 'Submit the file again; nothing was stored.' };
    case 'checking':
      return {
        why: 'It was sent, and no answer came.',
        advice: 'Nothing to do: the lake is asked whether it arrived, and nothing is doubled.',
      };
    case 'attention':
      return {
        why: 'The date of birth in PID-7 is no date.',
        advice: 'Ask the sender to write dates as YYYYMMDD.',
      };
    case 'stuck':
      return {
        why: 'A delivery inside the lake failed for good.',
        advice: 'Ask for it again, or tell the lake’s administrator.',
      };
    default:
      return { why: '', advice: '' };
  }
}

function some<T>(number: number, make: (index: number) => T): T[] {
  return Array.from({ length: Math.min(100, number) }, (_, index) => make(index));
}
