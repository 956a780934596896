import { createContext } from 'svelte';
import type {
  Backend,
  Changed,
  Chosen,
  LakeOffer,
  MessageWhich,
  NextStep,
  Overview,
  Problem,
  TodayView,
} from '../backend/backend';
import { problemOf } from '../backend/backend';
import { Reading } from '../backend/reading.svelte';

/** Where in the window the steward is. */
export type Place =
  | { screen: 'connect'; offer: LakeOffer | null }
  | { screen: 'today' }
  | { screen: 'submit'; submission: number | null }
  | { screen: 'messages'; which: MessageWhich; from: string | null; to: string | null }
  | { screen: 'settings'; tab: SettingsTab };

export type SettingsTab = 'lakes' | 'computer' | 'diagnostics' | 'about';

/** What is shown: the place, unless lake, session or lock come before it. */
export type Shown = 'starting' | 'failing' | 'sign-in' | 'locked' | Place['screen'];

/** What the whole window knows: overview, place, and files that were dropped before they could go on. */
export class App {
  readonly backend: Backend;
  readonly reading: Reading<Overview>;
  place = $state.raw<Place>({ screen: 'today' });
  /** Files held over the window. */
  hovered = $state(0);
  /** Files that wait for a lake or a sign-in, oldest first. */
  kept = $state.raw<Chosen[]>([]);
  /** Why files could not be taken up. */
  trouble = $state.raw<{ problem: Problem; chosen: number | null } | null>(null);
  /** A dialog of the system asks for files, or they are being taken up. */
  choosing = $state(false);
  /** Why the last sign-in came to nothing, as it answered; the overview tells it too, unless it could not even begin. */
  signInProblem = $state.raw<Problem | null>(null);
  /** Why something that belongs to no screen came to nothing, such as locking. */
  failure = $state.raw<Problem | null>(null);
  /** Today, kept while the same steward is at the same lake, so that coming back to it shows it at once. */
  today = $state.raw<Reading<TodayView> | null>(null);
  #who = '';
  /** Notes of the program that the steward has put away. */
  #readNotes = $state.raw<string[]>([]);
  #hearers = new Set<(changed: Changed) => void>();

  constructor(backend: Backend) {
    this.backend = backend;
    this.reading = new Reading(async () => {
      const overview = await backend.overview();
      this.#settleToday(overview);
      return overview;
    });
  }

  overview = $derived.by(() => this.reading.value);
  session = $derived.by(() => this.overview?.session ?? null);
  rights = $derived.by(() => (this.session?.is === 'signed-in' ? this.session.rights : null));
  /** What the steward should know and may put away: of the start, and that a sign-in will not be kept. */
  notes = $derived.by(() => {
    const { session, overview } = this;
    const kept = session?.is === 'signed-in' && session.kept.where === 'memory' ? [session.kept.problem] : [];
    return [...(overview?.notes ?? []), ...kept].filter((note) => !this.#readNotes.includes(note.code));
  });

  shown = $derived.by((): Shown => {
    if (!this.overview) return this.reading.problem ? 'failing' : 'starting';
    const { lake, session } = this.overview;
    if (session.is === 'locked') return 'locked';
    if (this.place.screen === 'connect' || this.place.screen === 'settings') return this.place.screen;
    if (!lake) return 'connect';
    if (session.is === 'looking') return 'starting';
    return session.is === 'signed-in' ? this.place.screen : 'sign-in';
  });

  /** Begins to hear the program; ended by what it returns. */
  start(): () => void {
    const ends = [
      this.backend.onChanged((changed) => this.#changed(changed)),
      this.backend.onHovered(({ files }) => (this.hovered = files)),
    ];
    void this.#read();
    return () => ends.forEach((end) => end());
  }

  /** Hears every hint, for a screen that shows what it is about. */
  onChanged(hear: (changed: Changed) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  go(place: Place): void {
    this.place = place;
  }

  /** Takes up files by their id: begins a submission, keeps them until that can be, or looks at the lake they describe. */
  async take(id: number | null): Promise<void> {
    if (id === null) return;
    this.trouble = null;
    try {
      const chosen = await this.backend.chosen(id);
      if (chosen.describesLake && this.shown !== 'locked') {
        this.go({ screen: 'connect', offer: await this.backend.lookAtDroppedLake(id) });
      } else if (this.session?.is === 'signed-in') {
        this.go({ screen: 'submit', submission: await this.backend.beginSubmission(id) });
      } else {
        this.kept = [...this.kept, chosen];
      }
    } catch (thrown) {
      this.#troubled(problemOf(thrown), id);
    }
  }

  chooseFiles(): Promise<void> {
    return this.#choose(() => this.backend.chooseFiles());
  }

  chooseFolder(): Promise<void> {
    return this.#choose(() => this.backend.chooseFolder());
  }

  chooseSamples(): Promise<void> {
    return this.#choose(() => this.backend.chooseSamples());
  }

  /** Lets go of files that were kept. */
  letGo(id: number): void {
    this.kept = this.kept.filter((chosen) => chosen.id !== id);
  }

  putAway(note: Problem): void {
    this.#readNotes = [...this.#readNotes, note.code];
  }

  /** Signs in, or unlocks. */
  async signIn(): Promise<void> {
    this.signInProblem = null;
    try {
      await this.backend.signIn();
    } catch (thrown) {
      this.signInProblem = problemOf(thrown);
    }
  }

  /** Does what belongs to no screen; what comes of it is told by the overview, and a failure above every screen. */
  async act(what: () => Promise<void>): Promise<void> {
    this.failure = null;
    try {
      await what();
    } catch (thrown) {
      this.failure = problemOf(thrown);
    }
  }

  /** Signs out, and forgets where the steward was. */
  signOut(): Promise<void> {
    return this.act(async () => {
      await this.backend.signOut();
      this.go({ screen: 'today' });
    });
  }

  /** Presses the button beside a problem. */
  async follow(next: NextStep, again: () => unknown): Promise<void> {
    switch (next) {
      case 'try-again':
        await again();
        break;
      case 'sign-in':
        await this.signIn();
        break;
      case 'connect':
        this.go({ screen: 'connect', offer: null });
        break;
      case 'diagnose':
        this.go({ screen: 'settings', tab: 'diagnostics' });
        break;
      case 'nothing':
        break;
    }
  }

  async #choose(ask: () => Promise<number | null>): Promise<void> {
    this.choosing = true;
    try {
      await this.take(await ask());
    } catch (thrown) {
      this.#troubled(problemOf(thrown), null);
    }
    this.choosing = false;
  }

  #troubled(problem: Problem, chosen: number | null): void {
    this.trouble = { problem, chosen };
    if (this.rights && this.place.screen !== 'submit') this.go({ screen: 'submit', submission: null });
  }

  async #changed(changed: Changed): Promise<void> {
    if (changed.what === 'dropped') await this.take(changed.chosen);
    else if (changed.what === 'overview') await this.#read();
    for (const hear of this.#hearers) hear(changed);
  }

  async #read(): Promise<void> {
    const before = this.rights;
    await this.reading.read();
    if (!before && this.rights) await this.#goOn();
  }

  /** What was read for another steward, institution or lake is forgotten. */
  #settleToday({ lake, session }: Overview): void {
    const who = session.is === 'signed-in' ? JSON.stringify([lake?.name, session.user, session.rights]) : '';
    if (who === this.#who) return;
    this.#who = who;
    const mayRead = session.is === 'signed-in' && session.rights.reads !== null;
    this.today = mayRead ? new Reading(() => this.backend.today()) : null;
  }

  /** After a sign-in, with what was dropped before it: one lot goes on by itself, of several the steward chooses. */
  async #goOn(): Promise<void> {
    if (this.kept.length === 0) return;
    const [first, ...others] = this.kept;
    if (first && others.length === 0) {
      this.kept = [];
      await this.take(first.id);
    } else {
      this.go({ screen: 'submit', submission: null });
    }
  }
}

export const [theApp, provideApp] = createContext<App>();
