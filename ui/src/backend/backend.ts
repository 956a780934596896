import type {
  AboutView,
  Changed,
  Chosen,
  DiagnosticsView,
  Hovered,
  LakeOffer,
  LinesPage,
  MessageHistory,
  MessagePage,
  MessageWhich,
  Overview,
  Problem,
  SettingsView,
  SubmissionRow,
  SubmissionView,
  TodayView,
  WhichLines,
} from './bindings';

export type * from './bindings';

/** Ends a subscription. */
export type Unlisten = () => void;

/**
 * Everything the view can ask and hear. One implementation speaks to the program (`tauri.ts`); the other is a twin in
 * memory for development and component tests. Every promise rejects with a `Refusal` and nothing else.
 */
export interface Backend {
  overview(): Promise<Overview>;

  practise(): Promise<void>;
  lookAtLake(given: string): Promise<LakeOffer>;
  lookAtDroppedLake(chosen: number): Promise<LakeOffer>;
  acceptLake(offer: number): Promise<void>;
  useLake(name: string): Promise<void>;
  forgetLake(name: string): Promise<void>;
  startLakeAgain(): Promise<void>;

  /** Resolves when somebody is signed in, or has unlocked; meanwhile the overview tells how it stands. */
  signIn(): Promise<void>;
  /** The same, and the sign-in page asks who, even where the browser remembers somebody. */
  signInAsAnother(): Promise<void>;
  cancelSignIn(): Promise<void>;
  signOut(): Promise<void>;
  lock(): Promise<void>;
  touched(): Promise<void>;

  /** The id under which the files are kept; null when the dialog was cancelled. */
  chooseFiles(): Promise<number | null>;
  chooseFolder(): Promise<number | null>;
  chooseSamples(): Promise<number>;
  /** What was dropped or handed over by the system, oldest first; each is told once. */
  droppedFiles(): Promise<number[]>;
  chosen(id: number): Promise<Chosen>;

  beginSubmission(chosen: number): Promise<number>;
  submission(id: number): Promise<SubmissionView>;
  sendSubmission(id: number): Promise<void>;
  pauseSubmission(id: number): Promise<void>;
  cancelSubmission(id: number): Promise<void>;
  /** Has the lake asked once more what became of its messages; what is found shows in the submission. */
  lookAgain(id: number): Promise<void>;
  lines(id: number, which: WhichLines, offset: number, limit: number): Promise<LinesPage>;
  submissions(before: number | null, limit: number): Promise<SubmissionRow[]>;
  /** The name of the saved file; null when the dialog was cancelled. */
  saveReport(id: number): Promise<string | null>;

  today(): Promise<TodayView>;
  openMessages(which: MessageWhich, from: string | null, to: string | null): Promise<MessagePage>;
  moreMessages(list: number): Promise<MessagePage>;
  closeMessages(list: number): Promise<void>;
  history(messageId: string): Promise<MessageHistory>;

  saveSettings(settings: SettingsView): Promise<void>;
  about(): Promise<AboutView>;
  diagnostics(): Promise<DiagnosticsView>;
  saveDiagnostics(): Promise<string | null>;

  /** Resolves when it is listened: what is told before that is not heard. */
  onChanged(hear: (changed: Changed) => void): Promise<Unlisten>;
  onHovered(hear: (hovered: Hovered) => void): Promise<Unlisten>;
}

/** Why a command came to nothing. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.code);
    this.name = 'Refusal';
    this.problem = problem;
  }
}

/** The problem behind anything that was thrown. */
export function problemOf(thrown: unknown): Problem {
  return thrown instanceof Refusal ? thrown.problem : UNEXPECTED;
}

const UNEXPECTED: Problem = {
  code: 'window',
  title: 'The window met something it did not expect',
  detail: 'Nothing was lost: what was sent stays sent, and what was not can be sent again.',
  advice: 'Try again. If it happens again, save the diagnostics and pass them to whoever supports you.',
  next: 'diagnose',
};
