"""What `twilio-rt calls` shows of the records that calls left behind."""
