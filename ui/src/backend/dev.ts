import type { Backend } from './backend';
import { Twin } from './twin';
import { type Scenario, scenarios } from './twin/scenarios';

/**
 * For `npm run dev`: the twin in the scenario that the address names (`?scenario=huge`). With `&still` no time passes in it.
 * The twin is at hand as `twin` in the browser's console. The product is built without any of it.
 */
export function devBackend(search: string): Backend {
  const asked = new URLSearchParams(search);
  const name = asked.get('scenario') ?? 'first-start';
  const twin = new Twin(name in scenarios ? (name as Scenario) : 'first-start');
  Object.assign(window, { twin });
  if (asked.has('still')) return twin.backend;
  setInterval(() => twin.beat(), 250);
  for (const way of ['signIn', 'signInAsAnother'] as const) {
    const signIn = twin.backend[way];
    twin.backend[way] = () => {
      setTimeout(() => twin.completeSignIn(), 2_500);
      return signIn();
    };
  }
  return twin.backend;
}
