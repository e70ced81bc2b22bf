// Owns the chat: says lines through a WebSocket and shows them when they come back. Knows the server only by /ws.

/** What the page says before anybody types; each line waits for the one before to come back. */
const OPENING = ["Hello?", "An echo. So I am alone with a server.", "Your turn: type below."];

const lines = document.querySelector("#lines");
const state = document.querySelector("#state");
const form = document.querySelector("#form");
const button = form.querySelector("button");

function show(kind, text, note = "") {
  const line = document.createElement("li");
  line.className = kind;
  line.textContent = text;
  if (note) line.append(Object.assign(document.createElement("small"), { textContent: ` ${note}` }));
  lines.append(line);
  line.scrollIntoView({ block: "nearest" });
}

const socket = new WebSocket(new URL("/ws", location.href.replace(/^http/, "ws")));
const sentAt = [];

function say(text) {
  show("said", text);
  sentAt.push(performance.now());
  socket.send(text);
}

socket.onopen = () => {
  state.textContent = `Open, ${socket.extensions ? "compressed" : "not compressed"}`;
  button.disabled = false;
  say(OPENING.shift());
};
socket.onmessage = ({ data }) => {
  show("heard", data, `${(performance.now() - sentAt.shift()).toFixed(1)} ms`);
  if (OPENING.length > 0) say(OPENING.shift());
};
socket.onclose = ({ code, reason }) => {
  state.textContent = `Closed with ${code}${reason ? `: ${reason}` : ""}`;
  button.disabled = true;
};
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { text } = form.elements;
  if (text.value === "" || socket.readyState !== WebSocket.OPEN) return;
  say(text.value);
  text.value = "";
});
