// What is paused: which pauses hold the tasks of a definition, in words.

export const pausesOf = (pauses, definitionId) =>
  pauses.filter((pause) => pause.definitionId === definitionId);

export const pausesOfAll = (pauses) => pausesOf(pauses, null);

export const pausedIds = (pauses) => new Set(pauses.map(({ definitionId }) => definitionId));

// Whose tasks a pause holds.
export const whose = ({ everyTenant }, tenant) =>
  everyTenant ? "every tenant" : `tenant ${tenant}`;
