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
  SessionView,
  TodayView,
  Unlisten,
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

/** So many lots of files are kept for later: the program forgets older ones. */
const MOST_KEPT = 16;

/** What the whole window knows: overview, place, and files that were dropped before they could go on. */
export class App {
  readonly backend: Backend;
  readonly reading: Reading<Overview>;
  place = $state.raw<Place>({ screen: 'today' });
  /** Files held over the window. */
  hovered = $state(0);
  /** Files that wait for a lake or a sign-in, oldest first. */
  kept = $state.raw<Chosen[]>([]);
  /** Why files could not be taken up; under which number they still are, if they are. */
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
  /** How the session stood when it was last read. */
  #stood: SessionView['is'] = 'looking';
  /** How the steward wanted to sign in last. */
  #wayIn: () => Promise<void>;
  /** Notes of the program that the steward has put away, each as a whole. */
  #readNotes = $state.raw<string[]>([]);
  #hearers = new Set<(changed: Changed) => void>();

  constructor(backend: Backend) {
    this.backend = backend;
    this.#wayIn = () => backend.signIn();
    this.reading = new Reading(
      () => backend.overview(),
      (overview) => this.#settle(overview),
    );
  }

  overview = $derived.by(() => this.reading.value);
  session = $derived.by(() => this.overview?.session ?? null);
  rights = $derived.by(() => (this.session?.is === 'signed-in' ? this.session.rights : null));
  /** What the steward should know and may put away: of the start, and that a sign-in will not be kept. */
  notes = $derived.by(() => {
    const { session, overview } = this;
    const kept = session?.is === 'signed-in' && session.kept.where === 'memory' ? [session.kept.problem] : [];
    // Problems of one kind share a code and are told apart by their words; told twice, one is shown once.
    const told = new Map([...(overview?.notes ?? []), ...kept].map((note) => [JSON.stringify(note), note]));
    return [...told].filter(([whole]) => !this.#readNotes.includes(whole)).map(([, note]) => note);
  });

  shown = $derived.by((): Shown => {
    if (!this.overview) return this.reading.problem ? 'failing' : 'starting';
    const { lake, session } = this.overview;
    if (session.is === 'locked') return 'locked';
    if (this.place.screen === 'connect' || this.place.screen === 'settings') return this.place.screen;
    // From one lake to another there is a moment without any: nothing is to be chosen then.
    if (session.is === 'looking') return 'starting';
    if (!lake) return 'connect';
    return session.is === 'signed-in' ? this.place.screen : 'sign-in';
  });

  /** Begins to hear the program; ended by what it returns. */
  start(): () => void {
    const ends: Unlisten[] = [];
    let ended = false;
    const listen = async (begun: Promise<Unlisten>) => {
      try {
        const end = await begun;
        if (ended) end();
        else ends.push(end);
      } catch (thrown) {
        this.failure = problemOf(thrown);
      }
    };
    const begin = async () => {
      // What changes between the first reading and the first hint that is heard would never be shown.
      await Promise.all([
        listen(this.backend.onChanged((changed) => this.#changed(changed))),
        listen(this.backend.onHovered(({ files }) => (this.hovered = files))),
      ]);
      if (ended) return;
      await this.reading.read();
      // Those with which the program was started.
      await this.#takeDropped();
    };
    void begin();
    return () => {
      ended = true;
      for (const end of ends) end();
    };
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
    await this.#takeUp(id);
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
    this.#readNotes = [...this.#readNotes, JSON.stringify(note)];
  }

  /** Signs in, or unlocks. */
  signIn(): Promise<void> {
    this.#wayIn = () => this.backend.signIn();
    return this.signInAgain();
  }

  /** Signs in as somebody else, where whoever is signed in cannot go on with something. */
  signInAsAnother(): Promise<void> {
    this.#wayIn = () => this.backend.signInAsAnother();
    return this.signInAgain();
  }

  /** Tries once more to sign in, in the way that came to nothing. */
  async signInAgain(): Promise<void> {
    this.signInProblem = null;
    try {
      await this.#wayIn();
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
    if (this.choosing) return;
    this.choosing = true;
    try {
      await this.take(await ask());
    } catch (thrown) {
      this.trouble = { problem: problemOf(thrown), chosen: null };
    } finally {
      this.choosing = false;
    }
  }

  /** Takes up what was dropped, or handed over by the system. */
  async #takeDropped(): Promise<void> {
    try {
      const dropped = await this.backend.droppedFiles();
      if (dropped.length > 0) this.trouble = null;
      for (const id of dropped) await this.#takeUp(id);
    } catch (thrown) {
      this.trouble = { problem: problemOf(thrown), chosen: null };
    }
  }

  async #takeUp(id: number): Promise<void> {
    let chosen: Chosen | null = null;
    try {
      chosen = await this.backend.chosen(id);
      this.letGo(id);
      if (chosen.describesLake && this.shown !== 'locked') {
        this.go({ screen: 'connect', offer: await this.backend.lookAtDroppedLake(id) });
      } else if (this.session?.is === 'signed-in') {
        this.go({ screen: 'submit', submission: await this.backend.beginSubmission(id) });
      } else {
        this.#keep(chosen);
      }
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (chosen !== null && problem.next === 'sign-in') await this.#keepForTheSignIn(chosen, problem);
      else this.#troubled(problem, id);
    }
  }

  /** Keeps files until somebody signs in. Where somebody is signed in all the same, nothing else would say why they wait. */
  async #keepForTheSignIn(chosen: Chosen, problem: Problem): Promise<void> {
    this.#keep(chosen);
    await this.reading.read();
    if (this.rights) this.#troubled(problem, chosen.id);
  }

  #keep(chosen: Chosen): void {
    this.letGo(chosen.id);
    this.kept = [...this.kept, chosen].slice(-MOST_KEPT);
  }

  #troubled(problem: Problem, id: number): void {
    const isGone = problem.code === 'gone';
    if (isGone) this.letGo(id);
    this.trouble = { problem, chosen: isGone ? null : id };
  }

  async #changed(changed: Changed): Promise<void> {
    if (changed.what === 'dropped') await this.#takeDropped();
    else if (changed.what === 'overview') await this.reading.read();
    for (const hear of this.#hearers) hear(changed);
  }

  /** Another steward, institution or lake than before: what was read or went wrong for the former is forgotten. */
  #settle({ lake, session }: Overview): void {
    const who = session.is === 'signed-in' ? JSON.stringify([lake?.name, session.user, session.rights]) : '';
    const stood = this.#stood;
    this.#stood = session.is;
    if (who === this.#who) return;
    const isArrival = this.#who === '';
    this.#who = who;
    const mayRead = session.is === 'signed-in' && session.rights.reads !== null;
    this.today = mayRead ? new Reading(() => this.backend.today()) : null;
    // Who turns out to be signed in after a start was so before.
    if (stood !== 'looking') this.trouble = null;
    if (isArrival) void this.#goOn();
    else if (session.is !== 'signing-in') this.signInProblem = null;
  }

  /** After a sign-in, with what was dropped before it: one lot goes on by itself, of several the steward chooses. */
  async #goOn(): Promise<void> {
    const [first, ...others] = this.kept;
    if (!first) return;
    if (others.length === 0) await this.#takeUp(first.id);
    else this.go({ screen: 'submit', submission: null });
  }
}

export const [theApp, provideApp] = createContext<App>();
