"""What `twilio-rt serve` puts together: server, agent, watchers, and how callers reach it."""
