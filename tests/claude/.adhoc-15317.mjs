// tests/sessions/stage.ts
import { mkdirSync as mkdirSync2, symlinkSync, writeFileSync as writeFileSync2 } from "node:fs";
import { join as join2 } from "node:path";

// tests/claude/bed.ts
import { spawn, spawnSync } from "node:child_process";
import { EventEmitter as EventEmitter2, once as once2 } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  watch,
  writeFileSync
} from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";

// tests/claude/api.ts
import { createServer } from "node:http";
import { EventEmitter, once } from "node:events";

// tests/claude/api-request.ts
import { text as readAll } from "node:stream/consumers";
var STEERED = "The user sent a new message while you were working:";
async function readRequest(incoming) {
  const path = new URL(incoming.url ?? "/", "http://api").pathname;
  const raw = await readAll(incoming);
  if (incoming.method !== "POST" || path !== "/v1/messages") return void 0;
  const body = JSON.parse(raw);
  const messages = body["messages"] ?? [];
  const last = messages.findLast((message) => message.role === "user");
  const blocks = typeof last?.content === "string" ? [{ type: "text", text: last.content }] : last?.content ?? [];
  const texts = blocks.filter((block) => block.type === "text").map((block) => block.text ?? "").filter((text) => !text.startsWith("<system-reminder>"));
  const toolResults = blocks.filter((block) => block.type === "tool_result").map((block) => ({
    id: block.tool_use_id ?? "",
    content: typeof block.content === "string" ? block.content : JSON.stringify(block.content),
    error: block.is_error === true
  }));
  const prompt = texts.at(-1) ?? "";
  return {
    prompt,
    followUp: toolResults.length > 0 && (prompt === "" || prompt.startsWith(STEERED)),
    texts,
    toolResults,
    conversation: Array.isArray(body["tools"]) && body["tools"].length > 0,
    stream: body["stream"] === true,
    model: String(body["model"]),
    messages,
    body
  };
}

// tests/claude/api-reply.ts
import { randomUUID } from "node:crypto";
var ERROR_TYPES = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  429: "rate_limit_error",
  500: "api_error",
  529: "overloaded_error"
};
async function writeReply(response, request, reply) {
  if (typeof reply === "object" && "status" in reply) {
    const error = { type: ERROR_TYPES[reply.status] ?? "api_error", message: reply.message ?? "scripted" };
    response.writeHead(reply.status, { "content-type": "application/json", "x-should-retry": "false" });
    response.end(JSON.stringify({ type: "error", error }));
    return;
  }
  const steps = typeof reply === "string" ? [reply] : reply;
  const usage = steps.find((step) => typeof step === "object" && "usage" in step);
  const answer = new Answer(request.model, usage?.usage ?? { input: 10, output: 5 });
  if (!request.stream) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.whole(steps)));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", "request-id": `req_${randomUUID()}` });
  const gone = new Promise((resolve2) => response.once("close", () => resolve2("gone")));
  response.write(answer.start());
  for (const step of steps) {
    if (typeof step === "object" && "cut" in step) {
      response.write('event: content_block_delta\ndata: {"type":"content_bl');
      response.destroy();
      return;
    }
    if (step instanceof Promise) {
      if (await Promise.race([step, gone]) === "gone") return;
    } else if (typeof step === "string" || "tool" in step) response.write(answer.step(step));
  }
  response.end(answer.end());
}
var Answer = class {
  constructor(model, usage) {
    this.model = model;
    this.usage = usage;
  }
  model;
  usage;
  #index = -1;
  #open = false;
  #tools = false;
  #id = `msg_${randomUUID().replaceAll("-", "")}`;
  start() {
    return event({ type: "message_start", message: this.#message([], null) }) + event({ type: "ping" });
  }
  step(step) {
    if (typeof step === "string") {
      const head = this.#open ? "" : this.#block({ type: "text", text: "" });
      this.#open = true;
      return head + this.#delta({ type: "text_delta", text: step });
    }
    const closed = this.#close();
    this.#tools = true;
    const block = this.#block({ type: "tool_use", id: toolId(step.id), name: step.tool, input: {} });
    const input = this.#delta({ type: "input_json_delta", partial_json: JSON.stringify(step.input) });
    this.#open = true;
    return closed + block + input + this.#close();
  }
  end() {
    return this.#close() + event({
      type: "message_delta",
      delta: { stop_reason: this.#tools ? "tool_use" : "end_turn", stop_sequence: null },
      usage: { output_tokens: this.usage.output }
    }) + event({ type: "message_stop" });
  }
  whole(steps) {
    const content = steps.flatMap((step) => {
      if (typeof step === "string") return [{ type: "text", text: step }];
      return "tool" in step ? [{ type: "tool_use", id: toolId(step.id), name: step.tool, input: step.input }] : [];
    });
    return this.#message(content, "end_turn");
  }
  #message(content, stop_reason) {
    const usage = { input_tokens: this.usage.input, output_tokens: this.usage.output };
    return {
      id: this.#id,
      type: "message",
      role: "assistant",
      model: this.model,
      content,
      stop_reason,
      usage
    };
  }
  #block(content_block) {
    this.#index += 1;
    return event({ type: "content_block_start", index: this.#index, content_block });
  }
  #delta(delta) {
    return event({ type: "content_block_delta", index: this.#index, delta });
  }
  #close() {
    if (!this.#open) return "";
    this.#open = false;
    return event({ type: "content_block_stop", index: this.#index });
  }
};
function toolId(given) {
  return given ?? `toolu_${randomUUID().replaceAll("-", "")}`;
}
function event(data) {
  return `event: ${data.type}
data: ${JSON.stringify(data)}

`;
}

// tests/claude/api.ts
var ScriptedApi = class {
  constructor(server) {
    this.server = server;
    server.on("request", (request, response) => void this.#serve(request, response));
  }
  server;
  /** Every request for a message of the conversation itself, in order of arrival. */
  requests = [];
  /** Everything else that the binary asked: `HEAD /`, token counts, titles. */
  others = [];
  #rules = [];
  #events = new EventEmitter();
  /**
   * Answers requests that match with `reply`. Rules given later are looked at first; a rule with `times` is
   * forgotten after so many uses. Without any matching rule the answer is `ok`.
   */
  when(match, reply, times = Infinity) {
    this.#rules.unshift({ match, reply, left: times });
    return this;
  }
  /** Forgets rules and recorded requests. */
  reset() {
    this.#rules.length = 0;
    this.requests.length = 0;
    this.others.length = 0;
  }
  /** The prompts that arrived, exactly as the model would read them. */
  get prompts() {
    return this.requests.filter((request) => request.toolResults.length === 0).map((request) => request.prompt);
  }
  /** Waits for a request that matches, among those already there and those to come. */
  async request(match, signal = AbortSignal.timeout(2e4)) {
    for (; ; ) {
      const found = this.requests.find((request) => matches(match, request));
      if (found) return found;
      await once(this.#events, "request", { signal });
    }
  }
  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve2) => this.server.close(resolve2));
  }
  async #serve(incoming, response) {
    response.on("error", () => {
    });
    const request = await readRequest(incoming).catch(() => void 0);
    if (!request) {
      this.others.push(`${incoming.method} ${incoming.url}`);
      const tokens = incoming.url?.includes("count_tokens") === true;
      response.writeHead(tokens || incoming.method === "HEAD" ? 200 : 404, {
        "content-type": "application/json"
      });
      response.end(tokens ? '{"input_tokens":10}' : "{}");
      return;
    }
    if (!request.conversation) {
      this.others.push(`side: ${request.prompt.slice(0, 60)}`);
      await writeReply(response, request, "side answer");
      return;
    }
    this.requests.push(request);
    this.#events.emit("request");
    const rule = this.#rules.find((candidate) => candidate.left > 0 && matches(candidate.match, request));
    if (rule) rule.left -= 1;
    const reply = typeof rule?.reply === "function" ? rule.reply(request) : rule?.reply ?? "ok";
    await writeReply(response, request, reply);
  }
};
function matches(match, request) {
  if (typeof match === "function") return match(request);
  if (request.followUp) return false;
  return typeof match === "string" ? request.prompt === match : match.test(request.prompt);
}
async function startApi(socket) {
  const server = createServer();
  server.listen(socket);
  await once(server, "listening");
  return new ScriptedApi(server);
}

// tests/claude/bed.ts
import { install, version } from "./install.mjs";
var KEY = "sk-ant-api03-made-up-for-the-test-bed-0123456789abcdef";
var unshare = [["-n"], ["-rn"]].find(
  (flags) => spawnSync("unshare", [...flags, "ip", "link", "set", "lo", "up"]).status === 0
);
var Bed = class _Bed {
  constructor(dir, api, binary) {
    this.dir = dir;
    this.api = api;
    this.binary = binary;
  }
  dir;
  api;
  binary;
  /** Fires `change` whenever something moved that a wait may look at. */
  #events = new EventEmitter2().setMaxListeners(0);
  #children = [];
  #closers = [];
  /** The private tmux socket. */
  get socket() {
    return join(this.dir, "s");
  }
  /** HOME of everything in the panes. */
  get home() {
    return join(this.dir, "home");
  }
  /** Where the REPL keeps its configuration, registry and transcripts. */
  get config() {
    return join(this.home, ".claude");
  }
  static async open() {
    if (!unshare) throw new Error("no network namespace");
    const binary = install();
    const dir = realpathSync(mkdtempSync(join(process.env["PANEWRIGHT_TEST_RUN"] ?? tmpdir(), "c-")));
    const bed = new _Bed(dir, await startApi(join(dir, "api")), binary);
    mkdirSync(join(bed.config, "sessions"), { recursive: true });
    bed.folder("work");
    await bed.#keep(unshare);
    bed.watch(join(bed.config, "sessions"));
    return bed;
  }
  /** Runs the keeper, and makes sure that it really is somewhere else before anything starts in its panes. */
  async #keep(flags) {
    const keeper = new URL("keeper.mjs", import.meta.url).pathname;
    const argv = [...flags, process.execPath, keeper, this.socket, join(this.dir, "api")];
    const child = spawn("unshare", argv, { env: this.#env(), stdio: ["pipe", "pipe", "inherit"] });
    this.#children.push(child);
    this.#keeper = { stdin: child.stdin, lines: createInterface(child.stdout) };
    const [line] = await once2(this.#keeper.lines, "line");
    const { tmux } = JSON.parse(line);
    if (readlinkSync(`/proc/${tmux}/ns/net`) === readlinkSync("/proc/self/ns/net")) {
      await this.close();
      throw new Error("the tmux server is not in a network namespace of its own");
    }
    await this.until(async () => await this.tmux("list-sessions").catch(() => void 0) !== void 0, {
      every: 5
    });
  }
  #keeper;
  /** The tmux server goes, with all that runs in it, and another one comes. */
  async reboot() {
    const another = once2(this.#keeper.lines, "line");
    this.#keeper.stdin.write("reboot\n");
    await another;
    await this.until(async () => await this.tmux("list-sessions").catch(() => void 0) !== void 0, {
      every: 5
    });
  }
  #env() {
    return {
      PATH: process.env["PATH"],
      HOME: this.home,
      SHELL: "/bin/sh",
      LANG: "C.UTF-8",
      TERM: "xterm-256color",
      ANTHROPIC_API_KEY: KEY,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1"
    };
  }
  /** Makes a working directory and returns its path; trusted ones raise no trust dialog. */
  folder(name, trusted = true) {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true });
    this.#folders.set(path, trusted);
    const projects = Object.fromEntries(
      [...this.#folders].map(([key, hasTrustDialogAccepted]) => [key, { hasTrustDialogAccepted }])
    );
    const settings = {
      hasCompletedOnboarding: true,
      theme: "dark",
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects
    };
    writeFileSync(join(this.home, ".claude.json"), JSON.stringify(settings));
    return path;
  }
  #folders = /* @__PURE__ */ new Map();
  /** Runs one tmux command on the private server and returns what it printed. */
  async tmux(...args) {
    const { stdout } = await execa("tmux", ["-u", "-S", this.socket, ...args], {
      env: { TMUX: void 0 },
      timeout: 1e4,
      stripFinalNewline: true
    });
    return stdout;
  }
  /** Makes waits look again whenever something changes in this directory. */
  watch(directory) {
    const watcher = watch(directory, () => this.changed());
    this.#closers.push(() => watcher.close());
  }
  /** Makes waits look again whenever a pane of this session prints something. */
  async follow(session) {
    const argv = ["-u", "-S", this.socket, "-C", "attach", "-t", `=${session}:`, "-f", "ignore-size"];
    const client = spawn("tmux", argv, {
      env: { ...process.env, TMUX: "" },
      stdio: ["pipe", "pipe", "ignore"]
    });
    this.#children.push(client);
    const lines = createInterface(client.stdout);
    lines.on("line", () => this.changed());
    await once2(lines, "line");
  }
  changed() {
    this.#events.emit("change");
  }
  /**
   * Waits until `look` finds something, looking again after each event; `every` (ms) is for the few things
   * that have no event. Fails after `timeout` ms with what `explain` says.
   */
  async until(look, options = {}) {
    const signal = AbortSignal.timeout(options.timeout ?? 2e4);
    for (; ; ) {
      const step = new AbortController();
      const changed = once2(this.#events, "change", { signal: AbortSignal.any([signal, step.signal]) });
      changed.catch(() => {
      });
      const found = await look();
      if (found) {
        step.abort();
        return found;
      }
      const timer = options.every && setTimeout(() => this.changed(), options.every);
      try {
        await changed;
      } catch {
        throw new Error(`nothing came of it: ${look.toString()}
${await options.explain?.() ?? ""}`);
      } finally {
        if (timer) clearTimeout(timer);
      }
    }
  }
  async close() {
    for (const close of this.#closers) close();
    const panes = (await this.tmux("list-panes", "-a", "-F", "#{pane_pid}").catch(() => "")).split("\n");
    const ends = this.#children.map(async (child) => child.exitCode ?? await once2(child, "exit"));
    for (const child of this.#children) child.stdin?.end();
    await Promise.all(ends);
    const running = () => panes.some((pid) => pid !== "" && existsSync(`/proc/${pid}`));
    await this.until(() => !running(), { every: 10 }).catch(() => {
    });
    await this.api.close();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
};

// tests/support/client.ts
import { resolve } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
var CLI = resolve(import.meta.dirname, "../../dist/cli.js");
var TestClient = class _TestClient {
  #client;
  #transport;
  /** Messages of all progress notifications so far. */
  progress = [];
  /** Everything that the server wrote to stderr. */
  stderr = "";
  /** Settles when the connection is gone, whoever ended it. */
  closed;
  constructor(options) {
    this.#client = new Client({ name: options.name ?? "panewright-tests", version: "1.0.0" });
    this.#transport = new StdioClientTransport({
      command: process.execPath,
      args: [CLI, ...options.args ?? []],
      env: { ...options.env },
      ...options.cwd === void 0 ? {} : { cwd: options.cwd },
      stderr: "pipe"
    });
    this.#transport.stderr?.on("data", (chunk) => this.stderr += chunk.toString());
    this.closed = new Promise((settle) => this.#client.onclose = settle);
  }
  /** Starts the server and shakes hands. */
  static async start(options = {}) {
    const failure = process.env["PANEWRIGHT_BUILD_ERROR"];
    if (failure !== void 0) throw new Error(`the server could not be built:
${failure}`);
    const self = new _TestClient(options);
    try {
      await self.#client.connect(self.#transport);
    } catch (cause) {
      throw new Error(`the server did not start; it wrote:
${self.stderr}`, { cause });
    }
    return self;
  }
  /** Process id of the server. */
  get pid() {
    const { pid } = this.#transport;
    if (pid === null) throw new Error("the server is not running");
    return pid;
  }
  /** The SDK's own client, for requests that have no shorthand here. */
  get mcp() {
    return this.#client;
  }
  /** The whole answer of a call, error or not. */
  async raw(name, args = {}, options = {}) {
    const result = await this.#client.callTool({ name, arguments: args }, CallToolResultSchema, {
      timeout: 6e5,
      ...options.signal === void 0 ? {} : { signal: options.signal },
      onprogress: ({ message = "" }) => {
        this.progress.push(message);
        options.onProgress?.(message);
      }
    });
    return CallToolResultSchema.parse(result);
  }
  /** The structured result; rejects with the error text when the call failed. */
  async call(name, args = {}, options = {}) {
    const result = await this.raw(name, args, options);
    if (result.isError) throw new Error(textOf(result));
    if (result.structuredContent === void 0) throw new Error(`${name} returned no structured content`);
    return result.structuredContent;
  }
  /** The error text; rejects when the call succeeded. */
  async refusal(name, args = {}) {
    const result = await this.raw(name, args);
    if (!result.isError) throw new Error(`${name} succeeded: ${JSON.stringify(result.structuredContent)}`);
    return textOf(result);
  }
  async close() {
    await this.#client.close();
    await this.closed;
  }
};
function textOf(result) {
  return result.content.flatMap((part) => part.type === "text" ? [part.text] : []).join("\n");
}

// tests/sessions/stage.ts
var Stage = class _Stage {
  constructor(bed, client, path) {
    this.bed = bed;
    this.client = client;
    this.path = path;
  }
  bed;
  client;
  path;
  static async open() {
    const bed = await Bed.open();
    const bin = join2(bed.dir, "bin");
    mkdirSync2(bin);
    symlinkSync(bed.binary, join2(bin, "claude"));
    const path = `${bin}:${process.env["PATH"] ?? ""}`;
    await bed.tmux("set-environment", "-g", "PATH", path);
    return new _Stage(bed, await connect(bed, path), path);
  }
  /** Another server process on the same tmux and the same state, as every MCP client starts its own. */
  another() {
    return connect(this.bed, this.path);
  }
  /** The folder in which a session and its program exchange files. */
  spool(session) {
    return join2(this.bed.dir, "state/panewright/sessions", `${session}.spool`);
  }
  /** What the pane of a session shows. */
  screen(session) {
    return this.bed.tmux("capture-pane", "-p", "-t", `=${session}:`);
  }
  call(name, args = {}, options = {}) {
    return this.client.call(name, args, options);
  }
  /** Starts a session in the bed's trusted working directory. */
  start(name, more = {}) {
    return this.call("session_start", { name, working_dir: join2(this.bed.dir, "work"), ...more });
  }
  async close() {
    await this.client.close();
    await this.bed.close();
  }
};
async function connect(bed, path) {
  const config = join2(bed.dir, "panewright.json");
  writeFileSync2(config, JSON.stringify({ write_enabled: true, tmux: { socket_path: bed.socket } }));
  return TestClient.start({
    args: ["--config", config],
    env: { PATH: path, HOME: bed.home, XDG_STATE_HOME: join2(bed.dir, "state"), LANG: "C.UTF-8" },
    cwd: bed.home
  });
}

// ../../tmp/cl/ten.ts
import { readFileSync } from "node:fs";
var s = await Stage.open();
try {
  await s.start("r");
  s.bed.api.when(/^server \d+$/, ({ prompt }) => `for ${prompt}`);
  const servers = [s.client, ...await Promise.all(Array.from({ length: +(process.argv[2] ?? 5) }, () => s.another()))];
  const res = await Promise.all(servers.map(async (c, i) => {
    for (; ; ) {
      const t = performance.now();
      const r = await c.raw("session_send", { name: "r", prompt: `server ${i}`, timeout: 60 });
      if (r.isError !== true) return [i, r.structuredContent, (performance.now() - t).toFixed()];
      console.log(i, JSON.stringify(r.content).slice(0, 120));
    }
  }));
  for (const [i, r, t] of res) console.log(i, r.turn_id, r.response, r.steering, r.outcome, r.source, t);
  for (const r of s.bed.api.requests) console.log("REQ", JSON.stringify(r.texts), "->", r.prompt);
  const rec = JSON.parse(readFileSync(s.bed.dir + "/state/panewright/sessions/r.json", "utf8"));
  for (const t of rec.turns) console.log(JSON.stringify({ ...t, usage: 0, notes: 0, conversation: 0, digest: 0 }));
  for (const l of readFileSync(rec.transcript, "utf8").split("\n").filter(Boolean)) {
    const e = JSON.parse(l);
    if (["user", "assistant", "queue-operation"].includes(e.type) || e.attachment?.type === "queued_command") console.log("  tx", JSON.stringify({ type: e.type, src: e.promptSource, pid: e.promptId?.slice(0, 4), op: e.operation, stop: e.message?.stop_reason, att: e.attachment?.prompt, c: JSON.stringify(e.message?.content ?? e.content)?.slice(0, 100) }));
  }
} finally {
  await s.close();
}
