import type { Backend, Unlisten } from './backend';
import { Refusal, problemOf } from './backend';
import type { Problem } from './bindings';
import { commands, events } from './bindings';

/** The program behind the window. With the generated bindings the only place that knows Tauri. */
export const tauri: Backend = {
  overview: () => answer(commands.overview()),

  practise: () => done(commands.practise()),
  lookAtLake: (given) => answer(commands.lookAtLake(given)),
  lookAtDroppedLake: (chosen) => answer(commands.lookAtDroppedLake(chosen)),
  acceptLake: (offer) => done(commands.acceptLake(offer)),
  useLake: (name) => done(commands.useLake(name)),
  forgetLake: (name) => done(commands.forgetLake(name)),
  startLakeAgain: () => done(commands.startLakeAgain()),

  signIn: () => done(commands.signIn()),
  signInAsAnother: () => done(commands.signInAsAnother()),
  cancelSignIn: () => done(commands.cancelSignIn()),
  signOut: () => done(commands.signOut()),
  lock: () => done(commands.lock()),
  touched: () => done(commands.touched()),

  chooseFiles: () => answer(commands.chooseFiles()),
  chooseFolder: () => answer(commands.chooseFolder()),
  chooseSamples: () => answer(commands.chooseSamples()),
  droppedFiles: () => answer(commands.droppedFiles()),
  chosen: (id) => answer(commands.chosen(id)),

  beginSubmission: (chosen) => answer(commands.beginSubmission(chosen)),
  submission: (id) => answer(commands.submission(id)),
  sendSubmission: (id) => done(commands.sendSubmission(id)),
  pauseSubmission: (id) => done(commands.pauseSubmission(id)),
  cancelSubmission: (id) => done(commands.cancelSubmission(id)),
  lookAgain: (id) => done(commands.lookAgain(id)),
  lines: (id, which, offset, limit) => answer(commands.lines(id, which, offset, limit)),
  submissions: (before, limit) => answer(commands.submissions(before, limit)),
  saveReport: (id) => answer(commands.saveReport(id)),

  today: () => answer(commands.today()),
  openMessages: (which, from, to) => answer(commands.openMessages(which, from, to)),
  moreMessages: (list) => answer(commands.moreMessages(list)),
  closeMessages: (list) => done(commands.closeMessages(list)),
  history: (messageId) => answer(commands.history(messageId)),

  saveSettings: (settings) => done(commands.saveSettings(settings)),
  about: () => answer(commands.about()),
  diagnostics: () => answer(commands.diagnostics()),
  saveDiagnostics: () => answer(commands.saveDiagnostics()),

  onChanged: (hear) => listening(events.changed.listen((event) => hear(event.payload))),
  onHovered: (hear) => listening(events.hovered.listen((event) => hear(event.payload))),
};

type Answer<T> = { status: 'ok'; data: T } | { status: 'error'; error: Problem };

async function answer<T>(asked: Promise<Answer<T>>): Promise<T> {
  let told: Answer<T>;
  try {
    told = await asked;
  } catch (thrown) {
    throw new Refusal(problemOf(thrown));
  }
  if (told.status === 'error') throw new Refusal(told.error);
  return told.data;
}

async function done(asked: Promise<Answer<null>>): Promise<void> {
  await answer(asked);
}

async function listening(begun: Promise<Unlisten>): Promise<Unlisten> {
  try {
    return await begun;
  } catch (thrown) {
    throw new Refusal(problemOf(thrown));
  }
}
