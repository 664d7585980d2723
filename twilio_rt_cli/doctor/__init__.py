"""What `twilio-rt doctor` looks at, one module for each thing it looks at."""
