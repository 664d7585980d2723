"""What `twilio-rt call-test` does: calls placed, listened to, judged and reported."""
