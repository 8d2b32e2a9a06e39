// Where the page is: a view, what it is about, and its filters. All of it stands in the URL, behind
// its `#`, so that a link shows the same to whoever opens it.
//   #/tasks?status=failed&definition=export      #/tasks/66f1a2      #/trigger/export
import { useEffect, useState } from "./html.js";

// The route that a URL names.
//   view: "tasks"; id: "66f1a2", or ""; params: a URLSearchParams
export const routeOf = (hash) => {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view = "", ...rest] = path.split("/");
  return {
    view: view || "tasks",
    id: decoded(rest.join("/")),
    params: new URLSearchParams(search),
  };
};

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

// The link to a view. Of `params`, an object, what is empty is left out; a list is said in turn.
export const hrefTo = (view, id = "", params = {}) => {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const each of [value].flat()) if (each !== "" && each != null) said.append(name, each);
  }
  const search = said.toString();
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${search ? `?${search}` : ""}`;
};

// Goes to a link of `hrefTo`. `replace`: the way back leaves out where the page is now.
export const goTo = (href, { replace = false } = {}) => {
  if (!replace) {
    location.hash = href;
    return;
  }
  history.replaceState(null, "", href);
  dispatchEvent(new HashChangeEvent("hashchange"));
};

// The route of the page, as it changes.
export const useRoute = () => {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return routeOf(hash);
};
