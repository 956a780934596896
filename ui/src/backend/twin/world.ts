import type {
  Chosen,
  LakeOffer,
  LakeView,
  MessageHistory,
  MessageRow,
  MessageWhich,
  Overview,
  Problem,
  SessionView,
  StatusView,
  StepKind,
  TodayView,
} from '../bindings';
import type { Backend } from '../backend';
import { TwinQueue, SENDERS, fingerprint, messageId } from './queue';

/** Everything the twin knows. Scenarios change it before the first question. */
export interface World {
  /** What is under way, and how many are unfinished, follows from the submissions whenever it is asked for. */
  overview: Overview;
  /** Who is there once a sign-in succeeds. */
  signsInAs: Extract<SessionView, { is: 'signed-in' }>;
  offer: LakeOffer;
  chosen: Map<number, Chosen>;
  /** Of the chosen those that were dropped and not asked for yet. */
  untold: number[];
  queues: Map<number, TwinQueue>;
  today: TodayView;
  /** Messages counted for Today so far; null: the count has ended. */
  counting: number | null;
  /** Messages in the lake, for lists. */
  inTheLake: number;
  /** Commands that fail, and how. */
  failing: Partial<Record<keyof Backend, Problem>>;
  /** Commands that never answer. */
  hanging: Set<keyof Backend>;
  /** What one beat moves. */
  pace: number;
  /** A new submission's size. */
  dropSize: number;
}

/** Nobody is signed in, and nothing went wrong. */
export const nobody = {
  is: 'signed-out',
  problem: null,
  unreached: false,
  keyring: null,
} as const satisfies SessionView;

/** A signed-in steward at a practice lake that has nothing in it. */
export function emptyWorld(): World {
  return {
    overview: {
      lake: practiceLake(),
      lakes: [
        {
          name: 'practice',
          title: 'Practice lake on this computer',
          practice: true,
          host: '127.0.0.1:47100',
          current: true,
        },
      ],
      session: signedIn('riverside', 'riverside'),
      underWay: null,
      unfinished: 0,
      settings: { theme: 'system', idleLockMinutes: 15, textScale: 100 },
      notes: [],
    },
    signsInAs: signedIn('riverside', 'riverside'),
    offer: {
      id: 1,
      title: 'Northfield Health Network',
      host: 'lake.northfield.example',
      signInHost: 'auth.northfield.example',
      practice: false,
      changes: [],
      known: false,
    },
    chosen: new Map(),
    untold: [],
    queues: new Map(),
    today: emptyToday(),
    counting: null,
    inTheLake: 0,
    failing: {},
    hanging: new Set(),
    pace: 37,
    dropSize: 1_204,
  };
}

/** Before the first start: no lake is known. */
export function firstStart(): World {
  const world = emptyWorld();
  world.overview.lake = null;
  world.overview.lakes = [];
  world.overview.session = nobody;
  return world;
}

/** A steward at work at a real lake. */
export function busyWorld(): World {
  const world = emptyWorld();
  useRealLake(world);
  world.today = busyToday();
  world.inTheLake = 640;
  return world;
}

/** Puts a real lake in the practice lake's place. */
export function useRealLake(world: World): void {
  world.overview.lake = {
    name: 'northfield',
    title: 'Northfield Health Network',
    practice: false,
    host: 'lake.northfield.example',
    signInHost: 'auth.northfield.example',
    standing: { is: 'ready' },
  };
  for (const lake of world.overview.lakes) lake.current = false;
  world.overview.lakes.push({
    name: 'northfield',
    title: 'Northfield Health Network',
    practice: false,
    host: 'lake.northfield.example',
    current: true,
  });
}

export function practiceLake(): LakeView {
  return {
    name: 'practice',
    title: 'Practice lake on this computer',
    practice: true,
    host: '127.0.0.1:47100',
    signInHost: '127.0.0.1:47100',
    standing: { is: 'ready' },
  };
}

export function signedIn(reads: string | null, writes: string | null): World['signsInAs'] {
  return {
    is: 'signed-in',
    user: 'dana.okafor',
    rights: { reads, writes },
    kept: { where: 'keyring' },
  };
}

/** The place of a message in the made-up lake decides where it stands. */
export function statusAt(index: number): StatusView {
  if (index < 6) return 'received';
  if (index % 83 === 5) return 'attention';
  if (index % 211 === 7) return 'stuck';
  if (index % 307 === 9) return 'set-aside';
  if (index % 401 === 11) return 'replaced';
  return 'ready';
}

/** A page of the made-up lake, newest first. */
export function messagesOf(
  world: World,
  which: MessageWhich,
  offset: number,
  limit: number,
): { rows: MessageRow[]; next: number; done: boolean } {
  const rows: MessageRow[] = [];
  let index = offset;
  // As the program does: so many are looked at for a page, however few of them match.
  while (index < offset + limit && index < world.inTheLake) {
    const row = messageAt(index);
    const holds =
      which === 'all' ||
      (which === 'open' ? row.status === 'attention' || row.status === 'stuck' : row.status === which);
    if (holds) rows.push(row);
    index += 1;
  }
  return { rows, next: index, done: index >= world.inTheLake };
}

export function historyOf(id: string): MessageHistory {
  const index = Number.parseInt(id.slice(-12), 16);
  const message = messageAt(index);
  const at = (seconds: number) =>
    new Date(new Date(message.receivedAt).getTime() + seconds * 1000).toISOString();
  const steps: MessageHistory['steps'] = [];
  const add = (seconds: number, kind: StepKind, what: string, other: string | null = null) =>
    steps.push({ at: at(seconds), kind, what, other });
  add(0, 'received', 'The lake received it from dana.okafor.');
  switch (message.status) {
    case 'ready':
      add(1.4, 'ready', 'It was made ready to use, with 2 automatic tidy-ups.');
      break;
    case 'stuck':
      add(61, 'stuck', 'It is stuck: a delivery inside the lake failed for good.');
      break;
    case 'attention':
    case 'set-aside':
    case 'replaced':
      add(1.2, 'attention', 'It needs attention: the date of birth in PID-7 is no date.');
  }
  if (message.status === 'set-aside') add(4_000, 'set-aside', 'dana.okafor set it aside as a test message.');
  if (message.status === 'replaced') add(5_000, 'fix', 'A fix took its place.', messageId(index + 1));
  return { message, fingerprint: fingerprint(index), steps };
}

function messageAt(index: number): MessageRow {
  const status = statusAt(index);
  const types = ['ADT^A01', 'ORU^R01', 'ADT^A08', 'ORM^O01', 'VXU^V04', 'SIU^S12'];
  return {
    messageId: messageId(index),
    receivedAt: new Date(Date.now() - 60_000 - index * 97_000).toISOString(),
    status,
    messageType: index % 149 === 3 ? '' : (types[index % types.length] ?? ''),
    sender: SENDERS[index % SENDERS.length] ?? '',
    controlId: index % 149 === 3 ? '' : `MSG${String(900_000 - index)}`,
    bytes: 800 + ((index * 613) % 9_000),
    why:
      status === 'attention'
        ? 'The date of birth in PID-7 is no date.'
        : status === 'stuck'
          ? 'A delivery inside the lake failed for good; ask for it again.'
          : '',
  };
}

function emptyToday(): TodayView {
  const now = new Date();
  const day = now.toISOString().slice(0, 10);
  return {
    institution: 'riverside',
    day,
    from: `${day}T00:00:00Z`,
    to: new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString(),
    received: 0,
    ready: 0,
    attention: 0,
    stuck: 0,
    onTheWay: 0,
    setAside: 0,
    replaced: 0,
    more: false,
    openAttention: 0,
    openStuck: 0,
    openMore: false,
    senders: [],
    quiet: [],
    countedAt: now.toISOString(),
  };
}

function busyToday(): TodayView {
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  return {
    ...emptyToday(),
    received: 18_220,
    ready: 17_934,
    attention: 212,
    stuck: 3,
    onTheWay: 41,
    setAside: 22,
    replaced: 8,
    openAttention: 268,
    openStuck: 4,
    senders: [
      { sender: SENDERS[0] ?? '', messages: 9_310, ready: 9_270, attention: 12, lastAt: ago(1) },
      { sender: SENDERS[1] ?? '', messages: 5_120, ready: 5_094, attention: 11, lastAt: ago(3) },
      { sender: SENDERS[2] ?? '', messages: 3_402, ready: 3_205, attention: 181, lastAt: ago(2) },
      { sender: SENDERS[3] ?? '', messages: 388, ready: 365, attention: 11, lastAt: ago(48) },
    ],
    quiet: [{ sender: 'OLDHIS ARCHIVE', lastAt: ago(60 * 31), usual: 412, daysHeard: 6, expectedByNow: 260 }],
  };
}
