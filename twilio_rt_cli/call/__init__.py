"""Core: what a call does. Pure; no sockets, no clock, no logging, no tasks.

A `Call` is told facts (events) and answers with orders (commands), which the Bridge performs at once and in order. Time
is an argument, in monotonic seconds. `Call.deadline()` names the next moment at which it wants to be told `Woken`.

Facts are the wire's own messages (`protocol.twilio`, `protocol.realtime`) and what the host adds to them
(`call.events`). Orders are in `call.commands`; orders to the model are the wire's client events. A `Notice` is a fact
for people.

States, moved by `Call._become` alone, forwards only:

    CONNECTING ── model's socket open ──► CONFIGURING ── session.updated with µ-law both ways ──► TALKING
         │                                      │                                                   │
         └──────────────── something ended ─────┴────────────────► ENDING (what is queued is heard) ┘
                                                                      │
                                                                      ▼
                                                                    OVER (both sockets were told to close)

Caller audio that comes before TALKING, or while the model's socket is stalled, is held in a bounded queue; the oldest
goes first.

Who decides what, each in a module of its own:

- `call`          the states, the phone's side, and how a call ends;
- `setup`         the session that is asked for, checked, and asked for again without what was refused;
- `conversation`  the agent's side: joins the next three, and what a barge-in means to them;
- `playout`       what the caller has heard, what may be sent ahead, and where a barge-in cuts;
- `turns`         whose turn it is, and when our `response.create` may be sent: the server creates responses too;
- `toolcalls`     the function calls of a response: run in parallel, answered together;
- `keypad`        keys, told to the model as text.
"""
