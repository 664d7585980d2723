"""The way of a call's frames: two legs, a Call, and what joins them."""
