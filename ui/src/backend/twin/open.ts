import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import App from '../../App.svelte';
import { Twin } from '../twin';
import type { Scenario } from './scenarios';

/** The whole window over a twin, for component tests; after its first heading has come. */
export async function open(scenario: Scenario, prepare: (twin: Twin) => void = () => {}) {
  const twin = new Twin(scenario);
  prepare(twin);
  render(App, { backend: twin.backend });
  await screen.findByRole('heading', { level: 1 });
  const user = userEvent.setup();
  return {
    twin,
    user,
    /** What a command was asked with, each time. */
    asked: (command: string) => twin.asked.filter(([name]) => name === command).map(([, ...given]) => given),
    press: async (name: string | RegExp) => user.click(await screen.findByRole('button', { name })),
    visit: async (name: string) => {
      await user.click(await screen.findByRole('link', { name: new RegExp(`^${name}`) }));
      await screen.findByRole('heading', { level: 1, name });
    },
    /** Opens the newest submission from the list. */
    openSubmission: async () => {
      await user.click(await screen.findByRole('link', { name: /^Submit/ }));
      const links = await screen.findAllByRole('link', { name: /20\d\d/ });
      if (links[0]) await user.click(links[0]);
    },
    heading: (name: string | RegExp) => screen.findByRole('heading', { level: 1, name }),
  };
}
