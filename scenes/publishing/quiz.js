/* Questions: cards at the end of each chapter, and the same quiz before and after the film. Nothing is sent. */
"use strict";
(() => {
  const data = byId("quiz");
  if (!data) return;
  const quiz = JSON.parse(data.textContent);
  const button = (text, kind, click) => make("button", { type: "button", class: kind, text, on: { click } });

  /* Answers by round and name of a card. A learning platform keeps them, if there is one; else the browser may. */
  const UNKNOWN = -1; /* the answer of who does not know */
  const answerOf = (round, card) => (given(round, card) === UNKNOWN ? say("I do not know") : card.choices[given(round, card)]);
  const key = `quiz ${quiz.name}`;
  const keeper = globalThis.keeper ?? {
    read() { try { return localStorage.getItem(key); } catch { return null; } },
    write(text) { try { localStorage.setItem(key, text); } catch { /* a browser may keep nothing for files */ } },
  };
  const kept = () => { try { return JSON.parse(keeper.read()) ?? {}; } catch { return {}; } };
  const recalled = (round) => {
    const found = {}, before = kept();
    for (const { name, choices } of quiz.cards) {
      const choice = before[round]?.[name];
      if (Number.isInteger(choice) && choice >= UNKNOWN && choice < choices.length) found[name] = choice;
    }
    return found;
  };
  const ROUNDS = Object.keys(quiz.rounds);
  const answers = Object.fromEntries(["cards", ...ROUNDS].map((round) => [round, recalled(round)]));
  const keep = () => keeper.write(JSON.stringify(answers));
  const given = (round, card) => answers[round][card.name];
  const give = (round, card, choice) => { answers[round][card.name] = choice; keep(); };
  const isRight = (round, card) => given(round, card) === card.right;
  const members = (round) => quiz.rounds[round].map((at) => quiz.cards[at]);
  const isDone = (round) => members(round).every((card) => given(round, card) !== undefined);
  const score = (round) => {
    const all = members(round);
    return say("{0} of {1} right", all.filter((card) => isRight(round, card)).length, all.length);
  };

  /* A question: a group of choices, each a radio button with its text. */
  const question = (card, round, chosen) => {
    const choices = card.choices.map((text, at) => {
      const box = make("input", { type: "radio", name: `${round} ${card.name}`, value: at });
      box.checked = given(round, card) === at;
      box.addEventListener("change", chosen);
      return make("label", { class: "choice" }, box, make("span", {}, text), make("i", { "aria-hidden": "true" }));
    });
    return make("fieldset", {}, make("legend", {}, card.text), ...choices);
  };
  /* A form that takes one answer; `told` says what is missing. */
  const form = (told, taken, ...inside) => {
    const one = make("form", { class: "card" }, ...inside);
    one.addEventListener("submit", (event) => {
      event.preventDefault();
      const box = one.querySelector("input:checked");
      if (box) taken(Number(box.value)); else told.replaceChildren(make("p", {}, say("Choose an answer first.")));
    });
    return one;
  };

  /* Why an answer is right, where the film says so, and what it was read from. */
  const where = ({ step }) => {
    if (!step) return null;
    const at = byId(step.id)?.dataset.at;
    if (at === undefined) {
      return make("p", { class: "where" }, say("In the film: chapter {0}, “{1}”", step.chapter, step.title));
    }
    const link = make("a", { href: `#${step.id}`, "data-at": at }, step.title);
    return make("p", { class: "where" }, say("In the film:"), " ", link);
  };
  const sources = ({ tensors }) => {
    if (!tensors.length) return null;
    const [before, after] = say("Read from {0}", "|").split("|");
    return make("p", { class: "where" }, before, make("span", { lang: "en" }, tensors.join(", ")), after);
  };
  const reason = (card) => [make("p", {}, card.because), where(card), sources(card)];

  /* The cards of a chapter: each is checked by itself, as often as one likes. */
  const mark = (whole, choice, right) => {
    for (const [at, label] of whole.querySelectorAll(".choice").entries()) {
      label.classList.toggle("yes", at === choice && right);
      label.classList.toggle("no", at === choice && !right);
      label.lastChild.textContent = at !== choice ? "" : right ? "✓" : "✗";
    }
    whole.classList.toggle("right", right);
  };
  const cardOf = (card) => {
    const told = make("div", { class: "told", role: "status" });
    const tell = () => {
      const right = isRight("cards", card), verdict = right ? say("Right.") : say("Not so: try again.");
      mark(whole, given("cards", card), right);
      const rest = right ? reason(card) : [where(card)];
      told.replaceChildren(make("p", { class: "verdict" }, verdict), ...rest.filter(Boolean));
    };
    const forget = () => { mark(whole, null, false); told.replaceChildren(); };
    const check = make("button", { type: "submit", class: "plain" }, say("Check"));
    const taken = (choice) => { give("cards", card, choice); tell(); };
    const whole = form(told, taken, question(card, "cards", forget), check, told);
    if (given("cards", card) !== undefined) tell();
    return whole;
  };
  const besideChapters = () => {
    for (const name of new Set(quiz.cards.map((card) => card.chapter))) {
      const own = quiz.cards.filter((card) => card.chapter === name);
      const named = { class: "cards", "aria-label": say("Questions on “{0}”", own[0].title) };
      const cards = make("section", named, make("h3", {}, say("Your turn")), ...own.map(cardOf));
      const steps = [...document.querySelectorAll(".step")]; /* a film may begin with a later step of the chapter */
      steps.findLast((step) => step.id.replace(/-\d+$/, "") === own[0].beside)?.closest(".chapter").append(cards);
    }
  };

  /* A round: an opening, one question after another, and a result. */
  const TITLES = { before: say("Before the film"), after: say("After the film") };
  const titled = (round) => TITLES[round] ?? members(round)[0].title;
  const panels = {};
  const show = (round, ...parts) => panels[round].body.replaceChildren(...parts.filter((part) => part !== null));
  const panel = (round) => {
    const title = make("h2", { id: `title-${round}`, tabindex: "-1" }, titled(round)), body = make("div");
    panels[round] = { title, body };
    if (isDone(round)) result(round); else begin(round);
    return make("section", { class: "quiz", id: `quiz-${round}`, "aria-labelledby": title.id }, title, body);
  };
  const begin = (round) => {
    const all = members(round), done = all.filter((card) => given(round, card) !== undefined).length;
    const told = {
      before: say("{0} questions. You see how many you had right, and after the film which.", all.length),
      after: say("The same {0} questions in another order, and all answers with their reasons.", all.length),
    }[round] ?? say("{0} questions, and all answers with their reasons.", all.length);
    const stays = say("Your answers stay in this browser: nothing is sent.");
    const go = done ? say("Go on: {0} of {1} are answered", done, all.length) : say("Begin");
    const quiet = globalThis.keeper || round !== ROUNDS[0] ? null : make("p", { class: "quiet" }, stays);
    show(round, make("p", {}, told), quiet, button(go, "primary", () => ask(round, open(round))));
  };
  /* The place of the first question that is not answered; -1 if all are. */
  const open = (round) => members(round).findIndex((card) => given(round, card) === undefined);
  const ask = (round, at) => {
    const all = members(round), card = all[at], last = at === all.length - 1;
    const so = say("Question {0} of {1}", at + 1, all.length);
    const bar = make("progress", { max: all.length, value: at, "aria-label": so });
    const told = make("div", { class: "told", role: "status" });
    const next = make("button", { type: "submit", class: "primary" }, last ? say("To the result") : say("Next"));
    const back = at ? button(say("Back"), "plain", () => ask(round, at - 1)) : null;
    const taken = (choice) => {
      give(round, card, choice);
      if (!last) ask(round, at + 1); else if (isDone(round)) finish(round); else ask(round, open(round));
    };
    const choices = question(card, round, () => told.replaceChildren());
    const unknown = globalThis.keeper ? null : button(say("I do not know"), "plain", () => taken(UNKNOWN));
    const whole = form(told, taken, choices, told, make("div", { class: "moves" }, back, next, unknown));
    show(round, make("p", { class: "progress" }, bar, make("span", {}, so)), whole);
    (whole.querySelector("input:checked") ?? whole.querySelector("input")).focus();
  };
  const finish = (round) => {
    for (const name of Object.keys(panels)) if (isDone(name)) result(name);
    panels[round].title.focus();
    keeper.done?.(members(round).map((card) => ({ name: card.name, given: given(round, card), right: card.right })));
  };

  /* The result: before and after side by side, with all answers. Before the film nothing is given away. */
  const again = (round) => button(say("Begin again"), "plain", () => {
    answers[round] = {};
    keep();
    begin(round);
    for (const name of Object.keys(panels)) if (name !== round && isDone(name)) result(name);
    panels[round].title.focus();
  });
  const result = (round) => {
    const told = make("p", { class: "score" }, score(round));
    if (round === "before") {
      const later = make("p", { class: "quiet" }, say("After the film you see which."));
      show(round, told, later, make("div", { class: "moves" }, again(round)));
      return;
    }
    const csv = button(say("Download as CSV"), "plain", () => save("csv", table()));
    const json = button(say("Download as JSON"), "plain", () => save("json", JSON.stringify(rows(), null, 1)));
    show(round, told, compared(round), make("div", { class: "moves" }, again(round), csv, json));
  };
  const compared = (round) => {
    const rounds = round === "after" ? ["before", "after"].filter(isDone) : [round];
    const alone = rounds.length === 1;
    const heads = rounds.map((name) => make("th", { scope: "col" }, ...(alone
      ? [make("span", { class: "unseen" }, score(name))]
      : [titled(name), make("br"), make("b", {}, score(name))])));
    const head = make("tr", {}, make("th", { scope: "col" }, say("Question")), ...heads);
    const all = new Set(members(round));
    const lines = quiz.cards.filter((card) => all.has(card)).map((card) => line(card, round, rounds));
    return make("table", { class: "result" }, make("thead", {}, head), make("tbody", {}, ...lines));
  };
  const line = (card, round, rounds) => {
    const mine = isRight(round, card) ? null : say("You chose: {0}", answerOf(round, card));
    const answer = make("p", { class: "answer" }, card.choices[card.right]);
    const more = make("details", {}, make("summary", {}, card.text), mine && make("p", {}, mine), answer, ...reason(card));
    const marks = rounds.map((name) => {
      const right = isRight(name, card), told = right ? say("right") : say("not right");
      const sign = make("span", { "aria-hidden": "true" }, right ? "✓" : "✗");
      return make("td", { class: right ? "yes" : "no" }, sign, make("span", { class: "unseen" }, told));
    });
    return make("tr", {}, make("th", { scope: "row" }, more), ...marks);
  };

  /* The answers for the learner to hand in. */
  const asked = (round) => {
    const all = round === "cards" ? quiz.cards : members(round);
    return all.filter((card) => given(round, card) !== undefined);
  };
  const rows = () => Object.keys(answers).flatMap((round) => asked(round).map((card) => ({
    round,
    question: card.name,
    chapter: card.title,
    text: card.text,
    answer: answerOf(round, card),
    right: isRight(round, card),
    "right answer": card.choices[card.right],
  })));
  /* A spreadsheet takes what begins like this for a formula. */
  const cell = (value) => `"${String(value).replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
  const table = () => {
    const all = rows(), lines = [Object.keys(all[0]), ...all.map(Object.values)];
    return `\ufeff${lines.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
  };
  const save = (kind, text) => {
    const file = new Blob([text], { type: { csv: "text/csv", json: "application/json" }[kind] });
    const link = make("a", { href: URL.createObjectURL(file), download: `quiz.${kind}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const transcript = byId("transcript");
  if (transcript) besideChapters();
  /* A platform opens the questions of one chapter: its name stands in the address. */
  const chapter = location.search.slice(1);
  for (const round of ROUNDS.includes(chapter) ? [chapter] : ROUNDS) {
    if (round === "before") transcript.prepend(panel(round));
    else (transcript ?? document.querySelector("main")).append(panel(round));
  }
})();
