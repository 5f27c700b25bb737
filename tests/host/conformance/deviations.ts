/** Why a recording is not replayed at all. */
export const notReplayed: Readonly<Record<string, string>> = {
  'proc-actCrashes': 'Needs a host in a process of its own: compared in workerExit.test.ts.',
  'proc-actUncaughtO': 'As proc-actCrashes.',
  'proc-actUnhandledRejO': 'As proc-actCrashes.',
  'proc-orchCrash': 'As proc-actCrashes.',
  'proc-retryCrash': 'As proc-actCrashes.',
  'proc-hostKill': 'Activities are delivered again at once after a kill, not after 5 minutes (see crash.test.ts).',
  'proc-hostKill-visibility20s': 'As proc-hostKill.',
  'proc-hostTerm': 'As proc-hostKill.',
  'proc-workerKill': 'There is no worker process to kill.',
  'wire-samples': 'Messages between host and worker; there is no wire here.',
};

export interface Deviation {
  /** The labels (with the index of the request) that differ. */
  labels: RegExp;
  reason: string;
  /** `order`: concurrent work ends in any order, and lists are equal when sorted. `time`: may differ, need not. */
  chance?: 'order' | 'time';
}

/** Every answer or history that is not equal to the recording, and why. */
export const deviations: Readonly<Record<string, readonly Deviation[]>> = {
  admin: [
    { labels: /^(2|31) /, reason: 'Names the machine and how long it has been up.' },
    { labels: /^(8|11) /, reason: 'Functions are listed with fewer fields.' },
    { labels: /^23 /, reason: 'There are no extension bundles, so no templates of one.' },
  ],
  'api-entities': [{ labels: /./, reason: 'Entities are not implemented: 501 with a text that says so.' }],
  'api-list': [{ labels: /^30 /, reason: 'The recorded URL holds the time of the recording.' }],
  'http-echo': [{ labels: /^10 /, reason: 'The recording holds the binary body as text, so other bytes are sent.' }],
  'http-routes': [{ labels: /^2 /, reason: 'The home page is a short one.' }],
  'orch-bigFan': [{ labels: /./, reason: 'Sixty activities end in any order.', chance: 'order' }],
  'orch-client_getStatus': [{ labels: /^9 /, reason: 'Lists the whole hub, which held other instances.' }],
  'orch-duplicateStart': [
    {
      labels: /^14 /,
      reason: 'Of two starts at the same moment the second is refused: here they come one after the other.',
    },
  ],
  'orch-pendingLoop': [{ labels: /^(2|4) |^history/, reason: 'Activities that run side by side.', chance: 'order' }],
  'orch-raceEventsBurst': [{ labels: /./, reason: 'Five events sent at once arrive in any order.', chance: 'order' }],
  'orch-rewind': [{ labels: /./, reason: 'Rewind is not implemented: 501 with a text that says so.' }],
  'orch-start_badIds': [
    {
      labels: /^(2|3) |^history with$/,
      reason: 'The first instance is over here before the second is started under its id.',
    },
    { labels: /^history /, reason: 'Those ids had been used before the recording: Generation is 1 there.' },
  ],
  'orch-subTwo': [{ labels: /./, reason: 'Two children end in any order.', chance: 'order' }],
  'orch-terminate_timer': [{ labels: /^2 /, reason: 'The termination is effective sooner here.', chance: 'time' }],
  'orch-timerAccuracy': [
    {
      labels: /./,
      reason: 'Timers fire at their time here, never before; the recorded backend fires up to a second early.',
    },
  ],
};
