import type { PhaseView, SessionView } from '../bindings';
import { problems } from './problems';
import { TwinQueue, type QueueShape } from './queue';
import {
  busyWorld,
  emptyWorld,
  firstStart,
  nobody,
  practiceLake,
  signedIn,
  useRealLake,
  type World,
} from './world';

/** The twin's scenarios: `npm run dev` and then `?scenario=NAME`. */
export const scenarios = {
  'first-start': firstStart,
  'offer-changed': () => {
    const world = firstStart();
    world.offer.changes = [
      'You will sign in at auth2.northfield.example; before it was auth.northfield.example.',
    ];
    return world;
  },
  'address-refused': () => {
    const world = firstStart();
    world.failing.lookAtLake = problems.notALake;
    return world;
  },

  'overview-failing': () => {
    const world = emptyWorld();
    world.failing.overview = problems.queueDamaged;
    return world;
  },
  'looking-for-session': () => out({ is: 'looking' }),
  unreached: () => out({ ...nobody, problem: problems.signInOutOfReach, unreached: true }),
  'lake-starting': () => {
    const world = out();
    world.overview.lake = { ...practiceLake(), standing: { is: 'starting' } };
    return world;
  },
  'lake-failed': () => {
    const world = out();
    world.overview.lake = {
      ...practiceLake(),
      standing: { is: 'failed', problem: problems.practiceFailed },
    };
    return world;
  },
  'signed-out': () => out(),
  'signed-out-real': () => {
    const world = out();
    useRealLake(world);
    return world;
  },
  'signing-in': () => out({ is: 'signing-in', until: inMinutes(4.6), address: null }),
  'signing-in-no-browser': () =>
    out({
      is: 'signing-in',
      until: inMinutes(4.6),
      address:
        'https://auth.northfield.example/oauth2/authorize?client_id=4h1example&response_type=code&state=9b1e',
    }),
  'sign-in-cancelled': () => out({ ...nobody, problem: problems.cancelled }),
  'sign-in-timed-out': () => out({ ...nobody, problem: problems.timedOut }),
  'sign-in-refused': () => out({ ...nobody, problem: problems.refused }),
  'ports-taken': () => out({ ...nobody, problem: problems.portsTaken }),
  'no-keyring': () => out({ ...nobody, keyring: problems.noKeyring }),
  'out-of-reach': () => out({ ...nobody, problem: problems.outOfReach }),
  locked: () => {
    const world = add(busyWorld(), { id: 7, messages: 18_220, done: 6_204, phase: { is: 'sending' } });
    world.overview.session = { is: 'locked', user: 'dana.okafor', problem: null, until: null, address: null };
    return world;
  },
  'locked-looking-through': () => {
    const world = submitting({ is: 'looking-through', files: 412, messages: 6_180 }, 0);
    world.overview.session = { is: 'locked', user: 'dana.okafor', problem: null, until: null, address: null };
    return world;
  },
  'locked-unlocking': () => {
    const world = busyWorld();
    world.overview.session = {
      is: 'locked',
      user: 'dana.okafor',
      problem: null,
      until: inMinutes(4.6),
      address: null,
    };
    return world;
  },

  empty: emptyWorld,
  today: () => {
    const world = busyWorld();
    add(world, { id: 3, messages: 2_310, done: 2_310, phase: { is: 'ended' }, endedAt: new Date() });
    add(world, { id: 4, messages: 1_204, done: 411, phase: { is: 'paused' } });
    add(world, {
      id: 5,
      messages: 88,
      done: 12,
      phase: { is: 'waits-for-sign-in', why: 'Your sign-in has ended.' },
    });
    return world;
  },
  'today-loading': () => {
    const world = busyWorld();
    world.counting = 1_200;
    return world;
  },
  'today-failing': () => {
    const world = busyWorld();
    world.failing.today = problems.outOfReach;
    world.failing.submissions = problems.queueDamaged;
    return world;
  },
  'today-huge': () => {
    const world = busyWorld();
    Object.assign(world.today, {
      received: 1_048_576,
      ready: 1_040_000,
      attention: 8_210,
      stuck: 112,
      onTheWay: 254,
      setAside: 0,
      replaced: 0,
      more: true,
      openAttention: 10_000,
      openMore: true,
      senders: Array.from({ length: 400 }, (_, index) => ({
        sender: `SYSTEM-${index + 1} A-FACILITY-WITH-A-VERY-LONG-NAME-${index + 1}`,
        messages: 12_000 - index * 29,
        ready: 11_900 - index * 29,
        attention: index % 7,
        lastAt: new Date(Date.now() - index * 90_000).toISOString(),
      })),
    });
    world.inTheLake = 100_000;
    return world;
  },
  reader: () => {
    const world = busyWorld();
    world.overview.session = signedIn('riverside', null);
    return add(world, { id: 7, messages: 1_204, institution: null });
  },
  writer: () => {
    const world = busyWorld();
    world.overview.session = signedIn(null, 'riverside');
    world.failing.today = problems.mayNotRead;
    world.failing.openMessages = problems.mayNotRead;
    return add(world, { id: 7, messages: 1_204, done: 1_204, phase: { is: 'ended' }, blind: true });
  },
  forbidden: () => {
    const world = busyWorld();
    world.overview.session = signedIn(null, null);
    world.failing.today = problems.mayNotRead;
    world.failing.openMessages = problems.mayNotRead;
    return world;
  },
  'memory-session': () => {
    const world = busyWorld();
    world.overview.session = {
      ...signedIn('riverside', 'riverside'),
      kept: { where: 'memory', problem: problems.noKeyring },
    };
    world.overview.notes = [problems.damagedSettings];
    return world;
  },

  'looking-through': () => submitting({ is: 'looking-through', files: 412, messages: 6_180 }, 0),
  review: () => submitting({ is: 'review' }, 0),
  'review-nothing': () => add(busyWorld(), { id: 7, messages: 0, notHl7: 3 }),
  sending: () => submitting({ is: 'sending' }, 6_204),
  paused: () => submitting({ is: 'paused' }, 6_204),
  'another-program': () => submitting({ is: 'another-program-sends' }, 6_204),
  'waits-for-sign-in': () => submitting({ is: 'waits-for-sign-in', why: 'Your sign-in has ended.' }, 6_204),
  'waits-for-its-lake': () =>
    submitting({ is: 'waits-for-its-lake', lake: 'practice' }, 6_204, { lake: 'practice' }),
  'waits-for-another-sender': () =>
    submitting({ is: 'waits-for-another-sender', institution: 'hillcrest' }, 6_204, {
      institution: 'hillcrest',
    }),
  'waits-for-lake': () =>
    submitting(
      {
        is: 'waits-for-lake',
        why: 'lake.northfield.example does not answer.',
        nextTry: inMinutes(0.6),
      },
      6_204,
    ),
  'waits-for-computer': () =>
    submitting(
      {
        is: 'waits-for-computer',
        why: 'The disk of this computer is full. Free some space.',
        nextTry: inMinutes(0.6),
      },
      6_204,
    ),
  checking: () => submitting({ is: 'checking' }, 18_220),
  ended: () => submitting({ is: 'ended' }, 18_220),
  cancelled: () => submitting({ is: 'cancelled' }, 6_204),
  huge: () => {
    const world = add(busyWorld(), {
      id: 7,
      messages: 100_000,
      perFile: 40,
      notHl7: 120,
      unread: 2,
      done: 31_000,
      phase: { is: 'sending' },
    });
    world.inTheLake = 100_000;
    world.pace = 400;
    return world;
  },
  'submission-failing': () => {
    const world = submitting({ is: 'sending' }, 6_204);
    world.failing.submission = problems.queueDamaged;
    world.failing.lines = problems.queueDamaged;
    return world;
  },
  'begin-failing': () => {
    const world = busyWorld();
    world.failing.beginSubmission = problems.filesGone;
    return world;
  },
  'messages-failing': () => {
    const world = busyWorld();
    world.failing.openMessages = problems.outOfReach;
    world.failing.history = problems.outOfReach;
    return world;
  },
  'messages-loading': () => {
    const world = busyWorld();
    world.hanging.add('openMessages');
    return world;
  },
} satisfies Record<string, () => World>;

export type Scenario = keyof typeof scenarios;

function out(session: SessionView = nobody): World {
  const world = emptyWorld();
  world.overview.session = session;
  return world;
}

function submitting(phase: PhaseView, done: number, more: Partial<QueueShape> = {}): World {
  return add(busyWorld(), {
    id: 7,
    messages: 18_220,
    notHl7: 3,
    unread: 1,
    phase,
    done,
    endedAt: phase.is === 'ended' || phase.is === 'cancelled' ? new Date() : null,
    ...more,
  });
}

function add(world: World, shape: QueueShape): World {
  const lake = world.overview.lake?.name ?? 'practice';
  world.queues.set(shape.id, new TwinQueue({ lake, ...shape }));
  return world;
}

function inMinutes(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString();
}
