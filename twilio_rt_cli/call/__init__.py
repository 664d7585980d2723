"""Core: what a call does. Pure; no sockets, no clock, no logging, no tasks.

A `Call` is told facts (events) and answers with orders (commands), which the Bridge performs at once and in order. Time
is an argument, in monotonic seconds. `Call.deadline()` names the next moment at which it wants to be told `Woken`.

Facts are the wire's own messages (`protocol.twilio`, `protocol.realtime`) and what the host adds to them
(`call.events`). Orders are in `call.commands`; orders to the model are the wire's client events. A `Notice` is a fact
for people.

States, moved by `Call._become` alone, forwards only:

    SETTING_UP ── the model's link is up ──► TALKING
         │                                     │
         └────────── something ended ──────────┴──► ENDING (what is queued is heard) ──► OVER (both sockets were told)

The way to the model has states of its own (`ModelLink`), from the order to dial it to the session with µ-law both ways.
Caller audio that comes before that, or while the model's socket is stalled, is held in a bounded queue; the oldest goes
first.

Who decides what, each in a module of its own:

- `call`            the states, what is told to whom, and how a call ends;
- `caller_audio`    what of the caller's audio passes, what is missing, what is refused;
- `model_link`      the model's socket, its session, and what waits for it; asks `setup` for the session;
- `conversation`    the agent's side: joins the next five;
- `playout`         what the caller has heard, what may be sent ahead, and where a barge-in cuts;
- `barge_in`        which answers a barge-in ends, and what the model is told of them;
- `response_times`  how long the caller waits for an answer; `arrivals` knows when they spoke;
- `turns`           whose turn it is, and when our `response.create` may be sent: the server creates responses too;
- `toolcalls`       the function calls of a response: run in parallel, answered together;
- `keypad`          keys, told to the model as text.

`figures/` is what is counted of a call, what it cost, and how it ended; `recording/` the tape of a recorded call.
"""
