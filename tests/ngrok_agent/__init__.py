"""A stand-in for the ngrok agent: the program that pyngrok starts, with real forwarding on loopback.

`python -m tests.ngrok_agent` takes the agent's command line, prints its log lines, answers its local API (endpoints of
v3 and tunnels of v2), and forwards HTTP and WebSockets from a public port of loopback to the upstream. `install` puts
an executable named `ngrok` into a folder, for PATH. What it does beyond or instead of that is told by its environment:

- `NGROK_STANDIN`: how to fail, see `Mode`; a token that contains `fail-4018` (or 105, 107, 108) does the same;
- `NGROK_STANDIN_WEB`: address of the API, 127.0.0.1:0 if not set; as with the agent, a taken port leads to the next;
- `NGROK_STANDIN_TLS`: "certificate,key": public addresses are https://localhost:PORT instead of http://127.0.0.1:PORT;
- `NGROK_STANDIN_SESSIONS`: a folder that stands for the account: a second living agent there is refused with 108.

SIGUSR1 closes all tunnels, as an operator at ngrok might. A new one has another port, and so another address.
"""
