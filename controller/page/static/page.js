// Renews the page as the daemon tells what happens, and tells times in the viewer's own zone. The page works without it.
"use strict";

(() => {
  const PAUSE = 1000; // milliseconds between two renewals
  const POLL = 15000; // without the stream
  const resync = Number(document.body.dataset.resync) * 1000;
  const silence = Math.max(3 * resync, 30000); // after so long without a word the daemon cannot be heard
  let heard = Date.now();
  let lost = false;
  let renewedAt = 0;
  let waiting = null;
  let source = null;

  function live() {
    return document.getElementById("live");
  }

  function renew() {
    if (waiting !== null || !live() || live().dataset.on === "") return;
    waiting = setTimeout(() => {
      waiting = null;
      if (isBusy()) return renew();
      renewedAt = Date.now();
      if (live()) htmx.trigger(live(), "renew");
    }, Math.max(isBusy() ? PAUSE / 4 : 0, renewedAt + PAUSE - Date.now()));
  }

  function isMarking() {
    const marked = document.getSelection();
    return !marked.isCollapsed && live() !== null && live().contains(marked.anchorNode);
  }

  // What is renewed now would take the place of what a filter brings, or the mark from a text.
  function isBusy() {
    return isMarking() || document.querySelector("form.filter.htmx-request") !== null;
  }

  function listen() {
    if (document.body.dataset.listen !== "yes" || document.hidden || source !== null) return;
    source = new EventSource("/api/v1/events");
    for (const name of ["state", "audit", "missed"]) {
      source.addEventListener(name, () => {
        hear();
        if (live() && live().dataset.on.split(" ").includes(name)) renew();
      });
    }
    source.onopen = hear;
    source.onerror = () => {
      setLost(true);
      if (source !== null && source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(listen, POLL / 3);
      }
    };
  }

  function hear() {
    const returned = lost;
    heard = Date.now();
    setLost(false);
    if (returned) renew();
  }

  function setLost(now) {
    if (now === lost) return;
    lost = now;
    const banner = document.getElementById("connection");
    document.getElementById("connection-since").textContent = new Date(heard).toLocaleTimeString();
    banner.hidden = !now;
  }

  function tellLocalTimes(root) {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const format = new Intl.DateTimeFormat(undefined, {
      weekday: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
    });
    for (const element of root.querySelectorAll("time[datetime]:not([data-told])")) {
      element.dataset.told = here;
      const own = format.format(new Date(element.dateTime));
      const said = element.textContent;
      if (said.includes(zoneName(own))) continue; // it is the same zone
      const span = document.createElement("span");
      span.className = "own-time";
      span.textContent = ` (${own} for you)`;
      element.append(span);
    }
  }

  function zoneName(text) {
    return ` ${text.split(" ").at(-1)}`;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      if (source !== null) source.close(); // browsers allow few streams: a page that nobody sees needs none
      source = null;
    } else {
      listen();
      renew();
    }
  });
  // What somebody opened stays open, and what somebody reads stays in its place, also while lines appear above it; htmx
  // itself keeps the focus on what has an id.
  let kept = null;

  function keep() {
    const named = [...live().querySelectorAll("[id]")];
    const seen = (each) => each.getBoundingClientRect().top;
    const from = scrollY > 0 ? named.findIndex((each) => seen(each) >= 0) : -1;
    kept = {
      opened: named.filter((each) => each.open).map((each) => each.id),
      scrolled: named.filter((each) => each.scrollLeft > 0).map((each) => [each.id, each.scrollLeft]),
      places: from < 0 ? [] : named.slice(from, from + 20).map((each) => [each.id, seen(each)]),
      focused: live().contains(document.activeElement),
    };
  }

  function restore() {
    const found = (id) => document.getElementById(id);
    for (const id of kept.opened) found(id)?.setAttribute("open", "");
    for (const [id, left] of kept.scrolled) found(id)?.scrollTo({left, behavior: "instant"});
    const place = kept.places.find(([id]) => found(id));
    if (place) scrollBy({top: found(place[0]).getBoundingClientRect().top - place[1], behavior: "instant"});
    // Where what had the focus is gone, the keyboard goes on from here and not from the top of the page.
    if (kept.focused && document.activeElement === document.body) found("main").focus({preventScroll: true});
    kept = null;
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.requestConfig.elt === live() && isBusy()) {
      event.detail.shouldSwap = false;
      renew();
    } else if (live()) keep();
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (kept) restore();
  });
  document.addEventListener("selectionchange", () => {
    document.documentElement.classList.toggle("marking", isMarking());
  });
  document.addEventListener("htmx:load", (event) => tellLocalTimes(event.detail.elt));
  document.addEventListener("htmx:sendError", () => setLost(true));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) setLost(true);
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.successful) hear();
  });
  setInterval(() => {
    if (document.hidden) return;
    if (Date.now() - heard > silence) setLost(true);
    if (lost || source === null) renew();
  }, POLL);
  document.documentElement.classList.add("scripted");
  tellLocalTimes(document);
  listen();
})();
