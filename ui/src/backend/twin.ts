import type { Backend, Unlisten } from './backend';
import { Refusal } from './backend';
import type { Changed, Hovered, MessageWhich, SessionView } from './bindings';
import { problems } from './twin/problems';
import { TwinQueue } from './twin/queue';
import { type Scenario, scenarios } from './twin/scenarios';
import { type World, historyOf, messagesOf, practiceLake, useRealLake } from './twin/world';

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
      if (before !== queue.phase.is && queue.phase.is === 'ended') this.#settleUnderWay();
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

  /** Files were dropped. */
  drop(files: number, describesLake: 'describes-a-lake' | 'messages' = 'messages'): number {
    const id = (this.#lastId += 1);
    this.world.chosen.set(id, { id, files, folders: 0, describesLake: describesLake === 'describes-a-lake' });
    this.hover(0);
    this.#say({ what: 'dropped', chosen: id });
    return id;
  }

  /** The steward signs in, in the browser. */
  completeSignIn(): void {
    this.#session(this.world.signsInAs);
    this.#signingIn?.resolve();
    this.#signingIn = null;
  }

  /** The sign-in comes to nothing. */
  failSignIn(problem = problems.cancelled as Refusal['problem']): void {
    const { session } = this.world.overview;
    this.#session(
      session.is === 'locked'
        ? { ...session, problem, until: null, address: null }
        : { is: 'signed-out', problem, keyring: null },
    );
    this.#signingIn?.reject(new Refusal(problem));
    this.#signingIn = null;
  }

  #say(changed: Changed): void {
    for (const hear of this.#changed) hear(changed);
  }

  #session(session: SessionView): void {
    this.world.overview.session = session;
    this.#say({ what: 'overview' });
  }

  #settleUnderWay(): void {
    const open = [...this.world.queues.values()].filter(
      (queue) => queue.phase.is !== 'ended' && queue.phase.is !== 'cancelled',
    );
    this.world.overview.underWay = open.find((queue) => queue.phase.is === 'sending')?.id ?? null;
    this.world.overview.unfinished = open.length;
    this.#say({ what: 'overview' });
  }

  #queue(id: number): TwinQueue {
    const queue = this.world.queues.get(id);
    if (!queue) throw new Refusal(problems.queueDamaged);
    return queue;
  }

  #phase(id: number, phase: TwinQueue['phase']): void {
    this.#queue(id).phase = phase;
    this.#say({ what: 'submission', id });
    this.#settleUnderWay();
  }

  /** Answers as the program would: later, and with copies. */
  async #answer<T>(command: keyof Backend, given: unknown[], make: () => T): Promise<T> {
    this.asked.push([command, ...given]);
    await Promise.resolve();
    if (this.world.hanging.has(command)) return new Promise(() => {});
    const problem = this.world.failing[command];
    if (problem) throw new Refusal(problem);
    return structuredClone(make());
  }

  #choose(files: number, folders: number): number {
    const id = (this.#lastId += 1);
    this.world.chosen.set(id, { id, files, folders, describesLake: false });
    return id;
  }

  #listen<T>(hearers: Set<(told: T) => void>, hear: (told: T) => void): Unlisten {
    hearers.add(hear);
    return () => hearers.delete(hear);
  }

  #backend(): Backend {
    const { world } = this;
    return {
      overview: () => this.#answer('overview', [], () => world.overview),

      practise: () =>
        this.#answer('practise', [], () => {
          world.overview.lake = practiceLake();
          const known = world.overview.lakes.some((lake) => lake.practice);
          if (!known) world.overview.lakes.push({ ...practiceLake(), current: true });
          for (const lake of world.overview.lakes) lake.current = lake.practice;
          this.#session({ is: 'signed-out', problem: null, keyring: null });
        }),
      lookAtLake: (given) => this.#answer('lookAtLake', [given], () => world.offer),
      lookAtDroppedLake: (chosen) => this.#answer('lookAtDroppedLake', [chosen], () => world.offer),
      acceptLake: (offer) =>
        this.#answer('acceptLake', [offer], () => {
          useRealLake(world);
          this.#session({ is: 'signed-out', problem: null, keyring: null });
        }),
      useLake: (name) =>
        this.#answer('useLake', [name], () => {
          for (const lake of world.overview.lakes) lake.current = lake.name === name;
          const row = world.overview.lakes.find((lake) => lake.current);
          if (row) world.overview.lake = { ...row, signInHost: row.host, standing: { is: 'ready' } };
          this.#session({ is: 'signed-out', problem: null, keyring: null });
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
          this.#say({ what: 'overview' });
        }),

      signIn: async () => {
        await this.#answer('signIn', [], () => null);
        const until = new Date(Date.now() + 300_000).toISOString();
        const { session } = world.overview;
        await new Promise<void>((resolve, reject) => {
          this.#signingIn = { resolve, reject };
          this.#session(
            session.is === 'locked'
              ? { ...session, problem: null, until }
              : { is: 'signing-in', until, address: null },
          );
        });
      },
      cancelSignIn: () => this.#answer('cancelSignIn', [], () => this.failSignIn()),
      signOut: () =>
        this.#answer('signOut', [], () => this.#session({ is: 'signed-out', problem: null, keyring: null })),
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
          if (!chosen) throw new Refusal(problems.filesGone);
          return chosen;
        }),

      beginSubmission: (chosen) =>
        this.#answer('beginSubmission', [chosen], () => {
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
          this.#settleUnderWay();
          return id;
        }),
      submission: (id) => this.#answer('submission', [id], () => this.#queue(id).view()),
      sendSubmission: (id) => this.#answer('sendSubmission', [id], () => this.#phase(id, { is: 'sending' })),
      pauseSubmission: (id) => this.#answer('pauseSubmission', [id], () => this.#phase(id, { is: 'paused' })),
      cancelSubmission: (id) =>
        this.#answer('cancelSubmission', [id], () => this.#phase(id, { is: 'cancelled' })),
      lines: (id, which, offset, limit) =>
        this.#answer('lines', [id, which, offset, limit], () => this.#queue(id).page(which, offset, limit)),
      submissions: (before, limit) =>
        this.#answer('submissions', [before, limit], () =>
          [...this.world.queues.values()]
            .map((queue) => queue.row())
            .sort((one, other) => other.id - one.id)
            .filter((row) => before === null || row.id < before)
            .slice(0, limit),
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

      onChanged: (hear) => this.#listen(this.#changed, hear),
      onHovered: (hear) => this.#listen(this.#hovered, hear),
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
