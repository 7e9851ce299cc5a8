/* Questions: cards at the end of each chapter, and the same quiz before and after the film. Nothing is sent. */
"use strict";
(() => {
  const data = document.getElementById("quiz");
  if (!data) return;
  const quiz = JSON.parse(data.textContent);
  const say = (text, ...slots) => (quiz.words[text] ?? text).replace(/\{(\d)\}/g, (_, at) => slots[at]);
  const make = (kind, attributes = {}, ...inside) => {
    const one = document.createElement(kind);
    for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
    one.append(...inside.filter((part) => part !== null));
    return one;
  };

  /* Answers by round and name of a card. A learning platform keeps them, if there is one; else the browser may. */
  const key = `quiz ${quiz.name}`;
  const keeper = globalThis.keeper ?? {
    read() { try { return localStorage.getItem(key); } catch { return null; } },
    write(text) { try { localStorage.setItem(key, text); } catch { /* a browser may keep nothing for files */ } },
  };
  const answers = {};
  const read = () => { try { return JSON.parse(keeper.read()) ?? {}; } catch { return {}; } };
  const before = read();
  for (const round of ["cards", ...Object.keys(quiz.rounds)]) {
    answers[round] = {};
    for (const card of quiz.cards) {
      const kept = before[round]?.[card.name];
      if (Number.isInteger(kept) && kept >= 0 && kept < card.choices.length) answers[round][card.name] = kept;
    }
  }
  const given = (round, card) => answers[round][card.name];
  const give = (round, card, choice) => {
    answers[round][card.name] = choice;
    keeper.write(JSON.stringify(answers));
  };
  const isRight = (round, card) => given(round, card) === card.right;
  const members = (round) => quiz.rounds[round].map((at) => quiz.cards[at]);
  const count = (round) => members(round).filter((card) => isRight(round, card)).length;
  const isDone = (round) => members(round).every((card) => given(round, card) !== undefined);

  /* One question: a group of choices, each a radio button with its text. */
  const question = (card, round, chosen) => {
    const name = `${round} ${card.name}`;
    const choices = card.choices.map((text, at) => {
      const box = make("input", { type: "radio", name, value: at });
      box.checked = given(round, card) === at;
      box.addEventListener("change", () => chosen(at));
      return make("label", { class: "choice" }, box, make("span", {}, text), make("i", { "aria-hidden": "true" }));
    });
    return make("fieldset", {}, make("legend", {}, card.text), ...choices);
  };

  /* Why an answer is right, and where the film says so. */
  const where = (card) => {
    if (!card.step) return null;
    const step = document.getElementById(card.step.id);
    if (!step) return make("p", { class: "where" }, say("In the film: chapter {0}, “{1}”", card.step.chapter, card.step.title));
    const link = make("a", { href: `#${card.step.id}`, "data-at": step.dataset.at }, card.step.title);
    return make("p", { class: "where" }, `${say("In the film:")} `, link);
  };
  const sources = (card) => {
    if (!card.tensors.length) return null;
    const [before, after] = say("Read from {0}", "|").split("|");
    return make("p", { class: "where" }, before, make("span", { lang: "en" }, card.tensors.join(", ")), after);
  };
  const reason = (card) => [make("p", {}, card.because), where(card), sources(card)];

  /* The cards of a chapter: each is checked by itself, as often as one likes. */
  const card = (one) => {
    const told = make("div", { class: "told", role: "status" });
    const check = make("button", { type: "submit", class: "plain" }, say("Check"));
    const form = make("form", { class: "card" });
    const tell = () => {
      const choice = given("cards", one), right = choice === one.right;
      mark(form, one, choice);
      const rest = right ? reason(one) : [where(one)];
      told.replaceChildren(make("p", { class: "verdict" }, right ? say("Right.") : say("Not so: try again.")), ...rest.filter(Boolean));
      form.classList.toggle("right", right);
    };
    form.append(question(one, "cards", () => { clear(form); form.classList.remove("right"); told.replaceChildren(); }), check, told);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const box = form.querySelector("input:checked");
      if (!box) { told.replaceChildren(make("p", {}, say("Choose an answer first."))); return; }
      give("cards", one, Number(box.value));
      tell();
    });
    if (given("cards", one) !== undefined) tell();
    return form;
  };
  const clear = (form) => { for (const label of form.querySelectorAll(".choice")) { label.classList.remove("yes", "no"); label.lastChild.textContent = ""; } };
  const mark = (form, one, choice) => {
    clear(form);
    const label = form.querySelectorAll(".choice")[choice], right = choice === one.right;
    label.classList.add(right ? "yes" : "no");
    label.lastChild.textContent = right ? "✓" : "✗";
  };
  const besides = () => {
    for (const name of new Set(quiz.cards.map((one) => one.chapter))) {
      const chapter = document.getElementById(`${name}-1`)?.closest(".chapter");
      const own = quiz.cards.filter((one) => one.chapter === name);
      const head = make("h3", {}, say("Your turn"));
      chapter?.append(make("section", { class: "cards", "aria-label": say("Questions on “{0}”", own[0].title) }, head, ...own.map(card)));
    }
  };

  /* A round: an opening, one question after another, and a result. */
  const TITLES = { before: say("Before the film"), after: say("After the film") };
  const titled = (round) => TITLES[round] ?? members(round)[0].title;
  const panels = {};
  const open = (round) => {
    const panel = make("section", { class: "quiz", id: `quiz-${round}`, "aria-labelledby": `title-${round}` });
    const title = make("h2", { id: `title-${round}`, tabindex: "-1" }, titled(round));
    const body = make("div");
    panel.append(title, body);
    panels[round] = { panel, title, body };
    rest(round);
    return panel;
  };
  const show = (round, ...parts) => panels[round].body.replaceChildren(...parts.filter((part) => part !== null));
  const button = (text, kind, what) => {
    const one = make("button", { type: "button", class: kind }, text);
    one.addEventListener("click", what);
    return one;
  };
  const rest = (round) => {
    if (isDone(round)) { result(round); return; }
    const all = members(round), done = all.filter((one) => given(round, one) !== undefined).length;
    const told = {
      before: say("{0} questions. You see how many you had right, and after the film which.", all.length),
      after: say("The same {0} questions in another order, and all answers with their reasons.", all.length),
    }[round] ?? say("{0} questions, and all answers with their reasons.", all.length);
    const stays = globalThis.keeper ? null : make("p", { class: "quiet" }, say("Your answers stay in this browser: nothing is sent."));
    show(round, make("p", {}, told), stays,
      button(done ? say("Go on: {0} of {1} are answered", done, all.length) : say("Begin"), "primary", () => ask(round, 0, true)));
  };
  const ask = (round, from, fresh) => {
    const all = members(round);
    const at = fresh ? Math.max(all.findIndex((one) => given(round, one) === undefined), 0) : from;
    const one = all[at], last = at === all.length - 1;
    const next = make("button", { type: "submit", class: "primary" }, last ? say("To the result") : say("Next"));
    const told = make("p", { class: "told", role: "status" });
    const back = at ? button(say("Back"), "plain", () => ask(round, at - 1)) : null;
    const form = make("form", { class: "card" }, question(one, round, () => told.replaceChildren()), told, make("div", { class: "moves" }, ...[back, next].filter(Boolean)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const box = form.querySelector("input:checked");
      if (!box) { told.textContent = say("Choose an answer first."); return; }
      give(round, one, Number(box.value));
      if (!last) { ask(round, at + 1); return; }
      if (!isDone(round)) { ask(round, 0, true); return; }
      finish(round);
    });
    const so = say("Question {0} of {1}", at + 1, all.length);
    show(round, make("p", { class: "progress" }, make("progress", { max: all.length, value: at, "aria-label": so }), make("span", {}, so)), form);
    (form.querySelector("input:checked") ?? form.querySelector("input")).focus();
  };
  const finish = (round) => {
    for (const name of Object.keys(panels)) if (isDone(name)) result(name);
    panels[round].title.focus();
    keeper.done?.(members(round).map((one) => ({ name: one.name, given: given(round, one), right: one.right })));
  };

  /* What came of it, before and after side by side. */
  const again = (round) => button(say("Begin again"), "plain", () => {
    answers[round] = {};
    keeper.write(JSON.stringify(answers));
    rest(round);
    for (const name of Object.keys(panels)) if (name !== round && isDone(name)) result(name);
    panels[round].title.focus();
  });
  const result = (round) => {
    const all = members(round), right = say("{0} of {1} right", count(round), all.length);
    if (round === "before") {
      show(round, make("p", { class: "score" }, right), make("p", { class: "quiet" }, say("After the film you see which.")), make("div", { class: "moves" }, again(round)));
      return;
    }
    const rounds = round === "after" ? ["before", "after"].filter(isDone) : [round];
    const heads = rounds.length > 1 ? rounds.map((name) => make("th", { scope: "col" }, titled(name), make("br"), make("b", {}, say("{0} of {1} right", count(name), all.length)))) : [make("th", { scope: "col" }, make("span", { class: "unseen" }, right))];
    const row = (one) => {
      const marks = rounds.map((name) => {
        const good = isRight(name, one);
        return make("td", { class: good ? "yes" : "no" }, make("span", { "aria-hidden": "true" }, good ? "✓" : "✗"), make("span", { class: "unseen" }, good ? say("right") : say("not right")));
      });
      const mine = isRight(round, one) ? null : make("p", { class: "mine" }, say("You chose: {0}", one.choices[given(round, one)]));
      const more = make("details", {}, make("summary", {}, one.text), mine, make("p", { class: "answer" }, one.choices[one.right]), ...reason(one).filter(Boolean));
      return make("tr", {}, make("th", { scope: "row" }, more), ...marks);
    };
    show(round,
      make("p", { class: "score" }, right),
      make("table", { class: "result" }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, say("Question")), ...heads)), make("tbody", {}, ...quiz.cards.filter((one) => all.includes(one)).map(row))),
      make("div", { class: "moves" }, again(round), button(say("Download as CSV"), "plain", () => save("csv", table())), button(say("Download as JSON"), "plain", () => save("json", JSON.stringify(rows(), null, 1)))));
  };

  /* What a learner may hand in. */
  const rows = () => quiz.cards.flatMap((one) => Object.keys(answers).filter((round) => given(round, one) !== undefined && (round === "cards" || members(round).includes(one))).map((round) => ({
    round, question: one.name, chapter: one.title, text: one.text, answer: one.choices[given(round, one)], right: isRight(round, one), "right answer": one.choices[one.right],
  })));
  /* A spreadsheet takes what begins like this for a formula. */
  const cell = (value) => `"${String(value).replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
  const table = () => {
    const all = rows();
    return `\ufeff${[Object.keys(all[0]), ...all.map(Object.values)].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
  };
  const save = (kind, text) => {
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" })), download: `quiz.${kind}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const transcript = document.getElementById("transcript");
  if (transcript) besides();
  /* A platform opens the questions of one chapter: its name stands in the address. */
  const asked = location.search.slice(1);
  for (const round of Object.keys(quiz.rounds)) {
    if (Object.hasOwn(quiz.rounds, asked) && round !== asked) continue;
    const panel = open(round);
    if (round === "before") transcript.prepend(panel); else (transcript ?? document.querySelector("main")).append(panel);
  }
})();
