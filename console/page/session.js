// What holds for the whole page: the caller, the tenant, and what this browser remembers.

// Something that is remembered in this browser: `localStorage`, where that is allowed.
export const kept = (name, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(`background-tasks-${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
};

export const keep = (name, value) => {
  try {
    localStorage.setItem(`background-tasks-${name}`, JSON.stringify(value));
  } catch {
    // It is forgotten with the page.
  }
};

// Whether the caller has a permission: "r", "w" or "d". One that is not known yet has none.
export const may = (caller, letter) => Boolean(caller?.permissions?.includes(letter));
