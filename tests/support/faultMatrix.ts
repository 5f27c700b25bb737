/** The rows of the fault matrix. A test belongs to a row when its title, or that of a group around it, begins with the row's id: `F7: …`. */
export const faultRows = {
  F7: 'the creation of the workspace is slow, fails, is cancelled, is shown strangely or never ends',
  F8: 'what has just been made is not shown yet, or as it was before',
  F9: 'a right or a principal is not known yet',
  F10: 'the storage of a new workspace is not ready, or never will be',
  F13: 'a token ends, is not given, or clocks differ',
  F17: 'orchestrations are replayed: later, elsewhere, by a newer version',
  F18: 'a run is watched for very long',
} as const;
