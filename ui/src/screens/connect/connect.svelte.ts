import type { LakeOffer, Problem } from '../../backend/backend';
import { problemOf } from '../../backend/backend';
import { Doing } from '../../backend/reading.svelte';
import type { App } from '../../shell/app.svelte';

/** Choosing a lake: practise, an address, a file that describes one, or one that is known. */
export class Connecting {
  address = $state('');
  /** Why the address would not do. */
  refused = $state.raw<Problem | null>(null);
  /** What was looked at, to be confirmed. */
  offer = $state.raw<LakeOffer | null>(null);
  readonly looking = new Doing();
  readonly practising = new Doing();
  readonly using = new Doing();
  readonly #app: App;

  constructor(app: App, offer: LakeOffer | null) {
    this.#app = app;
    this.offer = offer;
  }

  async practise(): Promise<void> {
    if (await this.practising.run(() => this.#app.backend.practise())) this.#arrive();
  }

  async look(): Promise<void> {
    this.refused = null;
    await this.looking.run(async () => {
      try {
        this.offer = await this.#app.backend.lookAtLake(this.address.trim());
      } catch (thrown) {
        this.refused = problemOf(thrown);
      }
    });
  }

  /** Asks for a file that describes a lake. */
  async chooseFile(): Promise<void> {
    await this.using.run(async () => {
      const chosen = await this.#app.backend.chooseFiles();
      if (chosen !== null) this.offer = await this.#app.backend.lookAtDroppedLake(chosen);
    });
  }

  async accept(offer: LakeOffer): Promise<void> {
    if (await this.using.run(() => this.#app.backend.acceptLake(offer.id))) this.#arrive();
  }

  async use(name: string): Promise<void> {
    if (await this.using.run(() => this.#app.backend.useLake(name))) this.#arrive();
  }

  #arrive(): void {
    this.#app.go({ screen: 'today' });
  }
}
