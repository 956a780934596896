import type { NextStep, Problem } from '../bindings';

/** Problems as the program words them, for scenarios. */
export const problems = {
  outOfReach: problem(
    'lake-out-of-reach',
    'The lake does not answer',
    'lake.northfield.example could not be reached: the connection timed out.',
    'Check this computer’s network, then try again. Nothing was lost.',
    'try-again',
  ),
  practiceFailed: problem(
    'practice-lake',
    'The practice lake could not be started',
    'Another program on this computer uses the ports 47100 to 47102.',
    'Close that program, then try again.',
    'try-again',
  ),
  notALake: problem(
    'not-a-lake',
    'No lake answers there',
    'www.example.org answered, but not as a lake does.',
    'Check the address with your administrator; it looks like https://lake.example.org.',
    'nothing',
  ),
  notSecure: problem(
    'not-secure',
    'That address is not secure',
    'A lake outside this computer is only spoken to over https.',
    'Begin the address with https.',
    'nothing',
  ),
  cancelled: problem(
    'sign-in-cancelled',
    'The sign-in was cancelled',
    'The sign-in page was closed, or you cancelled it here.',
    'Sign in again when you are ready.',
    'sign-in',
  ),
  timedOut: problem(
    'sign-in-timed-out',
    'Nobody signed in within 5 minutes',
    'The page in your browser is no longer good.',
    'Start the sign-in again.',
    'sign-in',
  ),
  refused: problem(
    'sign-in-refused',
    'The sign-in was refused',
    'auth.northfield.example answered access_denied.',
    'Try again, or ask the lake’s administrator whether your account is active.',
    'sign-in',
  ),
  portsTaken: problem(
    'ports-taken',
    'The sign-in cannot come back to this program',
    'The ports 47113, 47114 and 47115 on this computer are all in use.',
    'Close the program that uses them, or another sign-in, and try again.',
    'sign-in',
  ),
  noKeyring: problem(
    'no-keyring',
    'This computer cannot keep your sign-in',
    'Its keyring is locked or missing.',
    'You can work as usual; you will sign in again the next time the program starts.',
    'diagnose',
  ),
  mayNotRead: problem(
    'may-not-read',
    'This sign-in may not read messages',
    'It has no right to read the messages of any institution.',
    'Ask the lake’s administrator for the right to read. You can still send.',
    'nothing',
  ),
  mayNotSend: problem(
    'may-not-send',
    'This sign-in may not send messages',
    'It has no right to send for any institution.',
    'Ask the lake’s administrator for the right to send. You can still read.',
    'nothing',
  ),
  locked: problem(
    'locked',
    'The screen is locked',
    'Nothing of the lake is shown while the screen is locked.',
    'Sign in to unlock it. Sending goes on meanwhile.',
    'sign-in',
  ),
  nobodySignedIn: problem(
    'not-signed-in',
    'Nobody is signed in',
    'This needs somebody who is signed in to the lake.',
    'Sign in.',
    'sign-in',
  ),
  signInOutOfReach: problem(
    'sign-in-out-of-reach',
    'The sign-in service does not answer',
    'auth.northfield.example: the connection timed out.',
    'Check that this computer is online and that the lake is running, then try again.',
    'try-again',
  ),
  gone: problem(
    'gone',
    'That is not kept any more',
    'The choice of files was left for too long, or was used already.',
    'Begin again.',
    'nothing',
  ),
  sessionEnded: problem(
    'not-signed-in',
    'Your sign-in has ended',
    'The lake asks you to sign in again.',
    'Sign in; sending goes on by itself.',
    'sign-in',
  ),
  damagedSettings: problem(
    'settings-damaged',
    'Your settings could not be read',
    'The file was damaged. It was kept aside and fresh settings were begun.',
    'Look through Settings once.',
    'diagnose',
  ),
  filesGone: problem(
    'files-gone',
    'The files are not there any more',
    'They were moved or removed since you chose them.',
    'Choose them again.',
    'nothing',
  ),
  queueDamaged: problem(
    'submission-damaged',
    'This submission cannot be read',
    'Its record on this computer is damaged.',
    'Submit the files again: the lake knows what it already has.',
    'diagnose',
  ),
} as const satisfies Record<string, Problem>;

function problem(code: string, title: string, detail: string, advice: string, next: NextStep): Problem {
  return { code, title, detail, advice, next };
}
