// shim.mjs
import { createRequire } from "node:module";
var { expect: expect2 } = createRequire("/work/wt-claude/package.json")("expect");
var suites = [];
var cur;
var fmt = (t, a) => {
  let i = 0;
  a = Array.isArray(a) ? a : [a];
  return t.replace(/%[sijd]|\$\w+/g, (m) => m[0] === "%" ? typeof a[i] === "object" ? JSON.stringify(a[i++]) : String(a[i++]) : m);
};
var describe2 = (name, f) => {
  const p = cur;
  cur = { name, tests: [], before: [], after: [], parent: p };
  suites.push(cur);
  f();
  cur = p;
};
var top = { name: "", tests: [], before: [], after: [] };
suites.push(top);
var test2 = (name, f) => (cur ?? top).tests.push([name, f]);
test2.each = (rows) => (t, f) => rows.forEach((r) => test2(fmt(t, r), () => f(...Array.isArray(r) ? r : [r])));
test2.skip = () => {
};
describe2.skip = () => {
};
Object.assign(globalThis, { describe: describe2, test: test2, it: test2, beforeAll: (f) => (cur ?? top).before.push(f), afterAll: (f) => (cur ?? top).after.push(f), expect: expect2 });
async function run(filter) {
  for (const s of suites) {
    const ts = s.tests.filter(([n]) => new RegExp(filter).test(n));
    if (!ts.length) continue;
    console.log("##", s.name);
    try {
      for (const b of s.before) await b();
      for (const [n, f] of ts) {
        const t = performance.now();
        try {
          await f();
          console.log("  ok", n, (performance.now() - t).toFixed(0));
        } catch (e) {
          console.log("  FAIL", n, (performance.now() - t).toFixed(0));
          console.log(String(e.stack ?? e).replace(/\x1b\[\d*m/g, "").split("\n").slice(0, 45).join("\n"));
        }
      }
    } catch (e) {
      console.log("BEFORE FAILED", e);
    } finally {
      for (const a of s.after) await a();
    }
  }
}

// ../../work/wt-claude/tests/sessions/restarts.test.ts
import { readFileSync, rmSync, symlinkSync as symlinkSync2, writeFileSync as writeFileSync3 } from "node:fs";
import { join as join3 } from "node:path";

// ../../work/wt-claude/tests/claude/bed.ts
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

// ../../work/wt-claude/tests/claude/api.ts
import { createServer } from "node:http";
import { EventEmitter, once } from "node:events";

// ../../work/wt-claude/tests/claude/api-request.ts
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

// ../../work/wt-claude/tests/claude/api-reply.ts
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

// ../../work/wt-claude/tests/claude/api.ts
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

// ../../work/wt-claude/tests/claude/bed.ts
import { install, version } from "./install.mjs";
var KEY = "sk-ant-api03-made-up-for-the-test-bed-0123456789abcdef";
var unshare = [["-n"], ["-rn"]].find(
  (flags) => spawnSync("unshare", [...flags, "ip", "link", "set", "lo", "up"]).status === 0
);
function describeClaude(title, body) {
  if (unshare) return describe(title, body);
  const reason = "no network namespace (`unshare -n`): the real Claude Code is never run without one";
  if (process.env["CI"] === "true") return test(title, () => Promise.reject(new Error(reason)));
  process.stderr.write(`
*** SKIPPED: ${title}: ${reason}

`);
  describe.skip(title, body);
}
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

// ../../work/wt-claude/tests/sessions/stage.ts
import { mkdirSync as mkdirSync2, symlinkSync, writeFileSync as writeFileSync2 } from "node:fs";
import { join as join2 } from "node:path";

// ../../work/wt-claude/tests/support/client.ts
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

// ../../work/wt-claude/tests/sessions/stage.ts
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

// ../../work/wt-claude/tests/sessions/restarts.test.ts
describeClaude("restarts around the real Claude Code", () => {
  let stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.start("r");
  }, 6e4);
  afterAll(() => stage?.close());
  const send = (prompt, name = "r") => stage.call("session_send", { name, prompt, timeout: 60 });
  test("a server that is killed in the middle of a turn loses nothing, whenever the answer comes", async () => {
    for (const early of [true, false]) {
      let release;
      const gate = new Promise((resolve2) => release = resolve2);
      const prompt = `survive ${early ? "early" : "late"}`;
      stage.bed.api.when(prompt, [gate, `answer to ${prompt}`]);
      const doomed = await stage.another();
      const lost = doomed.call("session_send", { name: "r", prompt }).catch(() => "lost");
      await stage.bed.api.request(prompt);
      process.kill(doomed.pid, "SIGKILL");
      expect(await lost).toBe("lost");
      await doomed.closed;
      const events = join3(stage.spool("r"), "events");
      if (early) {
        release();
        stage.bed.watch(events);
        await stage.bed.until(async () => (await stage.screen("r")).includes(`answer to ${prompt}`), {
          every: 20
        });
      }
      const other = await stage.another();
      const waiting = other.call("session_wait", { name: "r", timeout: 30 });
      release();
      expect(await waiting).toMatchObject({ response: `answer to ${prompt}`, outcome: "completed" });
      await other.close();
    }
    expect(await send("and on")).toMatchObject({ response: "ok" });
  }, 6e4);
  test("ten servers at once on one state directory and one session lose and mix nothing", async () => {
    stage.bed.api.when(/^server \d+$/, ({ prompt }) => `for ${prompt}`);
    const servers = await Promise.all(Array.from({ length: 10 }, () => stage.another()));
    const results = await Promise.all(
      servers.map(async (server, i) => {
        const prompt = `server ${i}`;
        for (; ; ) {
          const sent = await server.raw("session_send", { name: "r", prompt, timeout: 60 });
          if (sent.isError !== true) return sent.structuredContent;
          expect(JSON.stringify(sent.content)).toMatch(/PANE_IN_USE/);
        }
      })
    );
    for (const [i, result] of results.entries()) {
      expect(result["outcome"]).toBe("completed");
      const own = new RegExp(`\\bserver ${i}$`, "m");
      const request = stage.bed.api.requests.find(({ texts }) => texts.some((text) => own.test(text)));
      expect(result["response"]).toBe(`for ${request?.prompt}`);
    }
    expect(new Set(results.map((result) => result["turn_id"])).size).toBe(10);
    await Promise.all(servers.map((server) => server.close()));
    const file = join3(stage.bed.dir, "state/panewright/sessions/r.json");
    expect(() => JSON.parse(readFileSync(file, "utf8"))).not.toThrow();
  }, 12e4);
  test("after a reboot in the middle of a turn the turn has failed, and a send goes on with the history", async () => {
    const before = await send("remember 42");
    stage.bed.api.when("cut short", ["half of it\n\n", new Promise(() => {
    })]);
    const sent = await stage.call("session_send", { name: "r", prompt: "cut short", timeout: 2 });
    expect(sent).toMatchObject({ outcome: "running" });
    await stage.bed.reboot();
    expect(await stage.call("session_status", { name: "r" })).toMatchObject({
      state: "missing",
      tmux_alive: false,
      turn: { outcome: "failed", failure: "other" }
    });
    expect(await stage.call("session_wait", { name: "r", turn_id: sent["turn_id"] })).toMatchObject({
      outcome: "failed",
      state: "missing"
    });
    const both = await Promise.all([send("what was it?"), send("and what else?")]);
    for (const after of both)
      expect(after).toMatchObject({
        response: "ok",
        outcome: "completed",
        claude_session_id: before["claude_session_id"]
      });
    expect(JSON.stringify(stage.bed.api.requests.at(-1))).toContain("remember 42");
    expect(await stage.call("session_wait", { name: "r", turn_id: sent["turn_id"] })).toMatchObject({
      outcome: "failed"
    });
    expect(await stage.call("session_destroy", { name: "r" })).toMatchObject({ destroyed: true });
    await stage.start("r");
  }, 9e4);
  test("an answer that came before the reboot, while nobody waited, is still to be had", async () => {
    let release;
    const gate = new Promise((resolve2) => release = resolve2);
    stage.bed.api.when("just in time", [gate, "the answer"]);
    const sent = await stage.call("session_send", { name: "r", prompt: "just in time", timeout: 1 });
    expect(sent).toMatchObject({ outcome: "running" });
    release();
    await stage.bed.until(async () => (await stage.screen("r")).includes("done "), { every: 20 });
    await stage.bed.reboot();
    expect(await stage.call("session_wait", { name: "r" })).toMatchObject({
      outcome: "completed",
      response: "the answer",
      state: "missing"
    });
  }, 6e4);
  test("a directory behind a link, or with a very long name, is where the conversation is found again", async () => {
    const real = stage.bed.folder("real");
    symlinkSync2(real, join3(stage.bed.dir, "link"));
    const long = stage.bed.folder(`${"x".repeat(60)}/`.repeat(5) + "end \xE9");
    for (const [i, working_dir] of [join3(stage.bed.dir, "link"), long].entries()) {
      const name = `d${i}`;
      await stage.start(name, { working_dir });
      const before = await send("first", name);
      await stage.bed.tmux("kill-session", "-t", `=${name}`);
      expect(await send("second", name)).toMatchObject({
        response: "ok",
        claude_session_id: before["claude_session_id"]
      });
      expect(JSON.stringify(stage.bed.api.requests.at(-1)?.messages)).toContain("first");
      await stage.call("session_destroy", { name });
    }
  }, 9e4);
  test("a directory that is gone and a conversation that is missing are errors that say which, and leave no trace", async () => {
    const folder = stage.bed.folder("gone");
    await stage.start("g", { working_dir: folder });
    await send("hi", "g");
    await stage.bed.tmux("kill-session", "-t", "=g");
    rmSync(folder, { recursive: true });
    await expect(stage.client.refusal("session_send", { name: "g", prompt: "x" })).resolves.toMatch(
      /^DIRECTORY_NOT_FOUND:.*gone/
    );
    const start = { working_dir: join3(stage.bed.dir, "work") };
    const claude_session_id = "11111111-2222-4333-8444-555555555555";
    await expect(
      stage.client.refusal("session_start", { ...start, name: "h", claude_session_id })
    ).resolves.toMatch(/^CONVERSATION_NOT_FOUND:.*11111111/);
    await expect(stage.client.refusal("session_status", { name: "h" })).resolves.toMatch(/^AGENT_NOT_FOUND/);
    await stage.start("i");
    await send("hello", "i");
    await stage.bed.tmux("kill-session", "-t", "=i");
    expect(await stage.call("session_set_claude_id", { name: "i", claude_session_id })).toEqual({
      name: "i",
      claude_session_id
    });
    await expect(stage.client.refusal("session_send", { name: "i", prompt: "x" })).resolves.toMatch(
      /^CONVERSATION_NOT_FOUND:.*11111111/
    );
  }, 6e4);
  test("a prompt that a killed server left in the composer is ours: the next one takes its place", async () => {
    await stage.start("k");
    await send("hello", "k");
    const pane = String((await stage.call("session_status", { name: "k" }))["pane_id"]);
    const file = join3(stage.bed.dir, "state/panewright/sessions/k.json");
    const record = JSON.parse(readFileSync(file, "utf8"));
    record.turns.push({
      turn_id: `t${record.next_turn++}`,
      prompt: "left behind",
      started: (/* @__PURE__ */ new Date()).toISOString(),
      outcome: "running"
    });
    writeFileSync3(file, JSON.stringify(record));
    await stage.bed.tmux("send-keys", "-t", pane, "-l", "left behind");
    await stage.bed.until(async () => (await stage.screen("k")).includes("left behind"), { every: 20 });
    expect(await send("the next one", "k")).toMatchObject({ response: "ok", outcome: "completed" });
    expect(stage.bed.api.prompts.at(-1)).toBe("the next one");
    expect(stage.bed.api.prompts).not.toContain("left behind");
  }, 6e4);
});

// .entry-6559.ts
await run("");
process.exit();
