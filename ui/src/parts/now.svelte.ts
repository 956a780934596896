import { createSubscriber } from 'svelte/reactivity';

const everySeconds = 15;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, everySeconds * 1000);
  return () => clearInterval(timer);
});

/** The present, for words such as "3 minutes ago": one clock for all who read it, stopped when nobody does. */
export function now(): Date {
  subscribe();
  return new Date();
}
