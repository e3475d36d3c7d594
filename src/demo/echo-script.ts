/** The one script of the echo page: sends what is typed over a WebSocket and shows what comes back. */
export const echoScript = `
const form = document.querySelector("form");
const log = document.querySelector(".log");
const say = (line) => { log.textContent = (log.textContent + line + "\\n").split("\\n").slice(-4).join("\\n"); };
if (form) {
  log.textContent = "";
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
  socket.onopen = () => { form.elements.send.disabled = false; say("connected"); };
  socket.onmessage = (event) => say("\\u2190 " + event.data);
  socket.onclose = (event) => { form.elements.send.disabled = true; say("closed: " + event.code + (event.reason ? " " + event.reason : "")); };
  form.onsubmit = (event) => {
    event.preventDefault();
    if (socket.readyState !== WebSocket.OPEN) return;
    say("\\u2192 " + form.elements.message.value);
    socket.send(form.elements.message.value);
  };
}
`;
