import type { Backend, Unlisten } from './backend';
import { Refusal } from './backend';
import type { Changed, Chosen, Hovered, MessageWhich, Overview, Problem, SessionView } from './bindings';
import { problems } from './twin/problems';
import { TwinQueue } from './twin/queue';
import { type Scenario, scenarios } from './twin/scenarios';
import { type World, historyOf, messagesOf, nobody, practiceLake, useRealLake } from './twin/world';

/** What the program refuses while the screen is locked, for choosing a lake. */
const forTheUnlocked = new Set<keyof Backend>([
  'practise',
  'lookAtLake',
  'lookAtDroppedLake',
  'acceptLake',
  'useLake',
  'forgetLake',
]);

/** What it does for somebody only who is signed in and has not locked the screen. */
const forTheSignedIn = new Set<keyof Backend>([
  'beginSubmission',
  'submission',
  'sendSubmission',
  'pauseSubmission',
  'cancelSubmission',
  'lookAgain',
  'lines',
  'submissions',
  'saveReport',
  'today',
  'openMessages',
  'moreMessages',
  'history',
]);

/** Rows that are handed out at a time, at most. */
const ROWS = 500;

/** What the program calls being under way. */
const moving = ['looking-through', 'sending', 'checking'];

/** The program's twin in memory, for development and component tests only. Time passes in it by `beat`. */
export class Twin {
  readonly world: World;
  /** Every command that was asked, with what was given: for tests. */
  readonly asked: [keyof Backend, ...unknown[]][] = [];
  readonly backend: Backend;
  #changed = new Set<(changed: Changed) => void>();
  #hovered = new Set<(hovered: Hovered) => void>();
  #lists = new Map<number, { which: MessageWhich; next: number }>();
  #signingIn: { resolve: () => void; reject: (refusal: Refusal) => void } | null = null;
  /** How it stood before the sign-in that is under way. */
  #before: SessionView | null = null;
  #lastId = 100;

  constructor(scenario: Scenario) {
    this.world = scenarios[scenario]();
    this.backend = this.#backend();
  }

  /** Lets a moment pass. */
  beat(): void {
    for (const queue of this.world.queues.values()) {
      const before = queue.phase.is;
      queue.advance(this.world.pace);
      this.#say({ what: 'submission', id: queue.id });
      if (before !== queue.phase.is && queue.phase.is === 'ended') this.#say({ what: 'overview' });
    }
    if (this.world.counting !== null) {
      this.world.counting += 200;
      this.#say({ what: 'today-counted', messages: this.world.counting });
    }
  }

  /** Files are held over the window. */
  hover(files: number): void {
    for (const hear of this.#hovered) hear({ files });
  }

  /** Files were dropped, or handed over by the system. */
  drop(files: number, describesLake: 'describes-a-lake' | 'messages' = 'messages'): number {
    const id = this.#keep({ files, folders: 0, describesLake: describesLake === 'describes-a-lake' });
    this.world.untold.push(id);
    this.hover(0);
    this.#say({ what: 'dropped' });
    return id;
  }

  /** The steward signs in, in the browser. */
  completeSignIn(): void {
    this.#arrive();
    this.#signingIn?.resolve();
    this.#signingIn = null;
  }

  /** The sign-in comes to nothing: it stands as before. */
  failSignIn(problem: Problem = problems.cancelled): void {
    const before = this.#before ?? this.world.overview.session;
    // Who gave it up knows why.
    const told = problem.code === problems.cancelled.code ? null : problem;
    if (before.is === 'signed-in') this.#session(before);
    else if (before.is === 'locked') this.#session({ ...before, problem: told, until: null, address: null });
    else this.#session({ ...(before.is === 'signed-out' ? before : nobody), problem: told });
    this.#signingIn?.reject(new Refusal(problem));
    this.#signingIn = null;
  }

  /** The sign-in service answers at last: the one who was signed in still is. */
  reach(): void {
    this.#arrive();
  }

  /** Something of lake, session or settings has changed: a test has changed it. */
  tellOverview(): void {
    this.#say({ what: 'overview' });
  }

  #say(changed: Changed): void {
    for (const hear of this.#changed) hear(changed);
  }

  #session(session: SessionView): void {
    this.world.overview.session = session;
    this.#say({ what: 'overview' });
  }

  /** Somebody is signed in: what waited for them goes on. */
  #arrive(): void {
    const { signsInAs, overview, queues } = this.world;
    for (const queue of queues.values()) {
      const waits = queue.phase.is === 'waits-for-sign-in' || queue.phase.is === 'waits-for-another-sender';
      const theirs = queue.lake === overview.lake?.name && queue.institution === signsInAs.rights.writes;
      if (waits && theirs) queue.phase = { is: 'sending' };
    }
    this.#session(signsInAs);
  }

  #overview(): Overview {
    const open = [...this.world.queues.values()].filter((queue) => !queue.isOver);
    const moves = open
      .sort((one, other) => other.id - one.id)
      .find((queue) => moving.includes(queue.phase.is));
    return {
      ...this.world.overview,
      underWay: moves ? { id: moves.id, phase: moves.phase, progress: moves.progress() } : null,
      unfinished: open.length,
    };
  }

  async #signIn(command: 'signIn' | 'signInAsAnother'): Promise<void> {
    await this.#answer(command, [], () => null);
    const until = new Date(Date.now() + 300_000).toISOString();
    const { session } = this.world.overview;
    this.#before = session;
    await new Promise<void>((resolve, reject) => {
      this.#signingIn = { resolve, reject };
      this.#session(
        session.is === 'locked'
          ? { ...session, problem: null, until }
          : { is: 'signing-in', until, address: null },
      );
    });
  }

  #queue(id: number): TwinQueue {
    const queue = this.world.queues.get(id);
    if (!queue) throw new Refusal(problems.queueDamaged);
    return queue;
  }

  #phase(id: number, phase: TwinQueue['phase']): void {
    this.#queue(id).phase = phase;
    this.#say({ what: 'submission', id });
    this.#say({ what: 'overview' });
  }

  /** Answers as the program would: later, and with copies. */
  async #answer<T>(command: keyof Backend, given: unknown[], make: () => T): Promise<T> {
    this.asked.push([command, ...given]);
    await Promise.resolve();
    if (this.world.hanging.has(command)) return new Promise(() => {});
    const problem = this.world.failing[command] ?? this.#refused(command);
    if (problem) throw new Refusal(problem);
    return structuredClone(make());
  }

  /** Why a command is not for whoever stands before the window. */
  #refused(command: keyof Backend): Problem | null {
    const { is } = this.world.overview.session;
    if (is === 'locked') {
      return forTheUnlocked.has(command) || forTheSignedIn.has(command) ? problems.locked : null;
    }
    return is !== 'signed-in' && forTheSignedIn.has(command) ? problems.nobodySignedIn : null;
  }

  #choose(files: number, folders: number): number {
    return this.#keep({ files, folders, describesLake: false });
  }

  /** Keeps what was dropped or chosen; of too many the oldest is forgotten. */
  #keep(what: Omit<Chosen, 'id'>): number {
    const id = (this.#lastId += 1);
    const { chosen } = this.world;
    chosen.set(id, { id, ...what });
    const [oldest] = chosen.keys();
    if (chosen.size > 16 && oldest !== undefined) chosen.delete(oldest);
    return id;
  }

  /** As in the program a moment passes until it is listened, and what is told before is lost. */
  async #listen<T>(
    command: 'onChanged' | 'onHovered',
    hearers: Set<(told: T) => void>,
    hear: (told: T) => void,
  ): Promise<Unlisten> {
    await new Promise((listened) => setTimeout(listened));
    this.asked.push([command]);
    hearers.add(hear);
    return () => hearers.delete(hear);
  }

  #backend(): Backend {
    const { world } = this;
    return {
      overview: () => this.#answer('overview', [], () => this.#overview()),

      practise: () =>
        this.#answer('practise', [], () => {
          world.overview.lake = practiceLake();
          const known = world.overview.lakes.some((lake) => lake.practice);
          if (!known) world.overview.lakes.push({ ...practiceLake(), current: true });
          for (const lake of world.overview.lakes) lake.current = lake.practice;
          this.#session(nobody);
        }),
      lookAtLake: (given) => this.#answer('lookAtLake', [given], () => world.offer),
      lookAtDroppedLake: (chosen) => this.#answer('lookAtDroppedLake', [chosen], () => world.offer),
      acceptLake: (offer) =>
        this.#answer('acceptLake', [offer], () => {
          useRealLake(world);
          this.#session(nobody);
        }),
      useLake: (name) =>
        this.#answer('useLake', [name], () => {
          for (const lake of world.overview.lakes) lake.current = lake.name === name;
          const row = world.overview.lakes.find((lake) => lake.current);
          if (row) world.overview.lake = { ...row, signInHost: row.host, standing: { is: 'ready' } };
          for (const queue of world.queues.values()) {
            if (queue.phase.is !== 'waits-for-its-lake' || queue.lake !== name) continue;
            queue.phase = { is: 'waits-for-sign-in', why: 'Nobody is signed in.' };
          }
          this.#session(nobody);
        }),
      forgetLake: (name) =>
        this.#answer('forgetLake', [name], () => {
          world.overview.lakes = world.overview.lakes.filter((lake) => lake.name !== name);
          if (world.overview.lake?.name === name) world.overview.lake = null;
          this.#say({ what: 'overview' });
        }),
      startLakeAgain: () =>
        this.#answer('startLakeAgain', [], () => {
          if (world.overview.lake) world.overview.lake.standing = { is: 'ready' };
          const { session } = world.overview;
          if (session.is === 'signed-out' && session.unreached) this.reach();
          else this.#say({ what: 'overview' });
        }),

      signIn: () => this.#signIn('signIn'),
      signInAsAnother: () => this.#signIn('signInAsAnother'),
      cancelSignIn: () => this.#answer('cancelSignIn', [], () => this.failSignIn()),
      signOut: () => this.#answer('signOut', [], () => this.#session(nobody)),
      lock: () =>
        this.#answer('lock', [], () =>
          this.#session({ is: 'locked', user: 'dana.okafor', problem: null, until: null, address: null }),
        ),
      touched: () => this.#answer('touched', [], () => undefined),

      chooseFiles: () => this.#answer('chooseFiles', [], () => this.#choose(12, 0)),
      chooseFolder: () => this.#answer('chooseFolder', [], () => this.#choose(0, 1)),
      chooseSamples: () => this.#answer('chooseSamples', [], () => this.#choose(9, 0)),
      chosen: (id) =>
        this.#answer('chosen', [id], () => {
          const chosen = world.chosen.get(id);
          if (!chosen) throw new Refusal(problems.gone);
          return chosen;
        }),
      droppedFiles: () => this.#answer('droppedFiles', [], () => world.untold.splice(0)),

      beginSubmission: (chosen) =>
        this.#answer('beginSubmission', [chosen], () => {
          if (!world.chosen.delete(chosen)) throw new Refusal(problems.gone);
          const id = (this.#lastId += 1);
          const { session, lake } = world.overview;
          world.queues.set(
            id,
            new TwinQueue({
              id,
              messages: world.dropSize,
              notHl7: 3,
              lake: lake?.name ?? '',
              institution: session.is === 'signed-in' ? session.rights.writes : null,
              phase: { is: 'looking-through', files: 0, messages: 0 },
            }),
          );
          this.#say({ what: 'overview' });
          return id;
        }),
      submission: (id) => this.#answer('submission', [id], () => this.#queue(id).view()),
      sendSubmission: (id) =>
        this.#answer('sendSubmission', [id], () => {
          const { session } = world.overview;
          this.#queue(id).goesTo(session.is === 'signed-in' ? session.rights.writes : null);
          this.#phase(id, { is: 'sending' });
        }),
      pauseSubmission: (id) => this.#answer('pauseSubmission', [id], () => this.#phase(id, { is: 'paused' })),
      cancelSubmission: (id) =>
        this.#answer('cancelSubmission', [id], () => this.#phase(id, { is: 'cancelled' })),
      lookAgain: (id) => this.#answer('lookAgain', [id], () => undefined),
      lines: (id, which, offset, limit) =>
        this.#answer('lines', [id, which, offset, limit], () =>
          this.#queue(id).page(which, offset, Math.min(limit, ROWS)),
        ),
      submissions: (before, limit) =>
        this.#answer('submissions', [before, limit], () =>
          [...this.world.queues.values()]
            .map((queue) => queue.row())
            .sort((one, other) => other.id - one.id)
            .filter((row) => before === null || row.id < before)
            .slice(0, Math.min(limit, ROWS)),
        ),
      saveReport: (id) => this.#answer('saveReport', [id], () => `submission-${id}.csv`),

      today: async () => {
        const told = await this.#answer('today', [], () => world.today);
        return world.counting === null ? told : new Promise(() => {});
      },
      openMessages: (which, from, to) =>
        this.#answer('openMessages', [which, from, to], () => {
          const list = (this.#lastId += 1);
          const page = messagesOf(world, which, 0, 200);
          this.#lists.set(list, { which, next: page.next });
          return { list, rows: page.rows, lookedAt: page.next, done: page.done };
        }),
      moreMessages: (list) =>
        this.#answer('moreMessages', [list], () => {
          const open = this.#lists.get(list);
          if (!open) throw new Refusal(problems.filesGone);
          const page = messagesOf(world, open.which, open.next, 200);
          open.next = page.next;
          return { list, rows: page.rows, lookedAt: page.next, done: page.done };
        }),
      closeMessages: (list) =>
        this.#answer('closeMessages', [list], () => {
          this.#lists.delete(list);
        }),
      history: (id) => this.#answer('history', [id], () => historyOf(id)),

      saveSettings: (settings) =>
        this.#answer('saveSettings', [settings], () => {
          world.overview.settings = settings;
          this.#say({ what: 'overview' });
        }),
      about: () =>
        this.#answer('about', [], () => ({
          version: '0.1.0',
          licence: 'MIT OR Apache-2.0',
          hl7Versions: ['2.1', '2.2', '2.3', '2.3.1', '2.4', '2.5', '2.5.1', '2.6', '2.7', '2.7.1', '2.8'],
        })),
      diagnostics: () => this.#answer('diagnostics', [], () => ({ text: DIAGNOSTICS })),
      saveDiagnostics: () => this.#answer('saveDiagnostics', [], () => 'lake-steward-diagnostics.txt'),

      onChanged: (hear) => this.#listen('onChanged', this.#changed, hear),
      onHovered: (hear) => this.#listen('onHovered', this.#hovered, hear),
    };
  }
}

const DIAGNOSTICS = `Lake Steward 0.1.0, Linux x86_64
keyring: usable
lake: reachable in 21 ms, clock 0.2 s ahead
sign-in: good for 42 minutes; may read, may send
unfinished submissions: 2
ports 47113 to 47115: free
`;
