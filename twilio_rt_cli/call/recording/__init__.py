"""The recording of a call while it is made: a tape sees what comes and what is sent, and asks the playout the rest."""
