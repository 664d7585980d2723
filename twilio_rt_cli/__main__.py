"""`python -m twilio_rt_cli`: the same as the command `twilio-rt`."""

from twilio_rt_cli.cli.app import main

if __name__ == "__main__":
    main()
