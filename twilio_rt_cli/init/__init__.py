"""What `twilio-rt init` does: it asks for what `.env` needs, checks each answer, and writes the file."""
