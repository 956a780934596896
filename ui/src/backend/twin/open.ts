import { configure, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { vi } from 'vitest';
import App from '../../App.svelte';
import { Twin } from '../twin';
import type { Scenario } from './scenarios';

// How long something may take on a busy machine; what is there at once is found at once.
configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 30_000 });

/** The whole window over a twin, for component tests; after its first heading has come. */
export async function open(scenario: Scenario, prepare: (twin: Twin) => void = () => {}) {
  const twin = new Twin(scenario);
  prepare(twin);
  render(App, { backend: twin.backend });
  await waitFor(() => {
    if (screen.queryByText('Looking for your lakes.')) throw new Error('the overview has not come yet');
  });
  await screen.findByRole('heading', { level: 1 });
  // Whether what lies over the screen lets the pointer through is a matter of layout, which there is none of here.
  const user = userEvent.setup({ pointerEventsCheck: 0 });
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
