import type { IconName } from '../parts/icons';
import type { App } from './app.svelte';

/** The screens in the order of the navigation and of Ctrl+1 to Ctrl+4. */
export const screens = [
  { id: 'today', label: 'Today', icon: 'today' },
  { id: 'submit', label: 'Submit', icon: 'send' },
  { id: 'messages', label: 'Messages', icon: 'messages' },
  { id: 'settings', label: 'Settings', icon: 'settings' },
] as const satisfies { id: string; label: string; icon: IconName }[];

/** Goes to a screen at its beginning. */
export function visit(app: App, id: string): void {
  switch (id) {
    case 'today':
      return app.go({ screen: 'today' });
    case 'submit':
      return app.go({ screen: 'submit', submission: null });
    case 'messages':
      return app.go({ screen: 'messages', which: 'all', from: null, to: null });
    case 'settings':
      return app.go({ screen: 'settings', tab: 'lakes' });
  }
}
