// What somebody has typed into a form and not sent: it is there again when they come back, in this
// tab.

const nameOf = (place) => `background-tasks-draft-${place}`;

// The draft of a form, as it was kept; null: there is none.
export const draftOf = (place) => {
  try {
    return JSON.parse(sessionStorage.getItem(nameOf(place)));
  } catch {
    return null;
  }
};

export const keepDraft = (place, draft) => {
  try {
    sessionStorage.setItem(nameOf(place), JSON.stringify(draft));
  } catch {
    // It is too large, or the browser keeps nothing: it is lost with the page.
  }
};

export const dropDraft = (place) => {
  try {
    sessionStorage.removeItem(nameOf(place));
  } catch {
    // Nothing was kept.
  }
};
