"""The public port: webhooks by FastAPI, media sockets by picows, and the book of the calls between them."""
